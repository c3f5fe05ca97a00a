"""Counts of a week's messages, and of those that the model was trained on.

The measures are label, confidence, length in characters, language and vocabulary. Neither messages nor words are
stored: a hash puts each word into one of BUCKETS buckets, so that many words share a count. The hash has no key,
because a shipped reference must be comparable with the weeks of every installation.
"""

import re
import unicodedata
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from product.inference.text.language import LANGUAGE_NEUTRAL, expert_for_language
from product.sentiment import LABELS

BUCKETS = 512
LANGUAGES = ("en", "zh", "und")
CONFIDENCE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Where the bins after the first one start; the first starts at 0."""
LENGTH = (20, 40, 80, 160, 320, 640)
"""The same, in characters; the first starts at 1."""
BINS = {"label": len(LABELS), "confidence": len(CONFIDENCE) + 1, "length": len(LENGTH) + 1, "vocabulary": BUCKETS}
"""Bins of each measure that is counted by expert."""
MEASURES = ("label", "confidence", "length", "language", "vocabulary")
EXPERTS = ("en", "zh")
"""The Chinese expert reads Chinese texts, the English one all others."""
# A word is a run of letters, or one Chinese character: Chinese does not separate words.
WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W\d_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


class ScoredText(Protocol):
    """What is counted of a prediction; rows of the database have these attributes."""

    @property
    def text(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def language(self) -> str: ...


def _no_counts() -> dict[str, dict[str, list[int]]]:
    return {expert: {name: [0] * bins for name, bins in BINS.items()} for expert in EXPERTS}


@dataclass
class Counts:
    """Predictions by bin. `experts`: counts by expert, measure and bin; `language`: counts in LANGUAGES' order."""

    language: list[int] = field(default_factory=lambda: [0] * len(LANGUAGES))
    experts: dict[str, dict[str, list[int]]] = field(default_factory=_no_counts)

    @property
    def rows(self) -> int:
        return sum(self.language)

    def add(self, prediction: ScoredText, measures: Iterable[str] = MEASURES) -> None:
        """Count one prediction in these measures."""
        by_measure = self.experts[expert_for_language(prediction.language, EXPERTS)]
        for name in measures:
            bins = self.language if name == "language" else by_measure[name]
            for index in bins_of(prediction, name):
                bins[index] += 1

    def add_all(self, other: "Counts") -> None:
        self.language = add_bins(self.language, other.language)
        for expert, by_measure in self.experts.items():
            for name in BINS:
                by_measure[name] = add_bins(by_measure[name], other.experts[expert][name])


def add_bins(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """The sums, bin by bin."""
    return [a + b for a, b in zip(left, right, strict=True)]


def bins_of(prediction: ScoredText, name: str) -> Sequence[int]:
    """The bins of a measure that a prediction is counted in: one, or for the vocabulary one for each bucket."""
    if name == "label":
        return (LABELS.index(prediction.label),)
    if name == "confidence":
        return (bisect_right(CONFIDENCE, prediction.confidence),)
    if name == "length":
        return (bisect_right(LENGTH, len(prediction.text)),)
    if name == "language":
        return (LANGUAGES.index(prediction.language if prediction.language in LANGUAGES else "und"),)
    return buckets(prediction.text)


def bin_limits(name: str, index: int) -> tuple[float, float | None]:
    """Where a bin of confidence or length starts, and where the next one does; None after the last."""
    starts = {"confidence": (0.0, *CONFIDENCE), "length": (1, *LENGTH)}[name]
    return starts[index], starts[index + 1] if index + 1 < len(starts) else None


def buckets(text: str) -> list[int]:
    """The vocabulary buckets of a text, ascending and each once: CRC-32 of the word modulo BUCKETS.

    A bucket counts a message at most once, because the words of a message depend on each other. Messages are
    independent, so the counts have the variance that `distance.noise` assumes. Links, account names and placeholders
    of redaction are not words.
    """
    plain = unicodedata.normalize("NFKC", LANGUAGE_NEUTRAL.sub(" ", text)).lower()
    return sorted({zlib.crc32(word.encode("utf-8", "replace")) % BUCKETS for word in WORD.findall(plain)})


@dataclass(frozen=True)
class Week:
    """An ISO week in UTC with its counts; `complete` once it is over."""

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
    """The start of a week, inclusive, and its end, exclusive, in UTC. Raises ValueError if there is no such week."""
    year, week = name.split("-W")
    start = datetime.combine(date.fromisocalendar(int(year), int(week), 1), datetime.min.time(), tzinfo=UTC)
    return start, start + timedelta(days=7)
