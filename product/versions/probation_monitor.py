"""Checks the active version while it is on probation, and rolls it back if it is corrected clearly more often.

A version is on probation if it became active automatically.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from product.codes import Reason, RunCode
from product.inference import manifest as manifests
from product.settings.configuration import Settings
from product.storage.database import Database
from product.storage.predictions import count_predictions, reported_mistakes
from product.storage.tables import ActivationRow, now
from product.storage.versions import Activation, activate_version, get_version, latest_activation
from product.texts import rendering, texts
from product.versions.probation import ProbationResult, ReportedMistakes, judge
from product.versions.registry import Versions

EVERY = 3600.0
"""Seconds between two checks. Each check is another test, so more checks would find more rises by chance."""

log = logging.getLogger(__name__)


class ProbationMonitor:
    """Checks the active version. Several processes may check one database; only one of them rolls back."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        versions: Versions,
        clock: Callable[[], datetime] = now,
    ):
        self._duration = timedelta(hours=settings.probation_hours)
        self._database, self._versions = database, versions
        self._rules, self._clock = settings.probation, clock

    def check(self) -> ProbationResult | None:
        """Roll back to the parent if the active version is worse. None if no version is on probation.

        Raises StorageUnavailable, and BadVersion if the parent's files cannot be trusted; then nothing changes.
        """
        with self._database.read() as session:
            activation = latest_activation(session)
            parent = self._parent(session, activation) if activation else None
            if activation is None or parent is None:
                return None
            result = self._judge(session, activation, parent)
        log.debug("probation of %s: %s", activation.version_id, rendering.probation(result.reason, texts("en")))
        if result.worse and not self._roll_back(activation, parent, result):
            return None
        return result

    def _roll_back(self, activation: ActivationRow, parent: str, result: ProbationResult) -> bool:
        """False if another activation came first."""
        reason = Reason(RunCode.probation_failed, {"version": activation.version_id, **result.reason.values})
        manifests.verify(self._versions.store.folder(parent))
        with self._database.write() as session:
            latest = latest_activation(session, lock=True)
            if latest is None or latest.id != activation.id:
                return False
            activate_version(session, parent, Activation([reason]))
        log.warning("version %s is active again. %s", parent, rendering.reason(reason, texts("en")))
        return True

    def _parent(self, session: Session, activation: ActivationRow) -> str | None:
        """The version to roll back to, None if the active version is not on probation."""
        if not activation.probation:
            return None
        served = self._clock() - activation.at
        if not timedelta(0) < served <= self._duration:
            return None
        version = get_version(session, id=activation.version_id)
        return version.parent if version else None

    def _judge(self, session: Session, activation: ActivationRow, parent: str) -> ProbationResult:
        """Compare the time since the activation with an equally long time before it.

        Each counts only corrections given within it, so that both versions had equally long to be corrected.
        """
        end = self._clock()
        start = activation.at - (end - activation.at)
        before = _reported_mistakes(session, parent, start, activation.at)
        after = _reported_mistakes(session, activation.version_id, activation.at, end)
        return judge(before, after, self._rules)


def _reported_mistakes(session: Session, version: str, start: datetime, end: datetime) -> ReportedMistakes:
    predictions = count_predictions(session, version=version, start=start, end=end)
    reports = reported_mistakes(session, version=version, start=start, end=end)
    return ReportedMistakes(predictions, tuple(reports))
