"""What remains after an erasure: in receipts, in rows, and in the files."""

import json
import random
import subprocess
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from product.cli import workspace
from product.cli.app import app
from product.codes import FeedbackCode, Reason
from product.feedback import erasure
from product.identity import PRODUCT, Actor, ActorKind
from product.sentiment import NotFound, StorageUnavailable
from product.storage.attempts import count_feedback_since_last_attempt
from product.storage.corrections import all_corrections
from product.storage.feedback import get_feedback, save_feedback
from product.storage.locks import Locked, corrections_lock
from product.storage.predictions import delete_uncorrected_predictions, save_predictions
from product.storage.tables import FeedbackEventRow, FeedbackRow, PredictionRow
from product.storage.versions import NewVersion, activate_version, add_version
from tests.support.actors import BY_COMMAND, contributor, visitor
from tests.support.stored import get_prediction

SECRET = b"Xanadu"
"""Part of every text, actor and comment that is to go."""


@pytest.fixture
def give(application):
    """Say of a new message, or of a prediction there is, what its label should be; returns (prediction, feedback)."""

    def correct(actor: str | Actor = "Xanadu Ann", text="bad bag in Xanadu", prediction_id=None, comment="from Xanadu"):
        prediction_id = prediction_id or application.predict([text])[0].id
        actor = contributor(actor) if isinstance(actor, str) else actor
        given = application.correct(prediction_id=prediction_id, label="neutral", actor=actor, comment=comment)
        return prediction_id, given[0]

    return correct


@pytest.fixture
def erase(settings, monkeypatch):
    """The command on the test's own database; returns how it ended."""
    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    return lambda *arguments, **more: CliRunner().invoke(app, ["erase", *arguments], **more)


def erase_actor(database, actor="crm:Xanadu Ann") -> erasure.ErasureScope:
    with database.write() as session:
        reach = erasure.scope_of_actor(session, actor)
        erasure.erase(session, reach)
    return reach


def learn(database, version, *feedback_ids):
    with database.write() as session:
        learned = dict.fromkeys(feedback_ids, "neutral")
        add_version(
            session, NewVersion(id=version, parent=None, corrections=1, metrics={}, verdict={}, learned=learned)
        )
        activate_version(session, version, BY_COMMAND)


def traces(settings) -> int:
    """How often the secret is found in the files of the data dir."""
    return sum(file.read_bytes().count(SECRET) for file in settings.data_dir.rglob("*") if file.is_file())


def test_erasing_an_actor_removes_text_comment_and_actor_from_the_rows(database, give):
    prediction_id, feedback_id = give()
    erase_actor(database)
    with database.read() as session:
        row = get_feedback(session, id=feedback_id)
        assert (row.status, row.actor, row.comment) == ("erased", Actor(ActorKind.erased, feedback_id), "")
        assert (row.label, row.prediction.text) == ("neutral", "")
        assert [(event.status, event.actor, event.reason, event.note) for event in row.history] == [
            ("pending", Actor(ActorKind.erased, feedback_id), Reason(FeedbackCode.removed), ""),
            ("erased", PRODUCT, Reason(FeedbackCode.erased_by_operator), ""),
        ]


def test_erasing_one_correction_keeps_the_actors_others(database, give):
    _, first = give()
    _, second = give(text="another bad bag")
    with database.write() as session:
        erasure.erase(session, erasure.scope_of_feedback(session, first))
    with database.read() as session:
        assert [correction.id for correction in all_corrections(session)] == [second]


def test_other_corrections_of_the_same_prediction_are_erased_and_counted(database, give, count):
    prediction_id, _ = give()
    give(actor="bob", prediction_id=prediction_id)
    give(actor="cat", prediction_id=prediction_id)
    reach = erase_actor(database)
    assert (len(reach.predictions), len(reach.corrections), len(reach.others)) == (1, 1, 2)
    with database.read() as session:
        assert {row.status for row in session.query(FeedbackRow)} == {"erased"}
    assert count(FeedbackRow) == 3


def test_the_same_text_in_another_prediction_is_not_erased(database, give):
    give(actor="Xanadu Ann", text="bad bag")
    other, _ = give(actor="bob", text="bad bag")
    erase_actor(database)
    with database.read() as session:
        assert [correction.prediction_id for correction in all_corrections(session)] == [other]
        assert get_prediction(session, id=other).text == "bad bag"


def test_more_corrections_than_fit_in_one_statement_are_erased(database, give, monkeypatch):
    monkeypatch.setattr(erasure, "MAX_IDS", 2)
    for number in range(5):
        prediction_id, _ = give(text=f"bad bag {number}")
        give(actor="bob", prediction_id=prediction_id)
    reach = erase_actor(database)
    assert (len(reach.predictions), len(reach.corrections), len(reach.others)) == (5, 5, 5)
    with database.read() as session:
        assert all_corrections(session) == []
        assert session.query(FeedbackEventRow).filter_by(status="erased").count() == 10


