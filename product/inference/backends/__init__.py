"""The backends that run an expert's model, one file each, and the rule that chooses one."""

import importlib
import importlib.util
import logging
import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from product.inference.manifest import Manifest

log = logging.getLogger(__name__)

MODULES = {"onnx-int8": "onnx_int8", "bnb-int8": "bnb_int8", "torch": "torch_float"}


class Backend(Protocol):
    """An expert's loaded model. Not safe for several callers at once."""

    name: str

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits, float32 [rows, 3], from token ids and attention mask, both int64 [rows, tokens]."""
        ...


def choose(setting: str, nvidia_device: Path = Path("/dev/nvidia0")) -> tuple[str, str]:
    """The backend and the reason for it. `auto` means int8 on a usable GPU, else ONNX Runtime on the CPU.

    Torch is imported only if the GPU's device file exists.
    """
    if setting != "auto":
        return setting, "set by ATTUNE_BACKEND"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "onnx-int8", "CUDA_VISIBLE_DEVICES hides every GPU"
    if not nvidia_device.exists():
        return "onnx-int8", f"no GPU found ({nvidia_device} does not exist)"
    if not importlib.util.find_spec("bitsandbytes"):
        return "onnx-int8", "a GPU was found, but bitsandbytes is not installed"
    import torch  # not at the top: serving on a CPU runs without torch

    if not torch.cuda.is_available():
        return "onnx-int8", f"a GPU was found, but this build of torch ({torch.__version__}) cannot use it"
    return "bnb-int8", f"GPU found: {torch.cuda.get_device_name()}"


def load(name: str, folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> Backend:
    """Load the expert for `language` of the version in `folder`. Raises BadVersion or BadBase."""
    module = importlib.import_module(f"{__name__}.{MODULES[name]}")
    backend: Backend = module.load(folder, manifest, language, base_setting)
    return backend
