import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import text

from product.codes import FeedbackCode
from product.settings.configuration import Settings
from product.storage.attempts import count_feedback_since_last_attempt
from product.storage.database import Database
from product.storage.feedback import save_feedback
from product.storage.locks import ADVISORY, Locked, corrections_lock, exclusive
from product.storage.migrate import migrate
from product.storage.predictions import save_predictions
from product.storage.tables import VersionRow
from tests.support.actors import contributor

# A host: its own data folder, the common database.
HOST = """
import sys, time
from product.storage.locks import corrections_lock
from product.settings.configuration import Settings
from product.storage.database import Database
settings = Settings(_env_file=None, data_dir=sys.argv[1], database_url=sys.argv[2])
with corrections_lock(settings, Database(settings.database)):
    print("held", flush=True)
    time.sleep(60)
"""
HOLDER = """
import sys, time
from pathlib import Path
from product.storage.locks import exclusive
with exclusive(Path(sys.argv[1]), "retraining"):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(*arguments, script=HOLDER):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_held_lock_is_refused_with_its_holder(tmp_path):
    process = hold(tmp_path / "lock")
    try:
        with pytest.raises(Locked, match=f"retraining is already running: process {process.pid} on "):
            exclusive(tmp_path / "lock", "retraining").__enter__()
    finally:
        process.kill()
        process.wait()


def test_a_lock_is_free_after_its_holder_is_killed(tmp_path):
    process = hold(tmp_path / "lock")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with exclusive(tmp_path / "lock", "retraining"):
        pass


def test_a_lock_is_free_after_its_block_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path / "lock", "retraining"):
        raise ZeroDivisionError
    with exclusive(tmp_path / "lock", "retraining"):
        pass


@pytest.fixture
def host(tmp_path, postgresql_url):
    """Another computer on the same PostgreSQL."""
    settings = Settings(_env_file=None, data_dir=tmp_path / "here", database_url=postgresql_url)
    database = Database(settings.database)
    yield settings, database
    database.close()


def test_on_postgresql_another_hosts_lock_is_refused_until_its_holder_dies(tmp_path, postgresql_url, host):
    process = hold(tmp_path / "there", postgresql_url, script=HOST)
    with pytest.raises(Locked, match=f"retraining is already running: process {process.pid} on .*, since 20"):
        corrections_lock(*host).__enter__()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 10  # the server is told by the system, at once but not in the same moment
    while True:
        try:
            with corrections_lock(*host):
                break
        except Locked:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_lost_postgresql_lock_is_detected(host):
    database = host[1]
    with corrections_lock(*host) as check_still_locked:
        check_still_locked()
        with database.write() as session:
            ended = session.scalar(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :number"),
                {"number": ADVISORY},
            )
        assert ended
        with pytest.raises(Locked, match="lost its lock because the database was not reachable"):
            check_still_locked()
        with pytest.raises(Locked):  # also where it has connected anew
            check_still_locked()


def test_on_sqlite_the_lock_is_never_lost(tmp_path):
    settings = Settings(_env_file=None, data_dir=tmp_path)
    with corrections_lock(settings, Database(settings.database)) as check_still_locked:
        check_still_locked()


def test_on_postgresql_the_lock_is_free_after_its_block_fails(host):
    with pytest.raises(ZeroDivisionError), corrections_lock(*host):
        raise ZeroDivisionError
    with corrections_lock(*host):
        pass


def test_migrations_create_usable_tables_on_postgresql(host, make_prediction):
    database = host[1]
    migrate(database)
    with database.write() as session:
        save_predictions(session, [make_prediction()])
        save_feedback(
            session,
            prediction_id="0" * 32,
            label="negative",
            actor=contributor("ann"),
            comment="",
            code=FeedbackCode.given,
        )
    with database.read() as session:
        assert count_feedback_since_last_attempt(session) == 1
        assert session.query(VersionRow).count() == 0
