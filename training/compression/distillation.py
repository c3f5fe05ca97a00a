"""Learn from teachers: targets for the training rows, mixed from the teachers' predictions and the labels."""

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from transformers import PreTrainedModel

from product.inference import checkpoint
from product.inference import manifest as manifests
from product.inference.model import TOKENIZER_FILE, softmax
from product.inference.text.encoding import TextEncoder, pad
from product.progress import report
from product.sentiment import LABELS
from training.compression.checkpoints import require_checkpoint
from training.data.catalogue import CATALOGUE, is_polar, is_project_row, is_weakly_labelled
from training.data.rows import NEUTRAL, Row, Step
from training.modelling.batches import Targets
from training.modelling.recipe import Recipe

log = logging.getLogger(__name__)
Item = TypeVar("Item")

BATCH = 64
CHUNK = 20_000
"""Texts that a teacher reads between two writes of its cache."""
TEXT_LABEL_AGREEMENT = 0.8
"""The share of opinionated parts for which the label of the whole text is correct."""
MIN_CONFIDENCE = 0.9
"""Weakly labelled rows train only if their target gives a label at least this probability."""


@dataclass(frozen=True)
class Teacher:
    """A checkpoint to learn from; if `corpus` is given, only on the rows of that corpus."""

    folder: Path
    corpus: str = ""


def parse_teacher(text: str) -> Teacher:
    """Parse `FOLDER` or `CORPUS=FOLDER`. Raises BadRequest if the folder has no checkpoint."""
    corpus, separator, folder = text.partition("=")
    named = bool(separator) and corpus in CATALOGUE
    return Teacher(require_checkpoint(Path(folder if named else text), "--teacher"), corpus if named else "")


def teachers_for(corpus: str, teachers: Sequence[Teacher]) -> list[Teacher]:
    """The teachers of a corpus: its own if it has any, else those for all corpora."""
    named = [teacher for teacher in teachers if teacher.corpus == corpus]
    return named or [teacher for teacher in teachers if not teacher.corpus]


def teacher_targets(teachers: Sequence[Teacher], rows: list[Row], recipe: Recipe, cache: Path) -> Targets:
    """The targets of each row: the teachers' mean probabilities mixed with the row's label.

    `recipe.soft_share` is the teachers' share (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network").
    Three kinds of rows differ. In rows of a corpus without a neutral class, the teachers' neutral is left out. Rows of
    this project are learned from their label alone: it follows the labelling guide, which teachers know only from these
    rows. Weakly labelled rows take the teachers' probabilities, updated by the label (`reweight_by_text_label`).
    """
    predicted, hidden = _predictions(teachers, rows, recipe, cache)
    labelled = np.eye(len(LABELS))[[LABELS.index(row.label) for row in rows]]
    weak = np.array([is_weakly_labelled(row) for row in rows], dtype=bool)
    mixed = recipe.soft_share * predicted + (1 - recipe.soft_share) * labelled
    mixed[weak] = reweight_by_text_label(predicted[weak], labelled[weak])
    mixed[np.array([is_project_row(row) for row in rows], dtype=bool)] = np.nan
    return Targets(mixed.astype(np.float32), hidden)


def _predictions(
    teachers: Sequence[Teacher], rows: list[Row], recipe: Recipe, cache: Path
) -> tuple[np.ndarray, np.ndarray | None]:
    """The mean probabilities of each row's teachers [rows, 3], and their hidden states if the recipe needs them.

    Each teacher reads each text once; its outputs are cached on disk under its hash.
    """
    predicted = np.full((len(rows), len(LABELS)), np.nan)
    hidden: np.ndarray | None = None
    assigned = _rows_by_teacher(teachers, rows)
    teacher_counts = Counter(index for indices in assigned.values() for index in indices)
    for teacher, indices in assigned.items():
        texts = [rows[index].text for index in indices]
        logits, states = cached_outputs(teacher.folder, texts, recipe.max_tokens, cache)
        logits = logits.copy()
        logits[[is_polar(rows[index]) for index in indices], NEUTRAL] = -np.inf
        count = np.array([teacher_counts[index] for index in indices])[:, None]
        predicted[indices] = np.nan_to_num(predicted[indices]) + softmax(logits) / count
        if recipe.hidden_share:
            hidden = np.zeros((len(rows), states.shape[1]), dtype=np.float32) if hidden is None else hidden
            hidden[indices] = states
    return predicted, hidden


