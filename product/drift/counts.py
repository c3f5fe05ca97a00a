"""What drift counts of a week's messages, and of those that the model learned from.

Counted are the label mix, the confidence, the length in characters, the languages and the vocabulary. No message and no
word is kept: of a word only which of BUCKETS a hash puts it in, where it falls together with one in BUCKETS of all
words there are. The hash has no key, as a reference that is shipped must be comparable with every installation's weeks.
"""

import re
import unicodedata
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from product.inference.text import LANGUAGE_NEUTRAL
from product.sentiment import LABELS, AttuneError

SCHEME = 1
"""Changes with whatever makes older counts incomparable: bins, buckets, what a word is."""
BUCKETS = 512
LANGUAGES = ("en", "zh", "und")
CONFIDENCE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Where the second bin begins, and so on; the first begins at 0."""
LENGTH = (20, 40, 80, 160, 320, 640)
"""The same, in characters."""
BINS = {"label": len(LABELS), "confidence": len(CONFIDENCE) + 1, "length": len(LENGTH) + 1, "vocabulary": BUCKETS}
MEASURES = ("label", "confidence", "length", "language", "vocabulary")
ORIGINS = ("training", "traffic")
"""Where a reference is from."""
SIDES = ("en", "zh")
"""The experts: the Chinese one reads what is Chinese, the English one all else."""
# A word of letters, or one Chinese character: there is no space between Chinese words.
WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W\d_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


class BadReference(AttuneError):
    """A reference cannot be compared with; the message says why."""


class Answered(Protocol):
    """What is counted of an answer: a row of the database, or the like."""

    text: str
    label: str
    confidence: float
    language: str


def _no_counts() -> dict[str, dict[str, list[int]]]:
    return {side: {name: [0] * bins for name, bins in BINS.items()} for side in SIDES}


@dataclass
class Counts:
    """Messages by bin. `sides`: for each expert and measure the counts by bin; `language`: by LANGUAGES."""

    language: list[int] = field(default_factory=lambda: [0] * len(LANGUAGES))
    sides: dict[str, dict[str, list[int]]] = field(default_factory=_no_counts)

    @property
    def rows(self) -> int:
        return sum(self.language)

    def add(self, row: Answered, measures: Iterable[str] = MEASURES) -> None:
        """Count one answer, in these measures only."""
        side = self.sides[side_of(row.language)]
        for name in measures:
            into = self.language if name == "language" else side[name]
            for index in bins_of(row, name):
                into[index] += 1

    def add_all(self, other: "Counts") -> None:
        self.language = added(self.language, other.language)
        for side, name in _places():
            self.sides[side][name] = added(self.sides[side][name], other.sides[side][name])


def _places() -> list[tuple[str, str]]:
    return [(side, name) for side in SIDES for name in BINS]


def added(left: Sequence[int], right: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(left, right, strict=True)]


def side_of(language: str) -> str:
    """The expert that reads a language."""
    return "zh" if language == "zh" else "en"


def bins_of(row: Answered, name: str) -> Sequence[int]:
    """The bins of a measure that an answer falls in: one; of the vocabulary those of its words."""
    if name == "label":
        return (LABELS.index(row.label),)
    if name == "confidence":
        return (bisect_right(CONFIDENCE, row.confidence),)
    if name == "length":
        return (bisect_right(LENGTH, len(row.text)),)
    if name == "language":
        return (LANGUAGES.index(row.language if row.language in LANGUAGES else "und"),)
    return buckets(row.text)


def buckets(text: str) -> list[int]:
    """The vocabulary buckets of a text's words, each once: CRC-32 of the word modulo BUCKETS, ascending.

    Each once, because the words of one message depend on each other: so what a bucket counts is messages, which do
    not, and its count varies no more than `noise` says. Links, account names and what redaction puts in are no words.
    """
    plain = unicodedata.normalize("NFKC", LANGUAGE_NEUTRAL.sub(" ", text)).lower()
    return sorted({zlib.crc32(word.encode("utf-8", "replace")) % BUCKETS for word in WORD.findall(plain)})


# What is compared


@dataclass(frozen=True)
class Reference:
    """What weeks are compared with. `model` is the shipped version that it belongs to.

    Versions retrained from that one are compared with it too: they answer nearly all messages the same, their gate sees
    to that. `origin` is `training`, or `traffic`: an installation's first weeks, of which `until` is the last.
    """

    model: str
    origin: str
    counts: Counts
    until: str = ""

    def to_dict(self) -> dict:
        return {"scheme": SCHEME} | asdict(self)


def reference_from(content: dict) -> Reference:
    """What `Reference.to_dict` gave, checked. Raises BadReference."""
    try:
        if content["scheme"] != SCHEME:
            raise BadReference(f"it was counted by scheme {content['scheme']}, this product counts by {SCHEME}")
        counts = Counts(**content["counts"])
        shapes = [(counts.language, len(LANGUAGES))]
        shapes += [(counts.sides[side][name], BINS[name]) for side, name in _places()]
        reference = Reference(content["model"], content["origin"], counts, content["until"])
    except (KeyError, TypeError) as error:
        raise BadReference(f"it is not a reference ({error!r})") from None
    if reference.origin not in ORIGINS or not all(_are_counts(bins, size) for bins, size in shapes):
        raise BadReference("its counts are not whole numbers in the bins that are compared")
    return reference


def _are_counts(bins: object, size: int) -> bool:
    return isinstance(bins, list) and len(bins) == size and all(type(count) is int and count >= 0 for count in bins)


@dataclass(frozen=True)
class Week:
    """An ISO week in UTC, and what was counted of it; `complete` once it is over."""

    name: str
    counts: Counts
    complete: bool = True

    @property
    def rows(self) -> int:
        return self.counts.rows


def week_name(moment: datetime) -> str:
    """`2026-W53`: the ISO week (Monday to Sunday, in the year of its Thursday) of a moment, in UTC."""
    year, week, _ = moment.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02d}"


def week_bounds(name: str) -> tuple[datetime, datetime]:
    """From when, inclusive, until when, exclusive; both in UTC. Raises ValueError for a week that there is not."""
    year, week = name.split("-W")
    start = datetime.combine(date.fromisocalendar(int(year), int(week), 1), datetime.min.time(), tzinfo=UTC)
    return start, start + timedelta(days=7)
