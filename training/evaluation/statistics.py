"""Statistics of two models on the same rows: intervals, paired tests and corrections for several tests.

Pure functions of arrays. "Correct" arrays are bool [rows], one per model: whether the model labels each row correctly.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.stats import binom, norm, ttest_1samp


def paired_interval(champion: np.ndarray, challenger: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """(difference in accuracy, lower bound, upper bound), challenger minus champion; both arrays bool [rows].

    Adjusted Wald interval for paired proportions: Bonett and Price 2012, "Adjusted Wald confidence interval for a
    difference of binomial proportions based on paired data". One pseudo-row on each side keeps the interval from
    collapsing to a point when the two models never differ.
    """
    rows = len(champion)
    fixed, broken = fixed_and_broken(champion, challenger)
    p_fixed, p_broken = (fixed + 1) / (rows + 2), (broken + 1) / (rows + 2)
    centre = p_fixed - p_broken
    error = sqrt((p_fixed + p_broken - centre**2) / (rows + 2))
    margin = norm.ppf(1 - (1 - confidence) / 2) * error
    return (fixed - broken) / rows, float(centre - margin), float(centre + margin)


def fixed_and_broken(champion: np.ndarray, challenger: np.ndarray) -> tuple[int, int]:
    """Rows that only the challenger labels correctly, and rows that only the champion does."""
    return int((~champion & challenger).sum()), int((champion & ~challenger).sum())


def group_signs(champion: np.ndarray, challenger: np.ndarray, groups: np.ndarray) -> tuple[int, int, int]:
    """(groups improved, groups made worse, all groups); `groups` is int [rows].

    Near-duplicates share a group, because together they are a single piece of evidence.
    """
    changes = challenger.astype(int) - champion.astype(int)
    signs = [int(np.sign(changes[groups == group].sum())) for group in np.unique(groups)]
    return signs.count(1), signs.count(-1), len(signs)


def mid_p_value(more: int, less: int) -> float:
    """P-value of a one-sided sign test with the mid-p correction: `more` against `less` signs; 1 if both are 0.

    The exact test is too conservative with few differences: of ten it requires nine, which happens by chance once in 93
    times. Fagerland, Lydersen and Laake 2013, "The McNemar test for binary matched-pairs data: mid-p and asymptotic are
    better than exact conditional".
    """
    if not more + less:
        return 1.0
    return float(binom.sf(more, more + less, 0.5) + binom.pmf(more, more + less, 0.5) / 2)


def mcnemar(champion: np.ndarray, challenger: np.ndarray) -> float:
    """P-value of a one-sided McNemar test (mid-p) that the challenger is worse: its broken against its fixed rows."""
    fixed, broken = fixed_and_broken(champion, challenger)
    return mid_p_value(broken, fixed)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for being tested together: Holm 1979, "A Simple Sequentially Rejective Multiple Test
    Procedure"."""
    adjusted, lowest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        lowest = max(lowest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = lowest
    return adjusted


def brier(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Brier score of each row, float [rows], from probabilities [rows, classes] and class indices [rows].

    0 for a certain correct prediction, 2 for a certain wrong one: Brier 1950, "Verification of forecasts expressed in
    terms of probability".
    """
    distances: np.ndarray = np.square(scores - np.eye(scores.shape[1])[targets]).sum(axis=1)
    return distances


def group_means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The mean of the values [rows] in each group, float [groups], in the order of the group numbers, int [rows]."""
    return np.array([values[groups == group].mean() for group in np.unique(groups)])


def gain_p_value(gains: np.ndarray) -> float:
    """P-value of a one-sided t-test that the mean of paired gains [groups] is above 0; 1 if all gains are equal."""
    varies = len(gains) > 1 and np.ptp(gains) > 0
    return float(ttest_1samp(gains, 0, alternative="greater").pvalue) if varies else 1.0
