"""An expert's merged model in PyTorch, fp32: the reference that int8 is held against."""

from pathlib import Path

import numpy as np
import torch

from product.inference import checkpoint
from product.inference.manifest import Manifest


class TorchFloat:
    name = "torch"

    def __init__(self, model):
        self._model = model

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return checkpoint.torch_logits(self._model, ids, mask)


def load(folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> TorchFloat:
    model = checkpoint.load_expert(folder, manifest, language, base_setting)
    return TorchFloat(model.to("cuda" if torch.cuda.is_available() else "cpu"))
