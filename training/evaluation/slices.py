"""Slices of labelled rows: by source, language and length. Evaluation reports and the gate use the same slices."""

import numpy as np

from product.inference.text.language import detect_language
from training.data.rows import Row

MAX_SHORT, MAX_MEDIUM = 60, 140
"""The longest short text and the longest medium text, in characters: a line, and a tweet."""
LENGTHS = ("short", "medium", "long")
LANGUAGES = ("en", "zh")
"""Every other language is `other`: each of them alone has too few rows to say anything."""


def length_slice(text: str) -> str:
    """`short`, `medium` or `long`, by the number of characters."""
    if len(text) <= MAX_SHORT:
        return "short"
    return "medium" if len(text) <= MAX_MEDIUM else "long"


def slices(rows: list[Row]) -> dict[str, np.ndarray]:
    """Row indices, int [rows of the slice], by slice name, such as `length short`; sorted by name."""
    indices: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        language = detect_language(row.text)
        language = language if language in LANGUAGES else "other"
        for name in (f"source {row.source}", f"language {language}", f"length {length_slice(row.text)}"):
            indices.setdefault(name, []).append(index)
    return {name: np.array(found) for name, found in sorted(indices.items())}
