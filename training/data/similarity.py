"""Near-duplicates: rows that resemble a row of another split, and groups of texts that resemble each other."""

from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from training.data.cleaning import words
from training.data.rows import Row, Step

PAIR_SIMILARITY = 0.7
"""Rows of different splits are near-duplicates from this Jaccard similarity of their sets of word pairs."""
MIN_PAIRS = 10
"""Shorter texts change their meaning with a single word, so only their exact duplicates are dropped (`keep_apart`)."""
WORD_SIMILARITY = 0.8
"""Corrected texts are near-duplicates from this Jaccard similarity of their sets of words."""
CHUNK = 1000
"""Texts compared at once, which bounds the memory."""


def drop_near_duplicates(rows: list[Row], others: list[Row]) -> tuple[list[Row], Step]:
    """The rows that have no near-duplicate among `others`, the rows of the other splits."""
    near = set(near_duplicates_of([row.text for row in rows], [row.text for row in others]).tolist())
    kept = [row for index, row in enumerate(rows) if index not in near]
    why = f"shares {PAIR_SIMILARITY:.0%} of its word pairs with a row of another split"
    return kept, Step("near-duplicates", len(kept), len(near), why)


def near_duplicates_of(texts: list[str], others: list[str]) -> np.ndarray:
    """Sorted indices of the texts that have a near-duplicate among the others, int [found].

    Exact, without comparing every pair: two similar sets share one of their rarest members, which few texts have
    (prefix filtering: Chaudhuri et al. 2006, "A Primitive Operator for Similarity Joins in Data Cleaning"; Bayardo
    et al. 2007, "Scaling Up All Pairs Similarity Search").
    """
    if not texts or not others:
        return np.array([], dtype=int)
    ranked = _by_rarity(_pairs_present([*texts, *others]))
    rarest = _rarest(ranked)
    text_pairs, other_pairs = ranked[: len(texts)], ranked[len(texts) :]
    candidates, against = rarest[: len(texts)], rarest[len(texts) :].T.tocsc()
    sizes, other_sizes = np.diff(text_pairs.indptr), np.diff(other_pairs.indptr)
    found = []
    for start in range(0, len(texts), CHUNK):
        meet = (candidates[start : start + CHUNK] @ against).tocoo()
        left, right = meet.row + start, meet.col
        small, large = np.minimum(sizes[left], other_sizes[right]), np.maximum(sizes[left], other_sizes[right])
        possible = (sizes[left] >= MIN_PAIRS) & (small >= PAIR_SIMILARITY * large)
        left, right = left[possible], right[possible]
        for begin in range(0, len(left), 50 * CHUNK):
            text, other = left[begin : begin + 50 * CHUNK], right[begin : begin + 50 * CHUNK]
            shared = np.asarray(text_pairs[text].multiply(other_pairs[other]).sum(axis=1)).ravel()
            found.append(text[shared >= PAIR_SIMILARITY * (sizes[text] + other_sizes[other] - shared)])
    return np.unique(np.concatenate(found)) if found else np.array([], dtype=int)


def _pairs_present(texts: list[str]) -> csr_matrix:
    """1 where a text has a word pair, [texts, pairs]. Hashed: a hundred thousand texts have millions of pairs."""
    hashing = HashingVectorizer(
        analyzer=lambda text: map(" ".join, word_pairs(text)),
        n_features=1 << 30,
        binary=True,
        norm=None,
        alternate_sign=False,
        dtype=np.float32,
    )
    return hashing.transform(texts)


def _by_rarity(present: csr_matrix) -> csr_matrix:
    """The same matrix with only the columns that occur, the rarest first, and each row's entries in that order."""
    _, columns, counts = np.unique(present.indices, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int32)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    ranked = csr_matrix((present.data, rank[columns], present.indptr), shape=(present.shape[0], max(len(counts), 1)))
    ranked.sort_indices()
    return ranked


def _rarest(ranked: csr_matrix) -> csr_matrix:
    """The first `size - ceil(PAIR_SIMILARITY * size) + 1` entries of each row: similar rows share one of them."""
    sizes = np.diff(ranked.indptr)
    # Slightly less than the product: in floating point, 0.7 times a number may come out above an integer.
    wanted = np.where(sizes > 0, sizes - np.ceil(PAIR_SIMILARITY * sizes - 1e-9).astype(int) + 1, 0)
    position = np.arange(ranked.nnz) - np.repeat(ranked.indptr[:-1], sizes)
    first = position < np.repeat(wanted, sizes)
    ends = np.concatenate([[0], np.cumsum(wanted)])
    return csr_matrix((ranked.data[first], ranked.indices[first], ends), shape=ranked.shape)


def word_pairs(text: str) -> set[tuple[str, str]]:
    """The pairs of neighbouring words of a text."""
    return set(pairwise(words(text)))


def near_duplicate_groups(texts: list[str], similarity: float = WORD_SIMILARITY) -> np.ndarray:
    """A group number for each text, int [texts]. Near-duplicates of near-duplicates are in the same group."""
    if not texts:
        return np.array([], dtype=int)
    vectorizer = CountVectorizer(analyzer=lambda text: set(words(text)) or {text.strip()}, binary=True)
    present = csr_matrix(vectorizer.fit_transform(texts), dtype=np.float64)
    shared = (present @ present.T).tocoo()
    sizes = np.asarray(present.sum(axis=1)).ravel()
    similar = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data) >= similarity
    links = csr_matrix((similar[similar], (shared.row[similar], shared.col[similar])), shape=shared.shape)
    groups: np.ndarray = connected_components(links, directed=False)[1]
    return groups
