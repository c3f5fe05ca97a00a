"""What a lead should look at first: the expected cost of a mistake times the doubt about it, and nothing twice.

Pure functions of plain data: a simulation ranks texts and scores with them as the review queue does.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log

from product.sentiment import LABELS

COSTS: dict[str, dict[str, float]] = {
    "positive": {"negative": 10.0, "neutral": 1.0, "positive": 0.0},
    "neutral": {"negative": 6.0, "neutral": 0.0, "positive": 1.0},
    "negative": {"negative": 0.0, "neutral": 2.0, "positive": 3.0},
}
"""COSTS[shown][true]: what it costs to show a label where another is true, in minutes of someone's time.

Dearest is an angry customer whom nobody sees: shown as positive the message gets a standard answer, shown as neutral it
waits its turn. A calm customer who is served first takes that time from somebody else. Neutral against positive hardly
matters to what is done next."""
CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
WORDS = re.compile(rf"[{CHINESE}]+|[^\W{CHINESE}]+")


@dataclass(frozen=True)
class Rules:
    """The numbers of the queue."""

    costs: dict[str, dict[str, float]] = field(default_factory=lambda: COSTS)
    """Minutes that a mistake costs, by the label shown and the true one."""
    trust: float = 0.5
    """How much what people said of a message counts beside the model's scores, 0 to 1, where anybody said something."""
    drift_weight: float = 1.5
    """How much more a message counts that belongs to what drift found to have grown: there the scores say least."""
    relevance: float = 0.5
    """Share of a message's own priority in the choice of the next one, 0 to 1; the rest is its unlikeness to those
    chosen. At a half, a copy of the first message comes after everything that is like nothing chosen."""
    doubt: float = 0.3
    """Uncertainty from which on the model is called unsure."""
    characters: int = 1_000
    """Of each text, that are compared with others."""
    pool: int = 1_000
    """Candidates of the highest priority that are compared with each other at all."""
    recent: int = 2_000
    """Of the newest messages that nobody corrected, and of the newest corrections, how many are candidates."""
    drifted: int = 100
    """Messages of what drift asks to look at that are candidates."""

    def __post_init__(self):
        for name in ("trust", "relevance"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: must be from 0 to 1.")


@dataclass(frozen=True)
class Candidate:
    """A message that may be worth a look. `scores` are probabilities in the order of LABELS, `shown` the label that was
    answered (the most probable one unless given), `words` the labels that people gave it."""

    id: str
    text: str
    scores: Sequence[float]
    shown: str = ""
    words: tuple[str, ...] = ()
    drifted: bool = False

    @property
    def label(self) -> str:
        return self.shown or LABELS[max(range(len(LABELS)), key=lambda index: self.scores[index])]


@dataclass(frozen=True)
class Ranked:
    """A candidate with what it was chosen by. `cost` is in minutes, `uncertainty` from 0 to 1, `likeness` that to the
    most similar one before it."""

    candidate: Candidate
    cost: float
    uncertainty: float
    priority: float
    likeness: float = 0.0


def rank(candidates: Iterable[Candidate], limit: int, rules: Rules | None = None) -> list[Ranked]:
    """Up to `limit` of the candidates, what to look at first in front; of equals, the one given first.

    Greedy maximal marginal relevance (Carbonell and Goldstein 1998), the relevance being the priority as a part of the
    highest one, and the similarity that of the words.
    """
    rules = rules or Rules()
    pool = sorted((weigh(each, rules) for each in candidates), key=lambda ranked: -ranked.priority)[: rules.pool]
    words = [words_of(each.candidate.text[: rules.characters]) for each in pool]
    highest = (pool[0].priority if pool else 0.0) or 1.0
    likeness, left, chosen = [0.0] * len(pool), list(range(len(pool))), []
    while left and len(chosen) < limit:
        best = max(left, key=lambda index: _marginal(pool[index].priority / highest, likeness[index], rules))
        left.remove(best)
        weighed = pool[best]
        chosen.append(Ranked(weighed.candidate, weighed.cost, weighed.uncertainty, weighed.priority, likeness[best]))
        for index in left:
            likeness[index] = max(likeness[index], similarity(words[best], words[index]))
    return chosen


def _marginal(relevance: float, likeness: float, rules: Rules) -> float:
    return rules.relevance * relevance - (1 - rules.relevance) * likeness


def weigh(candidate: Candidate, rules: Rules) -> Ranked:
    """The candidate by itself."""
    beliefs = believed(candidate, rules.trust)
    cost = sum(belief * rules.costs[candidate.label][label] for label, belief in zip(LABELS, beliefs, strict=True))
    uncertainty = entropy(beliefs)
    return Ranked(candidate, cost, uncertainty, cost * uncertainty * (rules.drift_weight if candidate.drifted else 1.0))


def believed(candidate: Candidate, trust: float) -> list[float]:
    """How probable each label is once people's words, the mean of them, are mixed with the scores at `trust`."""
    scores, words = [float(score) for score in candidate.scores], candidate.words
    if not words:
        return scores
    said = [words.count(label) / len(words) for label in LABELS]
    return [(1 - trust) * score + trust * share for score, share in zip(scores, said, strict=True)]


def entropy(probabilities: Sequence[float]) -> float:
    """Shannon's, as a part of the most there can be: 0 for what is certain, 1 where all are as likely."""
    return -sum(p * log(p) for p in probabilities if p > 0) / log(len(probabilities))


def words_of(text: str) -> frozenset[str]:
    """The words of a text; of Chinese, which writes no spaces, pairs of neighbouring characters."""
    found = set()
    for word in WORDS.findall(text.casefold()):
        if "\u3400" <= word[0] <= "\u9fff" and len(word) > 1:
            found.update(word[start : start + 2] for start in range(len(word) - 1))
        else:
            found.add(word)
    return frozenset(found)


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's: the share of common words among all of both; 0 where there are none."""
    together = len(one | other)
    return len(one & other) / together if together else 0.0
