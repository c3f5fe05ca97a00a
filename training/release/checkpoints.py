"""What a run trains and writes: checkpoints, adapters and the parts of an expert."""

import json
import shutil
from pathlib import Path

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


def starting_model(plan: Plan) -> PreTrainedModel:
    """The model that training starts from, fp32: the same each time, a fresh head too."""
    torch.manual_seed(plan.recipe.seed)
    start = [plan.options.start] if plan.options.start else []
    model = checkpoint.assemble(plan.base, start) if start else checkpoint.load_base(plan.base, dtype=torch.float32)
    if plan.layers:
        keep_layers(model, plan.layers)
    # What an adapter is merged into later is kept in half precision: it learns on just that.
    return model if plan.recipe.method == "full" or plan.on_base else model.half().float()


def train_plan(plan: Plan) -> list[dict]:
    """Train; the result lies in the work folder after it. Returns the history. Every process of a run calls this."""
    history = plan.work / HISTORY
    if history.is_file():
        return json.loads(history.read_text(encoding="utf-8"))
    encoder = TextEncoder(plan.tokenizer, plan.recipe.max_tokens)
    # Only now: the teacher has read the rows as they were written.
    rows = misspell(plan.rows, plan.recipe.misspelled, plan.recipe.seed)
    data = encode(rows, encoder, plan.targets)
    early_stopping = EarlyStopping(plan.watched, encoder)
    model, told = train(starting_model(plan), data, plan.recipe, plan.work, early_stopping)
    return save_trained(plan, model, told)


def save_trained(plan: Plan, model, told: list[dict]) -> list[dict]:
    """Put the trained weights down whole: what comes after may be killed, and need not train again."""
    if distributed.is_first():
        model.save_pretrained(plan.work / TRAINED)
        (plan.work / HISTORY).write_text(json.dumps(told), encoding="utf-8")
    return told


def trained_model(plan: Plan) -> PreTrainedModel:
    """What came of it as one model, adapters merged, fp32."""
    if plan.recipe.method == "full":
        return checkpoint.load_base(plan.work / TRAINED, dtype=torch.float32)
    return checkpoint.merge(starting_model(plan), plan.work / TRAINED)


def write_checkpoint(plan: Plan, folder: Path) -> None:
    """All weights in half precision, config and tokenizer: a teacher, or a start for another run."""
    save_half(trained_model(plan), folder)
    shutil.copy(plan.tokenizer, folder / TOKENIZER_FILE)


def write_expert_parts(plan: Plan, language: str, draft: Path) -> tuple[Path | None, list[str]]:
    """Write the parts of an expert under `draft`. Returns (the folder of the base they belong to, their names)."""
    if plan.recipe.method == "lora":
        return _write_adapter(plan, language, draft)
    if not plan.options.pack:
        save_half(trained_model(plan), draft / language / "checkpoint")
        return None, [f"{language}/checkpoint"]
    return write_packed(trained_model(plan), plan.base, plan.tokenizer, plan.options.pack, language, draft)


def write_packed(
    model: PreTrainedModel, base: Path | None, tokenizer: Path, bits: int, language: str, draft: Path
) -> tuple[Path | None, list[str]]:
    """The model as the one part of an expert, as a difference from `base` where that can be."""
    base = shared_base(base, tokenizer, model)
    packing.pack(model, draft / language / "packed", bits=bits, embedding_bits=EMBEDDING_BITS, base=base)
    return base, [f"{language}/packed"]


def _write_adapter(plan: Plan, language: str, draft: Path) -> tuple[Path | None, list[str]]:
    shutil.copytree(plan.work / TRAINED, draft / language / "adapter")
    convert_to_half(draft / language / "adapter")
    if plan.on_base:
        return plan.base, [f"{language}/adapter"]
    save_half(starting_model(plan), draft / language / "start")
    return None, [f"{language}/start", f"{language}/adapter"]


def shared_base(base: Path | None, tokenizer: Path, model: PreTrainedModel) -> Path | None:
    """The base, if every installation has it and the model is made of it: then only the difference is kept."""
    if not base or manifests.sha256(base / "model.safetensors") != checkpoint.BASE_SHA256:
        return None
    same_words = manifests.sha256(base / TOKENIZER_FILE) == manifests.sha256(tokenizer)
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    shape = ("hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size")
    return base if same_words and all(config[name] == getattr(model.config, name) for name in shape) else None


def move_into_place(draft: Path, out: Path) -> None:
    """A finished folder in its place, which is new or empty: all of it or nothing."""
    if out.exists():
        out.rmdir()
    draft.rename(out)


def unpack_expert(settings: Settings, folder: Path, language: str, out: Path) -> Manifest:
    """The expert of a version as a checkpoint in `out`, with the runs behind it: to go on from, or to learn from.

    Raises BadRequest, BadVersion, BadBase.
    """
    check_new_folder(out)
    manifest = manifests.read(folder)
    if language not in manifest.experts:
        raise BadRequest(f"--language {language}: {manifest.id} has {', '.join(manifest.experts)}")
    expert = manifest.experts[language]
    save_half(checkpoint.load_expert(folder, manifest, language, settings.base_model), out)
    own = folder / expert.tokenizer
    shutil.copy(own if own.is_file() else checkpoint.locate_base(settings.base_model) / TOKENIZER_FILE, out)
    write_json(out / RESULT_FILE, {"before": expert_runs(manifest, language)})
    return manifest


def check_new_folder(out: Path) -> None:
    """Raises BadRequest where a version would be written over something."""
    if out.exists() and any(out.iterdir()):
        raise BadRequest(f"--out {out}: there is something in it already; name a new or empty folder")
