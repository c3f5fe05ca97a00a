"""Which corrections are near-duplicates of each other, and which groups are held back from training."""

import random
from collections import Counter, defaultdict

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer

from product.sentiment import Correction
from training.preparation import key, words

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


def settle(corrections: list[Correction]) -> tuple[list[Correction], int]:
    """Corrections whose label most people gave to that text; where they are evenly split, none. Also the dropped."""
    votes: dict[str, Counter] = defaultdict(Counter)
    for correction in corrections:
        votes[key(correction.text)][correction.label] += 1
    settled = [correction for correction in corrections if _won(votes[key(correction.text)], correction.label)]
    return settled, len(corrections) - len(settled)


def _won(votes: Counter, label: str) -> bool:
    return all(votes[label] > count for other, count in votes.items() if other != label)


def hold_back(corrections: list[Correction], groups: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which corrections judge instead of teaching, bool [corrections]: whole groups, the same share of those with a
    mistake as of those that only confirm."""
    mistaken = {int(group) for group, one in zip(groups, corrections, strict=True) if not one.confirms}
    chosen: set[int] = set()
    for kind in (sorted(mistaken), sorted(set(groups.tolist()) - mistaken)):
        random.Random(seed).shuffle(kind)
        chosen.update(kind[: round(share * len(kind))])
    return np.array([int(group) in chosen for group in groups], dtype=bool)
