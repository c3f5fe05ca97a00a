"""How far a week's messages are from the reference. Pure functions on counts.

All measures but the language are counted separately for each expert, and a week is compared with a reference in the
week's own mix of experts. Otherwise a team whose customers write only in English would drift, because half of the
training data is Chinese.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from product.codes import DriftCode, Reason, ReferenceCode, Value
from product.drift.counts import (
    EXPERTS,
    LANGUAGES,
    MEASURES,
    ScoredText,
    Week,
    add_bins,
    bin_limits,
    bins_of,
)
from product.drift.distance import PSI_OF_JSD, growth, jensen_shannon, noise, psi, shares
from product.drift.reference import Reference
from product.sentiment import LABELS
from product.texts import Texts
from product.texts.findings import finding_sentence, reference_sentence

COMPARED = (DriftCode.steady, DriftCode.watch, DriftCode.drifted)


@dataclass(frozen=True)
class DriftRules:
    """The numbers of the comparison.

    `watch` and `alert` are values of the population stability index: below 0.1 there is no relevant change, up to 0.25
    a small one, above that a large one (N. Siddiqi, Credit Risk Scorecards, 2006, after E. Lewis, An Introduction to
    Credit Scoring, 1994). The vocabulary's Jensen-Shannon divergence is compared with the same numbers divided by
    8 ln 2 (see PSI_OF_JSD): 0.018 and 0.045 bits. From this project's training rows, its own message sets are 0.01 to
    0.03 away, and tweets on unrelated topics (cars, phones, football) 0.08.
    """

    watch: float = 0.1
    alert: float = 0.25
    min_rows: int = 100
    """Messages that a week needs to be compared."""
    baseline_rows: int = 500
    """Messages that an installation's first full weeks need to serve as reference."""
    sampled_rows: int = 5_000
    """Messages read of a week at most: with this many, the noise of seven bins is about 0.001."""

    def thresholds(self, name: str) -> tuple[float, float]:
        """(watch, alert) in the unit of a measure."""
        scale = 1 / PSI_OF_JSD if name == "vocabulary" else 1.0
        # `alert` may be set below the default of `watch`: then a measure is either steady or drifted.
        return min(self.watch, self.alert) * scale, self.alert * scale


@dataclass(frozen=True)
class Finding:
    """How far one measure of a week is from the reference.

    `value` is a PSI, or for the vocabulary a Jensen-Shannon divergence in bits, minus the part that chance explains. It
    is None if there is no comparison; `code` then says why. `bin` is the bin that grew most, `was` and `now` its shares
    (None for the vocabulary). `growth` is what each bin that grew adds to the distance.
    """

    name: str
    code: DriftCode
    value: float | None
    watch: float
    threshold: float
    rows: int
    origin: str = ""
    bin: int | None = None
    was: float = 0.0
    now: float = 0.0
    growth: tuple[float, ...] = field(default=(), repr=False)

    @property
    def measure(self) -> str:
        """The distance that `value` is: `psi` or `jsd`."""
        return "jsd" if self.name == "vocabulary" else "psi"

    @property
    def drifted(self) -> bool | None:
        """None if there is no comparison."""
        return None if self.value is None else self.code is DriftCode.drifted

    @property
    def level(self) -> str:
        """`steady`, `watch`, `drifted`, or `unknown` if there is no comparison."""
        return self.code.value if self.code in COMPARED else "unknown"

    @property
    def reason(self) -> Reason:
        """The finding as a code with all values that its sentence needs."""
        values: dict[str, Value] = {"measure": self.name, "rows": self.rows}
        if self.bin is not None and self.code is not DriftCode.steady:
            values |= {"was": self.was, "now": self.now} | bin_values(self.name, self.bin)
        return Reason(self.code, values)

    def to_dict(self, texts: Texts) -> dict[str, object]:
        names = ("name", "measure", "value", "watch", "threshold", "rows", "drifted", "level", "origin")
        shown = {name: getattr(self, name) for name in names}
        return shown | {"sentence": finding_sentence(self.reason, texts)} | self.reason.as_dict()


def bin_values(name: str, index: int) -> dict[str, Value]:
    """The values that name a bin: `bin` is its label or language, `low` and `high` are its first and last value.

    Without `high` there is no limit.
    """
    if name in ("label", "language"):
        return {"bin": (LABELS if name == "label" else LANGUAGES)[index]}
    low, end = bin_limits(name, index)
    return {"low": low} if end is None else {"low": low, "high": end if name == "confidence" else end - 1}


def compare(
    reference: Reference | None, week: Week, rules: DriftRules, measures: Sequence[str] = MEASURES
) -> list[Finding]:
    """A finding for each of the measures, in their order."""
    return [_compare_measure(reference, week, rules, name) for name in measures]


def _compare_measure(reference: Reference | None, week: Week, rules: DriftRules, name: str) -> Finding:
    watch, alert = rules.thresholds(name)
    known: dict[str, Any] = {"name": name, "watch": watch, "threshold": alert, "rows": week.rows}
    known["origin"] = reference.origin if reference else ""
    if code := _incomparable(reference, week, rules):
        return Finding(code=code, value=None, **known)
    assert reference is not None
    before, now = expected_counts(reference, week, name), week_counts(week, name)
    if not sum(before) or not sum(now):
        return Finding(code=DriftCode.uncounted, value=None, **known)
    value = max(0.0, _distance(name, before, now))
    code = DriftCode.drifted if value >= alert else DriftCode.watch if value >= watch else DriftCode.steady
    grown = growth(before, now)
    known |= {"code": code, "value": value, "growth": tuple(grown)}
    if name == "vocabulary":
        return Finding(**known)
    most = max(range(len(grown)), key=grown.__getitem__)
    return Finding(bin=most, was=before[most] / sum(before), now=now[most] / sum(now), **known)


