"""Corrections, groups and label qualities for the tests of the trust rules."""

from datetime import UTC, datetime, timedelta

import numpy as np

from product.sentiment import Correction
from product.settings.rules import SourceTrustRules
from tests.support.actors import contributor

RULES = SourceTrustRules()
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
UNKNOWN, AGREES, CONTRADICTS = 1 / 3, 0.9, 0.05


def correction(id: str, actor: str, label: str = "positive", *, minute: float = 0, reviewed: str = "") -> Correction:
    """`reviewed`: the status that a reviewer gave it."""
    at = START + timedelta(minutes=minute)
    status = reviewed or "pending"
    return Correction(
        id, "p" + id, f"text {id}", label, "negative", contributor(actor), status, "v1", at, bool(reviewed)
    )


def corrections(actor: str, count: int, label: str = "positive") -> list[Correction]:
    """Called `actor0`, `actor1` and so on, twenty minutes apart."""
    return [correction(f"{actor}{number}", actor, label, minute=20 * number) for number in range(count)]


def different_texts(given: list[Correction]) -> np.ndarray:
    """Groups in which every correction is of another text."""
    return np.arange(len(given))


def same_texts(given: list[Correction], *same: set[str]) -> np.ndarray:
    """Groups in which the corrections with these ids are of one text, and all others of texts of their own."""
    names = [next((min(ids) for ids in same if correction.id in ids), correction.id) for correction in given]
    return np.unique(names, return_inverse=True)[1]


def quality_of(given: list[Correction], **probabilities: float):
    """Label quality: the probability named for a correction's id, or else for its actor."""
    found = [
        probabilities.get(correction.id, probabilities.get(correction.actor.name, UNKNOWN)) for correction in given
    ]
    return lambda weights: np.array(found)


def not_asked(weights: np.ndarray) -> np.ndarray:
    raise AssertionError("label quality must not be asked for")


def statuses(decisions: dict, *ids: str) -> list[str]:
    """Of these corrections, or of all."""
    return [decisions[id].status.value for id in ids or decisions]
