"""Checkpoint folders: the files they need, writing them, and packing their weights into 4 or 8 bits."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from product.inference import checkpoint, packing
from product.inference.model import TOKENIZER_FILE
from training.data.rows import BadRequest

CHECKPOINT_FILES = ("config.json", "model.safetensors", TOKENIZER_FILE)
PACKED_BITS = (4, 8)
"""The choices for the bits of a packed weight."""
EMBEDDING_BITS = 4
"""The bits of a packed word embedding, whatever the bits of the other weights."""


def require_checkpoint(folder: Path, option: str) -> Path:
    """The folder, if it has a checkpoint with its tokenizer. Raises BadRequest, which names option and missing file."""
    missing = [name for name in CHECKPOINT_FILES if not (folder / name).is_file()]
    if missing:
        raise BadRequest(
            f"{option} {folder}: {missing[0]} is missing; a checkpoint consists of {', '.join(CHECKPOINT_FILES)}"
        )
    return folder


def write_checkpoint(out: Path, tensors: dict[str, torch.Tensor], config: dict[str, Any]) -> None:
    """Write weights and config to a folder, which is created; the tokenizer is not part of it."""
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    (out / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def pack_checkpoint(folder: Path, bits: int, out: Path) -> None:
    """Write the checkpoint in `folder` packed, with all its weights and its tokenizer. Raises BadRequest."""
    check_bits(bits, "--bits")
    require_checkpoint(folder, "--model")
    model = checkpoint.load_base(folder, dtype=torch.float32)
    packing.pack(model, out, bits=bits, embedding_bits=EMBEDDING_BITS)
    shutil.copy(folder / TOKENIZER_FILE, out / TOKENIZER_FILE)


def check_bits(bits: int, option: str) -> None:
    """Raises BadRequest for a number of bits that weights cannot be packed into."""
    if bits not in PACKED_BITS:
        raise BadRequest(f"{option} {bits}: weights can be packed in {' or '.join(map(str, PACKED_BITS))} bits")
