"""The watch over a version that nobody made active by hand: its parent comes back where people correct it more."""

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
from product.versions.probation import Side, Verdict, judge
from product.versions.registry import Versions

EVERY = 3600.0
"""Seconds between two looks: more looks would find more by chance."""

log = logging.getLogger(__name__)


class ProbationWatch:
    """Looks at the active version; several processes may watch one database, and one of them takes it back."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        versions: Versions,
        clock: Callable[[], datetime] = now,
    ):
        self._time = timedelta(hours=settings.probation_hours)
        self._database, self._versions = database, versions
        self._rules, self._clock = settings.probation, clock

    def check(self) -> Verdict | None:
        """Bring the parent back where the active version does worse. None where nothing is on probation now.

        Raises StorageUnavailable, and BadVersion where the parent's files cannot be trusted: then nothing changes.
        """
        with self._database.read() as session:
            activation = latest_activation(session)
            parent, verdict = self._parent(session, activation), None
            if parent:
                verdict = self._judge(session, activation, parent)
        if verdict is None or not verdict.worse:
            return verdict
        version = activation.version_id
        # A sentence until the verdict is numbers.
        reason = Reason(RunCode.legacy, {"text": f"back from {version}, on probation: {verdict.reason}"})
        manifests.verify(self._versions.store.folder(parent))
        with self._database.write() as session:
            if latest_activation(session, lock=True).id != activation.id:
                return None
            activate_version(session, parent, Activation([reason]))
        log.warning("version %s is taken back and %s is active again; %s", version, parent, verdict.reason)
        return verdict

    def _parent(self, session: Session, activation: ActivationRow | None) -> str | None:
        """What would come back; None for a version whose time is over, or that a person made active."""
        if activation is None or not activation.probation:
            return None
        served = self._clock() - activation.at
        if not timedelta(0) < served <= self._time:
            return None
        return get_version(session, id=activation.version_id).parent

    def _judge(self, session: Session, activation: ActivationRow, parent: str) -> Verdict:
        """The time since the activation against as long a time before it, each with the corrections given in it: so
        the answers of both had as long to be corrected."""
        end = self._clock()
        start = activation.at - (end - activation.at)
        before = self._side(session, parent, start, activation.at)
        return judge(before, self._side(session, activation.version_id, activation.at, end), self._rules)

    def _side(self, session: Session, version: str, start: datetime, end: datetime) -> Side:
        given = {"version": version, "start": start, "end": end}
        return Side(count_predictions(session, **given), tuple(reported_mistakes(session, **given)))
