"""An expert's int8 export on ONNX Runtime: no torch in this process."""

from pathlib import Path

import numpy as np
import onnxruntime

from product.inference.manifest import Manifest


class OnnxInt8:
    name = "onnx-int8"

    def __init__(self, file: Path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Threads that spin between batches would take the second core from everything else.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return self._session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]


def load(folder: Path, manifest: Manifest, language: str, base_setting: str = "") -> OnnxInt8:
    return OnnxInt8(folder / manifest.experts[language].serving.file)
