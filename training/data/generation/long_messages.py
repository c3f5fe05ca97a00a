"""Compose long messages: many calm sentences, and in two of three messages one that decides the label."""

import random
from contextlib import suppress

from training.data import catalogue
from training.data.generation import composition
from training.data.rows import CorpusUnavailable, Row

DECIDING = {
    "negative": ("failure", "failure", "not_received", "feeling_negative", "threat", "negated_negative"),
    "positive": ("feeling_positive", "thanks_done", "negated_positive"),
    "neutral": ("fact",),
}
CALM = ("fact", "context", "question", "request", "loaded_fact")
MIN_SENTENCES, MAX_SENTENCES = 6, 140
"""140 sentences are about 2,000 words."""
PLACES = ("start", "middle", "end")
HEAD_MESSAGES = 600
REVIEWS = {"en": "imdb", "zh": "zh-reviews"}
"""Long texts that weigh good and bad, by language."""


def long_messages(
    language: str, lists: dict[str, list[str]], calm: list[str], count: int, seed: int
) -> list[tuple[Row, str]]:
    """`count` long messages, each with the place of the deciding sentence: `start`, `middle`, `end`, or `` if neutral.

    `lists` are parts by category, `calm` the sentences around the deciding one. Short messages are more frequent than
    long ones: the number of sentences is log-uniform.
    """
    generator = random.Random(f"long/{language}/{seed}")
    labels = tuple(DECIDING)
    return [_message(language, lists, calm, labels[number % len(labels)], generator) for number in range(count)]


def _message(
    language: str, lists: dict[str, list[str]], calm: list[str], label: str, generator: random.Random
) -> tuple[Row, str]:
    length = round(MIN_SENTENCES * (MAX_SENTENCES / MIN_SENTENCES) ** generator.random())
    sentences = [calm[int(generator.random() * len(calm))] for _ in range(length)]
    place = ""
    if label != "neutral":
        choices = lists[DECIDING[label][int(generator.random() * len(DECIDING[label]))]]
        position = int(generator.random() * (length + 1))
        place = PLACES[min(2, 3 * position // (length + 1))]
        sentences.insert(position, choices[int(generator.random() * len(choices))])
    separator, stop = ("", "。") if language == "zh" else (" ", ".")
    ended = [text if not text[-1:].isalnum() else text + stop for text in map(str.strip, sentences)]
    return Row(separator.join(ended), label, f"long-{language}"), place


def unseen_parts(language: str) -> dict[str, list[str]]:
    """The parts that no training row is composed of: those of the validation and the gate split."""
    validation, gate = (composition.parts(language, split) for split in ("validation", "gate"))
    return {name: validation[name] + gate[name] for name in validation}


def calm_sentences(language: str, lists: dict[str, list[str]], corpus_dir: str) -> list[str]:
    """Neutral parts, and for English real requests where the corpus is available."""
    calm = [text for name in CALM for text in lists[name]]
    if language == "en":
        with suppress(CorpusUnavailable):
            requests = catalogue.load("requests", "validation", corpus_dir)
            calm += [row.text for row in requests if row.label == "neutral"]
    return calm


def head_rows(language: str, corpus_dir: str) -> list[Row]:
    """Rows to fit the head for long texts on: long messages, composed mail and, where available, whole reviews.

    None of them trains the expert, which would be surer of them than of new messages.
    """
    lists = unseen_parts(language)
    calm = calm_sentences(language, lists, corpus_dir)
    rows = [row for row, _ in long_messages(language, lists, calm, HEAD_MESSAGES, seed=1)]
    rows += composition.rows(language, "validation", HEAD_MESSAGES, seed=1)
    with suppress(CorpusUnavailable):
        rows += catalogue.load_clean(REVIEWS[language], "validation", corpus_dir)[:HEAD_MESSAGES]
    return rows