def test_versions_that_learned_erased_corrections_are_listed_oldest_first(database, give):
    prediction_id, ann = give()
    _, bob = give(actor="bob", prediction_id=prediction_id)
    _, unrelated = give(actor="bob", text="good day")
    learn(database, "z-first", ann)
    learn(database, "unrelated", unrelated)
    learn(database, "a-second", bob)
    assert erase_actor(database).versions == ["z-first", "a-second"]


def test_an_actor_without_remaining_corrections_is_not_found(database, give):
    with database.read() as session, pytest.raises(NotFound, match="--actor nobody"):
        erasure.scope_of_actor(session, "nobody")
    give()
    erase_actor(database)
    with database.read() as session, pytest.raises(NotFound, match="--actor crm:Xanadu Ann"):
        erasure.scope_of_actor(session, "crm:Xanadu Ann")


def test_other_contributors_of_the_same_name_are_listed(database, give, erase):
    give(actor=visitor("b3a36163be41", "anna"), text="one")
    with database.read() as session, pytest.raises(NotFound, match="for example b3a36163be41:anna"):
        erasure.scope_of_actor(session, "anna")
    give(actor=Actor(ActorKind.importer, name="anna"), text="two")
    give(actor=contributor("joanna"), text="three")
    done = erase("--actor", "anna", "--yes")
    assert "not erased, other contributors of that name: b3a36163be41:anna\n" in done.output


def test_erasing_a_correction_twice_changes_nothing(database, give, count):
    _, feedback_id = give()
    erase_actor(database)
    events = count(FeedbackEventRow)
    with database.write() as session:
        reach = erasure.scope_of_feedback(session, feedback_id)
        erasure.erase(session, reach)
    assert (reach.corrections, reach.others) == ([], [])
    assert count(FeedbackEventRow) == events


def test_the_receipt_of_an_erased_correction_is_erased_and_predicts_nothing(application, database, engine, give):
    _, feedback_id = give()
    learn(database, "v2", feedback_id)
    engine.seen.clear()
    erase_actor(database)
    receipt = application.receipt(feedback_id)
    assert (receipt.status, receipt.agrees_now, receipt.learned_in) == ("erased", None, "v2")
    assert "Xanadu" not in str(receipt)
    assert engine.seen == []


def test_an_erased_prediction_cannot_be_corrected(application, database, give, count):
    prediction_id, _ = give()
    erase_actor(database)
    with pytest.raises(NotFound, match="prediction_id"):
        give(prediction_id=prediction_id)
    assert count(FeedbackRow) == 1


def test_erased_corrections_that_were_not_learned_do_not_count_for_retraining(database, give):
    give()
    give(actor="bob", text="another bad bag")
    erase_actor(database)
    with database.read() as session:
        assert count_feedback_since_last_attempt(session) == 1


def test_the_command_leaves_no_trace_in_any_file(settings, erase, give):
    give()
    give(text="bad Xanadu " * 900)
    give(actor="bob", text="good day", comment="")
    assert traces(settings) > 0
    done = erase("--actor", "crm:Xanadu Ann", "--yes")
    assert done.exit_code == 0, done.output
    assert "erased: corrections: 2, texts: 2" in done.output
    assert traces(settings) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_no_trace_remains_when_rows_have_moved_between_pages(settings, database, make_prediction, seed):
    draw = random.Random(seed)
    for number in range(1_000):
        mark = "Xanadu" if number % 20 == 0 else "plain"
        id = uuid.UUID(int=draw.getrandbits(128)).hex
        with database.write() as session:
            text = f"{mark} {'t' * draw.randint(1, 1200)}"
            save_predictions(session, [make_prediction(id=id, text=text)])
            if number % 3 == 0 or mark == "Xanadu":
                comment = mark + "c" * draw.randint(1, 300)
                save_feedback(
                    session,
                    prediction_id=id,
                    label="neutral",
                    actor=contributor(mark),
                    comment=comment,
                    code=FeedbackCode.given,
                )
    with database.write() as session:
        delete_uncorrected_predictions(session, before=datetime.now(UTC) + timedelta(1))
    assert len(erase_actor(database, "crm:Xanadu").predictions) == 50
    assert database.scrub()
    assert traces(settings) == 0


def test_the_command_reports_remaining_traces_while_another_program_reads(settings, database, erase, give):
    _, feedback_id = give()
    with database.read() as reader:
        reader.query(PredictionRow).count()
        done = erase("--actor", "crm:Xanadu Ann", "--yes", "--json", "-")
    assert isinstance(done.exception, StorageUnavailable)
    assert feedback_id in str(done.exception)
    assert json.loads(done.stdout)["clean"] is False
    assert erase("--feedback", feedback_id, "--yes").exit_code == 0
    assert traces(settings) == 0


