"""A challenger in the champion's shadow: it reads what was answered, nobody sees what it says, and then it is decided.

Nothing waits for it: it reads answers that are stored, in a thread of low priority. How far it has come stands in the
database, so that a restart goes on there, and of several processes the first to store what it read counts.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from product.codes import Outcome, Reason, RunCode
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

EVERY = 2.0
"""Seconds between two batches of answers."""
NICE = 15
SETTLED = timedelta(seconds=10)
"""How old an answer must be: one that was given earlier may be stored a moment later."""

log = logging.getLogger(__name__)


class Reader(Protocol):
    """What the challenger is needed for."""

    def score(self, texts: list[str]) -> list[TextScore]: ...


class ShadowWatch:
    """Called by the clock: one batch of answers, or the end."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        versions: Versions,
        load: Callable[[Path, str, str], Reader] = model.load,
        clock: Callable[[], datetime] = now,
    ):
        self._settings, self._database, self._versions = settings, database, versions
        self._load, self._clock = load, clock
        self._challenger: Reader | None = None
        self._tried = ""

    def check(self) -> None:
        """Raises StorageUnavailable."""
        with self._database.read() as session:
            shadow, active = open_shadow(session), active_version(session)
        if shadow is None:
            self._challenger, self._tried = None, ""
        elif self._clock() >= shadow.ends_at or active != shadow.champion:
            self._end(shadow)
        else:
            self._read(shadow)

    def _read(self, shadow: ShadowRow) -> None:
        challenger = self._loaded(shadow.version_id)
        if challenger is None:
            return
        with self._database.read() as session:
            answers = next_shadow_predictions(session, shadow, before=self._clock() - SETTLED, limit=BATCH)
        if not answers:
            return
        said = challenger.score([answer.text for answer in answers])
        differing = {
            answer.id: score.label for answer, score in zip(answers, said, strict=True) if score.label != answer.label
        }
        with self._database.write() as session:
            current = open_shadow(session, lock=True)
            if current and (current.id, current.position_at, current.position_id) == (
                shadow.id,
                shadow.position_at,
                shadow.position_id,
            ):
                record_shadow_predictions(session, current, predictions=answers, differing=differing)

    def _loaded(self, version: str) -> Reader | None:
        """The challenger; None where it cannot be loaded, which is tried and told once."""
        if self._tried != version:
            self._tried, self._challenger = version, None
            try:
                backend, _ = backends.choose(self._settings.backend)
                folder = self._versions.store.folder(version)
                self._challenger = self._load(folder, backend, self._settings.base_model)
                log.info("%s reads in the shadow of the active version", version)
            except AttuneError as reason:
                log.error("%s cannot read in the shadow: %s", version, reason)
        return self._challenger

    def _end(self, ending: ShadowRow) -> None:
        flaw = self._flaw(ending.version_id)
        with self._database.write() as session:
            shadow = open_shadow(session, lock=True)
            if shadow is None or shadow.id != ending.id:
                return
            active = latest_activation(session, lock=True).version_id
            outcome, reasons = settle(shadow, active, flaw, self._settings.approval)
            if outcome == "promoted" and active != shadow.version_id:
                activate_version(session, shadow.version_id, Activation(reasons, probation=True))
            finish_shadow(session, shadow, outcome=outcome, reasons=reasons)
        log.info("shadow mode of %s: %s: %s", ending.version_id, outcome, rendering.reasons(reasons, texts("en")))

    def _flaw(self, version: str) -> str:
        """What is wrong with the version's files; empty where nothing is."""
        try:
            manifests.verify(self._versions.store.folder(version))
        except BadVersion as reason:
            return str(reason)
        return ""


def settle(shadow: ShadowRow, active: str, problem: str, approval: str) -> tuple[Outcome, list[Reason]]:
    """The outcome, `promoted` or `awaiting-approval`, and its reasons. `problem`: why the version cannot be trusted."""
    outcome = Outcome.awaiting_approval
    if active == shadow.version_id:
        outcome, reason = Outcome.promoted, Reason(RunCode.shadow_promoted_early)
    elif active != shadow.champion:
        reason = Reason(RunCode.active_version_changed, {"active": active, "champion": shadow.champion})
    elif problem:
        reason = Reason(RunCode.shadow_not_trusted, {"problem": problem})
    elif approval == "lead":
        reason = Reason(RunCode.shadow_finished_lead_decides)
    else:
        outcome, reason = Outcome.promoted, Reason(RunCode.shadow_finished)
    return outcome, [reason, progress(shadow)]


def progress(shadow: ShadowRow) -> Reason:
    values = {"read": shadow.predictions_read, "champion": shadow.champion, "differed": shadow.predictions_differing}
    return Reason(RunCode.shadow_progress, values)
