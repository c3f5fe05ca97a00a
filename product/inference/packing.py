"""Packed checkpoints: a quarter to an eighth of the size, with weights as integers and a scale for each block.

A packed folder has `packed.safetensors` and the model's `config.json`. Matrices are stored in blocks of columns, as
8-bit integers or as two 4-bit integers per byte, with one step (scale) per block in half precision; all other tensors
are in half precision. Packed relative to a base, the file stores differences from it and leaves out unchanged tensors,
so frozen embeddings take no space. If the model has fewer layers than the base, `kept_layers` in its config lists the
base layers it kept. Rounding happens once, in `pack`: evaluation, export and training all start from what `load`
returns.
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
"""Columns that share a step."""
CODES, STEPS = ":q", ":d"
UNQUANTISED = (
    "classifier.",
    "bert.pooler.",
    "bert.embeddings.position_embeddings.",
    "bert.embeddings.token_type_embeddings.",
)
"""Small but important tensors, which stay in half precision."""


def is_packed(folder: Path) -> bool:
    return (folder / FILE).is_file()


def needs_base(folder: Path) -> bool:
    """Whether a packed folder stores differences from a base."""
    with safe_open(folder / FILE, "pt") as file:
        return (file.metadata() or {}).get("reference") == "base"


def pack(model: PreTrainedModel, folder: Path, *, bits: int, embedding_bits: int, base: Path | None = None) -> None:
    """Write a packed model: `bits` (4 or 8) for the encoder, `embedding_bits` for the embedding tables.

    With `base` (a checkpoint folder) the differences from it are stored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start = load_file(base / "model.safetensors") if base else {}
    tensors: dict[str, torch.Tensor] = {}
    for name, weight in model.state_dict().items():
        if not weight.is_floating_point():
            continue
        before = start.get(_in_base(name, model.config))
        weight = weight.detach().cpu().float()
        # Rounding to half precision does not count as a change.
        if before is not None and torch.equal(weight.half(), before.half()):
            continue
        change = weight - before.float() if before is not None else weight
        if weight.ndim == 2 and weight.shape[1] % BLOCK == 0 and not name.startswith(UNQUANTISED):
            width = embedding_bits if "embeddings" in name else bits
            tensors[name + CODES], tensors[name + STEPS] = quantise(change, width)
        else:
            tensors[name] = change.half()
    save_file(tensors, folder / FILE, metadata={"reference": "base" if base else "", "format": "pt"})
    config = model.config.to_dict() | {"dtype": "float32"}
    type(model.config).from_dict(config).save_pretrained(folder)


def _in_base(name: str, config: PretrainedConfig) -> str:
    """A parameter's name in the base checkpoint, which has no prefix and may have more layers than the model."""
    plain, kept = name.removeprefix("bert."), getattr(config, "kept_layers", None)
    layer = re.match(r"encoder\.layer\.(\d+)(\..*)", plain)
    return f"encoder.layer.{kept[int(layer[1])]}{layer[2]}" if kept and layer else plain


def block_for(bits: int, columns: int) -> int:
    """How many columns share a step. With 8 bits, wide blocks are as accurate and store fewer steps."""
    return WIDE_BLOCK if bits == 8 and columns % WIDE_BLOCK == 0 else BLOCK


def quantise(weight: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes and steps (float16 [rows, blocks]) of a matrix [rows, columns].

    With 8 bits the codes are int8 [rows, columns], with 4 bits uint8 [rows, columns / 2], two codes per byte. Several
    steps are tried for each block, and the one with the least squared error is taken. A block that was packed with 4
    bits before is restored exactly.
    """
    top = 2 ** (bits - 1)
    blocks = weight.reshape(len(weight), -1, block_for(bits, weight.shape[1]))
    largest = blocks.abs().amax(-1)
    best_error = torch.full_like(largest, torch.inf)
    best_step = torch.ones_like(largest)
    # The largest weight gets one of the outermost codes. There is one more negative code, so both signs are tried.
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
    """The matrix, float32 [rows, columns], from its codes and steps."""
    blocks = codes.reshape(*steps.shape, -1)
    if codes.dtype == torch.uint8:
        blocks = torch.cat([blocks & 15, blocks >> 4], dim=-1).to(torch.int16) - 8
    return (blocks.float() * steps.float()[..., None]).reshape(len(codes), -1)


def load(folder: Path, base: Path | None = None) -> PreTrainedModel:
    """The model in a packed folder, in fp32. Raises BadVersion if a base or a tensor is missing."""
    transformers.logging.set_verbosity_error()
    on_base = needs_base(folder)
    if on_base and base is None:
        raise BadVersion(f"{folder.name}: {FILE} holds differences from a base, and no base was given")
    stored = load_file(folder / FILE)
    start = load_file(base / "model.safetensors") if on_base and base else {}
    config = AutoConfig.from_pretrained(folder)
    model: PreTrainedModel = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").float()
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
        raise BadVersion(f"{folder.name}: {FILE} lacks {missing[0]}, or its shape is wrong")
    model.load_state_dict(state)
    model.eval()
    return model
