"""Near-duplicates: rows that resemble a row of another split, and groups of texts that resemble each other."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from training.data.cleaning import words
from training.data.rows import Row, Step

PAIR_SIMILARITY = 0.7
"""Rows of different splits are near-duplicates if the Jaccard similarity of their word pairs is at least this."""
MIN_PAIRS = 10
"""One word changes the meaning of a text with fewer word pairs; only its duplicates are dropped (`drop_overlap`)."""
WORD_SIMILARITY = 0.8
"""Corrected texts are near-duplicates if the Jaccard similarity of their words is at least this."""
CHUNK, CANDIDATES_PER_CHUNK = 1000, 50_000
"""Texts, and candidate pairs, that are compared at once. They bound the memory."""


def drop_near_duplicates(rows: list[Row], others: list[Row]) -> tuple[list[Row], Step]:
    """The rows that have no near-duplicate among `others`, the rows of the other splits."""
    near = set(near_duplicates_of([row.text for row in rows], [row.text for row in others]).tolist())
    kept = [row for index, row in enumerate(rows) if index not in near]
    why = f"shares {PAIR_SIMILARITY:.0%} of its word pairs with a row of another split"
    return kept, Step("near-duplicates", len(kept), len(near), why)


def near_duplicates_of(texts: list[str], others: list[str]) -> np.ndarray:
    """Sorted indices of the texts that have a near-duplicate among the others, int [found].

    Exact, but compares only texts that share a rare word pair: two similar sets always share one of their rarest
    members (prefix filtering: Chaudhuri et al. 2006, "A Primitive Operator for Similarity Joins in Data Cleaning";
    Bayardo et al. 2007, "Scaling Up All Pairs Similarity Search").
    """
    if not texts or not others:
        return np.array([], dtype=int)
    ranked = _by_rarity(_pairs_present([*texts, *others]))
    text_pairs, other_pairs = ranked[: len(texts)], ranked[len(texts) :]
    sizes, other_sizes = np.diff(text_pairs.indptr), np.diff(other_pairs.indptr)
    found = []
    for text, other in _candidates(ranked, len(texts)):
        shared = np.asarray(text_pairs[text].multiply(other_pairs[other]).sum(axis=1)).ravel()
        found.append(text[shared >= PAIR_SIMILARITY * (sizes[text] + other_sizes[other] - shared)])
    return np.unique(np.concatenate(found)) if found else np.array([], dtype=int)


def _candidates(ranked: csr_matrix, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices of texts and of others that may be near-duplicates of each other, both int [candidates], in chunks.

    The first `count` rows of `ranked` are the texts, the rest the others.
    """
    rarest, sizes = _rarest(ranked), np.diff(ranked.indptr)
    text_rarest, other_rarest = rarest[:count], rarest[count:].T.tocsc()
    text_sizes, other_sizes = sizes[:count], sizes[count:]
    for start in range(0, count, CHUNK):
        sharing = (text_rarest[start : start + CHUNK] @ other_rarest).tocoo()
        text, other = sharing.row + start, sharing.col
        smaller = np.minimum(text_sizes[text], other_sizes[other])
        larger = np.maximum(text_sizes[text], other_sizes[other])
        possible = (text_sizes[text] >= MIN_PAIRS) & (smaller >= PAIR_SIMILARITY * larger)
        text, other = text[possible], other[possible]
        for begin in range(0, len(text), CANDIDATES_PER_CHUNK):
            part = slice(begin, begin + CANDIDATES_PER_CHUNK)
            yield text[part], other[part]


def _pairs_present(texts: list[str]) -> csr_matrix:
    """1 for each word pair of a text, [texts, pairs]. Hashed: a hundred thousand texts have millions of pairs."""
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
