"""Sessions on a real SQLite file: settings, errors, concurrent writers and migration."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from product.codes import FeedbackCode
from product.sentiment import NotFound, StorageUnavailable
from product.storage.attempts import start_attempt
from product.storage.database import Database
from product.storage.feedback import save_feedback
from product.storage.migrate import migrate
from product.storage.predictions import save_predictions
from product.storage.tables import AttemptRow, FeedbackRow, PredictionRow
from tests.support.actors import contributor

ROOT = Path(__file__).parents[3]

# Corrects one prediction after the other and says each once it is acknowledged.
CORRECTING = """
import sys
from product.codes import FeedbackCode
from product.identity import Actor, ActorKind
from product.storage.database import Database
from product.storage.feedback import save_feedback
database = Database(sys.argv[1])
for number in range(10_000):
    with database.write() as session:
        id, _ = save_feedback(session, prediction_id="0" * 32, label="negative",
                                      actor=Actor(ActorKind.importer, name=str(number)), comment="",
                                      code=FeedbackCode.given)
    print(id, flush=True)
"""
MIGRATING = "import sys; from product.storage.migrate import *; migrate(Database(sys.argv[1]))"


def run(script: str, url: str, **options) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", script, url], cwd=ROOT, text=True, **options)


@pytest.fixture
def other_writer(settings, database):
    """Another program that holds the write lock."""
    connection = sqlite3.connect(settings.data_dir / "attune.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def pragma(session, name: str) -> int | str:
    return session.execute(text(f"PRAGMA {name}")).scalar()


def test_creating_a_database_object_writes_nothing(tmp_path):
    Database(f"sqlite:///{tmp_path}/new/attune.db")
    assert list(tmp_path.iterdir()) == []


def test_a_writer_uses_full_sync_foreign_keys_and_a_write_ahead_log(database):
    with database.write() as session:
        assert pragma(session, "journal_mode") == "wal"
        assert pragma(session, "synchronous") == 2  # FULL
        assert pragma(session, "foreign_keys") == 1


def test_every_connection_overwrites_deleted_content(database):
    with database.write() as session:
        assert pragma(session, "secure_delete") == 1
    with database.read() as session:
        assert pragma(session, "secure_delete") == 1


def test_scrubbing_a_locked_database_is_refused_until_it_is_unlocked(database, other_writer):
    with pytest.raises(StorageUnavailable, match="cannot be cleaned"):
        database.scrub()
    other_writer.rollback()
    assert database.scrub()


def test_a_reader_cannot_write(database, make_prediction, count):
    with pytest.raises(StorageUnavailable), database.read() as session:
        save_predictions(session, [make_prediction()])
    assert count(PredictionRow) == 0


def test_a_reader_does_not_wait_for_a_writer(database, other_writer, count):
    assert count(PredictionRow) == 0


def test_a_failed_transaction_stores_nothing(database, count):
    with pytest.raises(NotFound), database.write() as session:
        start_attempt(session)
        raise NotFound("nothing")
    assert count(AttemptRow) == 0


def test_a_locked_database_is_unavailable_until_it_is_unlocked(database, other_writer, count):
    with pytest.raises(StorageUnavailable, match="cannot be written"), database.write() as session:
        start_attempt(session)
    other_writer.rollback()
    with database.write() as session:
        start_attempt(session)
    assert count(AttemptRow) == 1


def test_a_failed_write_puts_no_customer_text_into_error_or_log(database, make_prediction, caplog):
    twice = [make_prediction(text="my secret"), make_prediction(text="my secret")]
    with pytest.raises(StorageUnavailable) as raised, database.write() as session:
        save_predictions(session, twice)
    assert "secret" not in str(raised.value) + str(raised.value.__cause__) + caplog.text


def test_a_locked_database_is_not_reachable_until_it_is_unlocked(database, other_writer):
    assert not database.reachable()
    other_writer.rollback()
    assert database.reachable()


def test_a_read_only_database_is_not_reachable(settings, database):
    database.close()
    path = settings.data_dir / "attune.db"
    # A flag in the address, as file permissions do not bind the root user of a container.
    read_only = Database(f"sqlite:///file:{path}?mode=ro&uri=true", patience=0.1)
    assert not read_only.reachable()


def test_a_database_without_tables_is_not_reachable(tmp_path):
    assert not Database(f"sqlite:///{tmp_path}/empty.db").reachable()


def test_after_a_failed_write_the_reachability_check_commits(database, other_writer):
    with pytest.raises(StorageUnavailable), database.write() as session:
        start_attempt(session)
    other_writer.rollback()
    before = other_writer.execute("PRAGMA data_version").fetchone()
    assert database.reachable()
    # SQLite counts a change of the file by another connection.
    after = other_writer.execute("PRAGMA data_version").fetchone()
    assert after != before
    assert database.reachable()
    assert other_writer.execute("PRAGMA data_version").fetchone() == after


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "oracel://host/name", "sqlite+nodriver:///x"]
)
def test_an_unusable_url_is_refused_by_the_name_of_the_setting(url):
    with pytest.raises(StorageUnavailable, match="ATTUNE_DATABASE_URL"):
        Database(url)


def test_twenty_concurrent_writers_store_everything(settings, database, make_prediction, count):
    patient = Database(settings.database)
    with patient.write() as session:
        save_predictions(session, [make_prediction()])

    def correct_ten_times(writer: int):
        for number in range(10):
            with patient.write() as session:
                save_feedback(
                    session,
                    prediction_id="0" * 32,
                    label="negative",
                    actor=contributor(f"{writer}-{number}"),
                    comment="",
                    code=FeedbackCode.given,
                )

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(correct_ten_times, range(20)))
    patient.close()
    assert count(FeedbackRow) == 200


def test_four_processes_can_migrate_a_new_database_concurrently(tmp_path):
    url = f"sqlite:///{tmp_path}/new/attune.db"
    processes = [run(MIGRATING, url) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
    assert Database(url).reachable()


def test_every_acknowledged_correction_survives_a_killed_writer(settings, database, make_prediction):
    with database.write() as session:
        save_predictions(session, [make_prediction()])
    process = run(CORRECTING, settings.database, stdout=subprocess.PIPE)
    acknowledged = {process.stdout.readline().strip() for _ in range(25)}
    os.kill(process.pid, signal.SIGKILL)
    whole_lines = process.stdout.read().split("\n")[:-1]
    acknowledged |= set(whole_lines)
    process.wait()
    with database.read() as session:
        stored = {row.id for row in session.query(FeedbackRow)}
    assert len(acknowledged) >= 25
    assert acknowledged <= stored


def test_migrating_is_refused_if_the_folder_cannot_be_created(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable, match="folder"):
        migrate(Database(f"sqlite:///{tmp_path}/file/attune.db"))


def test_migrating_a_file_that_is_not_a_database_is_refused(tmp_path):
    (tmp_path / "attune.db").write_bytes(b"no database at all, only some text that is long enough" * 40)
    with pytest.raises(StorageUnavailable, match="cannot be prepared"):
        migrate(Database(f"sqlite:///{tmp_path}/attune.db", patience=0.1))


def test_migrating_a_database_of_a_later_release_is_refused(database):
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    with pytest.raises(StorageUnavailable, match="later"):
        migrate(database)
