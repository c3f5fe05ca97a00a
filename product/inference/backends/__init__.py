"""One file per backend behind one small protocol, and the rule that chooses among them."""

import importlib
import importlib.util
import logging
import os
from pathlib import Path
from typing import Protocol

import numpy as np

from product.inference.manifest import Manifest

log = logging.getLogger(__name__)

MODULES = {"onnx-int8": "onnx_int8", "bnb-int8": "bnb_int8", "torch": "torch_float"}


class Backend(Protocol):
    """One expert's loaded model. Thread-safe for one caller at a time."""

    name: str

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Token ids and mask, int64 [rows, tokens], to logits, float32 [rows, 3]."""
        ...


def choose(setting: str, nvidia_device: Path = Path("/dev/nvidia0")) -> tuple[str, str]:
    """(backend, why). `auto` asks for 8 bit on a GPU where one can be used, and for ONNX Runtime elsewhere.

    Torch is imported only where a device file says that there is a GPU to ask about.
    """
    if setting != "auto":
        return setting, "ATTUNE_BACKEND asks for it"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "onnx-int8", "CUDA_VISIBLE_DEVICES hides every GPU"
    if not nvidia_device.exists():
        return "onnx-int8", f"no GPU here ({nvidia_device} does not exist)"
    if not importlib.util.find_spec("bitsandbytes"):
        return "onnx-int8", "there is a GPU, but bitsandbytes is not installed"
    import torch  # here, not above: the CPU path must not pay for it

    if not torch.cuda.is_available():
        return "onnx-int8", f"there is a GPU, but this build of torch ({torch.__version__}) cannot use it"
    return "bnb-int8", f"GPU found: {torch.cuda.get_device_name()}"


def load(name: str, folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> Backend:
    """The backend `name` with one expert of the version in `folder`. Raises BadVersion or BadBase."""
    module = importlib.import_module(f"{__name__}.{MODULES[name]}")
    return module.load(folder, manifest, language, base_setting)
