"""The evaluation gate: rules that decide whether a challenger may replace the champion.

Pure functions of plain data; the numbers are `GateRules` in product/settings/rules.py. Checks are codes and numbers:
their sentences come from product/texts. "Correct" arrays are bool [rows], one per model: whether the model labels each
row correctly. docs/evaluation-gate.md explains the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from product.codes import CheckCode, CorpusProblem, Reason, RunCode, Value
from product.settings.rules import GateRules
from training.evaluation.statistics import (
    brier,
    gain_p_value,
    group_means,
    group_signs,
    holm,
    mcnemar,
    mid_p_value,
    paired_interval,
)

IMPROVEMENT = {CheckCode.holdout_labels, CheckCode.holdout_probabilities, CheckCode.holdout_labels_not_worse}
"""Checks on what was corrected. A challenger that fails only these does no harm elsewhere."""


@dataclass(frozen=True)
class Check:
    """One line of a verdict. Accuracies, differences and shares are fractions of 1."""

    code: CheckCode
    subject: str = ""
    """What the check is about: a slice, a corpus or a version."""
    champion: float | None = None
    challenger: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    passed: bool | None = None
    """None for a check that is shown and decides nothing."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": str(self.code),
            "subject": self.subject,
            "champion": self.champion,
            "challenger": self.challenger,
            "values": dict(self.values),
            "threshold": self.threshold,
            "passed": self.passed,
        }


