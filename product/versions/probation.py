"""Whether people correct a new version clearly more often than the one before it: plain counts, no I/O."""

from collections import Counter
from dataclasses import dataclass
from math import exp, lgamma

from product.settings.rules import ProbationRules


@dataclass(frozen=True)
class Side:
    """A version's `answers` in a time, and who called which of them wrong: pairs of prediction id and source."""

    answers: int
    corrected: tuple[tuple[str, str], ...] = ()

    @property
    def mistakes(self) -> int:
        """Answers that somebody called wrong."""
        return len({answer for answer, _ in self.corrected})

    def only_by(self) -> Counter[str]:
        """For each source the answers that nobody else called wrong."""
        sources: dict[str, set[str]] = {}
        for answer, source in self.corrected:
            sources.setdefault(answer, set()).add(source)
        return Counter(next(iter(named)) for named in sources.values() if len(named) == 1)

    def __str__(self) -> str:
        return f"{100 * self.mistakes / self.answers:.1f} ({self.mistakes:,} of {self.answers:,})"


@dataclass(frozen=True)
class Verdict:
    worse: bool
    reason: str


def judge(before: Side, after: Side, rules: ProbationRules) -> Verdict:
    """Worse if mistakes are more frequent by the rules, also without any one person: nobody takes a version back
    alone."""
    if min(before.answers, after.answers) < rules.min_predictions:
        given = f"{before.answers:,} answers before and {after.answers:,} after"
        return Verdict(False, f"{given}, {rules.min_predictions} of each are needed")
    told = f"corrections of mistakes in a hundred answers: {before} before, {after} after"
    alone_before, alone_after = before.only_by(), after.only_by()
    chance = _worst(before, after, {(0, 0)}, rules)
    if chance > rules.p_value:
        return Verdict(False, f"{told}: no clear rise (p = {chance:.2g})")
    # Without somebody who corrected nothing after, the rise is only clearer.
    without = {(alone_before[source], count) for source, count in alone_after.items()}
    if _worst(before, after, without, rules) > rules.p_value:
        return Verdict(False, f"{told}: a rise that hangs on one person")
    return Verdict(True, f"{told} (p = {chance:.2g})")


def _worst(before: Side, after: Side, left_out: set[tuple[int, int]], rules: ProbationRules) -> float:
    """The greatest chance of any pair of counts that are left out; 1 where the rates are not far enough apart."""
    chances = [0.0]
    for fewer_before, fewer_after in left_out:
        mistakes = before.mistakes - fewer_before, after.mistakes - fewer_after
        clear = mistakes[1] * before.answers >= rules.min_error_ratio * mistakes[0] * after.answers and mistakes[1] > 0
        chances.append(by_chance(mistakes[0], before.answers, mistakes[1], after.answers) if clear else 1.0)
    return max(chances)


def by_chance(mistakes_before: int, answers_before: int, mistakes_after: int, answers_after: int) -> float:
    """Fisher's one-sided exact test: how likely so many of all the mistakes fall on the answers after, or more.

    Fisher 1935, "The Logic of Inductive Inference".
    """
    mistakes, answers = mistakes_before + mistakes_after, answers_before + answers_after
    whole = _log_ways(answers, mistakes)
    return min(
        1.0,
        sum(
            exp(_log_ways(answers_after, after) + _log_ways(answers_before, mistakes - after) - whole)
            for after in range(mistakes_after, min(mistakes, answers_after) + 1)
            if mistakes - after <= answers_before
        ),
    )


def _log_ways(things: int, chosen: int) -> float:
    """Logarithm of the binomial coefficient."""
    return lgamma(things + 1) - lgamma(chosen + 1) - lgamma(things - chosen + 1)
