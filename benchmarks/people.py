"""Simulated contributors: honest, careless or hostile people who correct messages."""

import random
from dataclasses import dataclass

from product.sentiment import LABELS
from training.data.rows import Row

KINDS = ("honest", "careless", "alone", "together")
"""All honest; all honest, but one label in ten is wrong; a fifth of the contributors hostile, each with random wrong
labels (alone) or all with the same wrong labels (together)."""
ACTORS = 20
HOSTILE = ACTORS // 5
ERROR_RATE = 0.1
"""The share of wrong labels from careless contributors."""
REPEATED_SHARE = 0.15
"""The share of labels for a message that already has a label."""
ACTIVITY_EXPONENT = 1.5
"""Exponent of the Pareto distribution of activity: some contributors correct much more than others."""
FLIPPED = {"negative": "positive", "positive": "negative", "neutral": "negative"}
"""The wrong label that hostile contributors give together, by the right label."""


@dataclass(frozen=True)
class SimulatedCorrection:
    """The label that one contributor gives to one message."""

    actor: str
    row: Row
    label: str
    hostile: bool
    """Whether the contributor means harm."""


def stream(rows: list[Row], count: int, kind: str, seed: int) -> list[SimulatedCorrection]:
    """`count` corrections of messages drawn from the rows. A longer stream begins with the corrections of a shorter.

    With the same seed, contributors of every kind label the same messages in the same order; only labels differ.
    """
    rng, label_rng = random.Random(str(seed)), random.Random(f"{seed}/{kind}")
    pool = list(rows)
    rng.shuffle(pool)
    activity = [rng.paretovariate(ACTIVITY_EXPONENT) for _ in range(ACTORS)]
    candidates = rng.sample(range(ACTORS), HOSTILE)
    hostile = set(candidates) if kind in ("alone", "together") else set()
    corrections: list[SimulatedCorrection] = []
    labelled: list[Row] = []
    for _ in range(count):
        actor = rng.choices(range(ACTORS), activity)[0]
        if labelled and rng.random() < REPEATED_SHARE:
            row = rng.choice(labelled)
        else:
            row = pool.pop()
            labelled.append(row)
        label = _label(row.label, kind, actor in hostile, label_rng)
        corrections.append(SimulatedCorrection(f"person-{actor:02}", row, label, actor in hostile))
    return corrections


def _label(right: str, kind: str, hostile: bool, rng: random.Random) -> str:
    wrong = [label for label in LABELS if label != right]
    if hostile:
        return FLIPPED[right] if kind == "together" else rng.choice(wrong)
    return rng.choice(wrong) if kind == "careless" and rng.random() < ERROR_RATE else right
