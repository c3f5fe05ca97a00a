"""The use cases of Application, on a real database and with a stand-in for the model."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from product.codes import FeedbackCode, Reason
from product.inference.engine import NoModel
from product.sentiment import InvalidInput, NotFound, StorageUnavailable
from product.service import Application
from product.storage.database import Database
from product.storage.feedback import get_feedback
from product.storage.locks import Locked, corrections_lock
from product.storage.tables import FeedbackRow, PredictionRow
from product.storage.versions import NewVersion, activate_version, add_version
from tests.support.actors import BY_COMMAND, contributor, lead
from tests.support.stored import get_prediction


@pytest.fixture
def locked(settings, database):
    connection = sqlite3.connect(settings.data_dir / "attune.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.close()


@pytest.fixture
def feedback_id(application):
    """Ann calls `bad bag`, which the stand-in calls negative, neutral."""
    [prediction] = application.predict(["bad bag"])
    return application.correct(prediction_id=prediction.id, label="neutral", actor=contributor("ann"))[0]


def files(settings) -> bytes:
    """Every byte in the data dir."""
    return b"".join(file.read_bytes() for file in settings.data_dir.rglob("*") if file.is_file())


def add_active_version(database, id, learned):
    with database.write() as session:
        add_version(
            session,
            NewVersion(
                id=id,
                parent=None,
                corrections=len(learned),
                metrics={"airline": 0.87},
                verdict={"promoted": True},
                learned=learned,
            ),
        )
        activate_version(session, id, BY_COMMAND)


def test_predictions_come_in_the_order_sent_and_are_stored_as_returned(application, database):
    answers = application.predict(["good day", "bad bag", "where is it"])
    assert [answer.label for answer in answers] == ["positive", "negative", "neutral"]
    with database.read() as session:
        row = get_prediction(session, id=answers[1].id)
    assert (row.text, row.label, row.negative, row.model_version) == ("bad bag", "negative", 0.75, "v1")
    # In minutes: urgent .75*1 + .25*6 = 2.25, agent .75*4 + .25*2 = 3.5, self-service .75*15 + .125 = 11.375.
    assert answers[1].route == row.route == "urgent"


def test_the_redacted_text_is_predicted_and_stored(application, engine, database):
    [answer] = application.predict(["bad: write to ann@example.com"])
    with database.read() as session:
        stored = get_prediction(session, id=answer.id).text
    assert engine.seen == [stored] == ["bad: write to [email]"]


def test_only_the_customers_words_are_predicted_and_stored(application, engine, database):
    [prediction] = application.predict(["<p>bad bag</p><blockquote>good day from ann@example.com</blockquote>"])
    assert prediction.omitted == ("quoted-reply",)
    assert engine.seen == ["bad bag"]
    with database.read() as session:
        assert get_prediction(session, id=prediction.id).text == "bad bag"


def test_a_nul_character_is_replaced(application):
    assert application.predict(["good\x00day"])[0].text == "good\ufffdday"


def test_256_texts_of_10_000_characters_are_predicted(application, count):
    assert len(application.predict(["bag lost! " * 1_000] * 256)) == 256
    assert count(PredictionRow) == 256


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "texts: 1 to 256 texts, this has 0."),
        (["x"] * 257, "texts: 1 to 256 texts, this has 257."),
        (["x", ""], "texts[1]: 1 to 10,000 characters, not only white space."),
        ([" \n\t\u3000"], "texts[0]: 1 to 10,000 characters, not only white space."),
        (["x" * 10_001], "texts[0]: at most 10,000 characters, this has 10,001."),
        (["\ud83d"], "texts[0]: must be valid Unicode, this has half of a surrogate pair."),
        (["x", 7], "texts[1]: must be a text."),
    ],
)
def test_an_invalid_text_is_refused_with_field_and_limit_and_nothing_is_stored(
    application, engine, count, texts, message
):
    with pytest.raises(InvalidInput) as refused:
        application.predict(texts)
    assert str(refused.value) == message
    assert engine.seen == []
    assert count(PredictionRow) == 0


def test_without_a_model_predictions_are_refused_and_nothing_is_stored(application, engine, count):
    engine.version = None
    with pytest.raises(NoModel):
        application.predict(["good day"])
    assert count(PredictionRow) == 0
    assert not application.health().ready


def test_with_a_locked_database_predictions_have_no_ids(application, locked, count):
    answers = application.predict(["good day", "bad bag"])
    assert [(answer.label, answer.id) for answer in answers] == [("positive", None), ("negative", None)]
    assert application.health().degraded
    assert application.health().ready


def test_after_the_database_is_unlocked_predictions_have_ids_again(settings, application):
    connection = sqlite3.connect(settings.data_dir / "attune.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    assert application.predict(["good day"])[0].id is None
    connection.close()
    assert application.health().database
    assert len(application.predict(["good day"])[0].id) == 32


def test_a_health_check_stores_nothing(application, count):
    assert (application.health().model, application.health().database) == ("v1", True)
    assert count(PredictionRow) == count(FeedbackRow) == 0


def test_a_prediction_can_be_corrected_at_once(application):
    [answer] = application.predict(["bad bag"])
    id, status, _ = application.correct(prediction_id=answer.id, label="neutral", actor=contributor("ann"))
    assert (len(id), status) == (32, "pending")


def test_a_comment_is_redacted(application, database):
    [answer] = application.predict(["bad bag"])
    id, *_ = application.correct(
        prediction_id=answer.id, label="neutral", actor=contributor("ann"), comment="ask ann@example.com"
    )
    with database.read() as session:
        assert get_feedback(session, id=id).comment == "ask [email]"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "angry"}, "label: must be one of negative, neutral, positive."),
        ({"label": ""}, "label: must be one of negative, neutral, positive."),
        ({"actor": contributor("a" * 129)}, "actor: at most 128 characters, this has 129."),
        ({"actor": contributor(" ")}, "actor: must not be empty."),
        ({"actor": contributor("\udc00")}, "actor: must be valid Unicode, this has half of a surrogate pair."),
        ({"comment": "c" * 2_001}, "comment: at most 2,000 characters, this has 2,001."),
    ],
)
def test_an_invalid_correction_is_refused_with_field_and_limit_and_not_stored(application, count, given, message):
    [answer] = application.predict(["bad bag"])
    with pytest.raises(InvalidInput) as refused:
        application.correct(**({"prediction_id": answer.id, "label": "neutral", "actor": contributor("ann")} | given))
    assert str(refused.value) == message
    assert count(FeedbackRow) == 0


@pytest.mark.parametrize("id", ["", "f" * 32, "F" * 32, "\ud800", "\x00", "1" * 10_000, "' OR 1=1 --"])
def test_an_unknown_prediction_or_correction_is_not_found(application, count, id):
    with pytest.raises(NotFound, match="prediction_id"):
        application.correct(prediction_id=id, label="neutral", actor=contributor("ann"))
    with pytest.raises(NotFound, match="feedback_id"):
        application.receipt(id)
    assert count(FeedbackRow) == 0


def test_a_correction_that_cannot_be_stored_is_not_acknowledged(application, settings, count):
    [answer] = application.predict(["bad bag"])
    connection = sqlite3.connect(settings.data_dir / "attune.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable):
        application.correct(prediction_id=answer.id, label="neutral", actor=contributor("ann"))
    connection.close()
    assert count(FeedbackRow) == 0


def test_concurrent_predictions_and_corrections_are_all_stored(settings, database, engine, count):
    application = Application(settings, Database(settings.database), engine)

    def work(number: int):
        for answer in application.predict([f"bad bag {number}"] * 5):
            application.correct(prediction_id=answer.id, label="neutral", actor=contributor(f"actor {number}"))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))
    assert count(PredictionRow) == count(FeedbackRow) == 50


def test_concurrent_corrections_by_one_actor_are_stored_once(settings, database, engine, count):
    application = Application(settings, Database(settings.database), engine)
    [answer] = application.predict(["bad bag"])

    def correct(_):
        return application.correct(prediction_id=answer.id, label="neutral", actor=contributor("ann"))

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(correct, range(10)))) == 1
    assert count(FeedbackRow) == 1


def test_a_receipt_before_learning_is_pending_and_shows_the_agreement(application, feedback_id):
    receipt = application.receipt(feedback_id)
    assert (receipt.status, receipt.label, receipt.predicted) == ("pending", "neutral", "negative")
    assert (receipt.learned_in, receipt.agrees_now) == (None, False)
    assert [change.status for change in receipt.history] == ["pending"]


def test_a_receipt_after_learning_names_the_version(application, database, feedback_id):
    add_active_version(database, "v2", {feedback_id: "neutral"})
    receipt = application.receipt(feedback_id)
    assert (receipt.status, receipt.learned_in) == ("learned", "v2")
    assert [change.status for change in receipt.history] == ["pending", "learned"]


def test_a_receipt_after_a_rollback_is_pending_again(application, database, feedback_id):
    add_active_version(database, "v1", {})
    add_active_version(database, "v2", {feedback_id: "neutral"})
    with database.write() as session:
        activate_version(session, "v1", BY_COMMAND)
    receipt = application.receipt(feedback_id)
    assert (receipt.status, receipt.learned_in) == ("pending", None)
    assert [change.status for change in receipt.history] == ["pending", "learned", "pending"]


def test_a_receipt_shows_the_agreement_of_the_current_model(application, feedback_id, engine, monkeypatch):
    assert application.receipt(feedback_id).agrees_now is False
    learned = engine.score(["where is it"])  # neutral
    monkeypatch.setattr(engine, "score", lambda texts: learned)
    assert application.receipt(feedback_id).agrees_now is True


def test_a_receipt_without_a_model_has_no_agreement(application, feedback_id, engine):
    engine.version = None
    assert application.receipt(feedback_id).agrees_now is None


def test_versions_come_newest_first_with_the_active_one_marked(application, database):
    add_active_version(database, "v1", {})
    add_active_version(database, "v2", {})
    with database.write() as session:
        activate_version(session, "v1", BY_COMMAND)
    newest, oldest = application.versions()
    assert (newest["id"], newest["active"], oldest["id"], oldest["active"]) == ("v2", False, "v1", True)
    assert newest.keys() == {"id", "parent", "created", "active", "corrections", "metrics", "verdict"}


def test_only_uncorrected_predictions_older_than_the_retention_time_are_deleted(
    application, feedback_id, database, count
):
    application.predict(["where is it"])
    in_90_days = datetime.now(UTC) + timedelta(days=90)
    assert application.delete_expired(in_90_days - timedelta(minutes=1)) == 0
    assert application.delete_expired(in_90_days + timedelta(minutes=1)) == 1
    with database.read() as session:
        assert [row.text for row in session.query(PredictionRow)] == ["bad bag"]


def test_expired_predictions_leave_no_trace_in_the_database_files(application, settings, feedback_id):
    application.predict(["bad weather in Xanadu " * 20] * 200)
    assert b"Xanadu" in files(settings)
    application.delete_expired(datetime.now(UTC) + timedelta(days=91))
    assert b"Xanadu" not in files(settings)


def test_expired_predictions_are_deleted_even_if_cleaning_the_files_fails(
    application, database, monkeypatch, caplog, count
):
    def busy():
        raise StorageUnavailable("busy")

    monkeypatch.setattr(database, "scrub", busy)
    application.predict(["where is it"])
    assert application.delete_expired(datetime.now(UTC) + timedelta(days=91)) == 1
    assert count(PredictionRow) == 0
    assert "until the next clean-up in minutes" in caplog.text


def test_a_failed_clean_up_is_retried_until_it_succeeds(application, database, monkeypatch):
    answers = iter([False, True])
    application.predict(["where is it"])
    monkeypatch.setattr(database, "scrub", lambda: next(answers))
    application.delete_expired(datetime.now(UTC) + timedelta(days=91))
    application.retry_clean_up()
    application.retry_clean_up()
    assert next(answers, None) is None


def test_without_expired_predictions_the_files_are_not_cleaned(application, database, monkeypatch):
    monkeypatch.setattr(database, "scrub", lambda: pytest.fail("cleaned for nothing"))
    application.predict(["where is it"])
    assert application.delete_expired() == 0


def test_a_receipt_shows_the_redacted_note_of_a_decision_but_not_the_reviewer(application, feedback_id):
    decided = application.decide(feedback_id=feedback_id, accept=False, by=lead("eve"), note="see ann@example.com")
    receipt = application.receipt(feedback_id)
    assert decided == receipt.status == "rejected"
    assert [(change.status, change.note) for change in receipt.history][1:] == [("rejected", "see [email]")]
    assert "eve" not in str(receipt)
    assert application.decide(feedback_id=feedback_id, accept=True, by=lead("eve")) == "accepted"
    assert application.receipt(feedback_id).history[-1].reason == Reason(FeedbackCode.decided_by_lead)


@pytest.mark.parametrize(
    ("given", "refusal", "message"),
    [
        ({"by": lead(" ")}, InvalidInput, "who: must not be empty."),
        ({"by": lead("x" * 129)}, InvalidInput, "who: at most 128 characters, this has 129."),
        ({"note": "x" * 2_001}, InvalidInput, "why: at most 2,000 characters, this has 2,001."),
        ({"feedback_id": "f" * 32}, NotFound, "feedback_id: no correction has this id."),
        ({"feedback_id": "%"}, NotFound, "feedback_id: no correction has this id."),
    ],
)
def test_an_invalid_decision_is_refused_with_the_field(application, feedback_id, given, refusal, message):
    with pytest.raises(refusal) as refused:
        application.decide(**{"feedback_id": feedback_id, "accept": True, "by": lead("eve")} | given)
    assert str(refused.value) == message
    assert application.receipt(feedback_id).status == "pending"


def test_an_erased_correction_has_no_reviewer_and_cannot_be_decided(application, feedback_id, database):
    application.decide(feedback_id=feedback_id, accept=True, by=lead("eve"))
    application.erase_my_correction(feedback_id=feedback_id, actor=contributor("ann"))
    with database.read() as session:
        assert get_feedback(session, id=feedback_id).reviewer is None
    with pytest.raises(NotFound):
        application.decide(feedback_id=feedback_id, accept=True, by=lead("eve"))


def test_a_contributor_erases_their_correction_with_its_text(application, settings):
    [answer] = application.predict(["bad bag in Xanadu"])
    id, *_ = application.correct(
        prediction_id=answer.id, label="neutral", actor=contributor("ann"), comment="from Xanadu"
    )
    reach = application.erase_my_correction(feedback_id=id, actor=contributor("ann"))
    assert (reach.corrections, reach.predictions, reach.others) == ([id], [answer.id], [])
    last = application.receipt(id).history[-1]
    assert (last.status, last.reason) == ("erased", Reason(FeedbackCode.erased_by_contributor))
    assert b"Xanadu" not in files(settings)


def test_erasing_a_correction_also_erases_and_counts_others_of_the_same_prediction(application, feedback_id):
    with application.database.read() as session:
        prediction_id = get_feedback(session, id=feedback_id).prediction_id
    bob, *_ = application.correct(prediction_id=prediction_id, label="positive", actor=contributor("bob"))
    assert application.erase_my_correction(feedback_id=bob, actor=contributor("bob")).others == [feedback_id]
    assert application.receipt(feedback_id).status == "erased"


@pytest.mark.parametrize("actor", ["bob", "", "Ann"])
def test_a_contributor_cannot_erase_another_contributors_correction(application, feedback_id, actor):
    with pytest.raises(NotFound) as refused:
        application.erase_my_correction(feedback_id=feedback_id, actor=contributor(actor))
    with pytest.raises(NotFound) as unknown:
        application.erase_my_correction(feedback_id="f" * 32, actor=contributor(actor))
    assert str(refused.value) == str(unknown.value)
    assert application.receipt(feedback_id).status == "pending"


def test_an_erased_correction_cannot_be_erased_again(application, feedback_id):
    application.erase_my_correction(feedback_id=feedback_id, actor=contributor("ann"))
    with pytest.raises(NotFound):
        application.erase_my_correction(feedback_id=feedback_id, actor=contributor("ann"))


def test_during_a_retraining_run_a_contributor_cannot_erase_a_correction(application, settings, database, feedback_id):
    with corrections_lock(settings, database), pytest.raises(Locked):
        application.erase_my_correction(feedback_id=feedback_id, actor=contributor("ann"))
    assert application.receipt(feedback_id).status == "pending"


def test_expired_predictions_are_deleted_in_several_transactions(application, monkeypatch, count):
    monkeypatch.setattr("product.service.DELETED_AT_ONCE", 2)
    application.predict(["where is it"] * 5)
    assert application.delete_expired(datetime.now(UTC) + timedelta(days=91)) == 5
    assert count(PredictionRow) == 0


def test_a_client_key_survives_restarts_and_differs_by_address(settings, application):
    key = application.client_key("203.0.113.7")
    restarted = Application(settings, application.database, application.engine)
    assert restarted.client_key("203.0.113.7") == key
    assert application.client_key("203.0.113.8") != key
    assert len(key) == 12 and int(key, 16) >= 0


def test_a_client_key_depends_on_a_secret_that_only_the_owner_can_read(settings, application):
    key = application.client_key("203.0.113.7")
    file = settings.data_dir / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_bytes()) == 32
    file.write_bytes(b"0" * 32)
    other = Application(settings, application.database, application.engine)
    assert other.client_key("203.0.113.7") != key


def test_a_client_key_changes_every_week(application):
    # 26 November 2026 is a Thursday, as 1 January 1970 was, from which the weeks are counted.
    thursday = datetime(2026, 11, 26, tzinfo=UTC)
    key = application.client_key("203.0.113.7", thursday)
    assert application.client_key("203.0.113.7", thursday + timedelta(days=7, seconds=-1)) == key
    assert application.client_key("203.0.113.7", thursday + timedelta(days=7)) != key
    assert application.client_key("203.0.113.7", thursday - timedelta(seconds=1)) != key


def test_a_client_replaces_its_correction_within_a_week(application, monkeypatch, count):
    [answer] = application.predict(["bad bag"])
    for day, label in ((26, "neutral"), (27, "positive")):
        monkeypatch.setattr("product.service.now", lambda day=day: datetime(2026, 11, day, tzinfo=UTC))
        actor = application.client_key("203.0.113.7")
        application.correct(prediction_id=answer.id, label=label, actor=contributor(actor))
    assert count(FeedbackRow) == 1


def test_processes_that_create_the_secret_concurrently_share_it(settings, application):
    others = [Application(settings, application.database, application.engine) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda other: other.client_key("x"), others))
    assert len(keys) == 8 and len(set(keys)) == 1
    assert [file.name for file in settings.data_dir.glob(".secret.key*")] == []
