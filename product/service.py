"""The use cases of the product: predict, correct, review, receipts, erasure. The web and the command line call them."""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from product.codes import FeedbackCode
from product.drift.findings import WeekReport
from product.drift.monitor import DriftMonitor
from product.feedback import erasure
from product.feedback.ranking import ReviewRules
from product.feedback.review_queue import Item, review_queue
from product.identity import Actor
from product.inference.engine import Engine, NoModel
from product.inference.prediction import predict_messages
from product.privacy import keys
from product.privacy.redact import redact_for_storage, storable
from product.sentiment import (
    InvalidInput,
    MyCorrection,
    NotFound,
    Prediction,
    Receipt,
    StatusChange,
    StorageUnavailable,
)
from product.settings.configuration import Settings
from product.storage.database import Database
from product.storage.feedback import (
    Decision,
    current_status,
    feedback_of_actor,
    get_feedback,
    record_decision,
    save_feedback,
)
from product.storage.locks import corrections_lock
from product.storage.predictions import delete_uncorrected_predictions, save_predictions
from product.storage.tables import FeedbackRow, now
from product.storage.versions import active_version, all_versions, learned_in
from product.validation import MAX_COMMENT, check_actor, check_label, check_length, check_reviewer, check_texts

ID = re.compile(r"[0-9a-f]{32}")
MAX_MY_CORRECTIONS = 50
"""Corrections listed at once for a contributor."""
MAX_REVIEWED = 200
"""Messages in the review queue, at most."""
DELETED_AT_ONCE = 5_000
CLIENT_KEY_SECONDS = 7 * 24 * 3600
"""How long a client without an account keeps its key: a week, from Thursday to Thursday, 00:00 UTC."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """`model`: the version that serves, None if there is none. `database`: whether it accepts writes. `refused`:
    versions that could not be loaded, with the reason."""

    model: str | None
    database: bool
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return self.model is not None

    @property
    def degraded(self) -> bool:
        return self.ready and not self.database


class StoredFeedback(NamedTuple):
    """A correction that was just stored. `comment` is as it was stored, redacted."""

    feedback_id: str
    status: str
    comment: str


@dataclass(frozen=True)
class CorrectedMessage:
    """A message and the label that it was corrected to."""

    text: str
    label: str


class Application:
    """The product's use cases on one database and one model."""

    def __init__(
        self, settings: Settings, database: Database, engine: Engine, refused: Mapping[str, str] | None = None
    ):
        """`refused` maps the versions that could not be loaded to the reason; its owner keeps it up to date."""
        self.settings = settings
        self.database = database
        self.engine = engine
        self.drift = DriftMonitor(settings, database)
        self._refused: Mapping[str, str] = {} if refused is None else refused
        self.prediction_counts: Counter[tuple[str, str, bool]] = Counter()
        """Predictions since the process started, by label, language and whether that is supported."""
        self._counting = Lock()
        self._unclean = False
        """Whether traces of deleted content may remain in the database files."""

    def predict(self, texts: list[str]) -> list[Prediction]:
        """Predictions in the order of `texts`, stored in one transaction before they are returned.

        If the database cannot be written, they have no ids and cannot be corrected. Raises InvalidInput, NoModel.
        """
        check_texts(texts)
        predictions = predict_messages(self.engine, texts)
        with self._counting:
            self.prediction_counts.update((found.label, found.language, found.supported) for found in predictions)
        try:
            with self.database.write() as session:
                save_predictions(session, predictions)
        except StorageUnavailable:
            return [replace(prediction, id=None) for prediction in predictions]
        return predictions

    def correct(self, *, prediction_id: str, label: str, actor: Actor, comment: str = "") -> StoredFeedback:
        """Store a contributor's label for a prediction, replacing their earlier one.

        Raises InvalidInput, NotFound, StorageUnavailable.
        """
        check_label(label)
        check_actor("actor", actor)
        check_length("comment", comment, MAX_COMMENT)
        _check_id("prediction_id", prediction_id, "prediction")
        comment = redact_for_storage(comment)
        with self.database.write() as session:
            id, status = save_feedback(
                session,
                prediction_id=prediction_id,
                label=label,
                actor=_storable(actor),
                comment=comment,
                code=FeedbackCode.given,
            )
        return StoredFeedback(id, status, comment)

    def review_queue(self, limit: int = 20) -> list[Item]:
        """The messages to review first. Raises InvalidInput, StorageUnavailable."""
        if not 1 <= limit <= MAX_REVIEWED:
            raise InvalidInput(f"limit: must be from 1 to {MAX_REVIEWED}, this is {limit:,}.")
        drifted = self.drift.to_review(ReviewRules().max_drifted)
        with self.database.read() as session:
            return review_queue(session, drifted, limit, experts=self.languages)

    def label_as_lead(self, *, prediction_id: str, label: str, by: Actor, note: str = "") -> str:
        """Store a lead's label for a message as an accepted correction. Returns the feedback id.

        The caller checks that `by` may act as lead. Raises InvalidInput, NotFound, StorageUnavailable.
        """
        check_label(label)
        check_reviewer(by, note)
        _check_id("prediction_id", prediction_id, "prediction")
        lead = _storable(by)
        decision = Decision(True, lead, redact_for_storage(note), FeedbackCode.given_by_lead)
        with self.database.write() as session:
            id, _ = save_feedback(
                session, prediction_id=prediction_id, label=label, actor=lead, comment="", code=FeedbackCode.given
            )
            record_decision(session, id, decision)
        return id

    def decide(self, *, feedback_id: str, accept: bool, by: Actor, note: str = "") -> str:
        """Accept or reject a correction, overruling every automatic rule; returns its status now.

        The caller checks that `by` may act as lead. Raises InvalidInput, NotFound, StorageUnavailable.
        """
        check_reviewer(by, note)
        _check_id("feedback_id", feedback_id, "correction")
        decision = Decision(accept, _storable(by), redact_for_storage(note))
        with self.database.write() as session:
            row = record_decision(session, feedback_id, decision)
            return current_status(session, row)

    def corrected_message(self, feedback_id: str) -> CorrectedMessage:
        """The message of a correction, as it is stored. Raises NotFound, StorageUnavailable."""
        with self.database.read() as session:
            row = _find_feedback(session, feedback_id)
            return CorrectedMessage(row.prediction.text, row.label)

    def erase_my_correction(self, *, feedback_id: str, actor: Actor) -> erasure.ErasureScope:
        """Erase a correction and its message's text for the contributor; returns what was erased.

        Traces that cannot be removed from the database files now are logged and removed by `retry_clean_up`.
        Raises NotFound, Locked while a retraining run works with the text, StorageUnavailable.
        """
        with corrections_lock(self.settings, self.database), self.database.write() as session:
            scope = erasure.scope_of_my_correction(session, feedback_id, actor)
            erasure.erase(session, scope, FeedbackCode.erased_by_contributor)
        self._clean_up()
        return scope

    def retry_clean_up(self) -> None:
        """Clean the database files if that failed the last time."""
        if self._unclean:
            self._clean_up()

    def _clean_up(self) -> None:
        """Remove traces of deleted content, unless a reader of an earlier state prevents it."""
        try:
            clean = self.database.scrub()
        except StorageUnavailable:
            clean = False
        self._unclean = not clean
        if not clean:
            log.warning("traces of deleted texts may remain in the database files until the next clean-up in minutes")

    def receipt(self, feedback_id: str) -> Receipt:
        """What became of a correction. Raises NotFound, StorageUnavailable."""
        with self.database.read() as session:
            row = _find_feedback(session, feedback_id)
            text, receipt = row.prediction.text, _receipt(session, row, active_version(session))
        # The text of an erased correction is empty: there is nothing to predict.
        return _with_agreement(receipt, self._current_labels([text])[0] if text else None)

    def my_corrections(self, *, actor: Actor, ids: Sequence[str]) -> list[MyCorrection]:
        """The corrections among `ids` that the contributor gave, last changed first.

        Only the last MAX_MY_CORRECTIONS ids are looked up. Raises StorageUnavailable.
        """
        ids = [id for id in ids if ID.fullmatch(id)][-MAX_MY_CORRECTIONS:]
        with self.database.read() as session:
            active = active_version(session)
            rows = feedback_of_actor(session, actor=actor, ids=ids)
            found = [
                MyCorrection(row.prediction.text, row.comment, row.updated_at, _receipt(session, row, active))
                for row in rows
            ]
        labels = self._current_labels([correction.text for correction in found])
        return [
            replace(correction, receipt=_with_agreement(correction.receipt, label))
            for correction, label in zip(found, labels, strict=True)
        ]

    def _current_labels(self, texts: list[str]) -> list[str | None]:
        """The label that the model predicts now for each text; None for all if there is no model."""
        try:
            return [score.label for score in self.engine.score(texts).scores] if texts else []
        except NoModel:
            return [None] * len(texts)

    def versions(self) -> list[dict[str, Any]]:
        """The model versions, newest first. Raises StorageUnavailable."""
        with self.database.read() as session:
            active = active_version(session)
            return [
                {
                    "id": row.id,
                    "parent": row.parent,
                    "created": row.created_at,
                    "active": row.id == active,
                    "corrections": row.corrections,
                    "metrics": row.metrics,
                    "verdict": row.verdict,
                }
                for row in all_versions(session)
            ]

    def health(self) -> Health:
        return Health(self.engine.version, self.database.reachable(), dict(self._refused))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the model supports."""
        return self.engine.languages

    @property
    def drifted(self) -> tuple[WeekReport, ...]:
        """The weeks in which messages drifted, newest first, as last measured."""
        return self.drift.report.drifted

    def delete_expired(self, at: datetime | None = None) -> int:
        """Delete uncorrected predictions older than the retention time; returns how many. Raises StorageUnavailable."""
        before = (at or now()) - timedelta(days=self.settings.retention_days)
        total = 0
        while True:
            with self.database.write() as session:
                deleted = delete_uncorrected_predictions(session, before=before, limit=DELETED_AT_ONCE)
            total += deleted
            if deleted < DELETED_AT_ONCE:
                break
        if total:
            self._clean_up()
        return total

    def client_key(self, address: str, at: datetime | None = None) -> str:
        """Twelve hex digits that tell clients apart by their address. `at`: by default now.

        The hash is keyed, because a plain hash of an address is easily reversed. It changes every CLIENT_KEY_SECONDS,
        so that a client's corrections are not linked for longer.
        """
        period = int((at or now()).timestamp()) // CLIENT_KEY_SECONDS
        return keys.keyed_hash(self._client_secret, f"client {period}", address)[:12]

    @cached_property
    def _client_secret(self) -> bytes:
        try:
            return keys.secret(self.settings.data_dir)
        except OSError as error:
            log.error("%s: %s", keys.FILE, error)
            raise StorageUnavailable("The data folder cannot be read or written at the moment; try again.") from error


def _check_id(field: str, id: str, kind: str) -> None:
    if not ID.fullmatch(id):
        raise NotFound(f"{field}: no {kind} has this id.")


def _find_feedback(session: Session, feedback_id: str) -> FeedbackRow:
    row = get_feedback(session, id=feedback_id) if ID.fullmatch(feedback_id) else None
    if row is None:
        raise NotFound("feedback_id: no correction has this id.")
    return row


def _storable(actor: Actor) -> Actor:
    return replace(actor, key=storable(actor.key), name=storable(actor.name))


def _receipt(session: Session, row: FeedbackRow, active: str | None) -> Receipt:
    """Without `agrees_now`, which needs a model."""
    return Receipt(
        feedback_id=row.id,
        status=current_status(session, row),
        label=row.label,
        predicted=row.prediction.label,
        learned_in=learned_in(session, feedback_id=row.id, label=row.label, active_version=active),
        agrees_now=None,
        history=[StatusChange(event.status, event.at, event.reason, event.note) for event in row.history],
    )


def _with_agreement(receipt: Receipt, current_label: str | None) -> Receipt:
    return replace(receipt, agrees_now=None if current_label is None else current_label == receipt.label)
