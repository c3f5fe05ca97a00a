"""Trains one expert: a new adapter on the shipped expert, from corrections and from replayed corpus rows."""

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from datasets import Dataset
from peft import PeftModel
from scipy.stats import entropy
from transformers import PreTrainedModel

from product.inference import checkpoint
from product.inference import model as models
from product.inference.backends.torch_float import TorchFloat
from product.inference.manifest import Expert, Manifest
from product.inference.model import softmax
from product.inference.text.encoding import TextEncoder
from product.sentiment import LABELS
from training.data.preparation import subsample
from training.data.rows import Row
from training.evaluation.metrics import targets
from training.modelling.adapters import interpolate_weights, mean_adapter, save_half
from training.modelling.batches import encode
from training.modelling.calibration import recalibrate
from training.modelling.early_stopping import EarlyStopping, steady_accuracy_metric
from training.modelling.packaging import ExpertParts, build_expert, copy_expert
from training.modelling.recipe import Recipe, mixed_precision
from training.modelling.trainer import train
from training.retraining.dataset import TrainingSet, correction_row, weighted

log = logging.getLogger(__name__)

CORRECTION_SHARE = 0.5
"""Few corrections are repeated until they number about this share of the replay rows: read three times among seven
hundred rows they would not be learned. Many corrections are read twice, and more rows are replayed beside them."""
MAX_REPEATS = 12
"""A correction is repeated at most this often, so that a single one does not dominate the training set."""
KEPT_UPDATE = 0.75
"""The share of the weight update that the new version keeps: it keeps most of what was learned, and more of what was
known before (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models")."""
TRAININGS = 2
"""Trainings that are averaged, each with its own replay rows and order: the mean has learned as much and forgotten less
(Wortsman et al. 2022, "Model soups")."""
MOST_CHANGED_SHARE = 0.5
"""The share of a later training's replay rows that is replaced with rows whose predictions changed most."""
EARLY_STOPPING_VALIDATION_ROWS = 300
"""Validation rows beside the corrections that decide when training stops."""
RECIPE = Recipe(
    rank=16,
    alpha=32,
    learning_rate=4e-4,
    epochs=2,
    batch_size=32,
    divergence_weight=3.0,
    evaluations_per_epoch=2,
    patience=2,
)


@dataclass(frozen=True)
class ShippedVersion:
    """The version that came with the product, as installed here: every challenger starts from it."""

    folder: Path
    manifest: Manifest
    base_model: str
    """The ATTUNE_BASE_MODEL setting: a folder or Hub id, or empty."""


@dataclass(frozen=True)
class TrainingPlan:
    """How many trainings are averaged, and which seeds they use."""

    trainings: int = TRAININGS
    seed_offset: int = 0
    """Attempts with another offset read the same rows in another order."""

    def recipe(self, number: int) -> Recipe:
        return replace(RECIPE, seed=RECIPE.seed + self.seed_offset * TRAININGS + number)


DEFAULT_PLAN = TrainingPlan()


@dataclass(frozen=True)
class TrainedExpert:
    """The finished expert, the losses and scores of its trainings, and the rows that were replayed."""

    expert: Expert
    history: list[dict[str, Any]]
    replayed: list[Row]


@dataclass(frozen=True)
class DistillationSet:
    """Rows on which the expert should keep its predictions: the shipped expert's probabilities, [rows, classes]."""

    rows: list[Row]
    probabilities: np.ndarray

    def select(self, indices: Sequence[int] | np.ndarray) -> "DistillationSet":
        return DistillationSet([self.rows[index] for index in indices], self.probabilities[list(indices)])


def train_expert(
    shipped: ShippedVersion, language: str, training_set: TrainingSet, draft: Path, plan: TrainingPlan = DEFAULT_PLAN
) -> TrainedExpert:
    """Train an adapter on the shipped expert of the language, and export and calibrate the result in `draft`."""
    before = shipped.manifest.experts[language]
    base = checkpoint.find_base(before, language, shipped.base_model)
    parts = copy_expert(shipped.folder, before, language, draft).parts
    served = models.load(shipped.folder).experts[language]

    def start() -> PreTrainedModel:
        return checkpoint.assemble(base, [draft / part for part in parts])

    corrections, rows = len(training_set.corrections), len(training_set.replay_rows)
    log.info("%s: training on %d corrections and %d replay rows", language, corrections, rows)
    trainings = run_trainings(start, served, training_set, draft / ".work", plan)
    model = mean_adapter(trainings.models, start(), RECIPE)
    interpolate_weights(model, KEPT_UPDATE)
    # Numbered, because a version that has learned from corrections may itself be the shipped one.
    adapter = f"{language}/corrections-{len(parts)}"
    save_half(model, draft / adapter)
    expert_parts = ExpertParts(
        base=base,
        names=[*parts, adapter],
        tokenizer=shipped.folder / before.tokenizer,
        base_name=before.base.name if before.base else "",
        max_tokens=before.max_tokens,
        float_layers=before.serving.float_layers,
        long_text_head=before.long_text_head,
    )
    calibration = partial(recalibrate, served)
    expert = build_expert(draft, language, expert_parts, training_set.validation_rows, calibration)
    return TrainedExpert(expert, trainings.history, trainings.replayed)