def _rows_by_teacher(teachers: Sequence[Teacher], rows: list[Row]) -> dict[Teacher, list[int]]:
    """For each teacher the indices of the rows that are learned from it."""
    assigned: dict[Teacher, list[int]] = {}
    for index, row in enumerate(rows):
        for teacher in teachers_for(row.corpus, teachers):
            assigned.setdefault(teacher, []).append(index)
    return assigned


def reweight_by_text_label(predicted: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Probabilities [rows, 3] of parts, updated by the label of the whole text, one-hot [rows, 3] (Bayes' rule)."""
    weighted: np.ndarray = predicted * np.where(labelled > 0, TEXT_LABEL_AGREEMENT, 1 - TEXT_LABEL_AGREEMENT)
    probabilities: np.ndarray = weighted / weighted.sum(axis=1, keepdims=True)
    return probabilities


def drop_low_confidence(rows: list[Row], targets: Targets) -> tuple[list[Row], Targets, Step]:
    """Drop the weakly labelled rows whose highest target probability is under MIN_CONFIDENCE, and their targets."""
    sure = np.nan_to_num(targets.probabilities, nan=1.0).max(axis=1) >= MIN_CONFIDENCE
    kept = sure | ~np.array([is_weakly_labelled(row) for row in rows], dtype=bool)
    rows = [row for keep, row in zip(kept, rows, strict=True) if keep]
    hidden = None if targets.hidden is None else targets.hidden[kept]
    why = f"weakly labelled, and the teacher's confidence is under {MIN_CONFIDENCE:.0%}"
    step = Step("parts of texts", len(rows), int((~kept).sum()), why)
    return rows, Targets(targets.probabilities[kept], hidden), step


def cached_outputs(folder: Path, texts: list[str], max_tokens: int, cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """Logits [texts, 3] and last hidden states of [CLS] [texts, hidden] of a checkpoint, from the cache if known."""
    digest = hashlib.sha256((manifests.sha256(folder / "model.safetensors") + str(max_tokens)).encode()).hexdigest()
    file = cache / f"{digest[:16]}.npz"
    known: dict[str, np.ndarray] = {}
    if file.is_file():
        stored = np.load(file)
        known = dict(zip(stored["keys"].tolist(), stored["outputs"], strict=True))
    keys = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if new:
        log.info("the teacher reads %s texts (%s are cached)", f"{len(new):,}", f"{len(texts) - len(new):,}")
        encoder = TextEncoder(folder / TOKENIZER_FILE, max_tokens)
        model = checkpoint.load_base(folder, dtype=torch.float32)
        for part in batched(new.items(), CHUNK):
            outputs = teacher_outputs(model, encoder, [text for _, text in part])
            known |= dict(zip(dict(part), outputs, strict=True))
            _write(file, known)
    found = np.array([known[key] for key in keys], dtype=np.float32)
    return found[:, : len(LABELS)], found[:, len(LABELS) :]


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, the last possibly shorter, like itertools.batched of Python 3.12."""
    remaining = iter(items)
    while part := list(islice(remaining, size)):
        yield part


def _write(file: Path, known: dict[str, np.ndarray]) -> None:
    """Replace the cache file in one step, because it holds hours of work. Parallel runs write different drafts."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    with draft.open("wb") as stream:
        np.savez(stream, keys=np.array(list(known)), outputs=np.array(list(known.values()), dtype=np.float16))
    draft.rename(file)


@torch.inference_mode()
def teacher_outputs(model: PreTrainedModel, encoder: TextEncoder, texts: list[str]) -> np.ndarray:
    """Logits and the last hidden state of [CLS] side by side, float16 [texts, 3 + hidden]."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).eval()  # type: ignore[arg-type]
    model.set_attn_implementation("sdpa")
    encoded = encoder.encode(texts)
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index].ids))
    outputs = np.zeros((len(texts), len(LABELS) + model.config.hidden_size), dtype=np.float16)
    for start in range(0, len(order), BATCH):
        report("teacher", start, len(order))
        batch = order[start : start + BATCH]
        ids, mask = (torch.from_numpy(part).to(device) for part in pad([encoded[index].ids for index in batch]))
        with torch.autocast(device, torch.bfloat16):
            output = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        outputs[batch] = torch.cat([output.logits, output.hidden_states[-1][:, 0]], 1).float().cpu().numpy()
    report("teacher", len(order), len(order))
    return outputs
