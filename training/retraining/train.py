"""How an expert is taught: a new adapter on the shipped one, from corrections and from rows to stay as it is on."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.stats import entropy

from product.inference import checkpoint
from product.inference import model as models
from product.inference.backends.torch_float import TorchFloat
from product.inference.manifest import Expert, Manifest
from product.inference.model import softmax
from product.inference.text import TextEncoder
from product.sentiment import LABELS
from product.settings.configuration import Settings
from product.versions.registry import Versions
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
from training.retraining.dataset import STILL_KNOWN, TrainingSet, repeated

CORRECTED_SHARE = 0.5
"""Few corrections are repeated until they are about this share of what replay rows there are: seen three times among
seven hundred rows they would not be learned. Many are read twice, and more is replayed beside them."""
OFTEN = 12
"""One correction is repeated this many times at most: a single one must not become a third of the lesson."""
STEP = 0.75
"""The part of the way from the shipped weights to the trained ones that the new version goes: most of what was learned
is kept, and more of what was known (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models")."""
RUNS = 2
"""Trainings, each with replayed rows and an order of its own, of which the mean is taken: it has learned as much and
forgotten less (Wortsman et al. 2022, "Model soups")."""
MOVED = 0.5
"""The part of the rows replayed in a later training that the training before it has moved most."""
RECIPE = Recipe(
    rank=16, alpha=32, learning_rate=4e-4, epochs=2, batch_size=32, hold=3.0, evaluations_per_epoch=2, patience=2
)


@dataclass(frozen=True)
class Held:
    """Rows to stay as it is on, and the probabilities that the shipped expert gives them, [rows, classes]."""

    rows: list[Row]
    said: np.ndarray

    def only(self, chosen: Sequence[int]) -> "Held":
        return Held([self.rows[index] for index in chosen], self.said[list(chosen)])


def teach(
    settings: Settings,
    versions: Versions,
    shipped: Manifest,
    language: str,
    lesson: TrainingSet,
    draft: Path,
    say: Callable,
    runs: int = RUNS,
    turn: int = 0,
) -> tuple[Expert, list[dict], list[Row]]:
    """A new adapter on the shipped expert, from the corrections to learn from and the replayed rows: the mean of so
    many trainings; their history, and the rows that were replayed. `turn`: which of the orders to read them in."""
    home = versions.store.folder(shipped.id)
    before = shipped.experts[language]
    base = checkpoint.find_base(before, language, settings.base_model)
    parts = copy_expert(home, before, language, draft).parts
    say(f"{language}: training on {len(lesson.learned)} corrections and {len(lesson.replayed)} replayed rows")
    served = models.load(home).experts[language]
    early_stopping = EarlyStopping(watched_rows(lesson), served.encoder, steady_accuracy_metric)

    def start():
        return checkpoint.assemble(base, [draft / part for part in parts])

    trained, history, replayed = [], [], []
    for run in range(runs):
        own = lesson.replayed[run::RUNS]
        held = rightly_read(served, own)
        if trained:
            say(f"{language}: looking among {len(lesson.spare):,} rows for those that the training has moved most")
            held = with_most_moved(held, rightly_read(served, lesson.spare), trained[-1], served.encoder)
        data = training_set(served.encoder, taught(lesson, len(own)), held)
        recipe = replace(RECIPE, seed=RECIPE.seed + turn * RUNS + run)
        model, told = train(start(), data, recipe, draft / ".work", early_stopping)
        shutil.rmtree(draft / ".work")
        trained.append(model)
        replayed += held.rows
        history += [{"run": run} | each for each in told]
    model = mean_adapter(trained, start(), RECIPE)
    # Numbered, as a version that has learned from corrections may itself be the shipped one.
    adapter = f"{language}/corrections-{len(parts)}"
    interpolate_weights(model, STEP)
    save_half(model, draft / adapter)
    expert_parts = ExpertParts(
        base=base,
        names=[*parts, adapter],
        tokenizer=home / before.tokenizer,
        base_name=before.base.name if before.base else "",
        max_tokens=before.max_tokens,
        float_layers=before.serving.float_layers,
    )
    expert = build_expert(draft, language, expert_parts, lesson.validation, partial(recalibrate, served))
    return expert, history, replayed


def rightly_read(served: models.Expert, rows: Sequence[Row]) -> Held:
    """Those of the rows that the shipped expert reads rightly: where it is wrong there is nothing to keep."""
    if not rows:
        return Held([], np.zeros((0, len(LABELS))))
    said = softmax(served.logits([row.text for row in rows]))
    return Held(list(rows), said).only(np.flatnonzero(said.argmax(axis=1) == targets(list(rows))))


def with_most_moved(held: Held, spare: Held, trained: torch.nn.Module, encoder: TextEncoder) -> Held:
    """A part of the held rows exchanged for those of the spare ones that a training has taken furthest from what the
    shipped expert says of them (Kullback-Leibler divergence), label by label: what is moved most is seldom praise, and
    the next training would drift to what it replays more of.

    Aljundi et al. 2019, "Online Continual Learning with Maximally Interfered Retrieval", with a whole training where
    they look one step ahead.
    """
    if not held.rows or not spare.rows:
        return held
    with torch.autocast("cuda" if torch.cuda.is_available() else "cpu", torch.bfloat16, mixed_precision()["bf16"]):
        now = models.Expert(encoder, TorchFloat(trained)).logits([row.text for row in spare.rows])
    furthest = np.argsort(-entropy(spare.said, softmax(now), axis=1), kind="stable")
    stay, come = [], []
    for label in LABELS:
        own = [index for index, row in enumerate(held.rows) if row.label == label]
        alike = [index for index in furthest if spare.rows[index].label == label][: round(MOVED * len(own))]
        stay += subsample(own, len(own) - len(alike), RECIPE.seed)
        come += alike
    kept, moved = held.only(stay), spare.only(come)
    return Held(kept.rows + moved.rows, np.vstack([kept.said, moved.said]))


def taught(lesson: TrainingSet, replayed: int) -> list[Row]:
    """The corrections as rows, repeated as suits so many replayed rows."""
    once = repeated(lesson.learned, lesson.known)
    times = round(CORRECTED_SHARE * replayed / len(once))
    return [Row(one.text, one.label, "corrections") for one in once] * min(max(1, times), OFTEN)


def training_set(encoder: TextEncoder, corrected: list[Row], held: Held):
    """Corrections with their labels; replayed rows with the probabilities the shipped expert gives them.

    Held to its outputs rather than to the labels, the adapter has nothing to learn there and so changes little: Hinton
    et al. 2015, "Distilling the Knowledge in a Neural Network"; Li and Hoiem 2016, "Learning without Forgetting".
    """
    free = np.full((len(corrected), len(LABELS)), np.nan)
    return encode(corrected + held.rows, encoder, np.vstack([free, held.said]).astype(np.float32))


def watched_rows(lesson: TrainingSet) -> list[Row]:
    """What training stops early by: of corrections it does not learn from, and of what it should still know, each
    counting the same; nothing where there are few corrections, and then it goes to the end.

    The rows still known from all over the corpus: it comes label by label, and its first ones are of one label alone.
    """
    every = max(1, len(lesson.validation) // STILL_KNOWN)
    return [*lesson.watched, *lesson.validation[::every]] if lesson.watched else []
