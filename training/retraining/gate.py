"""Champion against challenger: pure functions on who was right where, and rules whose numbers stand in one place."""

from dataclasses import asdict, dataclass, field
from math import sqrt

import numpy as np
from scipy.stats import binom, norm, ttest_1samp

from product.inference.model import softmax
from product.settings.rules import GateRules
from training.modelling.calibration import fit_temperature

HELD_BACK = "held-back corrections"
LEAST = 1e-9
"""A probability is taken to be this at least, before its logarithm is taken."""


@dataclass(frozen=True)
class Check:
    """One line of the verdict, in words."""

    name: str
    champion: str
    challenger: str
    finding: str
    rule: str
    passed: bool | None


@dataclass(frozen=True)
class Verdict:
    """`promote` only if every check that decides has passed; `reason` is one sentence."""

    promote: bool
    reason: str
    checks: list[Check] = field(default_factory=list)

    @property
    def harms(self) -> bool:
        """Whether it was turned down for more than that it is no better on what was corrected."""
        return any(check.passed is False and not check.name.startswith(HELD_BACK) for check in self.checks)

    def as_dict(self) -> dict:
        return asdict(self)


def paired_interval(champion: np.ndarray, challenger: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Difference in accuracy (challenger minus champion) with its interval; both bool [rows], right or not, row by row.

    Adjusted Wald interval for paired proportions: Bonett and Price 2012, "Adjusted Wald confidence interval for a
    difference of binomial proportions based on paired data". One pseudo-row on each side keeps it from collapsing
    when the two never differ.
    """
    rows = len(champion)
    fixed, broken = int((~champion & challenger).sum()), int((champion & ~challenger).sum())
    p_fixed, p_broken = (fixed + 1) / (rows + 2), (broken + 1) / (rows + 2)
    centre = p_fixed - p_broken
    error = sqrt((p_fixed + p_broken - centre**2) / (rows + 2))
    reach = norm.ppf(1 - (1 - confidence) / 2) * error
    return (fixed - broken) / rows, centre - reach, centre + reach


def group_signs(champion: np.ndarray, challenger: np.ndarray, groups: np.ndarray) -> tuple[int, int, int]:
    """(groups fixed, groups broken, groups): near-duplicates are one piece of evidence, not many."""
    gains = challenger.astype(int) - champion.astype(int)
    signs = [int(np.sign(gains[groups == group].sum())) for group in np.unique(groups)]
    return signs.count(1), signs.count(-1), len(signs)


def not_worse(champion: np.ndarray, challenger: np.ndarray, rules: GateRules, than: str = "") -> Check:
    """The gate rows: the interval's lower end must lie above minus the margin. `than`: the version that the challenger
    is compared with, where that is not the champion."""
    difference, low, high = paired_interval(champion, challenger, rules.confidence)
    return Check(
        name=f"gate rows ({len(champion):,})" + (f" against {than}" if than else ""),
        champion=f"{champion.mean():.1%} right",
        challenger=f"{challenger.mean():.1%} right",
        finding=f"{100 * difference:+.2f} points ({rules.confidence:.0%}: {100 * low:+.2f} to {100 * high:+.2f})",
        rule=f"not worse by more than {100 * rules.max_accuracy_loss:g} point",
        passed=bool(low > -rules.max_accuracy_loss),
    )


def mid_p_value(more: int, less: int) -> float:
    """How likely so many more are by chance where either is as likely, 1 where none differ: one-sided sign test, mid-p.

    The exact test wastes evidence where few differ: of ten it asks for nine, which happens by chance once in 93 times.
    Fagerland, Lydersen and Laake 2013, "The McNemar test for binary matched-pairs data: mid-p and asymptotic are better
    than exact conditional".
    """
    if not more + less:
        return 1.0
    return float(binom.sf(more, more + less, 0.5) + binom.pmf(more, more + less, 0.5) / 2)


def harm(champion: np.ndarray, challenger: np.ndarray) -> float:
    """How likely so many rows broken against fixed are by chance: McNemar's test, one-sided."""
    fixed, broken = int((~champion & challenger).sum()), int((champion & ~challenger).sum())
    return mid_p_value(broken, fixed)


def holm(chances: list[float]) -> list[float]:
    """The p-values of tests made together, adjusted: Holm 1979, "A Simple Sequentially Rejective Multiple Test
    Procedure"."""
    adjusted, least = [0.0] * len(chances), 0.0
    for rank, index in enumerate(sorted(range(len(chances)), key=lambda index: chances[index])):
        least = max(least, min(1.0, (len(chances) - rank) * chances[index]))
        adjusted[index] = least
    return adjusted


def no_slice_harmed(slices: dict[str, tuple[np.ndarray, np.ndarray]], rules: GateRules) -> list[Check]:
    """A check for each slice (who was right in it, champion and challenger): a veto where harm is proved, all slices
    that are large enough tested together; the others are only shown."""
    large = [name for name, (champion, _) in slices.items() if len(champion) >= rules.min_slice_rows]
    chances = dict(zip(large, holm([harm(*slices[name]) for name in large]), strict=True))
    return [_slice(name, *pair, chances.get(name), rules) for name, pair in slices.items()]


def _slice(name: str, champion: np.ndarray, challenger: np.ndarray, chance: float | None, rules: GateRules) -> Check:
    difference = f"{100 * (challenger.mean() - champion.mean()):+.2f} points"
    told = "too few rows to say" if chance is None else f"harm by chance: p = {chance:.2g}"
    return Check(
        name=f"  {name} ({len(champion):,})",
        champion=f"{champion.mean():.1%} right",
        challenger=f"{challenger.mean():.1%} right",
        finding=f"{difference} ({told})",
        rule="shown only" if chance is None else f"not proved worse, p over {rules.p_value:g}",
        passed=None if chance is None else bool(chance > rules.p_value),
    )


def source_ablation(having: np.ndarray, without: np.ndarray, given: int, of: int, rules: GateRules) -> Check:
    """Which gate rows challengers that have learned with and without one source answer rightly, bool [rows] each:
    failed where the source does harm. `given`: so many corrections of how many were the source's."""
    chance = harm(without, having)
    return Check(
        name=f"without a source that gave {given:,} of {of:,}",
        champion=f"{having.mean():.1%} right with it",
        challenger=f"{without.mean():.1%} right without",
        finding=f"{100 * (without.mean() - having.mean()):+.2f} points (by chance: p = {chance:.2g})",
        rule=f"gate rows not proved worse with it, p over {rules.ablation_p_value:g}, or it is set aside",
        passed=bool(chance > rules.ablation_p_value),
    )


def no_forgetting(champion: np.ndarray, challenger: np.ndarray, reviewed: np.ndarray, rules: GateRules) -> Check:
    """The corrections that the champion has learned: what it answers rightly may hardly break, and nothing of it that
    a reviewer has decided (`reviewed`, bool [corrections])."""
    fixed = int(champion.sum())
    broken, decided = int((champion & ~challenger).sum()), int((champion & ~challenger & reviewed).sum())
    told = f"{broken} of {fixed} broken" + (f", {decided} of them a reviewer's" if decided else "")
    return Check(
        name=f"learned before ({len(champion):,})",
        champion=f"{champion.mean():.0%} right" if len(champion) else "–",
        challenger=f"{challenger.mean():.0%} right" if len(champion) else "–",
        finding=told if len(champion) else "nothing was",
        rule=f"at most {rules.max_forgotten_share:.0%} break, none that a reviewer decided",
        passed=bool(broken <= rules.max_forgotten_share * fixed and not decided),
    )


def better(champion: np.ndarray, challenger: np.ndarray, groups: np.ndarray, rules: GateRules) -> Check:
    """The held-back corrections by their labels: more groups fixed than broken, by a one-sided sign test.

    Few groups change their label, so labels alone would reject half of the better challengers. `brier_improved`
    looks at the probabilities, and both checks must pass.
    """
    fixed, broken, count = group_signs(champion, challenger, groups)
    chance = mid_p_value(fixed, broken)
    return Check(
        name=f"{HELD_BACK} ({len(champion)} in {count} groups)",
        champion=f"{champion.mean():.0%} right",
        challenger=f"{challenger.mean():.0%} right",
        finding=f"{fixed} groups fixed, {broken} broken (by chance: p = {chance:.2g})",
        rule=f"more fixed than broken, with p at most {rules.label_p_value:g}",
        passed=bool(chance <= rules.label_p_value),
    )


def no_worse(champion: np.ndarray, challenger: np.ndarray, groups: np.ndarray, rules: GateRules) -> Check:
    """The corrections that neither has learned, where the challenger is to have learned nothing new: a veto where harm
    is proved."""
    fixed, broken, count = group_signs(champion, challenger, groups)
    chance = mid_p_value(broken, fixed)
    return Check(
        name=f"{HELD_BACK} ({len(champion)} in {count} groups)",
        champion=f"{champion.mean():.0%} right" if count else "–",
        challenger=f"{challenger.mean():.0%} right" if count else "–",
        finding=f"{fixed} groups fixed, {broken} broken (harm by chance: p = {chance:.2g})"
        if count
        else "none are new",
        rule=f"not proved worse, p over {rules.p_value:g}",
        passed=bool(chance > rules.p_value),
    )


def brier_improved(
    champion: np.ndarray, challenger: np.ndarray, targets: np.ndarray, groups: np.ndarray, rules: GateRules
) -> Check:
    """The held-back corrections by their probabilities, [corrections, classes] each, made as certain as suits them
    (`temperature_scaled`): nearer to the right label (targets, int [corrections]), by a one-sided paired t-test
    over the groups.

    The distance is Brier's score, 0 for what is right and certain, 2 for what is wrong and certain: Brier 1950,
    "Verification of forecasts expressed in terms of probability".
    """
    before, after = brier(champion, targets), brier(challenger, targets)
    nearer = gains(champion, challenger, targets, groups)
    chance = chance_of_gain(nearer)
    return Check(
        name=f"{HELD_BACK}: their probabilities",
        champion=f"{before.mean():.3f} off" if len(before) else "–",
        challenger=f"{after.mean():.3f} off" if len(after) else "–",
        finding=f"{len(nearer)} groups, {nearer.mean() if len(nearer) else 0:.3f} nearer (by chance: p = {chance:.2g})",
        rule=f"nearer to the right label (Brier score), as sure as suits each, with p at most {rules.p_value:g}",
        passed=bool(chance <= rules.p_value),
    )


def gains(champion: np.ndarray, challenger: np.ndarray, targets: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How much nearer to the right label each group of near-duplicates has come [groups]."""
    nearer = brier(champion, targets) - brier(challenger, targets)
    return np.array([nearer[groups == group].mean() for group in np.unique(groups)])


def chance_of_gain(gains: np.ndarray) -> float:
    """How likely gains of such a mean are by chance, 1 where all are alike: one-sided paired t-test."""
    differ = len(gains) > 1 and np.ptp(gains) > 0
    return float(ttest_1samp(gains, 0, alternative="greater").pvalue) if differ else 1.0


def temperature_scaled(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Probabilities [rows, classes] at the temperature under which they make these targets likeliest.

    Champion and challenger are so compared by which labels they hold likelier. As they come, whoever is only less sure
    of the same labels would be nearer to the right ones in a domain where both are often wrong.
    """
    if not len(scores):
        return scores
    logits = np.log(np.maximum(scores, LEAST))
    return softmax(logits / fit_temperature(logits, targets, np.zeros(scores.shape[1])))


def brier(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Squared distance [rows] of probabilities [rows, classes] from certainty of the right class."""
    return np.square(scores - np.eye(scores.shape[1])[targets]).sum(axis=1)


def unmeasured(name: str, reason: str) -> Check:
    """What could not be looked at here, and why: for a lead to look at."""
    return Check(f"  {name}", "–", "–", f"unmeasured: {reason}", "a lead should look", None)


WINS = "better on what was corrected, not worse on what was known"
WITHOUT = "without what was turned down or erased since, and not worse for it"


def decide(checks: list[Check], wins: str = WINS) -> Verdict:
    """Promote if no check that decides has failed; the reason names those that have, or is `wins`, and what is
    unmeasured."""
    failed = [check for check in checks if check.passed is False]
    reason = "; ".join(f"{check.name.strip()}: {check.finding}, but must be: {check.rule}" for check in failed)
    unknown = [check.name.strip() for check in checks if check.finding.startswith("unmeasured")]
    reason = reason or wins
    reason += f" (unmeasured here: {', '.join(unknown)})" if unknown else ""
    return Verdict(not failed, reason, checks)