@dataclass(frozen=True)
class Verdict:
    """The gate's decision. `promote` is true if no check failed; the reasons name the checks that did."""

    promote: bool
    reasons: list[Reason]
    checks: list[Check] = field(default_factory=list)

    @property
    def harms(self) -> bool:
        """Whether the challenger failed a check on anything but the corrections it should improve on."""
        return any(check.passed is False and check.code not in IMPROVEMENT for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {
            "promote": self.promote,
            "reasons": [reason.as_dict() for reason in self.reasons],
            "checks": [check.as_dict() for check in self.checks],
        }


def decide(checks: list[Check], nothing_new: bool = False) -> Verdict:
    """Promote if no deciding check failed. `nothing_new`: the challenger only leaves out withdrawn corrections."""
    failed = [check for check in checks if check.passed is False]
    passed = Reason(RunCode.not_worse_without_withdrawn if nothing_new else RunCode.better)
    reasons = [failure_reason(check) for check in failed] or [passed]
    missing = [check.subject for check in checks if check.code == CheckCode.corpus_unmeasured]
    if missing:
        reasons.append(Reason(RunCode.unmeasured, {"corpora": missing}))
    return Verdict(not failed, reasons, checks)


def failure_reason(check: Check) -> Reason:
    """`check-failed` with the numbers of the check. Numbers that a check lacks are left out."""
    numbers = {"champion": check.champion, "challenger": check.challenger, "threshold": check.threshold}
    known: dict[str, Value] = {name: value for name, value in numbers.items() if value is not None}
    return Reason(RunCode.check_failed, {"check": str(check.code), "subject": check.subject, **known, **check.values})


def gate_rows(champion: np.ndarray, challenger: np.ndarray, rules: GateRules, shipped: str = "") -> Check:
    """Accuracy on the gate rows: the lower bound of the difference must lie above minus the allowed loss.

    `shipped`: the id of the shipped version, where that takes the champion's place in the comparison.
    """
    difference, low, high = paired_interval(champion, challenger, rules.confidence)
    return Check(
        CheckCode.gate_rows_shipped if shipped else CheckCode.gate_rows,
        subject=shipped,
        champion=float(champion.mean()),
        challenger=float(challenger.mean()),
        values={
            "rows": len(champion),
            "difference": difference,
            "low": low,
            "high": high,
            "confidence": rules.confidence,
        },
        threshold=rules.max_accuracy_loss,
        passed=low > -rules.max_accuracy_loss,
    )


def holdout_labels(champion: np.ndarray, challenger: np.ndarray, groups: np.ndarray, rules: GateRules) -> Check:
    """Labels on the holdout: more groups fixed than broken, by a one-sided sign test over groups of near-duplicates
    (`groups`, int [rows]).

    Few groups change their label, so labels alone would reject half of the better challengers. The probabilities are
    tested as well (`holdout_probabilities`), and both checks must pass.
    """
    fixed, broken, count = group_signs(champion, challenger, groups)
    p_value = mid_p_value(fixed, broken)
    return Check(
        CheckCode.holdout_labels,
        champion=_accuracy(champion),
        challenger=_accuracy(challenger),
        values={"rows": len(champion), "groups": count, "fixed": fixed, "broken": broken, "p": p_value},
        threshold=rules.label_p_value,
        passed=p_value <= rules.label_p_value,
    )


def holdout_not_worse(champion: np.ndarray, challenger: np.ndarray, groups: np.ndarray, rules: GateRules) -> Check:
    """Labels on the holdout for a challenger that has learned nothing new: not significantly more groups broken than
    fixed."""
    fixed, broken, count = group_signs(champion, challenger, groups)
    p_value = mid_p_value(broken, fixed)
    return Check(
        CheckCode.holdout_labels_not_worse,
        champion=_accuracy(champion),
        challenger=_accuracy(challenger),
        values={"rows": len(champion), "groups": count, "fixed": fixed, "broken": broken, "p": p_value},
        threshold=rules.p_value,
        passed=p_value > rules.p_value,
    )


def holdout_probabilities(
    champion: np.ndarray, challenger: np.ndarray, targets: np.ndarray, groups: np.ndarray, rules: GateRules
) -> Check:
    """Probabilities on the holdout, [rows, classes] each: a lower Brier score, by a paired t-test over groups.

    Both models' probabilities should be temperature-scaled first (`temperature_scaled`), so that confidence alone
    decides nothing. `targets`: class indices, int [rows].
    """
    before, after = brier(champion, targets), brier(challenger, targets)
    gains = group_means(before - after, groups)
    p_value = gain_p_value(gains)
    return Check(
        CheckCode.holdout_probabilities,
        champion=float(before.mean()) if len(before) else None,
        challenger=float(after.mean()) if len(after) else None,
        values={"groups": len(gains), "gain": float(gains.mean()) if len(gains) else 0.0, "p": p_value},
        threshold=rules.p_value,
        passed=p_value <= rules.p_value,
    )


def no_forgetting(champion: np.ndarray, challenger: np.ndarray, reviewed: np.ndarray, rules: GateRules) -> Check:
    """Corrections that the champion has learned: of those it labels correctly few may break, and none that a reviewer
    decided (`reviewed`, bool [corrections])."""
    correct_before, broken = int(champion.sum()), champion & ~challenger
    reviewed_broken = int((broken & reviewed).sum())
    return Check(
        CheckCode.no_forgetting,
        champion=_accuracy(champion),
        challenger=_accuracy(challenger),
        values={
            "rows": len(champion),
            "correct_before": correct_before,
            "broken": int(broken.sum()),
            "reviewed_broken": reviewed_broken,
        },
        threshold=rules.max_forgotten_share,
        passed=bool(broken.sum() <= rules.max_forgotten_share * correct_before and not reviewed_broken),
    )


def slices(parts: Mapping[str, tuple[np.ndarray, np.ndarray]], rules: GateRules) -> list[Check]:
    """A check for each slice: its subject to (champion correct, challenger correct). A slice that is significantly
    worse fails. All slices with enough rows are tested together (Holm); the others are only shown."""
    large = [subject for subject, (champion, _) in parts.items() if len(champion) >= rules.min_slice_rows]
    p_values = dict(zip(large, holm([mcnemar(*parts[subject]) for subject in large]), strict=True))
    return [_slice(subject, *pair, p_values.get(subject), rules) for subject, pair in parts.items()]


def _slice(
    subject: str, champion: np.ndarray, challenger: np.ndarray, p_value: float | None, rules: GateRules
) -> Check:
    difference = float(challenger.mean() - champion.mean())
    tested = {} if p_value is None else {"p": p_value}
    return Check(
        CheckCode.slice,
        subject=subject,
        champion=float(champion.mean()),
        challenger=float(challenger.mean()),
        values={"rows": len(champion), "difference": difference, **tested},
        threshold=None if p_value is None else rules.p_value,
        passed=None if p_value is None else p_value > rules.p_value,
    )


def source_ablation(having: np.ndarray, without: np.ndarray, given: int, total: int, rules: GateRules) -> Check:
    """Challengers trained with and without one contributor, on the gate rows: fails if the contributor makes the model
    significantly worse. `given` of `total` corrections are the contributor's."""
    p_value = mcnemar(without, having)
    return Check(
        CheckCode.source_ablation,
        champion=float(having.mean()),
        challenger=float(without.mean()),
        values={
            "given": given,
            "total": total,
            "difference": float(without.mean() - having.mean()),
            "p": p_value,
        },
        threshold=rules.ablation_p_value,
        passed=p_value > rules.ablation_p_value,
    )


def unmeasured(corpus: str, problem: CorpusProblem) -> Check:
    """A gate corpus that is not available here, and why."""
    return Check(CheckCode.corpus_unmeasured, subject=corpus, values={"problem": str(problem)})


def earlier_attempt(number: int, of: int, verdict: Verdict) -> Check:
    """An earlier training of the same attempt, which the gate turned down."""
    reasons = [reason.as_dict() for reason in verdict.reasons]
    return Check(CheckCode.earlier_attempt, values={"number": number, "of": of, "reasons": reasons})


def _accuracy(correct: np.ndarray) -> float | None:
    """None for no rows."""
    return float(correct.mean()) if len(correct) else None
