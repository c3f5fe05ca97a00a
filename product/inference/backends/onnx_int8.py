"""Runs an expert's int8 export with ONNX Runtime, without torch."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from product.inference.manifest import Manifest


class OnnxInt8:
    name = "onnx-int8"

    def __init__(self, file: Path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Threads that spin between batches would keep the second core busy.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self._session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        return logits


def load(folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> OnnxInt8:
    return OnnxInt8(folder / manifest.experts[language].serving.file)
