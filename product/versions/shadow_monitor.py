"""Shadow mode: a challenger scores the messages that the champion has answered; its labels are not shown.

It works on stored predictions in a thread of low priority, so that no request waits for it. Its position is in the
database: it continues after a restart, and of several processes only the first to store a batch counts.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from product.codes import Outcome
from product.inference import backends, model
from product.inference import manifest as manifests
from product.inference.manifest import BadVersion
from product.inference.model import BATCH, TextScore
from product.sentiment import AttuneError
from product.settings.configuration import Settings
from product.storage.database import Database
from product.storage.tables import ShadowRow, now
from product.storage.versions import (
    Activation,
    activate_version,
    active_version,
    finish_shadow,
    latest_activation,
    next_shadow_predictions,
    open_shadow,
    record_shadow_predictions,
)
from product.texts import rendering, texts
from product.versions.registry import Versions
from product.versions.shadow import settle

EVERY = 2.0
"""Seconds between two batches."""
NICE = 15
"""Priority of the thread: the highest value, 19, is the lowest priority."""
MIN_AGE = timedelta(seconds=10)
"""How old a prediction must be, so that none with an earlier time is stored after it."""

log = logging.getLogger(__name__)


class Challenger(Protocol):
    """Scores texts: a Model, or its stand-in in tests."""

    def score(self, texts: list[str]) -> list[TextScore]: ...


class ShadowMonitor:
    """Scores one batch at each check, and settles the outcome once the time is over or another version is active."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        versions: Versions,
        load: Callable[[Path, str, str], Challenger] = model.load,
        clock: Callable[[], datetime] = now,
    ):
        self._settings, self._database, self._versions = settings, database, versions
        self._load, self._clock = load, clock
        self._challenger: Challenger | None = None
        self._loaded_version = ""

    def check(self) -> None:
        """Do the next step. Raises StorageUnavailable."""
        with self._database.read() as session:
            shadow, active = open_shadow(session), active_version(session)
        if shadow is None:
            self._challenger, self._loaded_version = None, ""
        elif self._clock() >= shadow.ends_at or active != shadow.champion:
            self._finish(shadow)
        else:
            self._score_batch(shadow)

    def _score_batch(self, shadow: ShadowRow) -> None:
        challenger = self._load_challenger(shadow.version_id)
        if challenger is None:
            return
        with self._database.read() as session:
            predictions = next_shadow_predictions(session, shadow, before=self._clock() - MIN_AGE, limit=BATCH)
        if not predictions:
            return
        scores = challenger.score([prediction.text for prediction in predictions])
        pairs = zip(predictions, scores, strict=True)
        differing = {prediction.id: score.label for prediction, score in pairs if score.label != prediction.label}
        with self._database.write() as session:
            current = open_shadow(session, lock=True)
            if current and _position(current) == _position(shadow):
                record_shadow_predictions(session, current, predictions=predictions, differing=differing)

    def _load_challenger(self, version: str) -> Challenger | None:
        """The challenger, None if it cannot be loaded. Loading is tried and logged once."""
        if self._loaded_version != version:
            self._loaded_version, self._challenger = version, None
            try:
                backend, _ = backends.choose(self._settings.backend)
                folder = self._versions.store.folder(version)
                self._challenger = self._load(folder, backend, self._settings.base_model)
                log.info("version %s runs in shadow mode", version)
            except AttuneError as problem:
                log.error("version %s cannot run in shadow mode: %s", version, problem)
        return self._challenger

    def _finish(self, ending: ShadowRow) -> None:
        problem = self._verify(ending.version_id)
        with self._database.write() as session:
            shadow, activation = open_shadow(session, lock=True), latest_activation(session, lock=True)
            if shadow is None or shadow.id != ending.id or activation is None:
                return
            outcome, reasons = settle(shadow, activation.version_id, problem, self._settings.approval)
            if outcome == Outcome.promoted and activation.version_id != shadow.version_id:
                activate_version(session, shadow.version_id, Activation(reasons, probation=True))
            finish_shadow(session, shadow, outcome=outcome, reasons=reasons)
        log.info("shadow mode of %s: %s: %s", ending.version_id, outcome, rendering.reasons(reasons, texts("en")))

    def _verify(self, version: str) -> str:
        """Why the version's files cannot be trusted; empty if they can."""
        try:
            manifests.verify(self._versions.store.folder(version))
        except BadVersion as problem:
            return str(problem)
        return ""


def _position(shadow: ShadowRow) -> tuple[int, datetime, str]:
    return shadow.id, shadow.position_at, shadow.position_id
