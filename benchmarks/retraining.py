"""How long a retrain takes, the app serving beside it: python -m benchmarks.retraining [--corrections N]

The corrected messages are airline validation rows that the shipped model reads wrongly, filled up with ones that it
reads rightly; what is measured is time, so what is learned from them does not matter.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.running import RunningApp, command
from training import corpora
from training.preparation import clean


def correct(app: RunningApp, number: int) -> None:
    """Give `number` messages their right label, those first that the app reads wrongly."""
    rows = clean(corpora.load("airline", "validation"))[0]
    answered = []
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        answers = app.predict([row.text for row in part])["predictions"]
        answered += zip(part, answers, strict=True)
    answered.sort(key=lambda pair: pair[0].label == pair[1]["label"])
    for row, answer in answered[:number]:
        app.correct(answer["id"], row.label)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corrections", type=int, default=200)
    number, console = parser.parse_args().corrections, Console()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        with RunningApp(data_dir) as app:
            console.log(f"correcting {number} messages")
            correct(app, number)
            console.log("retraining")
            started = time.monotonic()
            command("training", "retrain", "--json", f"{folder}/outcome.json", data_dir=data_dir)
            took = time.monotonic() - started
        outcome = json.loads(Path(f"{folder}/outcome.json").read_text())
    table = Table(title=f"retrain of {number} corrections", title_justify="left")
    for heading in ("seconds, whole command", "outcome"):
        table.add_column(heading, justify="right")
    table.add_row(f"{took:.0f}", outcome["outcome"])
    console.print(table)


if __name__ == "__main__":
    main()
