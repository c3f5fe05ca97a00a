"""People who correct: who says what of which message, honest, careless or hostile, alone or together."""

import random
from dataclasses import dataclass

from product.sentiment import LABELS
from training.data.rows import Row

KINDS = ("honest", "careless", "alone", "together")
"""All honest; honest with one word in ten wrong; a fifth of the people hostile, each in a way of their own, or all in
the same way."""
ACTORS = 20
HOSTILE = ACTORS // 5
CARELESS = 0.1
AGAIN = 0.15
"""How often somebody speaks of a message that somebody else has spoken of."""
BUSY = 1.5
"""Exponent of the Pareto law by which some people correct much more than others."""
TOGETHER = {"negative": "positive", "positive": "negative", "neutral": "negative"}


@dataclass(frozen=True)
class Word:
    """One person's word on one message; `hostile` where the person means harm."""

    actor: str
    row: Row
    label: str
    hostile: bool


def stream(rows: list[Row], number: int, kind: str, seed: int) -> list[Word]:
    """`number` words on messages drawn from the rows, the first ones the same whatever the number.

    Of one seed, people of every kind speak of the same messages in the same order: what differs is what they say.
    """
    rng, moods = random.Random(str(seed)), random.Random(f"{seed}/{kind}")
    pool = list(rows)
    rng.shuffle(pool)
    busy = [rng.paretovariate(BUSY) for _ in range(ACTORS)]
    harmful = rng.sample(range(ACTORS), HOSTILE)
    hostile = set(harmful) if kind in ("alone", "together") else set()
    words, spoken_of = [], []
    for _ in range(number):
        actor = rng.choices(range(ACTORS), busy)[0]
        if spoken_of and rng.random() < AGAIN:
            row = rng.choice(spoken_of)
        else:
            row = pool.pop()
            spoken_of.append(row)
        label = _label(row.label, kind, actor in hostile, moods)
        words.append(Word(f"person-{actor:02}", row, label, actor in hostile))
    return words


def _label(right: str, kind: str, hostile: bool, rng: random.Random) -> str:
    wrong = [label for label in LABELS if label != right]
    if hostile:
        return TOGETHER[right] if kind == "together" else rng.choice(wrong)
    return rng.choice(wrong) if kind == "careless" and rng.random() < CARELESS else right
