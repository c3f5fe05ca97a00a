"""Drift monitoring: counts the weeks in the database, compares them, keeps the report and logs a warning once.

Weeks are compared with a file of counts: `reference.json` beside the shipped model, or `first-weeks.json` in the data
folder. The second is written here and must be preserved: the messages it was counted from are deleted after a while.
"""

import heapq
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from product.codes import Reason, ReferenceCode, ReferenceProblem
from product.drift.counts import Counts, Week, week_bounds, week_name
from product.drift.findings import DriftReport, DriftRules, WeekReport, compare_week, relevance
from product.drift.reference import REFERENCE, BadReference, Reference, read_reference, write_reference
from product.inference import manifest as manifests
from product.settings.configuration import SHIPPED_MODEL, Settings
from product.storage.database import Database
from product.storage.predictions import first_prediction_at, sample_predictions
from product.storage.tables import now
from product.storage.versions import get_version
from product.texts import texts
from product.texts.findings import finding_sentence

FIRST_WEEKS = "first-weeks.json"
WEEKS = 8
"""Weeks in a report."""
HOUR = 3600.0
SETTLED = timedelta(hours=1)
"""How long after its end a week is counted again: its last predictions may be stored a little late."""
WARNED_WEEKS = 2
"""The newest weeks, whose drift is logged as a warning; older drift is history."""

log = logging.getLogger(__name__)


class DriftMonitor:
    """Compares the weeks with the reference. `check` runs every hour; `report` is its last result."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        shipped: Path = SHIPPED_MODEL,
        rules: DriftRules | None = None,
        clock: Callable[[], datetime] = now,
    ):
        self._settings, self._database, self._shipped, self._clock = settings, database, shipped, clock
        self._rules = rules or DriftRules(alert=settings.drift_alert)
        self._counted: dict[str, Counts] = {}
        """Weeks that are over, which are counted only once."""
        self._warned: set[tuple[str, str]] = set()
        self.report = DriftReport()

    def check(self, weeks: int = WEEKS) -> DriftReport:
        """Compare the current week and those before it. Raises StorageUnavailable, BadVersion."""
        moment, model = self._clock(), manifests.read(self._shipped).id
        first_weeks = self._first_weeks(model, moment)
        reference, fallback = self._choose_reference(model, first_weeks)
        reports = [compare_week(reference, first_weeks, week, self._rules) for week in self._weeks(moment, weeks)]
        origin = reference.origin if reference else ""
        self.report = DriftReport(origin, self._reason(reference), fallback, tuple(reports))
        self._warn()
        return self.report

    # Weeks

    def _weeks(self, moment: datetime, count: int) -> list[Week]:
        """Newest first. Weeks whose oldest messages are deleted are left out: what remains was corrected, and corrected
        messages are no fair sample."""
        names = [week_name(moment - timedelta(weeks=back)) for back in range(count)]
        complete = [name for name in names[1:] if week_bounds(name)[0] >= self._retained_since(moment)]
        return [self._week(name, moment) for name in names[:1] + complete]

    def _retained_since(self, moment: datetime) -> datetime:
        return moment - timedelta(days=self._settings.retention_days)

    def _week(self, name: str, moment: datetime) -> Week:
        end = week_bounds(name)[1]
        counts = self._counted.get(name) or self._count(name, moment)
        if end + SETTLED <= moment:
            self._counted[name] = counts
        return Week(name, counts, complete=end <= moment)

    def _count(self, name: str, moment: datetime) -> Counts:
        start, end = week_bounds(name)
        start, counts = max(start, self._retained_since(moment)), Counts()
        with self._database.read() as session:
            for prediction in sample_predictions(session, start=start, end=end, limit=self._rules.sampled_rows):
                counts.add(prediction)
        return counts

    # Reference

    def _choose_reference(self, model: str, first_weeks: Reference | None) -> tuple[Reference | None, Reason | None]:
        """The reference to compare with, and why it is not the shipped one."""
        if self._settings.drift_reference == "traffic":
            return first_weeks, Reason(ReferenceProblem.not_wanted)
        try:
            return read_reference(self._shipped / REFERENCE, model), None
        except BadReference as error:
            return first_weeks, error.reason

    def _reason(self, reference: Reference | None) -> Reason:
        if reference is None:
            return Reason(ReferenceCode.none, {"needed": self._rules.baseline_rows})
        if reference.origin == "training":
            return Reason(ReferenceCode.training, {"model": reference.model})
        return Reason(ReferenceCode.first_weeks, {"until": reference.until})

    def _first_weeks(self, model: str, moment: datetime) -> Reference | None:
        """The first full weeks with the shipped model: from their file, else counted now if there are enough."""
        path = self._settings.data_dir / FIRST_WEEKS
        try:
            return read_reference(path, model)
        except BadReference as error:
            log.debug("%s: %s", path.name, error)
        reference = self._count_first_weeks(model, moment)
        if reference:
            try:
                write_reference(path, reference)
            except OSError as error:  # the next check counts them again
                log.warning("%s cannot be written: %s", path.name, error)
        return reference

    def _count_first_weeks(self, model: str, moment: datetime) -> Reference | None:
        counts = Counts()
        for name in self._full_weeks(model, moment):
            counts.add_all(self._week(name, moment).counts)
            if counts.rows >= self._rules.baseline_rows:
                return Reference(model, "traffic", counts, until=name)
        return None

    def _full_weeks(self, model: str, moment: datetime) -> list[str]:
        """Oldest first: weeks that are over, with all predictions still stored and made since the shipped model was
        installed."""
        with self._database.read() as session:
            first, version = first_prediction_at(session), get_version(session, id=model)
        if first is None:
            return []
        since = max(first, self._retained_since(moment), version.created_at if version else first)
        start, end = week_bounds(week_name(since))
        names = []
        while end + SETTLED <= moment:
            if start >= since:
                names.append(week_name(start))
            start, end = end, end + timedelta(days=7)
        return names

    # Warnings and review

    def _warn(self) -> None:
        for report in self.report.weeks[:WARNED_WEEKS]:
            for finding in report.drifted:
                if (report.week.name, finding.name) not in self._warned:
                    self._warned.add((report.week.name, finding.name))
                    sentence = finding_sentence(finding.reason, texts("en"))
                    numbers = (finding.measure, finding.value, finding.threshold, finding.rows)
                    log.warning(
                        "drift in week %s: %s (%s %.3f, threshold %.3f, %d messages)",
                        report.week.name,
                        sentence,
                        *numbers,
                    )

    def to_review(self, limit: int) -> list[str]:
        """Ids of the predictions to review first, from the newest week that drifted. Raises StorageUnavailable."""
        if not self.report.drifted:
            return []
        with self._database.read() as session:
            return predictions_to_review(session, self.report.drifted[0], limit, self._rules.sampled_rows)


def predictions_to_review(
    session: Session, report: WeekReport, limit: int, sampled_rows: int = DriftRules.sampled_rows
) -> list[str]:
    """Ids of up to `limit` predictions of a drifted week without corrections, most relevant first.

    The order is the same each time: equally relevant predictions are sorted by id.
    """
    start, end = week_bounds(report.week.name)
    predictions = sample_predictions(session, start=start, end=end, limit=sampled_rows, uncorrected=True)
    ranked = heapq.nsmallest(limit, ((-relevance(report, prediction), prediction.id) for prediction in predictions))
    return [id for _, id in ranked]
