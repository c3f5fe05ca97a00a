"""A checkpoint in a quarter to an eighth of its size: weights on an integer grid, exactly restorable from it.

A packed folder has `packed.safetensors` and the model's `config.json`. Matrices lie in blocks of columns, each
with a step in half precision, as 8-bit integers or two 4-bit ones a byte; the rest is in half precision. With a
reference, what lies there is the difference from the base of the PyPI package, and tensors left as they were are left
out: frozen embeddings take no room. Of a model with fewer layers than the base, `kept_layers` in its config says which
of the base's each one was. What is evaluated, exported and trained on is what `load` gives: nothing is lost later.
"""

import re
from pathlib import Path

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel

from product.inference.manifest import BadVersion

FILE = "packed.safetensors"
BLOCK, WIDE_BLOCK = 32, 128
CODES, STEPS = ":q", ":d"
WHOLE = (
    "classifier.",
    "bert.pooler.",
    "bert.embeddings.position_embeddings.",
    "bert.embeddings.token_type_embeddings.",
)
"""Few weights that decide much stay in half precision."""


def is_packed(folder: Path) -> bool:
    return (folder / FILE).is_file()


def needs_base(folder: Path) -> bool:
    """Whether what lies in a packed folder are differences from a base."""
    with safe_open(folder / FILE, "pt") as file:
        return (file.metadata() or {}).get("reference") == "base"


def pack(model: PreTrainedModel, folder: Path, *, bits: int, embedding_bits: int, base: Path | None = None) -> None:
    """Write the packed form of a model; `bits` 4 or 8 for the encoder, `embedding_bits` for its tables; with `base`
    (a checkpoint folder) as differences from it."""
    folder.mkdir(parents=True, exist_ok=True)
    start = load_file(base / "model.safetensors") if base else {}
    tensors: dict[str, torch.Tensor] = {}
    for name, weight in model.state_dict().items():
        if not weight.is_floating_point():
            continue
        before = start.get(_in_base(name, model.config))
        weight = weight.detach().cpu().float()
        # A checkpoint in half precision has changed nothing by being rounded.
        if before is not None and torch.equal(weight.half(), before.half()):
            continue
        change = weight - before.float() if before is not None else weight
        if weight.ndim == 2 and weight.shape[1] % BLOCK == 0 and not name.startswith(WHOLE):
            width = embedding_bits if "embeddings" in name else bits
            tensors[name + CODES], tensors[name + STEPS] = quantise(change, width)
        else:
            tensors[name] = change.half()
    save_file(tensors, folder / FILE, metadata={"reference": "base" if base else "", "format": "pt"})
    config = model.config.to_dict() | {"dtype": "float32"}
    type(model.config).from_dict(config).save_pretrained(folder)


def _in_base(name: str, config: PretrainedConfig) -> str:
    """A parameter's name in the base, whose checkpoint has no task head, no prefix, and maybe layers that the model
    has not."""
    plain, kept = name.removeprefix("bert."), getattr(config, "kept_layers", None)
    layer = re.match(r"encoder\.layer\.(\d+)(\..*)", plain)
    return f"encoder.layer.{kept[int(layer[1])]}{layer[2]}" if kept and layer else plain


def block_for(bits: int, columns: int) -> int:
    """Columns that share a step: with 8 bits a step fits more of them as well, and steps take room."""
    return WIDE_BLOCK if bits == 8 and columns % WIDE_BLOCK == 0 else BLOCK


def quantise(weight: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes (int8, or uint8 of two 4-bit ones) and steps (float16 [rows, blocks]) of a matrix [rows, columns].

    Of several steps a block could have, the one with the least squared error: in 4 bit, a block that is on such a grid
    already comes out as it went in.
    """
    top = 2 ** (bits - 1)
    blocks = weight.reshape(len(weight), -1, block_for(bits, weight.shape[1]))
    largest = blocks.abs().amax(-1)
    best_error = torch.full_like(largest, torch.inf)
    best_step = torch.ones_like(largest)
    # The largest weight takes one of the last codes; there is one more below zero than above, hence both signs.
    for divisor in (top, -top, top - 1, 1 - top, *range(top - 2, 0, -1 if bits == 4 else -32)):
        step = (largest / divisor).half().float()
        step = torch.where(step == 0, 2**-24, step)
        codes = (blocks / step[..., None]).round().clamp(-top, top - 1)
        error = (codes * step[..., None] - blocks).square().sum(-1)
        better = error < best_error
        best_error, best_step = torch.where(better, error, best_error), torch.where(better, step, best_step)
    codes = (blocks / best_step[..., None]).round().clamp(-top, top - 1).to(torch.int8)
    if bits == 4:
        low, high = (codes + 8).to(torch.uint8).chunk(2, dim=-1)
        codes = low | (high << 4)
    return codes.reshape(len(weight), -1).contiguous(), best_step.half()


def restore(codes: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """The matrix, float32 [rows, columns], that codes and steps stand for."""
    blocks = codes.reshape(*steps.shape, -1)
    if codes.dtype == torch.uint8:
        blocks = torch.cat([blocks & 15, blocks >> 4], dim=-1).to(torch.int16) - 8
    return (blocks.float() * steps.float()[..., None]).reshape(len(codes), -1)


def load(folder: Path, base: Path | None = None) -> PreTrainedModel:
    """The model in fp32 that a packed folder holds. Raises BadVersion when it needs a base and none is given."""
    transformers.logging.set_verbosity_error()
    on_base = needs_base(folder)
    if on_base and base is None:
        raise BadVersion(f"{folder.name}: {FILE} holds differences from a base, and no base was given")
    stored, start = load_file(folder / FILE), load_file(base / "model.safetensors") if on_base else {}
    config = AutoConfig.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").float()
    state = {}
    for name in model.state_dict():
        if name + CODES in stored:
            change = restore(stored[name + CODES], stored[name + STEPS])
        else:
            change = stored[name].float() if name in stored else torch.zeros(())
        before = start.get(_in_base(name, config))
        state[name] = before.float() + change if before is not None else change
    missing = [name for name, weight in model.state_dict().items() if state[name].shape != weight.shape]
    if missing:
        raise BadVersion(f"{folder.name}: {FILE} lacks {missing[0]}, or has it in another shape")
    model.load_state_dict(state)
    return model.eval()
