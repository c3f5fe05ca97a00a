"""How far apart two sets of counts are. Pure functions on counts by bin."""

from collections.abc import Sequence
from math import log, log2

PSI_OF_JSD = 8 * log(2)
"""PSI divided by the Jensen-Shannon divergence in bits, for distributions close to each other: the first is then the
chi-squared distance, the sum of (p - q)**2 / p, and the second is 1 / (8 ln 2) times that."""


def psi(reference_counts: Sequence[float], counts: Sequence[float], smoothing: float = 0.5) -> float:
    """Population stability index, the sum over the bins of (q - p) ln(q / p): 0 for equal shares, without upper limit.

    p and q are the shares in the reference and in the counts, with `smoothing` added to each bin: half a message
    (Jeffreys' prior), without which an empty bin makes the index infinite.
    """
    pairs = zip(shares(reference_counts, smoothing), shares(counts, smoothing), strict=True)
    return sum((q - p) * log(q / p) for p, q in pairs if p != q)


def jensen_shannon(p: Sequence[float], q: Sequence[float]) -> float:
    """Jensen-Shannon divergence in bits: 0 for equal shares, 1 for shares with no bin in common (J. Lin, 1991).

    It is the mean of the Kullback-Leibler divergences of p and q from their mean. p and q may be counts.
    """
    p, q = shares(p), shares(q)
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    # Rounding can make a divergence of 0 slightly negative.
    return max(0.0, (_divergence(p, middle) + _divergence(q, middle)) / 2)


def _divergence(p: Sequence[float], q: Sequence[float]) -> float:
    return sum(a * log2(a / b) for a, b in zip(p, q, strict=True) if a)


def shares(counts: Sequence[float], smoothing: float = 0.0) -> list[float]:
    """Counts divided by their total, after adding `smoothing` to each bin."""
    total = sum(counts) + smoothing * len(counts)
    return [(count + smoothing) / total for count in counts]


def noise(reference_counts: Sequence[float], counts: Sequence[float]) -> float:
    """The mean of `psi` if nothing has changed: (bins - 1) * (1 / m + 1 / n), for totals m and n.

    For distributions close to each other, PSI is the sum over the bins of (q - p)**2 / s, where s are the true shares.
    If both are drawn from s, q - p has the variance s (1 - s) (1 / m + 1 / n), so a bin adds (1 - s) (1 / m + 1 / n),
    and all bins together add bins - 1 times the bracket. Bins that are empty in both have no variance. (PSI divided by
    the bracket has a chi-squared distribution of bins - 1 degrees of freedom: B. Yurdakul, Statistical Properties of
    Population Stability Index, 2018.)
    """
    used = sum(1 for pair in zip(reference_counts, counts, strict=True) if any(pair))
    return max(0, used - 1) * (1 / sum(reference_counts) + 1 / sum(counts))


def growth(reference_counts: Sequence[float], counts: Sequence[float]) -> list[float]:
    """What each bin that grew adds to `psi`; 0 for bins that shrank."""
    pairs = zip(shares(reference_counts, 0.5), shares(counts, 0.5), strict=True)
    return [(q - p) * log(q / p) if q > p else 0.0 for p, q in pairs]
