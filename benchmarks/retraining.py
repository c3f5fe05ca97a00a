"""How long a retrain takes while the app serves: python -m benchmarks.retraining [--corrections N] [--people N]

The corrected messages are airline validation rows, starting with those that the shipped model labels wrongly. Only time
is measured, so the resulting model does not matter. All contributors give the same number of corrections. If a
challenger passes, it is trained again without each of up to two contributors who gave a fifth or more.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.app_process import RunningApp, command
from product.codes import CheckCode
from training.data.catalogue import load_clean

TOKEN = "benchmark"
BATCH = 256
"""Texts in one predict request."""


def post(app: RunningApp, path: str, body: dict) -> dict:
    """Call the app with a token, so that it counts each named actor as a separate contributor. Returns the response."""
    status, response = app.post(path, body, Authorization=f"Bearer {TOKEN}")
    assert status in (200, 201), response
    return response


def correct_messages(app: RunningApp, count: int, people: int) -> None:
    """Give `count` messages their correct label, starting with those that the app labels wrongly."""
    rows = load_clean("airline", "validation", corpus_dir="")
    predicted = []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        predictions = post(app, "/api/v1/predict", {"texts": [row.text for row in batch]})["predictions"]
        predicted += zip(batch, predictions, strict=True)
    predicted.sort(key=lambda pair: pair[0].label == pair[1]["label"])
    for number, (row, prediction) in enumerate(predicted[:count]):
        body = {"prediction_id": prediction["id"], "label": row.label, "actor": f"person-{number % people}"}
        post(app, "/api/v1/feedback", body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corrections", type=int, default=200)
    parser.add_argument("--people", type=int, default=1)
    arguments, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        with RunningApp(data_dir, ATTUNE_API_TOKENS=f"benchmark={TOKEN}") as app:
            console.log(f"correcting {arguments.corrections} messages")
            correct_messages(app, arguments.corrections, arguments.people)
            console.log("retraining")
            started = time.monotonic()
            command("training", "retrain", "--json", f"{folder}/outcome.json", data_dir=data_dir)
            seconds = time.monotonic() - started
        result = json.loads(Path(f"{folder}/outcome.json").read_text())
    table = Table(title=f"retrain of {arguments.corrections} corrections", title_justify="left")
    for heading in ("people", "seconds, whole command", "outcome", "trained without a contributor"):
        table.add_column(heading, justify="right")
    checks = result["verdict"]["checks"] if result["verdict"] else []
    ablations = sum(check["code"] == CheckCode.source_ablation for check in checks)
    table.add_row(str(arguments.people), f"{seconds:.0f}", result["outcome"], f"{ablations} times")
    console.print(table)


if __name__ == "__main__":
    main()
