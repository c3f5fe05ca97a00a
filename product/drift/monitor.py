"""The watch for drift: reads the weeks from the database, compares them, remembers the report and warns once.

What weeks are compared with are files: `reference.json` beside the shipped model, and `first-weeks.json` in the data
folder, which is made here. That one must be kept, as the messages it was counted from are deleted with time.
"""

import heapq
import json
import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from product.drift.counts import BadReference, Counts, Reference, Week, reference_from, week_bounds, week_name
from product.drift.findings import Judged, Report, Rules, interest, judge
from product.inference import manifest as manifests
from product.settings.configuration import SHIPPED_MODEL, Settings
from product.storage.database import Database
from product.storage.predictions import first_prediction_at, sample_predictions
from product.storage.tables import now
from product.storage.versions import get_version

REFERENCE = "reference.json"
FIRST_WEEKS = "first-weeks.json"
WEEKS = 8
"""Weeks in a report."""
HOUR = 3600.0
SETTLED = timedelta(hours=1)
"""How long after its end a week is counted again: its last answers may be stored a little late."""
WARNED_OF = 2
"""The newest weeks, whose drift is worth a warning; of older ones it is history."""

log = logging.getLogger(__name__)


class DriftWatch:
    """Counts a week once it is over only once; `check` is called by the clock, `report` is what it last found."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        shipped: Path = SHIPPED_MODEL,
        rules: Rules | None = None,
        clock: Callable[[], datetime] = now,
    ):
        self._settings, self._database, self._shipped, self._clock = settings, database, shipped, clock
        self._rules = rules or Rules(alert=settings.drift_alert)
        self._counted: dict[str, Counts] = {}
        self._warned: set[tuple[str, str]] = set()
        self.report = Report()

    def check(self, weeks: int = WEEKS) -> Report:
        """Compare the week that is under way and those before it. Raises StorageUnavailable, BadVersion."""
        moment, model = self._clock(), manifests.read(self._shipped).id
        first_weeks = self._first_weeks(model, moment)
        reference, why = self._reference(model, first_weeks)
        judged = [judge(reference, first_weeks, week, self._rules) for week in self._weeks(moment, weeks)]
        self.report = Report(reference.origin if reference else "", why, tuple(judged))
        self._warn()
        return self.report

    # The weeks

    def _weeks(self, moment: datetime, count: int) -> list[Week]:
        """Newest first. Not those of which the oldest messages are deleted: what is left of them was corrected, and
        what people correct is no fair sample."""
        names = [week_name(moment - timedelta(weeks=back)) for back in range(count)]
        return [self._week(name, moment) for name in names[:1]] + [
            self._week(name, moment) for name in names[1:] if week_bounds(name)[0] >= self._kept_since(moment)
        ]

    def _kept_since(self, moment: datetime) -> datetime:
        return moment - timedelta(days=self._settings.retention_days)

    def _week(self, name: str, moment: datetime) -> Week:
        end = week_bounds(name)[1]
        counts = self._counted.get(name) or self._count(name, moment)
        if end + SETTLED <= moment:
            self._counted[name] = counts
        return Week(name, counts, complete=end <= moment)

    def _count(self, name: str, moment: datetime) -> Counts:
        start, end = week_bounds(name)
        start, counts = max(start, self._kept_since(moment)), Counts()
        with self._database.read() as session:
            for row in sample_predictions(session, start=start, end=end, limit=self._rules.sampled_rows):
                counts.add(row)
        return counts

    # What they are compared with

    def _reference(self, model: str, first_weeks: Reference | None) -> tuple[Reference | None, str]:
        """What to compare with, and why that."""
        if self._settings.drift_reference == "traffic":
            reason = "ATTUNE_DRIFT_REFERENCE asks for the first weeks here"
        else:
            try:
                return read_reference(self._shipped / REFERENCE, model), f"with what {model} read in training"
            except BadReference as error:
                reason = f"{REFERENCE} of the shipped model: {error}"
        if first_weeks:
            return first_weeks, f"with the first full weeks here, until {first_weeks.until} ({reason})"
        rows = self._rules.baseline_rows
        return None, f"with nothing yet, as the first full weeks have fewer than {rows:,} messages ({reason})"

    def _first_weeks(self, model: str, moment: datetime) -> Reference | None:
        """The first full weeks with the shipped model: as they were counted once, else counted now if they can be."""
        path = self._settings.data_dir / FIRST_WEEKS
        try:
            return read_reference(path, model)
        except BadReference as reason:
            log.debug("%s: %s", path.name, reason)
        reference = self._count_first_weeks(model, moment)
        if reference:
            try:
                write_reference(path, reference)
            except OSError as error:  # it is counted again next time
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
        """Oldest first: all of them answered since the shipped model came, all of them kept, all of them over."""
        with self._database.read() as session:
            first, version = first_prediction_at(session), get_version(session, id=model)
        if first is None:
            return []
        since = max(first, self._kept_since(moment), version.created_at if version else first)
        start, end = week_bounds(week_name(since))
        names = []
        while end + SETTLED <= moment:
            if start >= since:
                names.append(week_name(start))
            start, end = end, end + timedelta(days=7)
        return names

    # What it leads to

    def _warn(self) -> None:
        for each in self.report.weeks[:WARNED_OF]:
            for finding in each.drifted:
                if (each.week.name, finding.name) not in self._warned:
                    self._warned.add((each.week.name, finding.name))
                    said = (each.week.name, finding.sentence, finding.measure, finding.value, finding.threshold)
                    log.warning("drift in week %s: %s (%s %.3f, alert at %.3f, %d messages)", *said, finding.rows)

    def to_review(self, limit: int) -> list[str]:
        """Of the newest week that drifted, the answers to look at first: see `to_review`. Raises StorageUnavailable."""
        if not self.report.drifted:
            return []
        with self._database.read() as session:
            return to_review(session, self.report.drifted[0], limit, self._rules.sampled_rows)


def to_review(session: Session, week: Judged, limit: int, sampled_rows: int = Rules.sampled_rows) -> list[str]:
    """Ids of up to `limit` answers of a drifted week that nobody gave a word on, those from what grew most first.

    The same each time; of answers alike the one with the lowest id is first.
    """
    start, end = week_bounds(week.week.name)
    rows = sample_predictions(session, start=start, end=end, limit=sampled_rows, uncorrected=True)
    ranked = heapq.nsmallest(limit, ((-interest(week, row), row.id) for row in rows))
    return [id for _, id in ranked]


def read_reference(path: Path, model: str) -> Reference:
    """Raises BadReference where there is none, or not one of this model."""
    try:
        reference = reference_from(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise BadReference("there is none") from None
    except (OSError, ValueError) as error:
        raise BadReference(f"it cannot be read ({error})") from None
    if reference.model != model:
        raise BadReference(f"it belongs to {reference.model}, and {model} is shipped")
    return reference


def write_reference(path: Path, reference: Reference) -> None:
    """Whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.write_text(json.dumps(reference.to_dict()) + "\n", encoding="utf-8")
    draft.replace(path)
