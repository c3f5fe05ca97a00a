"""How many layers to leave in fp32: python -m benchmarks.quantisation

Each export's labels against the model before quantisation, on the airline validation rows, and its speed as a ratio.
"""

import dataclasses
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from product.inference import checkpoint, export
from product.inference import manifest as manifests
from product.inference.backends.onnx_int8 import OnnxInt8
from product.settings.configuration import SHIPPED_MODEL, load_settings
from training.data.catalogue import load_clean
from training.evaluation.lookup import find_model


def main() -> None:
    console, settings = Console(), load_settings()
    served = find_model(settings, "").experts["en"]
    merged = checkpoint.load_expert(SHIPPED_MODEL, manifests.read(SHIPPED_MODEL), "en", settings.base_model)
    texts = [row.text for row in load_clean("airline", "validation", settings.corpus_dir)]
    table = Table(title=f"{len(texts):,} airline validation rows", title_justify="left")
    for heading in ("layers in fp32", "labels as before", "speed against fp32", "size"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        export.export_onnx(merged, plain)

        def read(file: Path) -> tuple:
            model = dataclasses.replace(served, backend=OnnxInt8(file))
            start = time.perf_counter()
            return model.logits(texts).argmax(axis=1), time.perf_counter() - start

        expected, slow = read(plain)
        for layers in (0, 1, 2, 3):
            console.log(f"{layers} layers in fp32")
            file = Path(folder) / f"{layers}.onnx"
            export.export_int8(merged, file, float_layers=layers)
            found, took = read(file)
            same, size = (found == expected).mean(), file.stat().st_size / 1e6
            table.add_row(str(layers), f"{same:.1%}", f"{slow / took:.1f}", f"{size:.0f} MB")
    console.print(table)


if __name__ == "__main__":
    main()
