"""Remove encoder layers from a model or a checkpoint, and average checkpoints."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel

from product.inference.model import TOKENIZER_FILE
from training.compression.checkpoints import require_checkpoint, write_checkpoint
from training.data.rows import BadRequest

LAYER = re.compile(r"(.*\bencoder\.layer\.)(\d+)(\..*)")
"""The name of a layer's tensor: prefix, number of the layer, rest."""
ZERO = torch.zeros(())


def parse_layers(text: str, total: int, option: str = "--layers") -> list[int]:
    """`0,2,4` becomes [0, 2, 4], the numbers of some of `total` layers in ascending order. Raises BadRequest."""
    parts = [part.strip() for part in text.split(",")]
    kept = [int(part) for part in parts if part.isdecimal()]
    if len(kept) < len(parts) or kept != sorted(set(kept)) or kept[-1] >= total:
        raise BadRequest(
            f"{option} {text}: give the layers to keep in ascending order, separated by commas; this model has {total} "
            f"layers, 0 to {total - 1}"
        )
    return kept


def keep_layers(model: PreTrainedModel, kept: list[int]) -> PreTrainedModel:
    """Remove all encoder layers but those numbered in `kept`, in place; returns the model."""
    encoder: Any = model.base_model.encoder
    encoder.layer = torch.nn.ModuleList(encoder.layer[index] for index in kept)
    model.config.kept_layers = _original_numbers(getattr(model.config, "kept_layers", None), kept)
    model.config.num_hidden_layers = len(kept)
    return model


def _original_numbers(before: list[int] | None, kept: list[int]) -> list[int]:
    """The numbers that the kept layers had in the original model, if layers were removed before."""
    return [before[index] for index in kept] if before else list(kept)


def remove_layers(folder: Path, kept: str, out: Path) -> dict[str, Any]:
    """Write the checkpoint in `folder` to `out` with only the layers in `kept`, such as `0,2,4`.

    Returns the new config. Raises BadRequest.
    """
    require_checkpoint(folder, "--model")
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    layers = parse_layers(kept, config["num_hidden_layers"], "--keep")
    tensors = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        layer = LAYER.fullmatch(name)
        if not layer:
            tensors[name] = tensor
        elif int(layer[2]) in layers:
            tensors[f"{layer[1]}{layers.index(int(layer[2]))}{layer[3]}"] = tensor
    config["kept_layers"] = _original_numbers(config.get("kept_layers"), layers)
    config["num_hidden_layers"] = len(layers)
    write_checkpoint(out, tensors, config)
    shutil.copy(folder / TOKENIZER_FILE, out / TOKENIZER_FILE)
    return config


def average_checkpoints(folders: list[Path], weights: list[float], out: Path) -> None:
    """Write the weighted mean of checkpoints that were trained from the same start.

    Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
    increasing inference time". Raises BadRequest.
    """
    if len(folders) < 2 or len(weights) != len(folders):
        raise BadRequest(
            f"{len(folders)} --model and {len(weights)} --weight: give at least two checkpoints and a weight for each"
        )
    if min(weights) <= 0 or abs(sum(weights) - 1) > 1e-6:
        raise BadRequest(f"--weight {', '.join(map(str, weights))}: weights must be above 0 and sum to 1")
    parts = [load_file(require_checkpoint(folder, "--model") / "model.safetensors") for folder in folders]
    shapes = [{name: tensor.shape for name, tensor in part.items()} for part in parts]
    if any(shape != shapes[0] for shape in shapes):
        raise BadRequest("--model: the checkpoints have different shapes; average only runs that began from one start")
    weighted = list(zip(weights, parts, strict=True))
    mean = {name: sum((weight * part[name].float() for weight, part in weighted), ZERO) for name in parts[0]}
    config = json.loads((folders[0] / "config.json").read_text(encoding="utf-8"))
    write_checkpoint(out, {name: tensor.half().contiguous() for name, tensor in mean.items()}, config)
    shutil.copy(folders[0] / TOKENIZER_FILE, out / TOKENIZER_FILE)
