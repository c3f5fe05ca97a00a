"""Labelled rows to evaluate on, from a file or a corpus."""

import warnings
from pathlib import Path

import pandas

from product.sentiment import LABELS, AttuneError
from training.data.catalogue import load_clean
from training.data.readers import check_size
from training.data.rows import BadCorpus, Row


class BadData(AttuneError):
    """A data file cannot be used. The message names file, row and column."""


def read_rows(data: str, corpus_dir: str) -> list[Row]:
    """Rows of a .csv or .parquet file with columns `text` and `label`, or of a corpus.

    A corpus is named as NAME, for its test split, or as NAME:SPLIT. Raises BadData, CorpusUnavailable.
    """
    path = Path(data)
    if path.suffix not in (".csv", ".parquet"):
        name, _, split = data.partition(":")
        return load_clean(name, split or "test", corpus_dir)
    if not path.is_file():
        raise BadData(f"{data}: no such file")
    try:
        check_size(path)
        table = _read_csv(path) if path.suffix == ".csv" else pandas.read_parquet(path)
    except BadCorpus as error:
        raise BadData(str(error)) from None
    # Some of pyarrow's errors are neither ValueError nor OSError; its NotImplementedError is a RuntimeError.
    except (ValueError, OSError, RuntimeError, KeyError, TypeError, pandas.errors.ParserWarning) as error:
        raise BadData(f"{data}: cannot be read as {path.suffix[1:]}: {error}") from None
    return _checked(data, table)


def _read_csv(path: Path) -> pandas.DataFrame:
    """All values as text. A line with too many values is an error; pandas would take its first value as an index."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pandas.errors.ParserWarning)
        return pandas.read_csv(path, dtype=str, keep_default_na=False, index_col=False)


def _checked(data: str, table: pandas.DataFrame) -> list[Row]:
    missing = [column for column in ("text", "label") if column not in table]
    if missing:
        raise BadData(f"{data}: column {missing[0]!r} is missing; the file has {', '.join(map(str, table.columns))}")
    if table.empty:
        raise BadData(f"{data}: the file has no rows")
    for index, (text, label) in enumerate(zip(table["text"], table["label"], strict=True), start=1):
        if not isinstance(text, str) or not text.strip():
            raise BadData(f"{data}: row {index}, column 'text': must be a non-empty text")
        if not isinstance(label, str) or label not in LABELS:
            raise BadData(f"{data}: row {index}, column 'label': {label!r} is not one of {', '.join(LABELS)}")
    return [Row(text, label, Path(data).name) for text, label in zip(table["text"], table["label"], strict=True)]
