"""Drift: how far a week's messages are from those that the model learned from. Pure functions on counts.

All but the languages are counted apart for each expert, and a week is compared with a reference in its own mix of
experts: a team whose customers write in English only is not told that they differ from training in half Chinese.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from product.drift.counts import (
    CONFIDENCE,
    LANGUAGES,
    LENGTH,
    MEASURES,
    SIDES,
    Answered,
    Reference,
    Week,
    added,
    bins_of,
)
from product.drift.distance import PSI_OF_JSD, growth, jensen_shannon, noise, psi, shares
from product.sentiment import LABELS


@dataclass(frozen=True)
class Rules:
    """The numbers of the comparison.

    `watch` and `alert` are values of the population stability index: under 0.1 no change worth a word, up to 0.25 a
    small one, above it one to act on (N. Siddiqi, Credit Risk Scorecards, 2006, after E. Lewis, An Introduction to
    Credit Scoring, 1994). The vocabulary's Jensen-Shannon divergence is held against the same numbers over 8 ln 2 (see
    PSI_OF_JSD): 0.018 and 0.045 bits. From this project's training rows its own desk sets are 0.01 to 0.03 away, and
    tweets on quite other things (cars, phones, football) 0.08.
    """

    watch: float = 0.1
    alert: float = 0.25
    min_rows: int = 100
    """Messages of a week under which nothing is said of it."""
    baseline_rows: int = 500
    """Messages that an installation's first weeks must have to be compared with."""
    sampled_rows: int = 5_000
    """Messages of a week that are read at most: the noise of so many is about 0.001 (seven bins)."""

    def thresholds(self, name: str) -> tuple[float, float]:
        """(watch, alert) in the unit of a measure."""
        scale = 1 / PSI_OF_JSD if name == "vocabulary" else 1.0
        # An alert may be set below the usual point of watching: then there is nothing between the two.
        return min(self.watch, self.alert) * scale, self.alert * scale


def expected(reference: Reference, week: Week, name: str) -> list[float]:
    """A reference's counts in the week's own mix of experts; empty where it knows nothing of one that the week has.

    The shares are the mean of the experts' shares, weighed by their part w of the week. They vary like counts of as
    many as the result sums to, 1 / sum(w**2 / m) for m counts of an expert in the reference: so `noise` holds.
    The languages are taken as they are.
    """
    if name == "language":
        return list(reference.counts.language)
    parts = {side: sum(week.counts.sides[side][name]) for side in SIDES}
    known = {side: reference.counts.sides[side][name] for side in SIDES if parts[side]}
    if not known or not all(sum(counts) for counts in known.values()):
        return []
    weights = {side: parts[side] / sum(parts.values()) for side in known}
    size = 1 / sum(weights[side] ** 2 / sum(counts) for side, counts in known.items())
    weighed = [[weights[side] * share for share in shares(counts)] for side, counts in known.items()]
    return [size * sum(shares) for shares in zip(*weighed, strict=True)]


def counted(week: Week, name: str) -> list[int]:
    """A week's counts of a measure by bin, of both experts together."""
    return week.counts.language if name == "language" else added(*(week.counts.sides[side][name] for side in SIDES))


# What is found


@dataclass(frozen=True)
class Finding:
    """How far one measure of a week is from the reference.

    `value` is a PSI, or for the vocabulary a Jensen-Shannon divergence in bits, less what chance alone makes of it;
    None, like `drifted`, where there is too little to say: `why_not`. `bin` is the one that grew most, `was` and `now`
    its shares (the vocabulary has none to name); `growth` is what each bin that grew adds.
    """

    name: str
    measure: str
    value: float | None
    watch: float
    threshold: float
    rows: int
    origin: str = ""
    bin: int | None = None
    was: float = 0.0
    now: float = 0.0
    growth: tuple[float, ...] = field(default=(), repr=False)
    why_not: str = ""

    @property
    def drifted(self) -> bool | None:
        return None if self.value is None else self.value >= self.threshold

    @property
    def level(self) -> str:
        """`unknown`, `steady`, `watch` or `drifted`."""
        if self.value is None:
            return "unknown"
        return "drifted" if self.drifted else "watch" if self.value >= self.watch else "steady"

    @property
    def sentence(self) -> str:
        return describe(self)


def compare(reference: Reference | None, week: Week, rules: Rules, measures: Sequence[str] = MEASURES) -> list[Finding]:
    """A finding for each of the measures, in their order."""
    return [_find(reference, week, rules, name) for name in measures]


def _find(reference: Reference | None, week: Week, rules: Rules, name: str) -> Finding:
    watch, alert = rules.thresholds(name)
    known = {"name": name, "measure": "jsd" if name == "vocabulary" else "psi", "watch": watch, "threshold": alert}
    known |= {"rows": week.rows, "origin": reference.origin if reference else ""}
    why_not = _why_not(reference, week, rules)
    before, now = ([], []) if why_not else (expected(reference, week, name), counted(week, name))
    if not sum(before) or not sum(now):
        return Finding(value=None, why_not=why_not or "uncounted", **known)
    grown = growth(before, now)
    known |= {"value": max(0.0, _distance(name, before, now)), "growth": tuple(grown)}
    if name == "vocabulary":
        return Finding(**known)
    most = max(range(len(grown)), key=grown.__getitem__)
    return Finding(bin=most, was=before[most] / sum(before), now=now[most] / sum(now), **known)


