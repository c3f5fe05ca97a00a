"""How often the gate sees that a challenger is better, and how often it lets one pass that is not:
python -m benchmarks.gate [--seeds N]

Challengers learn from 300 honest words on product-review sentences. Of the sentences that nobody has spoken of, and
that the simulation does not judge by either, as many as are held back are drawn, again and again, and the two checks of
held-back corrections made on them: of the champion against the challenger; of both exchanged at random, sentence by
sentence, so that neither is better; and of the champion against itself, less or more sure of the same labels.
"""

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.installation import installed
from benchmarks.loop import RESULTS, active_model, speak
from benchmarks.people import stream
from benchmarks.snippets import snippets
from product.inference import model as models
from product.inference.model import softmax
from product.settings.rules import GateRules
from product.storage.corrections import all_corrections
from training.data.rows import Row
from training.evaluation.metrics import targets
from training.retraining import gate
from training.retraining import loop as retrain
from training.retraining.dataset import collect

FIRST_SEED = 50
"""The simulation has the streams before it."""
WORDS, SIZES, DRAWS = 300, (34, 60, 100), 1000
TEMPERATURES = (0.7, 1.5)
LABELS = (0.05, 0.2, GateRules().label_p_value, 0.5)
"""How likely by chance so many more may be fixed than broken: the gate's rule, stricter ones, and more fixed at all."""
console = Console(stderr=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    domain, _ = snippets(RESULTS.parent / "benchmarks")
    passed: dict[tuple[str, int], list[list[float]]] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + parser.parse_args().seeds):
        rows, champion, challenger = compared(domain, seed)
        before, after = ((each.argmax(axis=1) == targets(rows)).mean() for each in (champion, challenger))
        console.log(f"challenger {seed}: {before:.1%} right before, {after:.1%} after")
        for key, chances in draws(targets(rows), champion, challenger, np.random.default_rng(seed)).items():
            passed.setdefault(key, []).append([float((chances <= limit).all(axis=1).mean()) for limit in limits()])
    table = Table(title=f"passed, of {DRAWS:,} draws a challenger", title_justify="left")
    for heading in ("champion against", "groups", *(f"labels p ≤ {labels:g}" for labels in LABELS), "without labels"):
        table.add_column(heading, justify="left" if heading == "champion against" else "right")
    for (name, size), shares in passed.items():
        table.add_row(name, str(size), *(f"{share:.1%}" for share in np.mean(shares, axis=0)))
    Console(width=150).print(table)


def limits() -> list[np.ndarray]:
    """For each column of the table: of the labels and of the probabilities, how likely by chance it may be."""
    return [np.array([labels, GateRules().p_value]) for labels in (*LABELS, 1.0)]


def compared(domain: list[Row], seed: int) -> tuple[list[Row], np.ndarray, np.ndarray]:
    """Sentences that nobody has spoken of, and the probabilities of champion and challenger for them."""
    with installed() as home:
        versions, shipped = home.versions, home.shipped
        words = stream(domain, WORDS, "honest", seed)
        speak(versions, home.database, words, 0, {})
        with home.database.read() as session:
            given = all_corrections(session)
        material = collect(
            home.settings,
            given,
            tuple(shipped.experts),
            before={},
            least=GateRules().min_holdout_groups,
            seed=1,
            say=console.log,
        )
        draft = versions.store.draft("challenger")
        retrain.make_challenger(home.settings, versions, shipped, draft, 1, shipped.id, material, console.log)
        spoken_of = {word.row.text for word in words}
        rows = [row for row in domain if row.text not in spoken_of]
        texts = [row.text for row in rows]
        pair = active_model(versions).probabilities(texts), models.load(draft).probabilities(texts)
    return rows, *pair


def draws(
    labels: np.ndarray, champion: np.ndarray, challenger: np.ndarray, rng: np.random.Generator
) -> dict[tuple[str, int], np.ndarray]:
    """By what is compared and how many rows are drawn: of each draw how likely by chance the two checks found the
    challenger's labels and probabilities, float [draws, 2]."""
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for size in SIZES:
        for _ in range(DRAWS):
            part = rng.choice(len(labels), size, replace=False)
            before, after, right = champion[part], challenger[part], labels[part]
            swap = rng.random(size)[:, None] < 0.5
            pairs = {
                "challenger": (before, after),
                "both exchanged at random": (np.where(swap, before, after), np.where(swap, after, before)),
            } | {f"itself, temperature {value}": (before, at(before, value)) for value in TEMPERATURES}
            for name, pair in pairs.items():
                found.setdefault((name, size), []).append(chances(*pair, right))
    return {key: np.array(values) for key, values in sorted(found.items())}


def chances(before: np.ndarray, after: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """How likely by chance so many labels more are right, and the probabilities so much nearer, as the gate has it."""
    groups = np.arange(len(right))
    fixed, broken, _ = gate.group_signs(before.argmax(axis=1) == right, after.argmax(axis=1) == right, groups)
    gains = gate.gains(gate.temperature_scaled(before, right), gate.temperature_scaled(after, right), right, groups)
    return gate.mid_p_value(fixed, broken), gate.chance_of_gain(gains)


def at(scores: np.ndarray, temperature: float) -> np.ndarray:
    return softmax(np.log(scores) / temperature)


if __name__ == "__main__":
    main()
