"""The weights of an expert on disk: as a checkpoint, as an adapter, or packed; and unpacked again."""

import json
import shutil
from pathlib import Path

from transformers import PreTrainedModel

from product.inference import checkpoint, packing
from product.inference import manifest as manifests
from product.inference.manifest import Manifest
from product.inference.model import TOKENIZER_FILE
from product.settings.configuration import Settings
from training.compression.checkpoints import EMBEDDING_BITS
from training.data.rows import BadRequest
from training.modelling.adapters import convert_to_half, save_half
from training.modelling.folders import check_new_folder, write_json
from training.release.lineage import RESULT_FILE, expert_runs
from training.release.plan import Plan
from training.release.training_run import TRAINED, starting_model, trained_model

SHAPE = ("hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size")
"""Fields of a config that must agree before weights can be stored as a difference."""


def write_trained_checkpoint(plan: Plan, folder: Path) -> None:
    """Write all weights in half precision, config and tokenizer: as a teacher, or to start another run from."""
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
    """Pack the weights into `folder` with `bits` each, as a difference from `base` if possible.

    Returns the base that is needed to load them, or None.
    """
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
    """Write the expert of a version as a checkpoint, with the records of its runs: to start from, or as a teacher.

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