def _distance(name: str, before: Sequence[float], now: Sequence[float]) -> float:
    """The index less its noise. Of hundreds of buckets many are empty, so there PSI would be mostly smoothing."""
    if name == "vocabulary":
        return jensen_shannon(before, now) - noise(before, now) / PSI_OF_JSD
    return psi(before, now) - noise(before, now)


def _why_not(reference: Reference | None, week: Week, rules: Rules) -> str:
    if reference is not None and week.name <= reference.until:
        return "is_reference"
    if week.rows < rules.min_rows:
        return "few"
    return "no_reference" if reference is None else ""


# In words


NAMES = {
    "label": "Label mix",
    "confidence": "Confidence",
    "length": "Length of messages",
    "language": "Languages",
    "vocabulary": "Wording",
}
ORIGIN_NAMES = {"training": "in training", "traffic": "in the first weeks here"}
WHY_NOT = {
    "few": "too few messages to say",
    "no_reference": "nothing to compare with yet",
    "is_reference": "later weeks are compared with this one",
    "uncounted": "what it is compared with has nothing like it",
}
LANGUAGE_NAMES = {"en": "English", "zh": "Chinese", "und": "other languages"}


def describe(finding: Finding) -> str:
    """A finding in one English sentence, for a person who leads a support team."""
    subject, origin = NAMES[finding.name], ORIGIN_NAMES.get(finding.origin, "")
    if finding.value is None:
        return f"{subject}: {WHY_NOT[finding.why_not]} ({finding.rows:,} messages)."
    if finding.level == "steady":
        return f"{subject}: as {origin}."
    begin = f"{subject}: {'far from' if finding.drifted else 'a little off'} how it was {origin}"
    if finding.bin is None:
        return f"{begin}."
    return f"{begin}; most grown: {bin_name(finding.name, finding.bin)}, {finding.was:.0%} then, {finding.now:.0%} now."


def bin_name(name: str, index: int) -> str:
    """A bin in English."""
    if name == "label":
        return LABELS[index]
    if name == "language":
        return LANGUAGE_NAMES[LANGUAGES[index]]
    low, high = bin_ends(name, index)
    if name == "confidence":
        return f"{low:.0%} sure or more" if high is None else f"{low:.0%} to {high:.0%} sure"
    return f"{low} characters or more" if high is None else f"{low} to {high - 1} characters"


def bin_ends(name: str, index: int) -> tuple[float, float | None]:
    """Where a bin of confidence or length begins, and where the next one does; None after the last."""
    starts = {"confidence": (0.0, *CONFIDENCE), "length": (1, *LENGTH)}[name]
    return starts[index], starts[index + 1] if index + 1 < len(starts) else None


# A report


@dataclass(frozen=True)
class Judged:
    """A week and what was found of it."""

    week: Week
    findings: tuple[Finding, ...]

    @property
    def drifted(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.drifted)

    def to_dict(self) -> dict:
        return {
            "week": self.week.name,
            "complete": self.week.complete,
            "rows": self.week.rows,
            "findings": [_finding_dict(finding) for finding in self.findings],
        }


def _finding_dict(finding: Finding) -> dict:
    names = ("name", "measure", "value", "watch", "threshold", "rows", "drifted", "level", "origin", "sentence")
    return {name: getattr(finding, name) for name in names}


def judge(main: Reference | None, first_weeks: Reference | None, week: Week, rules: Rules) -> Judged:
    """A week against the reference; its mix of languages against an installation's own first weeks.

    In which languages customers write is theirs to choose, and the mix that was trained on was this project's choice:
    only a change says something.
    """
    against = {name: first_weeks if name == "language" else main for name in MEASURES}
    return Judged(week, tuple(compare(against[name], week, rules, (name,))[0] for name in MEASURES))


@dataclass(frozen=True)
class Report:
    """The weeks, newest first, and what they were compared with: `origin`, empty for nothing, and a sentence on it."""

    origin: str = ""
    why: str = ""
    weeks: tuple[Judged, ...] = ()

    @property
    def newest(self) -> Judged | None:
        """The newest week of which there is something to say; the newest one where there is none."""
        told = (each for each in self.weeks if any(finding.value is not None for finding in each.findings))
        return next(told, self.weeks[0] if self.weeks else None)

    @property
    def drifted(self) -> tuple[Judged, ...]:
        """The weeks in which something drifted, newest first."""
        return tuple(each for each in self.weeks if each.drifted)

    def to_dict(self) -> dict:
        return {"compared_with": self.origin, "why": self.why, "weeks": [each.to_dict() for each in self.weeks]}


def interest(judged: Judged, row: Answered) -> float:
    """How much an answer belongs to what drifted: for each measure that did, the growth of its bin as a part of the
    growth of the bin that grew most, added up. Of the vocabulary it is the mean over the message's buckets."""
    total = 0.0
    for finding in judged.drifted:
        grown = [finding.growth[index] for index in bins_of(row, finding.name)]
        total += sum(grown) / len(grown) / max(finding.growth) if grown else 0.0
    return total
