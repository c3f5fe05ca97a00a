"""Whether 100 labels from the review queue improve the model more than 100 random labels:
python -m benchmarks.queue [--seeds N]

The shipped model predicts 600 sentences of product reviews, a domain it was not trained on. A hundred of them are
labelled: the first in the queue, or a random sample. The loop learns from them without trust and without the gate, and
the resulting versions are compared on other sentences.
"""

import argparse
import random
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.installation import installed
from benchmarks.loop import RESULTS
from benchmarks.people import ACTORS, SimulatedCorrection
from benchmarks.snippets import snippets
from benchmarks.trial import Trial, active_model, measure, submit
from product.feedback.ranking import Candidate, rank
from product.versions.registry import Versions
from training.data.rows import Row
from training.retraining.loop import retrain

LABELS, POOL = 100, 600
ORDERS = ("queue", "random")
console = Console(stderr=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    rows, domain = snippets(RESULTS.parent / "benchmarks")
    removed: dict[str, list[float]] = {order: [] for order in ORDERS}
    for seed in seeds:
        pool = random.Random(seed).sample(rows, POOL)
        for order in ORDERS:
            removed[order].append(errors_removed(pool, order, seed, domain))
            console.log(f"seed {seed}, {order}: {removed[order][-1]:.1%} of the errors removed")
    table = Table(title=f"errors removed by {LABELS} labels of {POOL} sentences", title_justify="left")
    for heading in ("labels", *(f"seed {seed}" for seed in seeds), "mean ± spread"):
        table.add_column(heading)
    for order, shares in removed.items():
        summary = f"{np.mean(shares):.1%} ± {np.std(shares):.1%}"
        table.add_row(order, *(f"{share:.1%}" for share in shares), summary)
    Console().print(table)


def errors_removed(pool: list[Row], order: str, seed: int, domain: list[Row]) -> float:
    """The share of the shipped model's errors that the version trained on the labels no longer makes."""
    with installed() as home:
        versions = home.versions
        before = measure(versions, domain, {})["domain"]
        chosen = from_queue(versions, pool) if order == "queue" else random.Random(seed).sample(pool, LABELS)
        corrections = [
            SimulatedCorrection(f"person-{number % ACTORS:02}", row, row.label, hostile=False)
            for number, row in enumerate(chosen)
        ]
        submit(versions, home.database, corrections)
        retrain(home.settings, make_run=partial(Trial, without=("trust", "gate")))
        after = measure(versions, domain, {})["domain"]
    return 1 - (1 - after) / (1 - before)


def from_queue(versions: Versions, pool: list[Row]) -> list[Row]:
    """The rows that the review queue would show first."""
    scores = active_model(versions).probabilities([row.text for row in pool])
    candidates = [Candidate(str(number), row.text, scores[number].tolist()) for number, row in enumerate(pool)]
    return [pool[int(ranked.candidate.id)] for ranked in rank(candidates, LABELS)]


if __name__ == "__main__":
    main()