def test_the_command_reports_the_erasure_even_if_cleaning_the_files_fails(database, erase, give, monkeypatch):
    def full(self):
        raise StorageUnavailable("The database cannot be cleaned at the moment.")

    give()
    monkeypatch.setattr(workspace.Database, "scrub", full)
    done = erase("--actor", "crm:Xanadu Ann", "--yes")
    assert "erased: corrections: 1" in done.output
    assert "traces may remain" in str(done.exception)


def test_the_command_asks_first_and_erases_nothing_when_declined(database, erase, give):
    _, feedback_id = give()
    done = erase("--feedback", feedback_id[:8], input="n\n")
    assert done.exit_code == 1
    assert "corrections: 1, texts: 1, other people's corrections of these texts: 0" in done.output
    with database.read() as session:
        assert len(all_corrections(session)) == 1
    assert erase("--feedback", feedback_id, input="y\n").exit_code == 0


def test_the_command_names_the_versions_and_the_command_that_trains_a_new_one(database, erase, give):
    _, feedback_id = give()
    learn(database, "v2", feedback_id)
    done = erase("--feedback", feedback_id, "--yes", "--json", "-")
    assert json.loads(done.stdout) == {
        "predictions": 1,
        "corrections": 1,
        "others": 0,
        "versions": ["v2"],
        "clean": True,
    }
    assert "learned by: v2; `python -m training retrain` trains a version without it" in done.stderr


@pytest.mark.parametrize(("option", "value"), [("--actor", "nobody"), ("--feedback", "f" * 32)])
def test_the_command_names_an_unknown_actor_or_correction_and_exits_with_1(erase, database, option, value):
    done = erase(option, value, "--yes")
    assert done.exit_code == 1
    assert f"{option} {value}" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--actor", "ann", "--feedback", "f" * 32]])
def test_the_command_requires_either_an_actor_or_a_correction(erase, database, arguments):
    assert erase(*arguments).exit_code == 2


def test_during_a_retraining_run_the_command_erases_nothing(settings, database, erase, give):
    give()
    with corrections_lock(settings, database):
        done = erase("--actor", "crm:Xanadu Ann", "--yes")
    assert isinstance(done.exception, Locked)
    with database.read() as session:
        assert len(all_corrections(session)) == 1


# Then a version without it


@pytest.fixture
def retrainings(monkeypatch):
    """The environments of the retrainings that were started, which all end with 7."""
    started = []

    def run(command, *, cwd, env, stdout):
        assert command[1:] == ["-m", "training", "retrain"]
        started.append(env | {"stdout": stdout})
        return SimpleNamespace(returncode=7)

    monkeypatch.setattr(subprocess, "run", run)
    return started


def test_with_retrain_the_command_retrains_on_the_same_data_and_returns_its_status(
    settings, database, erase, give, retrainings
):
    _, feedback_id = give()
    learn(database, "v2", feedback_id)
    done = erase("--feedback", feedback_id, "--yes", "--retrain")
    assert done.exit_code == 7
    assert "learned by: v2" in done.output and "v2 is still active" in done.output
    [environment] = retrainings
    assert environment["ATTUNE_DATA_DIR"] == str(settings.data_dir)
    assert environment["ATTUNE_DATABASE_URL"] == settings.database
    assert traces(settings) == 0


def test_with_json_only_the_result_is_on_stdout(database, erase, give, retrainings):
    _, feedback_id = give()
    done = erase("--feedback", feedback_id, "--yes", "--retrain", "--json", "-")
    assert json.loads(done.stdout)["corrections"] == 1
    assert retrainings[0]["stdout"] is not None


@pytest.mark.parametrize(
    ("learned", "answers", "started"), [(True, "y\ny\n", 1), (True, "y\nn\n", 0), (True, "y\n", 0), (False, "y\n", 0)]
)
def test_the_command_offers_a_retraining_if_a_version_learned_the_correction(
    database, erase, give, retrainings, learned, answers, started
):
    _, feedback_id = give()
    if learned:
        learn(database, "v2", feedback_id)
    done = erase("--feedback", feedback_id, input=answers)
    assert ("Train a version without them now?" in done.output) is learned
    assert len(retrainings) == started
    assert done.exit_code == (7 if started else 0)


def test_with_yes_and_without_retrain_no_retraining_starts(database, erase, give, retrainings):
    _, feedback_id = give()
    learn(database, "v2", feedback_id)
    assert erase("--feedback", feedback_id, "--yes").exit_code == 0
    assert retrainings == []


def test_if_nothing_was_erased_no_retraining_starts(database, erase, give, retrainings):
    assert erase("--actor", "nobody", "--yes", "--retrain").exit_code == 1
    assert retrainings == []
