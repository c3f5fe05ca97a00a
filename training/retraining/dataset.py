"""What a retrain works with: corrections by the expert that they teach, rows to replay, rows to judge by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from product.inference.text import expert_for
from product.sentiment import Correction
from product.settings.configuration import Settings
from training.data import catalogue as corpora
from training.data.cleaning import drop_duplicates, keep_apart
from training.data.preparation import subsample
from training.data.rows import CorpusUnavailable, Row
from training.data.similarity import near_duplicate_groups
from training.retraining.holdout import choose_holdout

HELD_BACK, HELD_BACK_OF_FEW, ENOUGH = 0.25, 0.4, 120
"""The part of the corrections that judges: of few a larger one, up to so many groups, as what was learned is wasted
where they are too few to show it (docs/learning.md has how often)."""
WATCHED, LEAST_WATCHED = 0.1, 40
"""The part of what is left that training is watched on, where it has so many groups: fewer would stop it by chance."""
REPLAYED = {"en": {"airline": 600, "crowd": 600, "replay-en": 800}, "zh": {"replay-zh": 1000}}
"""Rows of each corpus for an expert to stay as it is on, shared by its trainings; of each the more where there is much
to learn."""
KNOWN = 2
"""What the champion has learned is repeated so much more often: people were told of it, and little of it may break."""
FOR_EACH = 8
"""So many rows are replayed for each correction at least, those counted as often as they are repeated, and as far as
the corpora go: two trainings read it twice an epoch, beside twice as many rows of their own."""
SPARE = 2
"""So many times the usual number of rows are at hand besides, for a later training to replay those of them that an
earlier one has moved most: reading them takes a quarter of a minute."""
GATE_CORPORA = {"airline": None, "desk-en": None, "desk-zh": None, "imdb": 400, "sst2": 400, "zh-reviews": 400}
"""What a challenger must not be worse on, and how many rows of it at most."""
VALIDATED_ON = {"en": "airline", "zh": "zh-reviews"}
VALIDATION_ROWS = 1500
STILL_KNOWN = 300
"""Validation rows among those that training is watched on."""


@dataclass(frozen=True)
class TrainingSet:
    """What one expert is taught: corrections, and rows to stay as it is on; `validation` rows calibrate it.

    `known`: the corrections among these that the champion has learned. `watched`: rows of corrections that are not
    among these, by which training stops early; none where there are few. `spare`: further rows to stay as it is on, to
    choose from.
    """

    learned: list[Correction]
    replayed: list[Row]
    validation: list[Row]
    known: Sequence[Correction] = ()
    watched: Sequence[Row] = ()
    spare: Sequence[Row] = ()


@dataclass(frozen=True)
class RetrainDataset:
    """A lesson for each expert that there are corrections for; corrections to judge by with their groups, rows to be
    no worse on, and why some corpora are not among these."""

    lessons: dict[str, TrainingSet]
    held: list[Correction]
    held_groups: np.ndarray
    gate: list[Row]
    unmeasured: dict[str, str]
    again: bool = False
    """Nothing is learned but what the champion knows, without what was withdrawn: not to be worse is enough."""

    @property
    def learned(self) -> list[Correction]:
        return [one for lesson in self.lessons.values() for one in lesson.learned]

    @property
    def known(self) -> list[Correction]:
        """What the champion has learned of those that still stand."""
        return [one for lesson in self.lessons.values() for one in lesson.known]


def collect(
    settings: Settings,
    accepted: list[Correction],
    languages: tuple[str, ...],
    *,
    before: Mapping[str, str],
    least: int,
    seed: int,
    say: Callable,
) -> RetrainDataset:
    """The corrections and confirmations that may teach, part of them held back; and corpus rows to replay and judge by.

    `languages` are those that there are experts for: a correction teaches the one that reads its text. `before`: the
    label that the champion learned, by the correction's id; what it has learned judges nothing. `least`: how many
    groups of near-duplicates must be held back for any to be.
    """
    groups = near_duplicate_groups([one.text for one in accepted]) if accepted else np.array([], dtype=int)
    new = np.array([one.id not in before for one in accepted], dtype=bool)
    share = max(HELD_BACK, min(HELD_BACK_OF_FEW, ENOUGH / max(1, len(np.unique(groups)))))
    held = choose_holdout(accepted, groups, new, share, least, seed)
    rest = np.flatnonzero(~held)
    left = [accepted[index] for index in rest]
    watching = watch(left, groups[rest], new[rest], seed)
    watched = [one for one, out in zip(left, watching, strict=True) if out]
    learned = [one for one, out in zip(left, watching, strict=True) if not out]
    say(
        f"corrections: {int(held.sum())} held back to judge by, {len(learned)} to learn from"
        + (f", {len(watched)} to stop early by" if watched else "")
    )
    gate_rows, unmeasured = judging_rows(settings, languages, seed)
    known = [one for one in learned if before.get(one.id) == one.label]
    return RetrainDataset(
        lessons=make_lessons(settings, learned, languages, gate_rows, seed, say, known, watched),
        held=[one for one, out in zip(accepted, held, strict=True) if out],
        held_groups=groups[held],
        gate=gate_rows,
        unmeasured=unmeasured,
    )


def collect_again(
    settings: Settings,
    accepted: list[Correction],
    languages: tuple[str, ...],
    *,
    before: Mapping[str, str],
    seed: int,
    say: Callable,
) -> RetrainDataset:
    """What the champion has learned and still may teach, and nothing else; new corrections of other texts judge."""
    known = [one for one in accepted if before.get(one.id) == one.label]
    groups = near_duplicate_groups([one.text for one in accepted]) if accepted else np.array([], dtype=int)
    learned_from = {group for one, group in zip(accepted, groups, strict=True) if one.id in before}
    held = np.array([group not in learned_from for group in groups], dtype=bool)
    say(f"corrections: {len(known)} to learn from again, {int(held.sum())} to judge by")
    gate_rows, unmeasured = judging_rows(settings, languages, seed)
    return RetrainDataset(
        lessons=make_lessons(settings, known, languages, gate_rows, seed, say, known),
        held=[one for one, out in zip(accepted, held, strict=True) if out],
        held_groups=groups[held],
        gate=gate_rows,
        unmeasured=unmeasured,
        again=True,
    )


def watch(corrections: list[Correction], groups: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """Which of the corrections that could teach only tell when to stop, bool [corrections]: whole groups again."""
    if WATCHED * len(np.unique(groups)) < LEAST_WATCHED:
        return np.zeros(len(corrections), dtype=bool)
    return choose_holdout(corrections, groups, new, WATCHED, LEAST_WATCHED, seed)


def judging_rows(settings: Settings, languages: tuple[str, ...], seed: int) -> tuple[list[Row], dict[str, str]]:
    """Gate rows of the corpora that are here and that there is an expert for, and why the others are left out."""
    rows, unmeasured = [], {}
    for name, limit in GATE_CORPORA.items():
        try:
            if not set(corpora.find(name).languages) & set(languages):
                raise CorpusUnavailable(f"no expert has learned {', '.join(corpora.find(name).languages)}")
            rows += subsample(load_here(settings, name, "gate"), limit, seed)
        except CorpusUnavailable as reason:
            unmeasured[name] = str(reason)
    return rows, unmeasured


def load_here(settings: Settings, name: str, split: str) -> list[Row]:
    """Mended rows of a corpus that lies on this disk; raises CorpusUnavailable for any other: what runs at a company
    by the clock fetches nothing from the Hub."""
    if corpora.find(name).hub and not settings.corpus_dir:
        raise CorpusUnavailable("ATTUNE_CORPUS_DIR names no folder that it lies in")
    return corpora.load_clean(name, split, settings.corpus_dir)


def make_lessons(
    settings: Settings,
    learned: list[Correction],
    languages: tuple[str, ...],
    gate_rows: list[Row],
    seed: int,
    say: Callable,
    known: Sequence[Correction] = (),
    watched: Sequence[Correction] = (),
) -> dict[str, TrainingSet]:
    """Corrections by the expert that reads them, each expert's with its replay and validation rows."""
    shares: dict[str, list[Correction]] = {}
    stopping: dict[str, list[Row]] = {}
    for one in learned:
        shares.setdefault(expert_for(one.text, languages), []).append(one)
    for one in watched:
        stopping.setdefault(expert_for(one.text, languages), []).append(Row(one.text, one.label, "corrections"))
    lessons, of_before = {}, {one.id for one in known}
    for language, own in sorted(shares.items()):
        validation = validation_rows(settings, language, seed)
        still = [one for one in own if one.id in of_before]
        least = FOR_EACH * len(repeated(own, still))
        replayed, spare = replay(language, settings.corpus_dir, gate_rows + validation, least, seed, say)
        lessons[language] = TrainingSet(own, replayed, validation, still, stopping.get(language, ()), spare)
    return lessons


