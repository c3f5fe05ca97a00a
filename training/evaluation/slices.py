"""Slices of labelled rows: by source, language and length."""

import numpy as np

from product.inference.text import language
from training.data.catalogue import Row

SHORT, LONG = 60, 140  # characters: a line, a tweet


def slices(rows: list[Row]) -> dict[str, np.ndarray]:
    """Name to row indices: by source, by language and by length in characters."""
    names: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        size = "short" if len(row.text) <= SHORT else "long" if len(row.text) > LONG else "medium"
        for name in (f"source {row.source}", f"language {language(row.text)}", f"length {size}"):
            names.setdefault(name, []).append(index)
    return {name: np.array(indices) for name, indices in sorted(names.items())}
