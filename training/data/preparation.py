"""From the corpora asked for to rows that training can use; every step reports what it kept and dropped."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from training.data import catalogue, templates
from training.data.catalogue import GENERATED
from training.data.cleaning import clean, drop_duplicates, keep_apart
from training.data.label_review import review_labels
from training.data.rows import BadRequest, Row, Step
from training.data.similarity import drop_near_duplicates

Item = TypeVar("Item")


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


def prepared(requests: list[str], corpus_dir: str, seed: int, review: bool = True) -> PreparedRows:
    """Rows of the corpora asked for, as `imdb` or `imdb=8000`; `review=False` skips the review of labels.

    Raises BadRequest, CorpusUnavailable, BadCorpus before anything slow is done: every corpus is read first.
    """
    parsed = [parse_request(request) for request in requests]
    for name, count in parsed:
        if name.startswith(GENERATED):
            _check_generated(name, count)
        else:
            catalogue.load(name, "train", corpus_dir)
    others = held_out([name for name, _ in parsed], corpus_dir)
    found = PreparedRows([], [], [])
    for name, count in parsed:
        if name.startswith(GENERATED):
            rows, steps = _generate(name, count or 0, seed, others)
        else:
            rows, steps = _apply(catalogue.load(name, "train", corpus_dir), _stages(others, seed, count, review))
        found.train.extend(rows)
        found.steps.extend(replace(step, name=f"{name}: {step.name}") for step in steps)
        if "validation" in catalogue.find(name).splits:
            found.validation.extend(catalogue.load_clean(name, "validation", corpus_dir))
    return found


def held_out(names: list[str], corpus_dir: str) -> list[Row]:
    """Rows that none of these corpora may train on.

    These are the rows of all their splits but `train`, and those of the corpora without a Hub id that experts of their
    languages are reported on.
    """
    languages = {language for name in names for language in catalogue.find(name).languages}
    reported = [name for language in sorted(languages) for name in catalogue.REPORTED[language]]
    chosen = dict.fromkeys([*names, *(name for name in reported if not catalogue.find(name).hub)])
    splits = [(name, split) for name in chosen for split in catalogue.find(name).splits if split != "train"]
    return [row for name, split in splits for row in catalogue.load(name, split, corpus_dir)]


Stage = Callable[[list[Row]], tuple[list[Row], Step]]


def _stages(others: list[Row], seed: int, count: int | None, review: bool) -> list[Stage]:
    stages: list[Stage] = [clean, drop_duplicates, partial(keep_apart, others=others)]
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
    language = name.removeprefix(GENERATED)
    if language not in templates.LANGUAGES or (count or 0) < templates.CAPABILITIES:
        known = ", ".join(f"{GENERATED}{language}=ROWS" for language in templates.LANGUAGES)
        raise BadRequest(
            f"--corpus {name}: say how many rows to generate, at least {templates.CAPABILITIES} (one for each "
            f"capability): {known}"
        )


def _generate(name: str, count: int, seed: int, others: list[Row]) -> tuple[list[Row], list[Step]]:
    """About `count` rows from the training templates, the same number for each capability."""
    rows = templates.training_rows(name.removeprefix(GENERATED), count // templates.CAPABILITIES, seed)
    why = "from templates that share no content word with the suite"
    generated = Step("generate", len(rows), 0, why, added=len(rows))
    rows, apart = keep_apart(rows, others)
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
    # Shuffle, then take the first row of each label, the second of each, and so on.
    drawn: Counter[str] = Counter()
    ranked = []
    for index in generator.permutation(len(rows)):
        label = rows[index].label
        ranked.append((drawn[label], index))
        drawn[label] += 1
    chosen = [rows[index] for _, index in sorted(ranked)[:count]]
    return chosen, Step("sample", len(chosen), len(rows) - len(chosen), "labels as balanced as the corpus allows")


def subsample(items: list[Item], limit: int | None, seed: int) -> list[Item]:
    """At most `limit` of the items, drawn at random and kept in their order; all of them where `limit` is None."""
    if limit is None or len(items) <= limit:
        return items
    chosen = np.random.default_rng(seed).choice(len(items), size=limit, replace=False)
    return [items[index] for index in sorted(chosen)]


def subsample_each_corpus(rows: list[Row], limit: int | None, seed: int) -> list[Row]:
    """At most `limit` rows of each corpus, drawn at random; the corpora in alphabetical order."""
    sources = sorted({row.source for row in rows})
    return [row for name in sources for row in subsample([row for row in rows if row.source == name], limit, seed)]