def repeated(learned: Sequence[Correction], known: Sequence[Correction]) -> list[Correction]:
    """What is learned, those `known` of it KNOWN times."""
    return [*learned, *list(known) * (KNOWN - 1)]


def validation_rows(settings: Settings, language: str, seed: int) -> list[Row]:
    """Rows to calibrate an expert on; none where the corpus is not here."""
    try:
        return subsample(load_here(settings, VALIDATED_ON[language], "validation"), VALIDATION_ROWS, seed)
    except CorpusUnavailable:
        return []


def replay(
    language: str, corpus_dir: str, others: list[Row], least: int, seed: int, say: Callable
) -> tuple[list[Row], list[Row]]:
    """Rows for the shipped expert to stay as it is on, `least` where the corpora have so many, and SPARE times the
    usual number to choose from; none that equals a row of `others`.

    A sample of what it was trained on, and the project's own support messages: without these, sixty corrections of
    one kind spill over onto every message that shares their words and is nothing like a tweet.
    """
    chosen, spare, told = [], [], []
    more = max(1, least / sum(REPLAYED[language].values()))
    for name, usual in REPLAYED[language].items():
        limit = round(more * usual)
        rows, step = keep_apart(drop_duplicates(corpora.load_clean(name, "train", corpus_dir))[0], others)
        first = subsample(rows, limit, seed)
        taken = {row.text for row in first}
        chosen += first
        spare += subsample([row for row in rows if row.text not in taken], SPARE * usual, seed)
        told.append(f"{min(limit, step.kept)} of {step.kept:,} training rows of {name}")
    say(f"{language}: to replay: {', '.join(told)}, and {len(spare):,} to choose from")
    return chosen, spare
