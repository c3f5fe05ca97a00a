"""How often the gate passes a better challenger, and how often one that is not better:
python -m benchmarks.gate [--seeds N]

Challengers are trained on 300 honest corrections of product-review sentences. Samples of the size of a holdout are
drawn many times from sentences without a correction, which the simulation does not test on. The two holdout checks
compare, on each sample: champion and challenger; both with their predictions exchanged at random, sentence by sentence,
so that neither is better; and the champion with itself at a lower or higher temperature.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.installation import installed
from benchmarks.loop import RESULTS
from benchmarks.people import stream
from benchmarks.snippets import snippets
from benchmarks.trial import active_model, submit
from product.inference import model as models
from product.inference.model import softmax
from product.settings.rules import GateRules
from product.storage.corrections import all_corrections
from training.data.rows import Row
from training.evaluation.metrics import targets
from training.evaluation.statistics import brier, gain_p_value, group_signs, mid_p_value
from training.modelling.calibration import temperature_scaled
from training.retraining.challenger import RunContext, make_challenger
from training.retraining.dataset import DatasetRequest, collect_dataset

FIRST_SEED = 50
"""Lower seeds are used by the simulation (benchmarks/loop.py)."""
CORRECTIONS, SIZES, DRAWS = 300, (34, 60, 100), 1000
TEMPERATURES = (0.7, 1.5)
LABEL_P_VALUES = (0.05, 0.2, GateRules().label_p_value, 0.5)
"""Limits for the check of labels: the gate's limit, two stricter limits and a laxer one."""
console = Console(stderr=True)


@dataclass(frozen=True)
class ScoredRows:
    """Rows with the probabilities of champion and challenger, both float [rows, 3]."""

    rows: list[Row]
    champion: np.ndarray
    challenger: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    domain, _ = snippets(RESULTS.parent / "benchmarks")
    passed: dict[tuple[str, int], list[list[float]]] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + parser.parse_args().seeds):
        scored = compare(domain, seed)
        labels = targets(scored.rows)
        before, after = ((scores.argmax(axis=1) == labels).mean() for scores in (scored.champion, scored.challenger))
        console.log(f"challenger {seed}: accuracy {before:.1%} before, {after:.1%} after")
        found = draw_samples(labels, scored.champion, scored.challenger, np.random.default_rng(seed))
        for key, p_values in found.items():
            passed.setdefault(key, []).append([float((p_values <= limit).all(axis=1).mean()) for limit in limits()])
    Console(width=150).print(table(passed))


def table(passed: dict[tuple[str, int], list[list[float]]]) -> Table:
    result = Table(title=f"share that passes, of {DRAWS:,} samples for each challenger", title_justify="left")
    label_limits = (f"labels p ≤ {p_value:g}" for p_value in LABEL_P_VALUES)
    for heading in ("champion against", "groups", *label_limits, "without labels"):
        result.add_column(heading, justify="left" if heading == "champion against" else "right")
    for (name, size), shares in passed.items():
        result.add_row(name, str(size), *(f"{share:.1%}" for share in np.mean(shares, axis=0)))
    return result


def limits() -> list[np.ndarray]:
    """For each column of the table: the largest p-values of labels and probabilities that pass."""
    return [np.array([p_value, GateRules().p_value]) for p_value in (*LABEL_P_VALUES, 1.0)]


def compare(domain: list[Row], seed: int) -> ScoredRows:
    """Train a challenger on simulated corrections, and score the sentences without a correction."""
    with installed() as home:
        versions, shipped = home.versions, home.shipped
        corrections = stream(domain, CORRECTIONS, "honest", seed)
        submit(versions, home.database, corrections)
        with home.database.read() as session:
            accepted = all_corrections(session)
        dataset = collect_dataset(DatasetRequest(home.settings, tuple(shipped.experts), {}, seed=1), accepted)
        draft = versions.store.draft("challenger")
        context = RunContext(home.settings, home.database, versions, shipped, shipped.id, attempt=1)
        make_challenger(context, draft, dataset)
        corrected = {correction.row.text for correction in corrections}
        rows = [row for row in domain if row.text not in corrected]
        texts = [row.text for row in rows]
        return ScoredRows(rows, active_model(versions).probabilities(texts), models.load(draft).probabilities(texts))


def draw_samples(
    labels: np.ndarray, champion: np.ndarray, challenger: np.ndarray, rng: np.random.Generator
) -> dict[tuple[str, int], np.ndarray]:
    """P-values of labels and probabilities, float [samples, 2], by comparison and size of the sample.

    `labels` int [rows], `champion` and `challenger` probabilities [rows, 3].
    """
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for size in SIZES:
        for _ in range(DRAWS):
            sample = rng.choice(len(labels), size, replace=False)
            before, after, sampled = champion[sample], challenger[sample], labels[sample]
            swap = rng.random(size)[:, None] < 0.5
            pairs = {
                "challenger": (before, after),
                "both exchanged at random": (np.where(swap, before, after), np.where(swap, after, before)),
            } | {f"itself, temperature {value}": (before, at_temperature(before, value)) for value in TEMPERATURES}
            for name, pair in pairs.items():
                found.setdefault((name, size), []).append(p_values_of(*pair, sampled))
    return {key: np.array(values) for key, values in sorted(found.items())}


def p_values_of(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """P-values of the gate's checks of labels and of probabilities. No rows are near-duplicates: each is a group."""
    groups = np.arange(len(labels))
    fixed, broken, _ = group_signs(before.argmax(axis=1) == labels, after.argmax(axis=1) == labels, groups)
    scaled_before, scaled_after = (temperature_scaled(scores, labels) for scores in (before, after))
    return mid_p_value(fixed, broken), gain_p_value(brier(scaled_before, labels) - brier(scaled_after, labels))


def at_temperature(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities [rows, 3] with their logits divided by the temperature: above 1, all become less confident."""
    return softmax(np.log(scores) / temperature)


if __name__ == "__main__":
    main()
