"""Throughput of the int8 backend as a ratio to fp32 in the same run: python -m benchmarks.serving"""

import statistics
import time

from rich.console import Console
from rich.table import Table

from product.inference.model import BATCH, Model
from product.progress import report
from product.settings.configuration import load_settings
from training.data.catalogue import load_clean
from training.evaluation.lookup import find_model

MESSAGES = 512
ROUNDS = 5


def messages_per_second(model: Model, texts: list[str], size: int) -> float:
    """The speed of a model with `size` messages in a batch."""
    start = time.perf_counter()
    for first in range(0, len(texts), size):
        model.score(texts[first : first + size])
    return len(texts) / (time.perf_counter() - start)


def compare(models: list[Model], texts: list[str], size: int) -> list[float]:
    """Median messages per second of each model. Models take turns in each round, so other load affects all alike."""
    speeds: list[list[float]] = [[] for _ in models]
    for number in range(ROUNDS):
        report(f"batches of {size}", number, ROUNDS)
        for model, found in zip(models, speeds, strict=True):
            found.append(messages_per_second(model, texts, size))
    return [statistics.median(found) for found in speeds]


def main() -> None:
    console = Console()
    settings = load_settings()
    served = find_model(settings, "")
    reference = find_model(settings, "", backend="torch")
    texts = [row.text for row in load_clean("airline", "test", corpus_dir="")[:MESSAGES]]
    table = Table(title=f"{MESSAGES} customer tweets, median of {ROUNDS} rounds", title_justify="left")
    for heading in ("", "fp32 (PyTorch) msg/s", "int8 (ONNX Runtime) msg/s", "ratio"):
        table.add_column(heading, justify="right")
    for name, size in (("one by one", 1), (f"batches of {BATCH}", BATCH)):
        slow, fast = compare([reference, served], texts, size)
        table.add_row(name, f"{slow:,.0f}", f"{fast:,.0f}", f"{fast / slow:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
