"""Which corrections are near-duplicates of each other, and which groups are held back from training."""

import random

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer

from product.sentiment import Correction
from training.data.cleaning import words

SAME = 0.8
"""Texts that share this part of their distinct words, in Chinese characters (Jaccard), are near-duplicates."""


def near_duplicates(texts: list[str], same: float = SAME) -> np.ndarray:
    """A group number for each text, int [texts]; the chain of near-duplicates of near-duplicates is one group."""
    vocabulary = CountVectorizer(analyzer=lambda text: set(words(text)) or {text.strip()}, binary=True)
    present = csr_matrix(vocabulary.fit_transform(texts), dtype=np.float64)
    shared = (present @ present.T).tocoo()
    sizes = np.asarray(present.sum(axis=1)).ravel()
    alike = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data) >= same
    links = csr_matrix((alike[alike], (shared.row[alike], shared.col[alike])), shape=shared.shape)
    return connected_components(links, directed=False)[1]


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
