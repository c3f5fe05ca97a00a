"""Find rows that are almost certainly mislabelled, with confident learning."""

import numpy as np
from cleanlab.filter import find_label_issues
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from training.data.catalogue import is_project_row, is_weakly_labelled
from training.data.rows import Row, Step

MAX_DOUBTED_PROBABILITY = 0.03
"""A doubted row is dropped only if its label is less probable than this."""
FOLDS = 3
MIN_ROWS = 500
"""Corpora with fewer rows are not reviewed: a model trained on them is too weak."""


def review_labels(rows: list[Row], seed: int = 0) -> tuple[list[Row], Step]:
    """The rows without those whose label is almost certainly wrong.

    Confident learning (Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels") on
    out-of-fold probabilities of a linear model, for each corpus separately. The linear model is weaker than the one to
    be trained and mistakes hard rows for wrong ones, hence MAX_DOUBTED_PROBABILITY. The project's own rows are never
    dropped, because they were labelled by the guide. Nor are weakly labelled rows: `drop_low_confidence` filters them
    once a teacher has scored them.
    """
    by_source: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if not is_project_row(row) and not is_weakly_labelled(row):
            by_source.setdefault(row.source, []).append(index)
    wrong: set[int] = set()
    for indices in by_source.values():
        wrong.update(indices[position] for position in _doubted([rows[index] for index in indices], seed))
    kept = [row for index, row in enumerate(rows) if index not in wrong]
    return kept, Step("label review", len(kept), len(wrong), "cleanlab: almost certainly mislabelled")


def _doubted(rows: list[Row], seed: int) -> np.ndarray:
    """Indices of the doubted rows, int [doubted]."""
    _, labels, counts = np.unique([row.label for row in rows], return_inverse=True, return_counts=True)
    # Each fold needs some rows of each label.
    if len(rows) < MIN_ROWS or len(counts) == 1 or counts.min() < 2 * FOLDS:
        return np.array([], dtype=int)
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), min_df=3, max_features=60_000, sublinear_tf=True
    )
    # The beginning and the end carry the opinion of a long review, in a tenth of the time.
    features = vectorizer.fit_transform([f"{row.text[:200]} {row.text[-200:]}" for row in rows])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    linear = LogisticRegression(C=3, max_iter=60, solver="saga", tol=0.01, random_state=seed)
    probabilities = cross_val_predict(linear, features, labels, cv=folds, method="predict_proba")
    issues = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    return np.flatnonzero(issues & (probabilities[np.arange(len(labels)), labels] < MAX_DOUBTED_PROBABILITY))
