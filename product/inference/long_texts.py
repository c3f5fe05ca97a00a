"""Combine the readings of a long text: of the whole, and of each window of sentences.

A single reading loses one complaint among many calm sentences. Taking the most negative window would misread reviews,
which weigh good and bad. A small linear head, fitted on both kinds (`training.modelling.calibration`), decides.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

FEATURES = 15
"""For each of the three labels: whole text, highest window, mean window, last window, share of windows won."""


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
    scores = log_softmax(windows.astype(np.float64), axis=1)
    won = np.bincount(scores.argmax(axis=1), minlength=scores.shape[1]) / len(scores)
    return np.concatenate(
        [log_softmax(whole.astype(np.float64)), scores.max(axis=0), np.exp(scores).mean(axis=0), scores[-1], won]
    )
