"""A labelled text, the split it belongs to, and the errors that reading and preparing rows can raise."""

import hashlib
from dataclasses import dataclass

from product.sentiment import LABELS, AttuneError

SPLITS = ("test", "validation", "gate", "train")
NEUTRAL = LABELS.index("neutral")
"""The column of the neutral class in scores and logits."""


class CorpusUnavailable(AttuneError):
    """A corpus cannot be found or read; the message says how to get it."""


class BadCorpus(CorpusUnavailable):
    """A corpus file is malformed; the message names file, row and column."""


class BadRequest(AttuneError):
    """A command was asked for something it cannot do; the message says what is allowed."""


@dataclass(frozen=True)
class Row:
    """One labelled text; `source` names its corpus, in composed mail followed by a colon and its kind."""

    text: str
    label: str
    source: str

    @property
    def corpus(self) -> str:
        return self.source.partition(":")[0]

    @property
    def kind(self) -> str:
        return self.source.partition(":")[2]


@dataclass(frozen=True)
class Step:
    """What one preparation step kept and dropped, and why. It started from `kept` + `dropped` - `added` rows.

    `added` counts the kept rows that the step created: copies, or rows generated from templates.
    """

    name: str
    kept: int
    dropped: int
    why: str
    added: int = 0

    def __str__(self) -> str:
        added = f" ({self.added:,} of them new)" if self.added else ""
        return f"{self.name}: kept {self.kept:,}{added}, dropped {self.dropped:,} ({self.why})"


def bucket(text: str) -> int:
    """A number from 0 to 99 that depends on the stripped text alone: the first step of every split."""
    return int(hashlib.sha256(text.strip().encode()).hexdigest(), 16) % 100


def tweet_split(text: str) -> str:
    """The split of a tweet by its bucket: 0-19 test, 20-29 validation, 30-39 gate, the rest train."""
    number = bucket(text)
    return "test" if number < 20 else "validation" if number < 30 else "gate" if number < 40 else "train"


def review_split(text: str) -> str:
    """The split of a review by its bucket: 80-89 test, 90-94 validation, 95-99 gate, the rest train."""
    number = bucket(text)
    return "train" if number < 80 else "test" if number < 90 else "validation" if number < 95 else "gate"
