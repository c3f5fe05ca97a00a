"""Predictions, counts and references for tests of drift, and a database with its own clock."""

import itertools
import json
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from sqlalchemy import insert

from product.drift.counts import Counts
from product.drift.findings import DriftRules
from product.drift.monitor import DriftMonitor
from product.drift.reference import REFERENCE, Reference
from product.inference import manifest as manifests
from product.sentiment import LABELS
from product.settings.configuration import SHIPPED_MODEL
from product.storage.tables import PredictionRow

RULES = DriftRules(min_rows=10, baseline_rows=20, sampled_rows=1_000)
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)  # of 2026-W23
DAY = timedelta(days=1)


def prediction(label="neutral", text="when does it come", confidence=0.75, language="en"):
    return SimpleNamespace(label=label, text=text, confidence=confidence, language=language)


def counts(*rows) -> Counts:
    counted = Counts()
    for row in rows:
        counted.add(row)
    return counted


def mix(negative: int, neutral: int, positive: int, **given) -> Counts:
    wanted = zip(LABELS, (negative, neutral, positive), strict=True)
    return counts(*(prediction(label, **given) for label, number in wanted for _ in range(number)))


def reference(counted: Counts, **given) -> Reference:
    return Reference(**{"model": "m-1", "origin": "training", "counts": counted} | given)


class World:
    """A database with predictions at chosen times, the folder of a shipped model, and a clock."""

    def __init__(self, settings, database, folder):
        self.settings, self.database, self.shipped = settings, database, folder
        self.moment = MONDAY
        folder.mkdir()
        shutil.copy(SHIPPED_MODEL / manifests.FILE, folder)
        self.model = manifests.read(folder).id
        self._numbers = itertools.count()

    def give(
        self, at: datetime, negative=0, neutral=0, positive=0, text="when does it come", language="en"
    ) -> list[str]:
        """Store predictions made at this time; returns their ids."""
        scores = {label: 0.125 for label in LABELS}
        labels = ["negative"] * negative + ["neutral"] * neutral + ["positive"] * positive
        known = {"created_at": at, "text": text, "language": language, "route": "agent", "truncated": False}
        rows = [
            known
            | scores
            | {label: 0.75}
            | {"id": f"{next(self._numbers):032x}", "label": label, "model_version": "v1"}
            for label in labels
        ]
        with self.database.write() as session:
            session.execute(insert(PredictionRow), rows)
        return [row["id"] for row in rows]

    def ship(self, counted: Counts, model: str | None = None) -> None:
        content = reference(counted, model=model or self.model).to_dict()
        (self.shipped / REFERENCE).write_text(json.dumps(content), encoding="utf-8")

    def monitor(self, rules=RULES, **changed) -> DriftMonitor:
        settings = self.settings.model_copy(update=changed)
        return DriftMonitor(settings, self.database, self.shipped, rules, clock=lambda: self.moment)
