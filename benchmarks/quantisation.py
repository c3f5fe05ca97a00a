"""How many encoder layers to keep in fp32: python -m benchmarks.quantisation

For each number of fp32 layers: how often the int8 export gives the label of the unquantised model on the airline
validation rows, its speed relative to fp32, and its size.
"""

import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from product.inference import checkpoint, export
from product.inference import manifest as manifests
from product.inference.backends.onnx_int8 import OnnxInt8
from product.inference.export import Quantisation
from product.settings.configuration import SHIPPED_MODEL, load_settings
from training.data.catalogue import load_clean
from training.evaluation.lookup import find_model

LAYERS = (0, 1, 2, 3)


def main() -> None:
    console, settings = Console(), load_settings()
    expert = find_model(settings, "").experts["en"]
    merged = checkpoint.load_expert(SHIPPED_MODEL, manifests.read(SHIPPED_MODEL), "en", settings.base_model)
    texts = [row.text for row in load_clean("airline", "validation", settings.corpus_dir)]
    table = Table(title=f"{len(texts):,} airline validation rows", title_justify="left")
    for heading in ("layers in fp32", "same label as fp32", "speed relative to fp32", "size"):
        table.add_column(heading, justify="right")

    def predict(file: Path) -> tuple[np.ndarray, float]:
        """(label indices, seconds) of an export."""
        model = dataclasses.replace(expert, backend=OnnxInt8(file))
        start = time.perf_counter()
        return model.logits(texts).argmax(axis=1), time.perf_counter() - start

    with tempfile.TemporaryDirectory() as folder:
        export.export_onnx(merged, Path(folder) / "fp32.onnx")
        expected, fp32_seconds = predict(Path(folder) / "fp32.onnx")
        for layers in LAYERS:
            console.log(f"{layers} layers in fp32")
            file = Path(folder) / f"{layers}.onnx"
            export.export_int8(merged, file, Quantisation(layers))
            labels, seconds = predict(file)
            same, size = (labels == expected).mean(), file.stat().st_size / 1e6
            table.add_row(str(layers), f"{same:.1%}", f"{fp32_seconds / seconds:.1f}", f"{size:.0f} MB")
    console.print(table)


if __name__ == "__main__":
    main()
