"""Train a plan, and write what was trained: checkpoints, adapters and packed weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from product.inference import checkpoint, packing
from product.inference import manifest as manifests
from product.inference.manifest import Manifest
from product.inference.model import TOKENIZER_FILE
from product.inference.text import TextEncoder
from product.settings.configuration import Settings
from training.compression.checkpoints import EMBEDDING_BITS
from training.compression.pruning import keep_layers
from training.data.augmentation import misspell
from training.data.rows import BadRequest
from training.modelling import distributed
from training.modelling.adapters import convert_to_half, save_half
from training.modelling.batches import encode
from training.modelling.early_stopping import EarlyStopping
from training.modelling.run_folder import write_json
from training.modelling.trainer import train
from training.release.lineage import RESULT_FILE, expert_runs
from training.release.plan import Plan

TRAINED, HISTORY = "trained", "history.json"
"""In a run's work folder: the trained weights, and the history of losses and scores."""
SHAPE = ("hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size")
"""Fields of a config that must agree before weights can be stored as a difference."""


def starting_model(plan: Plan) -> PreTrainedModel:
    """The model that training starts from, in fp32. Each call gives the same weights, the fresh head included."""
    torch.manual_seed(plan.recipe.seed)
    if plan.options.start:
        model = checkpoint.assemble(plan.base, [plan.options.start])
    else:
        assert plan.base is not None  # a plan without a start has a base
        model = checkpoint.load_base(plan.base, dtype=torch.float32)
    if plan.layers:
        keep_layers(model, plan.layers)
    # An adapter is merged later into weights kept in half precision, so it must be trained on those.
    return model if plan.recipe.method == "full" or plan.on_base else model.half().float()


def train_plan(plan: Plan) -> list[dict[str, Any]]:
    """Train, leave the result in the work folder, and return the history. Every process of a run calls this."""
    history = plan.work / HISTORY
    if history.is_file():
        return list(json.loads(history.read_text(encoding="utf-8")))
    encoder = TextEncoder(plan.tokenizer, plan.recipe.max_tokens)
    # Only now: the teachers score the rows without misspellings.
    rows = misspell(plan.rows, plan.recipe.misspelled, plan.recipe.seed)
    data = encode(rows, encoder, plan.targets)
    early_stopping = EarlyStopping(plan.early_stopping_rows, encoder)
    model, losses = train(starting_model(plan), data, plan.recipe, plan.work, early_stopping)
    save_trained(plan, model, losses)
    return list(losses)


def save_trained(plan: Plan, model: Any, history: list[dict[str, Any]]) -> None:
    """Save the trained weights, so that a run killed later need not train again."""
    if distributed.is_first():
        model.save_pretrained(plan.work / TRAINED)
        (plan.work / HISTORY).write_text(json.dumps(history), encoding="utf-8")


def trained_model(plan: Plan) -> PreTrainedModel:
    """The trained model in fp32, adapters merged."""
    if plan.recipe.method == "full":
        return checkpoint.load_base(plan.work / TRAINED, dtype=torch.float32)
    return checkpoint.merge(starting_model(plan), plan.work / TRAINED)


def write_checkpoint(plan: Plan, folder: Path) -> None:
    """All weights in half precision, config and tokenizer: a teacher, or a start for another run."""
    save_half(trained_model(plan), folder)
    shutil.copy(plan.tokenizer, folder / TOKENIZER_FILE)


def write_expert_parts(plan: Plan, draft: Path) -> tuple[Path | None, list[str]]:
    """Write the parts of an expert under `draft`.

    Returns the folder of the base that the parts need, None if they need none, and the names of the parts.
    """
    if plan.recipe.method == "lora":
        return _write_adapter(plan, draft)
    if not plan.options.pack:
        save_half(trained_model(plan), draft / plan.language / "checkpoint")
        return None, [f"{plan.language}/checkpoint"]
    part = f"{plan.language}/packed"
    return write_packed(trained_model(plan), draft / part, plan.options.pack, plan.base, plan.tokenizer), [part]


def _write_adapter(plan: Plan, draft: Path) -> tuple[Path | None, list[str]]:
    shutil.copytree(plan.work / TRAINED, draft / plan.language / "adapter")
    convert_to_half(draft / plan.language / "adapter")
    if plan.on_base:
        return plan.base, [f"{plan.language}/adapter"]
    save_half(starting_model(plan), draft / plan.language / "start")
    return None, [f"{plan.language}/start", f"{plan.language}/adapter"]


def write_packed(model: PreTrainedModel, folder: Path, bits: int, base: Path | None, tokenizer: Path) -> Path | None:
    """Pack the weights into `folder`, as a difference from `base` if possible. Returns the base that they then need."""
    shared = shared_base(base, tokenizer, model)
    packing.pack(model, folder, bits=bits, embedding_bits=EMBEDDING_BITS, base=shared)
    return shared


def shared_base(base: Path | None, tokenizer: Path, model: PreTrainedModel) -> Path | None:
    """The base, if every installation has it and the model has its shape and tokenizer; else None."""
    if not base or manifests.sha256(base / "model.safetensors") != checkpoint.BASE_SHA256:
        return None
    same_tokenizer = manifests.sha256(base / TOKENIZER_FILE) == manifests.sha256(tokenizer)
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    same_shape = all(config[name] == getattr(model.config, name) for name in SHAPE)
    return base if same_tokenizer and same_shape else None


def unpack_expert(settings: Settings, folder: Path, language: str, out: Path) -> Manifest:
    """Write the expert of a version as a checkpoint, with the record of its runs: a start or a teacher for others.

    Raises BadRequest, BadVersion, BadBase.
    """
    check_new_folder(out)
    manifest = manifests.read(folder)
    if language not in manifest.experts:
        raise BadRequest(f"--language {language}: {manifest.id} has {', '.join(manifest.experts)}")
    expert = manifest.experts[language]
    save_half(checkpoint.load_expert(folder, manifest, language, settings.base_model), out)
    tokenizer = folder / expert.tokenizer
    if not tokenizer.is_file():
        tokenizer = checkpoint.locate_base(settings.base_model) / TOKENIZER_FILE
    shutil.copy(tokenizer, out)
    write_json(out / RESULT_FILE, {"before": expert_runs(manifest, language)})
    return manifest


def check_new_folder(out: Path) -> None:
    """Raises BadRequest if the folder has content that would be overwritten."""
    if out.exists() and any(out.iterdir()):
        raise BadRequest(f"--out {out} is not empty; name a new or empty folder")


def move_into_place(draft: Path, out: Path) -> None:
    """Give a finished folder its final name; `out` must be new or empty."""
    if out.exists():
        out.rmdir()
    draft.rename(out)
