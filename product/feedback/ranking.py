"""Ranks messages for review: expected cost of a mistake times uncertainty, without near-duplicates.

Pure functions of plain data, so that a simulation ranks exactly as the review queue does. docs/review.md explains the
order.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from product.sentiment import LABELS

COSTS: dict[str, dict[str, float]] = {
    "positive": {"negative": 10.0, "neutral": 1.0, "positive": 0.0},
    "neutral": {"negative": 6.0, "neutral": 0.0, "positive": 1.0},
    "negative": {"negative": 0.0, "neutral": 2.0, "positive": 3.0},
}
"""COSTS[predicted][true]: the cost of predicting a label where another is true, in minutes of work.

The most expensive mistake is to overlook an angry customer: predicted positive, the message gets a standard reply;
predicted neutral, it is not answered first. A calm customer who is served first only takes time from others. Neutral
against positive hardly changes what happens next."""
CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[{CHINESE}]+|[^\W{CHINESE}]+")


@dataclass(frozen=True)
class ReviewRules:
    """The numbers of the review queue."""

    costs: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: COSTS)
    """Minutes that a mistake costs, by predicted and true label."""
    label_weight: float = 0.5
    """Weight of people's labels beside the model's scores, 0 to 1, for messages that have any."""
    drift_weight: float = 1.5
    """Factor for messages of a drifted group, whose scores are less reliable."""
    relevance: float = 0.5
    """Weight of a message's own priority when the next one is chosen, 0 to 1; the rest is for being unlike those chosen
    so far. At 0.5, a copy of the first message comes after every message that is unlike all chosen ones."""
    unsure_from: float = 0.3
    """Uncertainty from which the model counts as unsure."""
    max_characters: int = 1_000
    """Characters of each text that are compared with other texts."""
    max_compared: int = 1_000
    """Candidates of the highest priority that are compared with each other."""
    max_recent: int = 2_000
    """Candidates among the newest uncorrected messages, and among the newest corrections."""
    max_drifted: int = 100
    """Candidates among the messages of drifted groups, and among those that a shadow labels differently."""

    def __post_init__(self) -> None:
        for name in ("label_weight", "relevance"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: must be from 0 to 1.")


@dataclass(frozen=True)
class Candidate:
    """A message that may need review. `scores` are probabilities in the order of LABELS; `predicted` is the label that
    was returned, by default the most probable one; `labels` are those that people gave."""

    id: str
    text: str
    scores: Sequence[float]
    predicted: str = ""
    labels: tuple[str, ...] = ()
    drifted: bool = False

    @property
    def predicted_label(self) -> str:
        return self.predicted or LABELS[max(range(len(LABELS)), key=lambda index: self.scores[index])]


@dataclass(frozen=True)
class Ranked:
    """A candidate with its priority: `cost` in minutes times `uncertainty` from 0 to 1."""

    candidate: Candidate
    cost: float
    uncertainty: float
    priority: float


def rank(candidates: Iterable[Candidate], limit: int, rules: ReviewRules | None = None) -> list[Ranked]:
    """Up to `limit` candidates, the most important first; of equals, the one given first.

    Greedy maximal marginal relevance (Carbonell and Goldstein 1998). Relevance is the priority as a share of the
    highest one; similarity is that of the words.
    """
    rules = rules or ReviewRules()
    scored = [score(candidate, rules) for candidate in candidates]
    pool = sorted(scored, key=lambda ranked: -ranked.priority)[: rules.max_compared]
    texts = [tokens(ranked.candidate.text[: rules.max_characters]) for ranked in pool]
    highest = (pool[0].priority if pool else 0.0) or 1.0
    nearest, remaining = [0.0] * len(pool), list(range(len(pool)))
    chosen: list[Ranked] = []
    while remaining and len(chosen) < limit:
        best = max(remaining, key=lambda index: _relevance(pool[index].priority / highest, nearest[index], rules))
        remaining.remove(best)
        chosen.append(pool[best])
        for index in remaining:
            nearest[index] = max(nearest[index], similarity(texts[best], texts[index]))
    return chosen


def _relevance(priority: float, nearest: float, rules: ReviewRules) -> float:
    return rules.relevance * priority - (1 - rules.relevance) * nearest


def score(candidate: Candidate, rules: ReviewRules) -> Ranked:
    """The candidate's own priority."""
    probabilities = mixed_probabilities(candidate, rules.label_weight)
    costs = rules.costs[candidate.predicted_label]
    cost = sum(probability * costs[label] for label, probability in zip(LABELS, probabilities, strict=True))
    uncertainty = entropy(probabilities)
    weight = rules.drift_weight if candidate.drifted else 1.0
    return Ranked(candidate, cost, uncertainty, cost * uncertainty * weight)


def mixed_probabilities(candidate: Candidate, label_weight: float) -> list[float]:
    """The probability of each label: the scores mixed with the shares of the labels that people gave."""
    scores, labels = [float(probability) for probability in candidate.scores], candidate.labels
    if not labels:
        return scores
    shares = [labels.count(label) / len(labels) for label in LABELS]
    return [(1 - label_weight) * score + label_weight * share for score, share in zip(scores, shares, strict=True)]


def entropy(probabilities: Sequence[float]) -> float:
    """Shannon entropy as a share of its maximum: 0 if certain, 1 if all labels are equally likely."""
    return -sum(p * log(p) for p in probabilities if p > 0) / log(len(probabilities))


def tokens(text: str) -> frozenset[str]:
    """The words of a text; for Chinese, which has no spaces, pairs of neighbouring characters."""
    found: set[str] = set()
    for word in WORD.findall(text.casefold()):
        if "\u3400" <= word[0] <= "\u9fff" and len(word) > 1:
            found.update(word[start : start + 2] for start in range(len(word) - 1))
        else:
            found.add(word)
    return frozenset(found)


def similarity(first: frozenset[str], second: frozenset[str]) -> float:
    """Jaccard similarity: shared tokens among all tokens; 0 if there are none."""
    union = len(first | second)
    return len(first & second) / union if union else 0.0
