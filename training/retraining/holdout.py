"""Which groups of near-duplicate corrections are held out of training."""

import random

import numpy as np

from product.sentiment import Correction


def choose_holdout(
    corrections: list[Correction], groups: np.ndarray, new: np.ndarray, share: float, min_groups: int, seed: int
) -> np.ndarray:
    """Which corrections are held out, bool [corrections].

    Groups (int [corrections], near-duplicates share a number) are held out whole and drawn by the seed, in proportion
    from those with a mistake and those that only confirm. Groups of which the champion has learned anything are left
    out of the draw: `new`, bool [corrections], marks what it has not learned.

    The holdout has `share` of all groups or `min_groups`, whichever is more, but at most half of the new groups. It is
    empty where half of the new groups are fewer than `min_groups`.
    """
    learned = set(groups[~new].tolist())
    mistaken = {
        int(group) for group, correction in zip(groups, corrections, strict=True) if not correction.confirms
    } - learned
    confirming = set(groups.tolist()) - learned - mistaken
    available = len(mistaken) + len(confirming)
    wanted = min(max(round(share * len(np.unique(groups))), min_groups), available // 2)
    if wanted < min_groups or not wanted:
        return np.zeros(len(corrections), dtype=bool)
    mistaken_wanted = round(wanted * len(mistaken) / available)
    chosen: set[int] = set()
    for candidates, count in ((sorted(mistaken), mistaken_wanted), (sorted(confirming), wanted - mistaken_wanted)):
        random.Random(seed).shuffle(candidates)
        chosen.update(candidates[:count])
    return np.array([int(group) in chosen for group in groups], dtype=bool)
