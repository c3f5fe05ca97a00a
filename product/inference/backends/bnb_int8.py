"""Runs an expert's merged model in int8 with bitsandbytes (LLM.int8()): on a GPU, or slowly on a CPU."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification, BitsAndBytesConfig, PreTrainedModel

from product.inference import checkpoint
from product.inference.manifest import Manifest


class BnbInt8:
    name = "bnb-int8"

    def __init__(self, model: PreTrainedModel):
        self._model = model

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        return checkpoint.torch_logits(self._model, ids, mask)


# Quantising a head of three rows costs accuracy and saves nothing. Names match from the start of a module's path.
SKIPPED = ["classifier", "bert.pooler"]


def load(folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> BnbInt8:
    merged = checkpoint.load_expert(folder, manifest, language, base_setting)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with tempfile.TemporaryDirectory() as work:
        # bitsandbytes quantises while loading, so the merged weights are saved to a folder first.
        merged.save_pretrained(work)
        model = AutoModelForSequenceClassification.from_pretrained(
            work,
            quantization_config=BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=SKIPPED),
            device_map={"": device},
            dtype=torch.float16 if device == "cuda" else torch.float32,
        )
    return BnbInt8(model.eval())
