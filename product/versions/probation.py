"""The rule for a version on probation: is it corrected clearly more often than its parent was? Pure functions.

The numbers of the rule are settings (`ProbationRules`).
"""

from collections import Counter
from dataclasses import dataclass
from math import exp, lgamma

from product.codes import ProbationCode, Reason, Value
from product.settings.rules import ProbationRules


@dataclass(frozen=True)
class ReportedMistakes:
    """The predictions a version made in a period, and which of them contributors corrected.

    `predictions` is a count; `reports` are pairs of prediction id and contributor (`Actor.source`).
    """

    predictions: int
    reports: tuple[tuple[str, str], ...] = ()

    @property
    def mistakes(self) -> int:
        """The number of predictions that at least one contributor corrected."""
        return len({prediction for prediction, _ in self.reports})

    def reported_by_one(self) -> Counter[str]:
        """For each contributor, how many mistakes they alone reported."""
        contributors: dict[str, set[str]] = {}
        for prediction, contributor in self.reports:
            contributors.setdefault(prediction, set()).add(contributor)
        return Counter(next(iter(names)) for names in contributors.values() if len(names) == 1)


@dataclass(frozen=True)
class ProbationResult:
    """What the rule found, with the counts it compared.

    `p` is the p-value of the test, None if there were fewer predictions than `needed`.
    """

    code: ProbationCode
    before: ReportedMistakes
    after: ReportedMistakes
    needed: int
    p: float | None = None

    @property
    def worse(self) -> bool:
        """Whether the version must be rolled back."""
        return self.code == ProbationCode.worse

    @property
    def reason(self) -> Reason:
        """The result as a code with values: the counts before and after, and `p` or `needed`."""
        values: dict[str, Value] = {"before": self.before.predictions, "after": self.after.predictions}
        if self.p is None:
            return Reason(self.code, values | {"needed": self.needed})
        mistakes = {"mistakes_before": self.before.mistakes, "mistakes_after": self.after.mistakes}
        return Reason(self.code, values | mistakes | {"p": self.p})


def judge(before: ReportedMistakes, after: ReportedMistakes, rules: ProbationRules) -> ProbationResult:
    """Compare a version (`after`) with its parent (`before`).

    The version is worse if the rise in mistakes is significant, and remains so without the reports of any single
    contributor, so that no contributor alone can cause a rollback.
    """
    if min(before.predictions, after.predictions) < rules.min_predictions:
        return ProbationResult(ProbationCode.too_few_predictions, before, after, rules.min_predictions)
    p = _p_value(before, after, (0, 0), rules)
    code = ProbationCode.worse
    if p > rules.p_value:
        code = ProbationCode.no_clear_rise
    elif _largest_p_value_without_a_contributor(before, after, rules) > rules.p_value:
        code = ProbationCode.single_contributor
    return ProbationResult(code, before, after, rules.min_predictions, p)


def _largest_p_value_without_a_contributor(
    before: ReportedMistakes, after: ReportedMistakes, rules: ProbationRules
) -> float:
    """The largest p-value when the reports of one contributor are left out.

    Leaving out a contributor who reported nothing after the promotion only makes the rise clearer.
    """
    alone_before, alone_after = before.reported_by_one(), after.reported_by_one()
    left_out = {(alone_before[contributor], count) for contributor, count in alone_after.items()}
    return max((_p_value(before, after, counts, rules) for counts in left_out), default=0.0)


def _p_value(
    before: ReportedMistakes, after: ReportedMistakes, left_out: tuple[int, int], rules: ProbationRules
) -> float:
    """The p-value without the `left_out` mistakes (before, after); 1 if the error rate rises less than
    `min_error_ratio`."""
    mistakes_before, mistakes_after = before.mistakes - left_out[0], after.mistakes - left_out[1]
    rate_before, rate_after = mistakes_before * after.predictions, mistakes_after * before.predictions
    if mistakes_after == 0 or rate_after < rules.min_error_ratio * rate_before:
        return 1.0
    return fisher_p_value(mistakes_before, before.predictions, mistakes_after, after.predictions)


def fisher_p_value(mistakes_before: int, predictions_before: int, mistakes_after: int, predictions_after: int) -> float:
    """One-sided p-value of Fisher's exact test.

    It is the probability that at least `mistakes_after` of all mistakes are among the predictions after the activation,
    if both versions make equally many. Fisher 1935, "The Logic of Inductive Inference".
    """
    mistakes, predictions = mistakes_before + mistakes_after, predictions_before + predictions_after
    total = _log_binomial(predictions, mistakes)
    return min(
        1.0,
        sum(
            exp(_log_binomial(predictions_after, after) + _log_binomial(predictions_before, mistakes - after) - total)
            for after in range(mistakes_after, min(mistakes, predictions_after) + 1)
            if mistakes - after <= predictions_before
        ),
    )


def _log_binomial(n: int, k: int) -> float:
    """The natural logarithm of the binomial coefficient, n choose k."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
