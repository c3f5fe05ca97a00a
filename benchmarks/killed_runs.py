"""Real retrains that are killed at a chosen moment, and what must hold after it."""

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
"""What a retrain says as a stage begins, in their order; the first is its very start, the last comes only to a
challenger that is better."""
STAGE_SECONDS = 600.0
ENOUGH = 90
"""Corrections of which a retrain finds enough on different texts to decide."""
TEXTS = ROOT / "tests" / "data" / "loop_corrections.csv"


class Installation:
    """A data dir in which people have corrected; remembers every correction that was acknowledged."""

    def __init__(self, data_dir: Path):
        self.data_dir = data_dir
        self.settings = Settings(_env_file=None, data_dir=data_dir, database_url="")
        self.database = Database(self.settings.database)
        self.acknowledged: dict[str, str] = {}
        with TEXTS.open(encoding="utf-8", newline="") as stream:
            self._rows = [row for row in csv.DictReader(stream)]

    def correct(self, count: int) -> None:
        """The next messages, all called neutral by the model and corrected by one of two people, whom nobody weighs.
        Commits one by one."""
        for _ in range(count):
            number = len(self.acknowledged)
            row, id = self._rows[number % len(self._rows)], new_id()
            scores = {"negative": 0.1, "neutral": 0.8, "positive": 0.1}
            asked = Prediction(row["text"], "neutral", 0.8, scores, "en", "agent", False, "test-1", id)
            with self.database.write() as session:
                save_predictions(session, [asked])
                given, _ = save_feedback(
                    session,
                    prediction_id=id,
                    label=row["label"],
                    actor=Actor(ActorKind.importer, name=f"actor {number % 2}"),
                    comment="",
                    code=FeedbackCode.given,
                )
            self.acknowledged[given] = row["label"]

    def damage(self) -> list[str]:
        """What does not hold, in words; empty where all does."""
        found = []
        with closing(sqlite3.connect(self.data_dir / "attune.db")) as connection:
            found += [line for [line] in connection.execute("PRAGMA integrity_check") if line != "ok"]
        with self.database.read() as session:
            kept = {one.id: one.label for one in all_corrections(session)}
            active = active_version(session)
        lost = [id for id, label in self.acknowledged.items() if kept.get(id) != label]
        found += [f"{len(lost)} acknowledged corrections are lost"] if lost else []
        try:
            manifests.verify(Versions(self.settings, self.database).store.folder(active))
        except manifests.BadVersion as reason:
            found.append(f"the active version: {reason}")
        told = command("product", "versions", data_dir=self.data_dir, check=False)
        if told.returncode or f"{active}: " not in told.stdout:
            found.append(f"`versions` does not explain: {told.stdout}{told.stderr}")
        return found

    def attempts(self) -> list[str | None]:
        """What each attempt came to, in their order; None where it was killed."""
        with self.database.read() as session:
            return [row.outcome for row in session.query(AttemptRow).order_by(AttemptRow.id)]


class Victim:
    """A retrain in a process of its own."""

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
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put(None)

    def reach(self, stage: str, seconds: float = STAGE_SECONDS) -> bool:
        """Wait until the stage begins; False where the run ended without it. Raises queue.Empty."""
        deadline = time.monotonic() + seconds
        while stage and not (self.said and stage in self.said[-1]):
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            if line is None:
                return False
            self.said.append(line)
        return True

    def kill(self) -> bool:
        """SIGKILL to it and all that it started; False where it had ended."""
        alive = self.process.poll() is None
        if alive:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return alive
