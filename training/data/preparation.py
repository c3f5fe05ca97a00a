"""Prepare the requested corpora for training. Every step reports how many rows it kept and dropped."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from training.data import catalogue
from training.data.catalogue import GENERATED_PREFIXES, TEMPLATES_PREFIX
from training.data.cleaning import clean, drop_duplicates, drop_overlap
from training.data.generation import composition, templates
from training.data.label_review import review_labels
from training.data.rows import BadRequest, Row, Step
from training.data.similarity import drop_near_duplicates

Item = TypeVar("Item")
Stage = Callable[[list[Row]], tuple[list[Row], Step]]
"""A step of the preparation."""


@dataclass(frozen=True)
class PreparedRows:
    """Rows to train on, rows to validate on, and what each step kept and dropped."""

    train: list[Row]
    validation: list[Row]
    steps: list[Step]


def parse_request(request: str) -> tuple[str, int | None]:
    """`imdb=8000` becomes ("imdb", 8000): sample or repeat to that many rows. Raises BadRequest."""
    name, separator, number = request.partition("=")
    # Nine digits are more rows than any machine holds. isdigit alone would accept ², which int does not.
    if separator and not (re.fullmatch("[0-9]{1,9}", number) and int(number) > 0):
        raise BadRequest(f"--corpus {request}: the number of rows after = must be a whole number above 0")
    return name, int(number) if separator else None


def prepare(requests: list[str], corpus_dir: str, seed: int, review: bool = True) -> PreparedRows:
    """Rows of the requested corpora, such as `imdb` or `imdb=8000`; `review=False` skips the review of labels.

    Raises BadRequest, CorpusUnavailable or BadCorpus before the slow steps, because every corpus is read first.
    """
    parsed = [parse_request(request) for request in requests]
    for name, count in parsed:
        _check_available(name, count, corpus_dir)
    others = evaluation_rows([name for name, _ in parsed], corpus_dir)
    train: list[Row] = []
    validation: list[Row] = []
    steps: list[Step] = []
    for name, count in parsed:
        if name.startswith(GENERATED_PREFIXES):
            rows, corpus_steps = _generate(name, count or 0, seed, others)
        else:
            rows, corpus_steps = _apply(catalogue.load(name, "train", corpus_dir), _stages(others, seed, count, review))
        train += rows
        steps += [replace(step, name=f"{name}: {step.name}") for step in corpus_steps]
        if "validation" in catalogue.find(name).splits:
            validation += catalogue.load_clean(name, "validation", corpus_dir)
    return PreparedRows(train, validation, steps)


def _check_available(name: str, count: int | None, corpus_dir: str) -> None:
    """Raises BadRequest or CorpusUnavailable if the corpus cannot train."""
    if name.startswith(GENERATED_PREFIXES):
        _check_generated(name, count)
    else:
        catalogue.load(name, "train", corpus_dir)


def evaluation_rows(names: list[str], corpus_dir: str) -> list[Row]:
    """Rows to evaluate on, which none of these corpora may train on.

    They are all splits but `train` of these corpora, and of the corpora that the experts of the same languages are
    measured on. Of the latter, those on the Hub are left out, so that no download is needed.
    """
    languages = {language for name in names for language in catalogue.find(name).languages}
    reported = [name for language in sorted(languages) for name in catalogue.REPORTED[language]]
    chosen = dict.fromkeys([*names, *(name for name in reported if catalogue.find(name).installed)])
    splits = [(name, split) for name in chosen for split in catalogue.find(name).splits if split != "train"]
    return [row for name, split in splits for row in catalogue.load(name, split, corpus_dir)]


def _stages(others: list[Row], seed: int, count: int | None, review: bool) -> list[Stage]:
    stages: list[Stage] = [clean, drop_duplicates, partial(drop_overlap, others=others)]
    stages.append(partial(drop_near_duplicates, others=others))
    if review:
        stages.append(partial(review_labels, seed=seed))
    if count:
        stages.append(partial(sample, count=count, seed=seed))
    return stages


def _apply(rows: list[Row], stages: list[Stage]) -> tuple[list[Row], list[Step]]:
    steps = []
    for stage in stages:
        rows, step = stage(rows)
        steps.append(step)
    return rows, steps


def _check_generated(name: str, count: int | None) -> None:
    catalogue.find(name)
    least = templates.CAPABILITIES if name.startswith(TEMPLATES_PREFIX) else 1
    if (count or 0) < least:
        raise BadRequest(f"--corpus {name}: say how many rows to generate, at least {least}, for example {name}=3900")


def _generate(name: str, count: int, seed: int, others: list[Row]) -> tuple[list[Row], list[Step]]:
    """About `count` rows from the training templates, the same number for each capability, or composed messages."""
    if name.startswith(TEMPLATES_PREFIX):
        rows = templates.training_rows(name.removeprefix(TEMPLATES_PREFIX), count // templates.CAPABILITIES, seed)
        why = "from templates that share no content word with the suite"
    else:
        rows = composition.rows(name.removeprefix(composition.PREFIX), "train", count, seed)
        why = "from parts that occur in no other split"
    generated = Step("generate", len(rows), 0, why, added=len(rows))
    rows, apart = drop_overlap(rows, others)
    return rows, [generated, apart]


def sample(rows: list[Row], count: int, seed: int) -> tuple[list[Row], Step]:
    """`count` rows: a random sample with labels as balanced as possible, or all rows repeated up to that number."""
    if not rows:
        return [], Step("sample", 0, 0, "there are no rows to sample")
    generator = np.random.default_rng(seed)
    if count >= len(rows):
        repeated = rows * (count // len(rows))
        more = generator.choice(len(rows), count - len(repeated), replace=False)
        chosen = repeated + [rows[index] for index in more]
        why = f"{len(rows):,} rows, repeated to {count:,}"
        return chosen, Step("sample", count, 0, why, added=count - len(rows))
    # Shuffle, then take the first row of each label, then the second of each, and so on.
    drawn: Counter[str] = Counter()
    ranked = []
    for index in generator.permutation(len(rows)):
        label = rows[index].label
        ranked.append((drawn[label], index))
        drawn[label] += 1
    chosen = [rows[index] for _, index in sorted(ranked)[:count]]
    return chosen, Step("sample", len(chosen), len(rows) - len(chosen), "labels as balanced as the corpus allows")


def subsample(items: list[Item], limit: int | None, seed: int) -> list[Item]:
    """At most `limit` of the items, drawn at random, in their original order; all of them if `limit` is None."""
    if limit is None or len(items) <= limit:
        return items
    chosen = np.random.default_rng(seed).choice(len(items), size=limit, replace=False)
    return [items[index] for index in sorted(chosen)]


def subsample_each_corpus(rows: list[Row], limit: int | None, seed: int) -> list[Row]:
    """At most `limit` rows of each corpus, drawn at random; the corpora in alphabetical order."""
    names = sorted({row.corpus for row in rows})
    return [row for name in names for row in subsample([row for row in rows if row.corpus == name], limit, seed)]