def _incomparable(reference: Reference | None, week: Week, rules: DriftRules) -> DriftCode | None:
    """Why the week cannot be compared; None if it can."""
    if reference is not None and week.name <= reference.until:
        return DriftCode.is_reference
    if week.rows < rules.min_rows:
        return DriftCode.few
    return DriftCode.no_reference if reference is None else None


def _distance(name: str, before: Sequence[float], now: Sequence[float]) -> float:
    """The distance minus its noise. Many of the hundreds of buckets are empty, where PSI would mostly measure the
    smoothing, so the vocabulary uses the Jensen-Shannon divergence."""
    if name == "vocabulary":
        return jensen_shannon(before, now) - noise(before, now) / PSI_OF_JSD
    return psi(before, now) - noise(before, now)


def expected_counts(reference: Reference, week: Week, name: str) -> list[float]:
    """A reference's counts in the week's mix of experts; empty if it has none of an expert that the week has.

    The shares are the mean of the experts' shares, weighted by their part w of the week. Their variance is that of
    counts with the total 1 / sum(w**2 / m), for m counts of an expert in the reference; the result has this total, so
    `noise` applies. The languages are taken as they are.
    """
    if name == "language":
        return list(reference.counts.language)
    parts = {expert: sum(week.counts.experts[expert][name]) for expert in EXPERTS}
    known = {expert: reference.counts.experts[expert][name] for expert in EXPERTS if parts[expert]}
    if not known or not all(sum(counts) for counts in known.values()):
        return []
    weights = {expert: parts[expert] / sum(parts.values()) for expert in known}
    total = 1 / sum(weights[expert] ** 2 / sum(counts) for expert, counts in known.items())
    weighted = [[weights[expert] * share for share in shares(counts)] for expert, counts in known.items()]
    return [total * sum(column) for column in zip(*weighted, strict=True)]


def week_counts(week: Week, name: str) -> list[int]:
    """A week's counts of a measure by bin, of both experts together."""
    if name == "language":
        return week.counts.language
    english, chinese = (week.counts.experts[expert][name] for expert in EXPERTS)
    return add_bins(english, chinese)


@dataclass(frozen=True)
class WeekReport:
    """A week and its findings, one for each of MEASURES."""

    week: Week
    findings: tuple[Finding, ...]

    @property
    def drifted(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.drifted)

    def to_dict(self, texts: Texts) -> dict[str, object]:
        findings = [finding.to_dict(texts) for finding in self.findings]
        week = {"week": self.week.name, "complete": self.week.complete, "rows": self.week.rows}
        return week | {"findings": findings}


def compare_week(
    reference: Reference | None, first_weeks: Reference | None, week: Week, rules: DriftRules
) -> WeekReport:
    """Compare a week with the reference, and its languages with the installation's own first weeks.

    The languages of the training data were this project's choice, so only a change at the installation is relevant.
    """
    references = {name: first_weeks if name == "language" else reference for name in MEASURES}
    return WeekReport(week, tuple(_compare_measure(references[name], week, rules, name) for name in MEASURES))


@dataclass(frozen=True)
class DriftReport:
    """The weeks, newest first. `reference` is what they were compared with, `origin` where it is from (empty for
    nothing), and `fallback` why it is not the shipped one."""

    origin: str = ""
    reference: Reason = Reason(ReferenceCode.none, {"needed": DriftRules.baseline_rows})
    fallback: Reason | None = None
    weeks: tuple[WeekReport, ...] = ()

    @property
    def newest(self) -> WeekReport | None:
        """The newest week that could be compared; the newest week if none could."""
        comparable = (week for week in self.weeks if any(finding.value is not None for finding in week.findings))
        return next(comparable, self.weeks[0] if self.weeks else None)

    @property
    def drifted(self) -> tuple[WeekReport, ...]:
        """The weeks in which something drifted, newest first."""
        return tuple(week for week in self.weeks if week.drifted)

    def to_dict(self, texts: Texts) -> dict[str, object]:
        """Plain JSON, with sentences in the language of `texts`."""
        why = reference_sentence(self.reference, self.fallback, texts)
        codes: Mapping[str, object] = self.reference.as_dict()
        fallback = self.fallback.as_dict() if self.fallback else None
        weeks = [week.to_dict(texts) for week in self.weeks]
        return {"compared_with": self.origin, "why": why, **codes, "fallback": fallback, "weeks": weeks}


def relevance(report: WeekReport, prediction: ScoredText) -> float:
    """How much a prediction belongs to what drifted: for each drifted measure, the growth of its bin divided by the
    growth of the bin that grew most, summed. For the vocabulary, the mean over the buckets of the message."""
    total = 0.0
    for finding in report.drifted:
        grown = [finding.growth[index] for index in bins_of(prediction, finding.name)]
        total += sum(grown) / len(grown) / max(finding.growth) if grown else 0.0
    return total
