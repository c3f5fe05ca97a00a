"""How an expert is taught: a new adapter on the shipped one, from corrections and from rows to stay as it is on."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from product.inference import checkpoint
from product.inference import model as models
from product.inference.model import softmax
from product.manifest import Expert, Manifest
from product.sentiment import LABELS
from product.settings import Settings
from product.versions import Versions
from training.build import build_expert, calibrate_beside, copy_expert
from training.corpora import Row
from training.evaluate import targets
from training.finetune import Recipe, encode, mean_adapter, save, shorten, steady_quality_of, train
from training.material import STILL_KNOWN, Lesson, repeated

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
RECIPE = Recipe(
    rank=16, alpha=32, learning_rate=4e-4, epochs=2, batch_size=32, hold=3.0, evaluations_per_epoch=2, patience=2
)


def teach(
    settings: Settings,
    versions: Versions,
    shipped: Manifest,
    language: str,
    lesson: Lesson,
    draft: Path,
    say: Callable,
    runs: int = RUNS,
) -> tuple[Expert, list[dict]]:
    """A new adapter on the shipped expert, from the corrections to learn from and the replayed rows: the mean of so
    many trainings; and their history."""
    home = versions.store.folder(shipped.id)
    before = shipped.experts[language]
    base = checkpoint.find_base(before, language, settings.base_model)
    parts = copy_expert(home, before, language, draft).parts
    say(f"{language}: training on {len(lesson.learned)} corrections and {len(lesson.replayed)} replayed rows")
    served = models.load(home).experts[language]
    watched = watched_rows(lesson)

    def start():
        return checkpoint.assemble(base, [draft / part for part in parts])

    trained, history = [], []
    for run in range(runs):
        data = training_set(served, replace(lesson, replayed=lesson.replayed[run::RUNS]))
        recipe = replace(RECIPE, seed=RECIPE.seed + run)
        model, told = train(start(), data, watched, recipe, draft / ".work", served.encoder, watch=steady_quality_of)
        shutil.rmtree(draft / ".work")
        trained.append(model)
        history += [{"run": run} | each for each in told]
    model = mean_adapter(trained, start(), RECIPE)
    # Numbered, as a version that has learned from corrections may itself be the shipped one.
    adapter = f"{language}/corrections-{len(parts)}"
    shorten(model, STEP)
    save(model, draft / adapter)
    expert = build_expert(
        draft,
        language,
        base=base,
        base_name=before.base.name if before.base else "",
        parts=[*parts, adapter],
        tokenizer=home / before.tokenizer,
        validation=lesson.validation,
        calibration=partial(calibrate_beside, served),
        max_tokens=before.max_tokens,
        float_layers=before.serving.float_layers,
        say=say,
    )
    return expert, history


def training_set(served: models.Expert, lesson: Lesson):
    """Corrections with their labels; replayed rows with the probabilities the shipped expert gives them.

    Of the replayed rows, those that it reads rightly: where it is wrong there is nothing to keep. Held to its outputs
    rather than to the labels, the adapter has nothing to learn there and so changes little: Hinton et al. 2015,
    "Distilling the Knowledge in a Neural Network"; Li and Hoiem 2016, "Learning without Forgetting".
    """
    taught = repeated(lesson.learned, lesson.known)
    times = round(CORRECTED_SHARE * len(lesson.replayed) / len(taught))
    corrected = [Row(one.text, one.label, "corrections") for one in taught] * min(max(1, times), OFTEN)
    said = softmax(served.logits([row.text for row in lesson.replayed]))
    right = said.argmax(axis=1) == targets(lesson.replayed)
    kept = [row for row, keep in zip(lesson.replayed, right, strict=True) if keep]
    free = np.full((len(corrected), len(LABELS)), np.nan)
    return encode(corrected + kept, served.encoder, np.vstack([free, said[right]]).astype(np.float32))


def watched_rows(lesson: Lesson) -> list[Row]:
    """What training stops early by: of corrections it does not learn from, and of what it should still know, each
    counting the same; nothing where there are few corrections, and then it goes to the end.

    The rows still known from all over the corpus: it comes label by label, and its first ones are of one label alone.
    """
    every = max(1, len(lesson.validation) // STILL_KNOWN)
    return [*lesson.watched, *lesson.validation[::every]] if lesson.watched else []
