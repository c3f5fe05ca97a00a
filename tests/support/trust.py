"""Corrections, groups and label qualities for the tests of the trust rules."""

from datetime import UTC, datetime, timedelta

import numpy as np

from product.identity import Actor
from product.sentiment import Correction
from product.settings.rules import SourceTrustRules
from tests.support.actors import contributor
from training.retraining.trust import LabelQuality, contributor_trust

RULES = SourceTrustRules()
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
UNKNOWN, AGREES, CONTRADICTS = 1 / 3, 0.9, 0.05


def correction(
    id: str, actor: str | Actor, label: str = "positive", *, minute: float = 0, reviewed: str = ""
) -> Correction:
    """`actor`: a contributor, or the name of one behind a token. `reviewed`: the status that a reviewer gave it."""
    at = START + timedelta(minutes=minute)
    status = reviewed or "pending"
    actor = actor if isinstance(actor, Actor) else contributor(actor)
    return Correction(id, "p" + id, f"text {id}", label, "negative", actor, status, "v1", at, bool(reviewed))


def trust_by_name(given: list[Correction], groups: np.ndarray, label_quality: LabelQuality) -> dict[str, float]:
    """Trust by the display name of each contributor."""
    trust = contributor_trust(given, groups, label_quality, RULES)
    return {correction.actor.name: trust[correction.source] for correction in given}


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
