"""Smaller models: cut layers, distil a teacher into the student, cut the vocabulary, pack the weights.

`training.compress_commands` has the commands, `training.vocabulary` the vocabulary.
"""

import hashlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from product.inference import checkpoint, packing
from product.inference import manifest as manifests
from product.inference.model import TOKENIZER_FILE, softmax
from product.inference.text import TextEncoder, pad
from product.sentiment import LABELS
from training.data.catalogue import CATALOGUE, is_polar, is_weakly_labelled
from training.data.rows import NEUTRAL, BadRequest, Row, Step
from training.modelling.batches import Targets
from training.modelling.recipe import Recipe

BATCH = 64
CHUNK = 20_000
"""Texts that a teacher reads before what it said is written down."""
EMBEDDING_BITS = 4
PACKED_BITS = (4, 8)
CHECKPOINT = ("config.json", "model.safetensors", TOKENIZER_FILE)
LAYER = re.compile(r"(.*\bencoder\.layer\.)(\d+)(\..*)")
OWN = ("replay", "behaviours")
"""Sources whose labels are this project's own."""


def checked_folder(folder: Path, option: str) -> Path:
    """The folder, if a checkpoint with its tokenizer is in it. Raises BadRequest."""
    lacking = [name for name in CHECKPOINT if not (folder / name).is_file()]
    if lacking:
        raise BadRequest(f"{option} {folder}: {lacking[0]} is missing; a checkpoint has {', '.join(CHECKPOINT)}")
    return folder


def parse_layers(text: str, total: int, option: str = "--layers") -> list[int]:
    """`0,2,4` to [0, 2, 4], each the number of one of `total` layers, in rising order. Raises BadRequest."""
    parts = [part.strip() for part in text.split(",")]
    kept = [int(part) for part in parts if part.isdecimal()]
    if len(kept) < len(parts) or kept != sorted(set(kept)) or kept[-1] >= total:
        raise BadRequest(
            f"{option} {text}: numbers of layers to keep in rising order, with commas between; "
            f"this model has {total} layers, 0 to {total - 1}"
        )
    return kept


def keep_layers(model: PreTrainedModel, kept: list[int]) -> PreTrainedModel:
    """Only the named encoder layers, in their order; the model is changed and returned."""
    layers = model.base_model.encoder.layer
    model.base_model.encoder.layer = torch.nn.ModuleList(layers[index] for index in kept)
    model.config.kept_layers = _of_the_first(getattr(model.config, "kept_layers", None), kept)
    model.config.num_hidden_layers = len(kept)
    return model


def _of_the_first(before: list[int] | None, kept: list[int]) -> list[int]:
    """Which layers of the first model these are, where layers were cut before."""
    return [before[index] for index in kept] if before else list(kept)


