"""What the product does for the people and programs in front of it; all that the web calls."""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock

from sqlalchemy.orm import Session

from product.codes import FeedbackCode
from product.drift.findings import WeekReport
from product.drift.monitor import DriftMonitor
from product.feedback import erasure
from product.feedback import ranking as review
from product.feedback.review_queue import Item, review_queue
from product.identity import Actor
from product.inference.engine import Engine, NoModel
from product.inference.prediction import predict_batch
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
    current_statuses,
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
"""Of one's own corrections that are listed, at most."""
MAX_REVIEWED = 200
"""Messages in the review queue, at most."""
DELETED_AT_ONCE = 5_000
CLIENT_KEY_SECONDS = 7 * 24 * 3600
"""How long a client without an account keeps one key: a week, from Thursday to Thursday, 00:00 UTC."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """`model` is the version that answers, None without one; `database` whether it takes writes; `refused` names
    versions that should serve and cannot be trusted, with the reason."""

    model: str | None
    database: bool
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return self.model is not None

    @property
    def degraded(self) -> bool:
        return self.ready and not self.database


@dataclass(frozen=True)
class StoredCorrection:
    """The message of a correction, its label and the contributor's comment."""

    text: str
    label: str
    comment: str


class Application:
    """Reads messages, takes corrections, says what became of them."""

    def __init__(
        self, settings: Settings, database: Database, engine: Engine, refused: Mapping[str, str] | None = None
    ):
        """`refused` maps the versions that could not be loaded to the reason; its owner keeps it up to date."""
        self.settings = settings
        self.database = database
        self.engine = engine
        self.drift = DriftMonitor(settings, database)
        self._refused: Mapping[str, str] = {} if refused is None else refused
        self.prediction_counts: Counter[tuple[str, str]] = Counter()
        """Predictions since the process started, by label and language."""
        self._counting = Lock()
        self._unclean = False
        """Whether something deleted may still stand in the database's files."""

    def predict(self, texts: list[str]) -> list[Prediction]:
        """Answers in the order of `texts`, stored together before they are returned.

        Where the database cannot be written the answers come without ids: nobody corrects what is not there.
        Raises InvalidInput, NoModel.
        """
        check_texts(texts)
        predictions = predict_batch(self.engine, [redact_for_storage(text) for text in texts])
        with self._counting:
            self.prediction_counts.update((prediction.label, prediction.language) for prediction in predictions)
        try:
            with self.database.write() as session:
                save_predictions(session, predictions)
        except StorageUnavailable:
            return [_without_id(prediction) for prediction in predictions]
        return predictions

    def correct(self, *, prediction_id: str, label: str, actor: Actor, comment: str = "") -> tuple[str, str]:
        """Store a contributor's label for a prediction, replacing their earlier one; returns feedback id and status.

        Raises InvalidInput, NotFound, StorageUnavailable.
        """
        check_label(label)
        check_actor("actor", actor)
        check_length("comment", comment, MAX_COMMENT)
        if not ID.fullmatch(prediction_id):
            raise NotFound("prediction_id: no prediction has this id.")
        with self.database.write() as session:
            return save_feedback(
                session,
                prediction_id=prediction_id,
                label=label,
                actor=_storable(actor),
                comment=redact_for_storage(comment),
                code=FeedbackCode.given,
            )

    def review_queue(self, limit: int = 20) -> list[Item]:
        """The messages and corrections that a lead should look at first. Raises InvalidInput, StorageUnavailable."""
        if not 1 <= limit <= MAX_REVIEWED:
            raise InvalidInput(f"limit: must be from 1 to {MAX_REVIEWED}, this is {limit:,}.")
        drifted = self.drift.to_review(review.Rules().drifted)
        with self.database.read() as session:
            return review_queue(session, drifted, limit)

    def label_as_lead(self, *, prediction_id: str, label: str, by: Actor, note: str = "") -> str:
        """Store a lead's own label for a message; it counts as accepted. Returns the feedback id.

        The caller checks that `by` is allowed to. Raises InvalidInput, NotFound, StorageUnavailable.
        """
        check_label(label)
        check_reviewer(by, note)
        if not ID.fullmatch(prediction_id):
            raise NotFound("prediction_id: no prediction has this id.")
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

        The caller checks that `by` is allowed to. Raises InvalidInput, NotFound, StorageUnavailable.
        """
        check_reviewer(by, note)
        if not ID.fullmatch(feedback_id):
            raise NotFound("feedback_id: no correction has this id.")
        decision = Decision(accept, _storable(by), redact_for_storage(note))
        with self.database.write() as session:
            record_decision(session, feedback_id, decision)
            return current_statuses(session, [feedback_id])[feedback_id]

    def stored_correction(self, feedback_id: str) -> StoredCorrection:
        """A correction as it is stored, after redaction. Raises NotFound, StorageUnavailable."""
        with self.database.read() as session:
            row = get_feedback(session, id=feedback_id)
            if row is None:
                raise NotFound("feedback_id: no correction has this id.")
            return StoredCorrection(row.prediction.text, row.label, row.comment)

    def erase_own(self, *, feedback_id: str, actor: Actor) -> erasure.ErasureScope:
        """Erase a correction for who gave it, with the message's text; returns what went.

        Bytes that cannot be cleaned from the database's files just now stay until the next clean-up, which is logged.
        Raises NotFound, Locked while a retraining runs that has read the text already, StorageUnavailable.
        """
        with corrections_lock(self.settings, self.database), self.database.write() as session:
            reach = erasure.scope_of_my_correction(session, feedback_id, actor)
            erasure.erase(session, reach, FeedbackCode.erased_by_contributor)
        self._clean_up()
        return reach

    def clean_again(self) -> None:
        """Where the files could not be cleaned the last time."""
        if self._unclean:
            self._clean_up()

    def _clean_up(self) -> None:
        """What was deleted leaves the database's files as well, unless somebody is reading an earlier state."""
        try:
            clean = self.database.scrub()
        except StorageUnavailable:
            clean = False
        self._unclean = not clean
        if not clean:
            logger.warning("deleted texts may stay in the database's files until they are cleaned in a few minutes")

    def receipt(self, feedback_id: str) -> Receipt:
        """What became of a correction; of an erased one no model is asked. Raises NotFound, StorageUnavailable."""
        with self.database.read() as session:
            row = get_feedback(session, id=feedback_id) if ID.fullmatch(feedback_id) else None
            if row is None:
                raise NotFound("feedback_id: no correction has this id.")
            text, receipt = row.prediction.text, _receipt(session, row, active_version(session))
        return _with_agreement(receipt, self._labels_now([text])[0] if text else None)

    def my_corrections(self, *, actor: Actor, ids: Sequence[str]) -> list[MyCorrection]:
        """Of the corrections `ids`, those that the actor gave, the one given or changed last first.

        Of more than MAX_MY_CORRECTIONS ids the last count. Raises StorageUnavailable.
        """
        ids = [id for id in ids if ID.fullmatch(id)][-MAX_MY_CORRECTIONS:]
        with self.database.read() as session:
            active = active_version(session)
            rows = feedback_of_actor(session, actor=actor, ids=ids)
            found = [
                MyCorrection(row.prediction.text, row.comment, row.updated_at, _receipt(session, row, active))
                for row in rows
            ]
        labels = self._labels_now([own.text for own in found])
        pairs = zip(found, labels, strict=True)
        return [replace(own, receipt=_with_agreement(own.receipt, label)) for own, label in pairs]

    def _labels_now(self, texts: list[str]) -> list[str | None]:
        """What the model that serves says of each text; None for all where there is no model."""
        try:
            return [score.label for score in self.engine.score(texts).scores] if texts else []
        except NoModel:
            return [None] * len(texts)

    def versions(self) -> list[dict]:
        """The model versions, newest first, the active one marked. Raises StorageUnavailable."""
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
    def ready(self) -> bool:
        return self.engine.version is not None

    @property
    def languages(self) -> tuple[str, ...]:
        """What the model that answers now has learned to read."""
        return self.engine.languages

    @property
    def drifted(self) -> tuple[WeekReport, ...]:
        """The weeks that drifted, newest first, as last measured; `self.drift.to_review` says what to look at."""
        return self.drift.report.drifted

    def delete_expired(self, at: datetime | None = None) -> int:
        """Delete predictions that nobody corrected within the retention time; returns how many."""
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
        """Twelve hex digits that tell clients apart within CLIENT_KEY_SECONDS; `at` is now unless given.

        Keyed, as a plain hash of an address is soon guessed. With each period the key is another: nobody's corrections
        are strung together for longer. Within one the same client on the same prediction is the same actor.
        """
        period = int((at or now()).timestamp()) // CLIENT_KEY_SECONDS
        return keys.keyed_hash(self._client_secret, f"client {period}", address)[:12]

    @cached_property
    def _client_secret(self) -> bytes:
        try:
            return keys.secret(self.settings.data_dir)
        except OSError as error:
            logger.error("%s: %s", keys.FILE, error)
            raise StorageUnavailable("The data folder cannot be read or written just now; try again.") from error


def _storable(actor: Actor) -> Actor:
    return replace(actor, key=storable(actor.key), name=storable(actor.name))


def _without_id(prediction: Prediction) -> Prediction:
    return replace(prediction, id=None)


def _receipt(session: Session, row: FeedbackRow, active: str | None) -> Receipt:
    """All but what the model says of it now."""
    return Receipt(
        feedback_id=row.id,
        status=current_status(session, row),
        label=row.label,
        predicted=row.prediction.label,
        learned_in=learned_in(session, feedback_id=row.id, label=row.label, active_version=active),
        agrees_now=None,
        history=[StatusChange(event.status, event.at, event.reason, event.note) for event in row.history],
    )


def _with_agreement(receipt: Receipt, label_now: str | None) -> Receipt:
    return replace(receipt, agrees_now=None if label_now is None else label_now == receipt.label)
