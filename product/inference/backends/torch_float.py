"""Runs an expert's merged model in PyTorch, fp32: the reference that int8 is compared with."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from product.inference import checkpoint
from product.inference.manifest import Manifest


class TorchFloat:
    name = "torch"

    def __init__(self, model: PreTrainedModel):
        self._model = model

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        return checkpoint.torch_logits(self._model, ids, mask)


def load(folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> TorchFloat:
    model = checkpoint.load_expert(folder, manifest, language, base_setting)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return TorchFloat(torch.nn.Module.to(model, device))  # `PreTrainedModel.to` is not typed