@dataclass
class Trainings:
    """The trained models, their losses and scores, and the rows that they replayed."""

    models: list[PeftModel] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    replayed: list[Row] = field(default_factory=list)


def run_trainings(
    start: Callable[[], PreTrainedModel],
    served: models.Expert,
    training_set: TrainingSet,
    work: Path,
    plan: TrainingPlan,
) -> Trainings:
    """Train `plan.trainings` adapters, each on a new copy of the shipped expert (`start`) with replay rows of its own.

    `served` is the shipped expert as it serves; `work` holds checkpoints while a training runs.
    """
    done = Trainings()
    early_stopping = EarlyStopping(early_stopping_rows(training_set), served.encoder, steady_accuracy_metric)
    for number in range(plan.trainings):
        own_rows = training_set.replay_rows[number::TRAININGS]
        replay = correctly_predicted(served, own_rows)
        if done.models:
            log.info("looking for the most changed predictions among %d rows", len(training_set.replay_pool))
            pool = correctly_predicted(served, training_set.replay_pool)
            replay = replace_with_most_changed(replay, pool, done.models[-1], served.encoder)
        data = training_data(served.encoder, oversampled_corrections(training_set, len(own_rows)), replay)
        model, log_history = train(start(), data, plan.recipe(number), work, early_stopping)
        shutil.rmtree(work)
        done.models.append(cast(PeftModel, model))
        done.replayed += replay.rows
        done.history += [{"run": number} | entry for entry in log_history]
    return done


def correctly_predicted(served: models.Expert, rows: Sequence[Row]) -> DistillationSet:
    """The rows that the shipped expert labels correctly: where it is wrong, its predictions should not be kept."""
    if not rows:
        return DistillationSet([], np.zeros((0, len(LABELS))))
    probabilities = softmax(served.logits([row.text for row in rows]))
    correct = np.flatnonzero(probabilities.argmax(axis=1) == targets(list(rows)))
    return DistillationSet(list(rows), probabilities).select(correct)


def replace_with_most_changed(
    replay: DistillationSet, pool: DistillationSet, trained: PeftModel, encoder: TextEncoder
) -> DistillationSet:
    """Replace a share of the replay rows with the pool rows whose predictions a training changed most.

    The change is the Kullback-Leibler divergence from the shipped expert. Rows are replaced label by label: the most
    changed rows are seldom positive, and the next training would drift towards the labels that it replays more of.
    After Aljundi et al. 2019, "Online Continual Learning with Maximally Interfered Retrieval", with a whole training
    where they look one step ahead.
    """
    if not replay.rows or not pool.rows:
        return replay
    with torch.autocast("cuda" if torch.cuda.is_available() else "cpu", torch.bfloat16, mixed_precision()["bf16"]):
        logits = models.Expert(encoder, TorchFloat(cast(PreTrainedModel, trained))).logits(
            [row.text for row in pool.rows]
        )
    most_changed = np.argsort(-entropy(pool.probabilities, softmax(logits), axis=1), kind="stable")
    stay: list[int] = []
    join: list[int] = []
    for label in LABELS:
        own = [index for index, row in enumerate(replay.rows) if row.label == label]
        candidates = [index for index in most_changed if pool.rows[index].label == label]
        joining = candidates[: round(MOST_CHANGED_SHARE * len(own))]
        stay += subsample(own, len(own) - len(joining), RECIPE.seed)
        join += joining
    kept, new = replay.select(stay), pool.select(join)
    return DistillationSet(kept.rows + new.rows, np.vstack([kept.probabilities, new.probabilities]))


def oversampled_corrections(training_set: TrainingSet, replay_rows: int) -> list[Row]:
    """The corrections as rows, repeated in proportion to the number of replay rows."""
    corrections = weighted(training_set.corrections, training_set.learned_before)
    repeats = round(CORRECTION_SHARE * replay_rows / len(corrections))
    return [correction_row(correction) for correction in corrections] * min(max(1, repeats), MAX_REPEATS)


def training_data(encoder: TextEncoder, corrections: list[Row], replay: DistillationSet) -> Dataset:
    """Corrections with their labels, and replay rows with the shipped expert's probabilities as targets.

    Trained towards these probabilities instead of labels, the adapter has nothing to learn on replay rows and changes
    little: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"; Li and Hoiem 2016, "Learning without
    Forgetting".
    """
    no_target = np.full((len(corrections), len(LABELS)), np.nan)
    return encode(corrections + replay.rows, encoder, np.vstack([no_target, replay.probabilities]).astype(np.float32))


def early_stopping_rows(training_set: TrainingSet) -> list[Row]:
    """Rows that decide when training stops: untrained corrections and, weighted the same, validation rows.

    Empty with few corrections; training then runs to its end. Validation rows are taken from all over the corpus,
    because it is sorted by label.
    """
    if not training_set.early_stopping_rows:
        return []
    step = max(1, len(training_set.validation_rows) // EARLY_STOPPING_VALIDATION_ROWS)
    return [*training_set.early_stopping_rows, *training_set.validation_rows[::step]]
