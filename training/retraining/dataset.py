"""What a retraining run works with: training data for each expert, the holdout, and the gate rows."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from product.codes import CorpusProblem, Reason, RunCode
from product.inference.text.language import expert_for
from product.sentiment import Correction
from product.settings.configuration import Settings
from product.settings.rules import GateRules
from training.data import catalogue as corpora
from training.data.cleaning import drop_duplicates, drop_overlap
from training.data.preparation import subsample
from training.data.rows import CorpusUnavailable, Row
from training.data.similarity import near_duplicate_groups
from training.retraining.holdout import choose_holdout

log = logging.getLogger(__name__)

HOLDOUT_SHARE = 0.25
"""The share of the groups of near-duplicate corrections that is held out."""
MAX_HOLDOUT_SHARE, FULL_HOLDOUT_GROUPS = 0.4, 120
"""With few corrections a larger share is held out, until the holdout has this many groups: learning is wasted if the
holdout is too small to prove it (docs/learning.md has the measurements)."""
EARLY_STOPPING_SHARE, MIN_EARLY_STOPPING_GROUPS = 0.1, 40
"""The share of the remaining groups that decides when training stops. With fewer groups than the minimum, training runs
to its end: stopping on so few would be chance."""
REPLAY_ROWS = {
    "en": {"airline": 500, "crowd": 300, "replay-en": 600, "composed-en": 600},
    "zh": {"replay-zh": 500, "composed-zh": 300, "support-zh": 200},
}
"""Rows replayed from each corpus, by the language of the expert, divided among its trainings. More are replayed where
there are many corrections."""
REPLAY_ROWS_PER_CORRECTION = 8
"""At least this many rows are replayed for each correction, counted as often as it is repeated, as far as the corpora
go. Two trainings each read half of them every epoch, beside the oversampled corrections."""
REPLAY_POOL_FACTOR = 2
"""The replay pool has this many times the usual number of rows. A later training replaces some of its replay rows with
rows from the pool whose predictions the earlier training changed most. Reading the pool takes about 15 seconds."""
LEARNED_BEFORE_REPEATS = 2
"""Corrections that the champion has learned are repeated this much more often: their contributors were told that they
were learned, and the gate allows few of them to break."""
GATE_CORPORA = {
    "airline": None,
    "desk-en": None,
    "desk-zh": None,
    "support": None,
    "support-zh": None,
    "composed-en": None,
    "composed-zh": None,
    "imdb": 400,
    "sst2": 400,
    "zh-reviews": 400,
}
"""Corpora on which a challenger must not be worse, and the maximum number of rows from each."""
VALIDATION_CORPORA = {
    "en": ("airline", "replay-en", "composed-en", "support"),
    "zh": ("zh-reviews", "replay-zh", "composed-zh", "support-zh"),
}
MAX_VALIDATION_ROWS = 400
"""Validation rows of each corpus that a challenger is calibrated on."""


@dataclass(frozen=True)
class TrainingSet:
    """Training data for one expert."""

    corrections: list[Correction]
    replay_rows: list[Row]
    """Corpus rows on which the expert should keep its predictions."""
    validation_rows: list[Row]
    """Corpus rows on which the trained expert is calibrated."""
    learned_before: Sequence[Correction] = ()
    """Those of the corrections that the champion has learned."""
    early_stopping_rows: Sequence[Row] = ()
    """Corrections that are not trained on; training stops when it gets worse on them. Empty with few corrections."""
    replay_pool: Sequence[Row] = ()
    """Further corpus rows that a later training may replay."""


@dataclass(frozen=True)
class RetrainDataset:
    """A training set for each expert that has corrections, and what the challenger is evaluated on."""

    training_sets: dict[str, TrainingSet]
    holdout: list[Correction]
    holdout_groups: np.ndarray
    """int [holdout]; near-duplicates share a number."""
    gate_rows: list[Row]
    unmeasured: dict[str, CorpusProblem] = field(default_factory=dict)
    """Gate corpora that are not available here, and why."""
    nothing_new: bool = False
    """Trains only what the champion has learned already, without withdrawn corrections. The gate then requires that the
    challenger is not worse, not that it is better."""

    @property
    def corrections(self) -> list[Correction]:
        return [correction for training in self.training_sets.values() for correction in training.corrections]

    @property
    def learned_before(self) -> list[Correction]:
        """The corrections in the training sets that the champion has learned."""
        return [correction for training in self.training_sets.values() for correction in training.learned_before]


def too_few(dataset: RetrainDataset | None, accepted: int, rules: GateRules) -> Reason | None:
    """Why there is too little to decide on, or None if there is enough.

    `dataset` is None where so few corrections are accepted that none was collected.
    """
    if dataset and len(np.unique(dataset.holdout_groups)) >= rules.min_holdout_groups:
        return None
    return Reason(RunCode.too_few_new_texts, {"accepted": accepted, "needed": rules.min_holdout_groups})


@dataclass(frozen=True)
class DatasetRequest:
    """For which experts and with which seed a dataset is collected."""

    settings: Settings
    languages: tuple[str, ...]
    """Languages with an expert. A correction trains the expert that reads its text."""
    learned_labels: Mapping[str, str]
    """Correction id to the label that the champion was trained with."""
    seed: int

    def learned(self, correction: Correction) -> bool:
        """Whether the champion has learned the correction with the label that it has now."""
        return self.learned_labels.get(correction.id) == correction.label


def collect_dataset(request: DatasetRequest, accepted: list[Correction]) -> RetrainDataset:
    """Divide accepted corrections into training, early stopping and holdout, and add corpus rows."""
    groups = near_duplicate_groups([correction.text for correction in accepted])
    new = np.array([correction.id not in request.learned_labels for correction in accepted], dtype=bool)
    share = max(HOLDOUT_SHARE, min(MAX_HOLDOUT_SHARE, FULL_HOLDOUT_GROUPS / max(1, len(np.unique(groups)))))
    min_groups = request.settings.gate.min_holdout_groups
    held_out = choose_holdout(accepted, groups, new, share, min_groups, request.seed)
    rest = np.flatnonzero(~held_out)
    remaining = [accepted[index] for index in rest]
    stopping = choose_early_stopping(remaining, groups[rest], new[rest], request.seed)
    early_stopping, training = _select(remaining, stopping), _select(remaining, ~stopping)
    log.info(
        "corrections: %d in the holdout, %d to train on, %d for early stopping",
        held_out.sum(),
        len(training),
        len(early_stopping),
    )
    gate_rows, unmeasured = load_gate_rows(request)
    return RetrainDataset(
        training_sets=make_training_sets(request, training, gate_rows, early_stopping),
        holdout=_select(accepted, held_out),
        holdout_groups=groups[held_out],
        gate_rows=gate_rows,
        unmeasured=unmeasured,
    )


def collect_without_new(request: DatasetRequest, accepted: list[Correction]) -> RetrainDataset:
    """Train only on accepted corrections that the champion has learned; corrections of other texts are the holdout."""
    groups = near_duplicate_groups([correction.text for correction in accepted])
    training = [correction for correction in accepted if request.learned(correction)]
    learned_groups = {
        group for correction, group in zip(accepted, groups, strict=True) if correction.id in request.learned_labels
    }
    held_out = np.array([group not in learned_groups for group in groups], dtype=bool)
    log.info("corrections: %d in the holdout, %d to train on again", held_out.sum(), len(training))
    gate_rows, unmeasured = load_gate_rows(request)
    return RetrainDataset(
        training_sets=make_training_sets(request, training, gate_rows),
        holdout=_select(accepted, held_out),
        holdout_groups=groups[held_out],
        gate_rows=gate_rows,
        unmeasured=unmeasured,
        nothing_new=True,
    )


def _select(corrections: list[Correction], chosen: np.ndarray) -> list[Correction]:
    return [correction for correction, is_chosen in zip(corrections, chosen, strict=True) if is_chosen]


def choose_early_stopping(corrections: list[Correction], groups: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """Which corrections decide when training stops, bool [corrections]; whole groups, as in the holdout."""
    if EARLY_STOPPING_SHARE * len(np.unique(groups)) < MIN_EARLY_STOPPING_GROUPS:
        return np.zeros(len(corrections), dtype=bool)
    return choose_holdout(corrections, groups, new, EARLY_STOPPING_SHARE, MIN_EARLY_STOPPING_GROUPS, seed)


def load_gate_rows(request: DatasetRequest) -> tuple[list[Row], dict[str, CorpusProblem]]:
    """Gate rows of the corpora available here that an expert can read, and why each other corpus is missing."""
    rows: list[Row] = []
    unmeasured: dict[str, CorpusProblem] = {}
    for name, limit in GATE_CORPORA.items():
        corpus = corpora.find(name)
        if not set(corpus.languages) & set(request.languages):
            unmeasured[name] = CorpusProblem.no_expert
        elif not corpus.installed and not request.settings.corpus_dir:
            unmeasured[name] = CorpusProblem.no_folder
        else:
            try:
                rows += subsample(load_local(request.settings, name, "gate"), limit, request.seed)
            except CorpusUnavailable as error:
                log.warning("%s is not measured: %s", name, error)
                unmeasured[name] = CorpusProblem.unreadable
    return rows, unmeasured


def load_local(settings: Settings, name: str, split: str) -> list[Row]:
    """Cleaned rows of a corpus on this disk. Raises CorpusUnavailable for any other: a scheduled run downloads
    nothing."""
    if not corpora.find(name).installed and not settings.corpus_dir:
        raise CorpusUnavailable("ATTUNE_CORPUS_DIR names no folder with this corpus")
    return corpora.load_clean(name, split, settings.corpus_dir)


def make_training_sets(
    request: DatasetRequest,
    corrections: list[Correction],
    gate_rows: list[Row],
    early_stopping: Sequence[Correction] = (),
) -> dict[str, TrainingSet]:
    """Corrections by the language of the expert that reads them, each with replay and validation rows.

    `gate_rows` are never replayed. `early_stopping`: corrections that decide when training stops.
    """
    by_language: dict[str, list[Correction]] = {}
    stopping_rows: dict[str, list[Row]] = {}
    for correction in corrections:
        by_language.setdefault(expert_for(correction.text, request.languages), []).append(correction)
    for correction in early_stopping:
        stopping_rows.setdefault(expert_for(correction.text, request.languages), []).append(correction_row(correction))
    training_sets = {}
    for language, own in sorted(by_language.items()):
        validation = load_validation_rows(request, language)
        learned_before = [correction for correction in own if request.learned(correction)]
        min_rows = REPLAY_ROWS_PER_CORRECTION * len(weighted(own, learned_before))
        replay_rows, pool = choose_replay_rows(request, language, gate_rows + validation, min_rows)
        training_sets[language] = TrainingSet(
            own, replay_rows, validation, learned_before, stopping_rows.get(language, ()), pool
        )
    return training_sets


def correction_row(correction: Correction) -> Row:
    return Row(correction.text, correction.label, "corrections")


def weighted(corrections: Sequence[Correction], learned_before: Sequence[Correction]) -> list[Correction]:
    """The corrections, with those learned before LEARNED_BEFORE_REPEATS times."""
    return [*corrections, *list(learned_before) * (LEARNED_BEFORE_REPEATS - 1)]


def load_validation_rows(request: DatasetRequest, language: str) -> list[Row]:
    """Rows to calibrate an expert on, a mixture of the corpora that are available here."""
    rows: list[Row] = []
    for name in VALIDATION_CORPORA[language]:
        with suppress(CorpusUnavailable):
            rows += subsample(load_local(request.settings, name, "validation"), MAX_VALIDATION_ROWS, request.seed)
    return rows


def choose_replay_rows(
    request: DatasetRequest, language: str, excluded: list[Row], min_rows: int
) -> tuple[list[Row], list[Row]]:
    """(rows to replay, the replay pool) for an expert; none of them equals a row of `excluded`.

    At least `min_rows` are replayed where the corpora have so many. They are a sample of what the shipped expert was
    trained on, and the project's own support messages: without those, sixty corrections of one kind change predictions
    on every message that shares their words and is unlike a tweet.
    """
    chosen, pool, counts = [], [], []
    factor = max(1, min_rows / sum(REPLAY_ROWS[language].values()))
    for name, usual in REPLAY_ROWS[language].items():
        limit = round(factor * usual)
        rows, step = drop_overlap(
            drop_duplicates(corpora.load_clean(name, "train", request.settings.corpus_dir))[0], excluded
        )
        drawn = subsample(rows, limit, request.seed)
        taken = {row.text for row in drawn}
        chosen += drawn
        pool += subsample([row for row in rows if row.text not in taken], REPLAY_POOL_FACTOR * usual, request.seed)
        counts.append(f"{min(limit, step.kept)} of {step.kept:,} training rows of {name}")
    log.info("%s: to replay: %s; pool of %s rows", language, ", ".join(counts), f"{len(pool):,}")
    return chosen, pool
