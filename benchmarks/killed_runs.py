"""Retraining runs that are killed at a chosen stage, and checks of what they leave behind."""

import csv
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from benchmarks.app_process import ROOT, clean_environment, command
from product.codes import FeedbackCode
from product.identity import Actor, ActorKind
from product.inference import manifest as manifests
from product.sentiment import Prediction, new_id
from product.settings.configuration import Settings
from product.storage.corrections import all_corrections
from product.storage.database import Database
from product.storage.feedback import save_feedback
from product.storage.predictions import save_predictions
from product.storage.tables import AttemptRow
from product.storage.versions import active_version
from product.versions.registry import Versions

STAGES = ("", "corrections:", "to replay", "training on", "exporting", "comparing on", "publishing")
"""A part of the log line at the beginning of each stage, in order. The first stage is the start of the process; only
a challenger that passes the gate reaches the last."""
STAGE_SECONDS = 600.0
"""How long to wait for a stage."""
SUFFICIENT_CORRECTIONS = 90
"""Corrections with enough different texts for a run to train and reach a decision."""
TEXTS = ROOT / "tests" / "data" / "loop_corrections.csv"


class CorrectedInstallation:
    """A data dir with corrections. `acknowledged` maps the id of every stored correction to its label."""

    def __init__(self, data_dir: Path):
        self.data_dir = data_dir
        self.settings = Settings(_env_file=None, data_dir=data_dir, database_url="")
        self.database = Database(self.settings.database)
        self.acknowledged: dict[str, str] = {}
        with TEXTS.open(encoding="utf-8", newline="") as stream:
            self._rows = [row for row in csv.DictReader(stream)]

    def correct(self, count: int) -> None:
        """Store the next `count` messages, predicted as neutral, each with a correction by one of two contributors.

        Two contributors are too few for trust to decide. Each correction is committed separately.
        """
        for _ in range(count):
            number = len(self.acknowledged)
            row, id = self._rows[number % len(self._rows)], new_id()
            scores = {"negative": 0.1, "neutral": 0.8, "positive": 0.1}
            prediction = Prediction(row["text"], "neutral", 0.8, scores, "en", "agent", False, "test-1", id)
            with self.database.write() as session:
                save_predictions(session, [prediction])
                feedback_id, _ = save_feedback(
                    session,
                    prediction_id=id,
                    label=row["label"],
                    actor=Actor(ActorKind.importer, name=f"actor {number % 2}"),
                    comment="",
                    code=FeedbackCode.given,
                )
            self.acknowledged[feedback_id] = row["label"]

    def problems(self) -> list[str]:
        """A sentence for each problem of the data dir; empty if everything is intact."""
        problems = []
        with closing(sqlite3.connect(self.data_dir / "attune.db")) as connection:
            problems += [line for [line] in connection.execute("PRAGMA integrity_check") if line != "ok"]
        with self.database.read() as session:
            stored = {correction.id: correction.label for correction in all_corrections(session)}
            active = active_version(session)
        lost = [id for id, label in self.acknowledged.items() if stored.get(id) != label]
        problems += [f"{len(lost)} acknowledged corrections are lost"] if lost else []
        try:
            manifests.verify(Versions(self.settings, self.database).store.folder(active))
        except manifests.BadVersion as reason:
            problems.append(f"the active version: {reason}")
        listing = command("product", "versions", data_dir=self.data_dir, check=False)
        if listing.returncode or f"{active}: " not in listing.stdout:
            problems.append(f"`versions` does not list the active version: {listing.stdout}{listing.stderr}")
        return problems

    def attempts(self) -> list[str | None]:
        """The outcome of each attempt, oldest first; None for an attempt that was killed."""
        with self.database.read() as session:
            return [row.outcome for row in session.query(AttemptRow).order_by(AttemptRow.id)]


class KillableRun:
    """A retraining run in a separate process."""

    def __init__(self, data_dir: Path):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "training", "retrain"],
            cwd=ROOT,
            env=clean_environment(data_dir, COLUMNS="200"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.log_lines: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read_log, daemon=True).start()

    def _read_log(self) -> None:
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, stage: str, seconds: float = STAGE_SECONDS) -> bool:
        """Wait until the stage begins. Returns False if the run ended before it; raises queue.Empty after `seconds`."""
        deadline = time.monotonic() + seconds
        while stage and not (self.log_lines and stage in self.log_lines[-1]):
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            if line is None:
                return False
            self.log_lines.append(line)
        return True

    def kill(self) -> bool:
        """Send SIGKILL to the process and its children. Returns False if it had already ended."""
        alive = self.process.poll() is None
        if alive:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return alive
