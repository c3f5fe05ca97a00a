"""How long a retrain takes, the app serving beside it: python -m benchmarks.retraining [--corrections N] [--people N]

The corrected messages are airline validation rows that the shipped model reads wrongly, filled up with ones that it
reads rightly; what is measured is time, so what is learned from them does not matter. People each give as many; of
those who give a fifth or more, the challenger is trained without two as well, where it would be promoted.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.app_process import RunningApp, command
from training.data.catalogue import load_clean

TOKEN = "benchmark"


def ask(app: RunningApp, path: str, body: dict) -> dict:
    """Behind a token names are believed, so that each is a source of its own."""
    status, answer = app.post(path, body, Authorization=f"Bearer {TOKEN}")
    assert status in (200, 201), answer
    return answer


def correct(app: RunningApp, number: int, people: int) -> None:
    """Give `number` messages their right label, those first that the app reads wrongly."""
    rows = load_clean("airline", "validation", corpus_dir="")
    answered = []
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        answers = ask(app, "/api/v1/predict", {"texts": [row.text for row in part]})["predictions"]
        answered += zip(part, answers, strict=True)
    answered.sort(key=lambda pair: pair[0].label == pair[1]["label"])
    for place, (row, answer) in enumerate(answered[:number]):
        word = {"prediction_id": answer["id"], "label": row.label, "actor": f"person-{place % people}"}
        ask(app, "/api/v1/feedback", word)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corrections", type=int, default=200)
    parser.add_argument("--people", type=int, default=1)
    asked, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        with RunningApp(data_dir, ATTUNE_API_TOKENS=f"benchmark={TOKEN}") as app:
            console.log(f"correcting {asked.corrections} messages")
            correct(app, asked.corrections, asked.people)
            console.log("retraining")
            started = time.monotonic()
            command("training", "retrain", "--json", f"{folder}/outcome.json", data_dir=data_dir)
            took = time.monotonic() - started
        outcome = json.loads(Path(f"{folder}/outcome.json").read_text())
    table = Table(title=f"retrain of {asked.corrections} corrections", title_justify="left")
    for heading in ("people", "seconds, whole command", "outcome", "trained without a source"):
        table.add_column(heading, justify="right")
    compared = sum(
        check["name"].startswith("without a source") for check in (outcome["verdict"] or {"checks": ()})["checks"]
    )
    table.add_row(str(asked.people), f"{took:.0f}", outcome["outcome"], f"{compared} times")
    console.print(table)


if __name__ == "__main__":
    main()