def cut_layers(folder: Path, kept: str, out: Path) -> dict:
    """Write the checkpoint in `folder` with only the named layers (`0,2,4`) to `out`; returns the new config.

    Raises BadRequest.
    """
    checked_folder(folder, "--model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    layers = parse_layers(kept, config["num_hidden_layers"], "--keep")
    tensors = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        layer = LAYER.fullmatch(name)
        if not layer:
            tensors[name] = tensor
        elif int(layer[2]) in layers:
            tensors[f"{layer[1]}{layers.index(int(layer[2]))}{layer[3]}"] = tensor
    config["kept_layers"] = _of_the_first(config.get("kept_layers"), layers)
    config["num_hidden_layers"] = len(layers)
    write_checkpoint(out, tensors, config)
    shutil.copy(folder / TOKENIZER_FILE, out / TOKENIZER_FILE)
    return config


def average(folders: list[Path], weights: list[float], out: Path) -> None:
    """Write the weighted mean of checkpoints of one shape: runs that parted late agree better than each alone.

    Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models". Raises BadRequest.
    """
    if len(folders) < 2 or len(weights) != len(folders):
        raise BadRequest(f"{len(folders)} --model and {len(weights)} --weight: two or more, and as many of each")
    if min(weights) <= 0 or abs(sum(weights) - 1) > 1e-6:
        raise BadRequest(f"--weight {', '.join(map(str, weights))}: each over 0, and 1 together")
    parts = [load_file(checked_folder(folder, "--model") / "model.safetensors") for folder in folders]
    shapes = [{name: tensor.shape for name, tensor in part.items()} for part in parts]
    if any(shape != shapes[0] for shape in shapes):
        raise BadRequest("--model: checkpoints of different shapes have no mean; they must come of one start")
    mean = {
        name: sum(weight * part[name].float() for weight, part in zip(weights, parts, strict=True)) for name in parts[0]
    }
    config = json.loads((folders[0] / "config.json").read_text(encoding="utf-8"))
    write_checkpoint(out, {name: tensor.half().contiguous() for name, tensor in mean.items()}, config)
    shutil.copy(folders[0] / TOKENIZER_FILE, out / TOKENIZER_FILE)


def write_checkpoint(out: Path, tensors: dict[str, torch.Tensor], config: dict) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    (out / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def pack_checkpoint(folder: Path, bits: int, out: Path) -> None:
    """Write the checkpoint in `folder` packed, whole, with its tokenizer. Raises BadRequest."""
    check_bits(bits, "--bits")
    checked_folder(folder, "--model")
    model = checkpoint.load_base(folder, dtype=torch.float32)
    packing.pack(model, out, bits=bits, embedding_bits=EMBEDDING_BITS)
    shutil.copy(folder / TOKENIZER_FILE, out / TOKENIZER_FILE)


def check_bits(bits: int, option: str) -> None:
    """Raises BadRequest."""
    if bits not in PACKED_BITS:
        raise BadRequest(f"{option} {bits}: weights are packed in {' or '.join(map(str, PACKED_BITS))} bits")


class Teacher(NamedTuple):
    """A checkpoint to learn from; with `corpus`, from what it says of that corpus's rows alone."""

    folder: Path
    corpus: str = ""


def parse_teacher(text: str) -> Teacher:
    """`FOLDER`, or `CORPUS=FOLDER`. Raises BadRequest where no checkpoint is in the folder."""
    corpus, separator, folder = text.partition("=")
    named = bool(separator) and corpus in CATALOGUE
    return Teacher(checked_folder(Path(folder if named else text), "--teacher"), corpus if named else "")


def teachers_of(corpus: str, teachers: Sequence[Teacher]) -> list[Teacher]:
    """Whom a corpus's rows are learned from: the teachers named for it, else those of all."""
    return [one for one in teachers if one.corpus == corpus] or [one for one in teachers if not one.corpus]


def teacher_targets(
    teachers: Sequence[Teacher], rows: list[Row], recipe: Recipe, cache: Path, say: Callable
) -> Targets:
    """What the teachers say of each row, mixed with the row's label.

    Probabilities: `soft_share` the mean of the teachers', the rest the label's; on rows without a neutral class their
    neutral is left out. Hinton et al. 2015, "Distilling the Knowledge in a Neural Network". Of this project's own rows
    the label alone is learned: it was chosen by the guide, and a teacher knows the guide from these rows only. A row
    that was labelled by the whole it is a part of keeps what a teacher says, moved by that label (`weighed_by_whole`).
    A teacher reads each text once: its outputs stay on disk under its hash.
    """
    said = np.full((len(rows), len(LABELS)), np.nan)
    hidden = None
    taught: dict[Teacher, list[int]] = {}
    for index, row in enumerate(rows):
        for teacher in teachers_of(row.source, teachers):
            taught.setdefault(teacher, []).append(index)
    shares = Counter(index for indices in taught.values() for index in indices)
    for teacher, indices in taught.items():
        texts = [rows[index].text for index in indices]
        logits, states = cached_outputs(teacher.folder, texts, recipe.max_tokens, cache, say)
        logits = logits.copy()
        logits[[is_polar(rows[index]) for index in indices], NEUTRAL] = -np.inf
        share = np.array([shares[index] for index in indices])[:, None]
        said[indices] = np.nan_to_num(said[indices]) + softmax(logits) / share
        if recipe.hidden_share:
            hidden = np.zeros((len(rows), states.shape[1]), dtype=np.float32) if hidden is None else hidden
            hidden[indices] = states
    labelled = np.eye(len(LABELS))[[LABELS.index(row.label) for row in rows]]
    weak = np.array([is_weakly_labelled(row) for row in rows], dtype=bool)
    mixed = recipe.soft_share * said + (1 - recipe.soft_share) * labelled
    mixed[weak] = weighed_by_whole(said[weak], labelled[weak])
    mixed[np.array([row.source.startswith(OWN) for row in rows], dtype=bool)] = np.nan
    return Targets(mixed.astype(np.float32), hidden)


OF_THE_WHOLE = 0.8
"""How often a part that says anything says what the whole says."""


def weighed_by_whole(said: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Probabilities [rows, 3] for the two poles, weighed by the label [rows, 3] of the whole (Bayes' rule)."""
    weighed = said * np.where(labelled > 0, OF_THE_WHOLE, 1 - OF_THE_WHOLE)
    return weighed / weighed.sum(axis=1, keepdims=True)


TELLING = 0.9


def drop_low_confidence(rows: list[Row], targets: Targets) -> tuple[list[Row], Targets, Step]:
    """Without the parts of a whole of which it stays open what they say; the targets keep in step."""
    sure = np.nan_to_num(targets.probabilities, nan=1.0).max(axis=1) >= TELLING
    kept = np.array([one or not is_weakly_labelled(row) for one, row in zip(sure, rows, strict=True)], dtype=bool)
    left = [row for one, row in zip(kept, rows, strict=True) if one]
    hidden = None if targets.hidden is None else targets.hidden[kept]
    why = f"labelled by the whole it is part of, and under {TELLING:.0%} with the teacher's word"
    step = Step("parts of texts", len(left), int((~kept).sum()), why)
    return left, Targets(targets.probabilities[kept], hidden), step


def cached_outputs(
    folder: Path, texts: list[str], max_tokens: int, cache: Path, say: Callable
) -> tuple[np.ndarray, np.ndarray]:
    """Logits [texts, 3] and last hidden states of [CLS] [texts, hidden] of a checkpoint, read from disk where known."""
    digest = hashlib.sha256((manifests.sha256(folder / "model.safetensors") + str(max_tokens)).encode()).hexdigest()
    file = cache / f"{digest[:16]}.npz"
    known: dict[str, np.ndarray] = {}
    if file.is_file():
        stored = np.load(file)
        known = dict(zip(stored["keys"].tolist(), stored["outputs"], strict=True))
    keys = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if new:
        say(f"the teacher reads {len(new):,} texts ({len(texts) - len(new):,} are known)")
        encoder = TextEncoder(folder / TOKENIZER_FILE, max_tokens)
        model = checkpoint.load_base(folder, dtype=torch.float32)
        for part in batched(new.items(), CHUNK):
            known |= dict(zip(dict(part), read(model, encoder, [text for _, text in part], say), strict=True))
            _write(file, known)
            say(f"the teacher has read {len(known):,} texts")
    outputs = np.array([known[key] for key in keys], dtype=np.float32)
    return outputs[:, : len(LABELS)], outputs[:, len(LABELS) :]


def batched(items: Iterable, size: int) -> Iterator[list]:
    """Lists of `size` items, the last maybe shorter; itertools has it from Python 3.12 on."""
    left = iter(items)
    while part := list(islice(left, size)):
        yield part


def _write(file: Path, known: dict[str, np.ndarray]) -> None:
    """Whole or not at all: hours of reading hang on it. Of runs that share a teacher each writes a draft of its own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    with draft.open("wb") as stream:
        np.savez(stream, keys=np.array(list(known)), outputs=np.array(list(known.values()), dtype=np.float16))
    draft.rename(file)


@torch.inference_mode()
def read(model: PreTrainedModel, encoder: TextEncoder, texts: list[str], say: Callable) -> np.ndarray:
    """Logits and last hidden state of [CLS], side by side, float16 [texts, 3 + hidden]."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device).eval()
    model.set_attn_implementation("sdpa")
    encoded = encoder.encode(texts)
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index].ids))
    outputs = np.zeros((len(texts), len(LABELS) + model.config.hidden_size), dtype=np.float16)
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        ids, mask = (torch.from_numpy(part).to(device) for part in pad([encoded[index].ids for index in batch]))
        with torch.autocast(device, torch.bfloat16):
            output = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        outputs[batch] = torch.cat([output.logits, output.hidden_states[-1][:, 0]], 1).float().cpu().numpy()
        if start // BATCH % 100 == 0:
            say(f"teacher: {start:,} of {len(texts):,}")
    return outputs
