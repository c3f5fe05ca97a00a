"""Which groups of near-duplicate corrections are held out from training."""

import random

import numpy as np

from product.sentiment import Correction


def choose_holdout(
    corrections: list[Correction], groups: np.ndarray, new: np.ndarray, share: float, least: int, seed: int
) -> np.ndarray:
    """Which corrections judge instead of teaching, bool [corrections]: whole groups, drawn by the seed from those of
    which the champion has learned nothing (`new`, bool [corrections]); the same share of those with a mistake as of
    those that only confirm.

    `share` of all groups or `least`, whichever is more, but never more than half of the new ones: none where that is
    less than `least`.
    """
    old = set(groups[~new].tolist())
    mistaken = {int(group) for group, one in zip(groups, corrections, strict=True) if not one.confirms} - old
    confirming = set(groups.tolist()) - old - mistaken
    possible = len(mistaken) + len(confirming)
    wanted = min(max(round(share * len(np.unique(groups))), least), possible // 2)
    if wanted < least or not wanted:
        return np.zeros(len(corrections), dtype=bool)
    of_mistaken = round(wanted * len(mistaken) / possible)
    chosen: set[int] = set()
    for kind, count in ((sorted(mistaken), of_mistaken), (sorted(confirming), wanted - of_mistaken)):
        random.Random(seed).shuffle(kind)
        chosen.update(kind[:count])
    return np.array([int(group) in chosen for group in groups], dtype=bool)
