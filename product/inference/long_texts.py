"""Combine the readings of a long text: of the whole, and of each window of sentences.

A single reading loses one complaint among many calm sentences. Taking the most negative window would misread reviews,
which weigh good and bad. A small linear head, fitted on both kinds (`training.modelling.calibration`), decides.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

FEATURES = 18
"""For each of the three labels: log-odds of the whole text, highest and second highest log-odds of a window, mean
probability, log-odds of the last window, share of windows won."""
MAX_LOG_ODDS = 9.0
"""Beyond this, log-odds say no more: 1 in 8,000."""


@dataclass(frozen=True)
class LongTextHead:
    """A linear map from the readings of a long text to its logits: weights float [3, FEATURES + 1], bias last."""

    weights: NDArray[np.float64]

    def logits(self, whole: NDArray[np.float32], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits, float32 [3], from the logits of the whole text [3] and of its windows [windows, 3]."""
        combined: NDArray[np.float64] = self.weights @ np.append(features(whole, windows), 1.0)
        return combined.astype(np.float32)


def features(whole: NDArray[np.float32], windows: NDArray[np.float32]) -> NDArray[np.float64]:
    """The features of a long text, float64 [FEATURES], from its logits [3] and those of its windows [windows, 3]."""
    probabilities = softmax(windows.astype(np.float64), axis=1)
    odds = _log_odds(windows)
    highest = np.sort(odds, axis=0)[::-1]
    won = np.bincount(probabilities.argmax(axis=1), minlength=3) / len(windows)
    return np.concatenate(
        [_log_odds(whole), highest[0], highest[min(1, len(highest) - 1)], probabilities.mean(axis=0), odds[-1], won]
    )


def _log_odds(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """log(p / (1 - p)) of each label's probability p, from logits [..., 3]. Unlike log p, it tells 0.99 from 0.9999."""
    values = logits.astype(np.float64)
    others = np.stack([logsumexp(np.delete(values, label, axis=-1), axis=-1) for label in range(3)], axis=-1)
    found: NDArray[np.float64] = np.clip(values - others, -MAX_LOG_ODDS, MAX_LOG_ODDS)
    return found
