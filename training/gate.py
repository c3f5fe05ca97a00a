"""Champion against challenger: pure functions on who was right where, and rules whose numbers stand in one place."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from math import sqrt

import numpy as np
from scipy.stats import binomtest, norm


@dataclass(frozen=True)
class Rules:
    """What a challenger must show. Shares are of 1, not of 100."""

    margin: float = 0.01
    """How much worse on the gate rows the lower end of the interval may be."""
    confidence: float = 0.95
    held_back_groups: int = 5
    """Fewer groups of held-back corrections than this prove nothing at `significance`."""
    significance: float = 0.05


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


def not_worse(champion: np.ndarray, challenger: np.ndarray, rules: Rules) -> Check:
    """The gate rows: the interval's lower end must lie above minus the margin."""
    rule = f"not worse by more than {100 * rules.margin:g} point"
    return _compared("gate rows", champion, challenger, rules, rule, lambda low, high: low > -rules.margin)


def not_harmed(name: str, champion: np.ndarray, challenger: np.ndarray, rules: Rules) -> Check:
    """A part of the gate rows, too few to prove that nothing was lost: a veto where they prove that something was."""
    rule = "not proved worse: the interval reaches 0"
    return _compared(name, champion, challenger, rules, rule, lambda low, high: high >= 0)


def _compared(
    name: str,
    champion: np.ndarray,
    challenger: np.ndarray,
    rules: Rules,
    rule: str,
    passes: Callable[[float, float], bool],
) -> Check:
    """Rows that both have read, with the paired interval, of whose ends `passes` decides."""
    difference, low, high = paired_interval(champion, challenger, rules.confidence)
    return Check(
        name=f"{name} ({len(champion):,})",
        champion=f"{champion.mean():.1%} right",
        challenger=f"{challenger.mean():.1%} right",
        finding=f"{100 * difference:+.2f} points ({rules.confidence:.0%}: {100 * low:+.2f} to {100 * high:+.2f})",
        rule=rule,
        passed=bool(passes(low, high)),
    )


def better(champion: np.ndarray, challenger: np.ndarray, groups: np.ndarray, rules: Rules) -> Check:
    """The held-back corrections: more groups fixed than broken, by a one-sided sign test."""
    fixed, broken, count = group_signs(champion, challenger, groups)
    chance = binomtest(fixed, fixed + broken, alternative="greater").pvalue if fixed + broken else 1.0
    return Check(
        name=f"held-back corrections ({len(champion)} in {count} groups)",
        champion=f"{champion.mean():.0%} right",
        challenger=f"{challenger.mean():.0%} right",
        finding=f"{fixed} groups fixed, {broken} broken (by chance: p = {chance:.2g})",
        rule=f"better, with p at most {rules.significance:g}",
        passed=bool(chance <= rules.significance),
    )


def report(name: str, champion: np.ndarray, challenger: np.ndarray) -> Check:
    """A slice that is shown and decides nothing."""
    difference = 100 * (challenger.mean() - champion.mean())
    return Check(
        name=f"  {name} ({len(champion):,})",
        champion=f"{champion.mean():.1%} right",
        challenger=f"{challenger.mean():.1%} right",
        finding=f"{difference:+.2f} points",
        rule="shown only",
        passed=None,
    )


def decide(deciding: list[Check], shown: list[Check]) -> Verdict:
    """Promote if every deciding check passed; the reason names those that did not."""
    failed = [check for check in deciding if not check.passed]
    reason = "; ".join(f"{check.name.strip()}: {check.finding}, but must be {check.rule}" for check in failed)
    return Verdict(not failed, reason or "better on what was corrected, not worse on what was known", deciding + shown)
