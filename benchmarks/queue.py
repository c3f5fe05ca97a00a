"""Whether 100 labels from the review queue teach more than 100 at random: python -m benchmarks.queue [--seeds N]

Sentences of product reviews, a domain that the model has not seen, are answered by the shipped model; a hundred of six
hundred are labelled, in the queue's order or drawn at random, the loop learns from them (nobody weighs sources, and the
challenger is activated whatever the gate says of it), and what it then reads rightly of other sentences is compared.
"""

import argparse
import random
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.installation import installed
from benchmarks.loop import RESULTS, Trial, active_model, measured, speak
from benchmarks.people import ACTORS, Word
from benchmarks.snippets import snippets
from product.feedback.ranking import Candidate, rank
from product.versions.registry import Versions
from training.data.rows import Row
from training.retraining import loop as retrain

LABELS, POOL = 100, 600
WAYS = ("queue", "random")
console = Console(stderr=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    domain, judged_by = snippets(RESULTS.parent / "benchmarks")
    removed: dict[str, list[float]] = {way: [] for way in WAYS}
    for seed in seeds:
        pool = random.Random(seed).sample(domain, POOL)
        for way in WAYS:
            removed[way].append(errors_removed(pool, way, seed, judged_by))
            console.log(f"seed {seed}, {way}: {removed[way][-1]:.1%} of the errors removed")
    table = Table(title=f"errors removed by {LABELS} labels of {POOL} sentences", title_justify="left")
    for heading in ("labels", *(f"seed {seed}" for seed in seeds), "mean ± spread"):
        table.add_column(heading)
    for way, shares in removed.items():
        summary = f"{np.mean(shares):.1%} ± {np.std(shares):.1%}"
        table.add_row(way, *(f"{share:.1%}" for share in shares), summary)
    Console().print(table)


def errors_removed(pool: list[Row], way: str, seed: int, judged_by: list[Row]) -> float:
    """The share of the shipped model's errors that the version which learned from the labels does not make."""
    with installed() as home:
        versions = home.versions
        before = measured(versions, judged_by, {})["domain"]
        chosen = from_queue(versions, pool) if way == "queue" else random.Random(seed).sample(pool, LABELS)
        words = [Word(f"person-{place % ACTORS:02}", row, row.label, False) for place, row in enumerate(chosen)]
        speak(versions, home.database, words, 0, {})
        without = ("standing", "gate")
        retrain.retrain(home.settings, say=lambda message: None, attempt_as=partial(Trial, without=without))
        after = measured(versions, judged_by, {})["domain"]
    return 1 - (1 - after) / (1 - before)


def from_queue(versions: Versions, pool: list[Row]) -> list[Row]:
    scores = active_model(versions).probabilities([row.text for row in pool])
    candidates = [Candidate(str(place), row.text, scores[place].tolist()) for place, row in enumerate(pool)]
    return [pool[int(one.candidate.id)] for one in rank(candidates, LABELS)]


if __name__ == "__main__":
    main()
