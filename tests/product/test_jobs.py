"""What the clock starts, with commands that end at once or never."""

import logging
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from product.jobs import RETRAIN, ScheduledRetraining
from product.periodic import Periodic

EVERY_MINUTE = "* * * * *"


@pytest.fixture
def retraining(settings, caplog):
    """Makes a schedule for a program; it is stopped when the test ends."""
    caplog.set_level(logging.INFO, "product.jobs")
    made = []

    def make(program: str) -> ScheduledRetraining:
        settings_with_times = settings.model_copy(update={"retrain_cron": EVERY_MINUTE, "corpus_dir": "/corpora"})
        made.append(ScheduledRetraining(settings_with_times, (sys.executable, "-c", program)))
        return made[-1]

    yield make
    for each in made:
        if each._scheduler.running:
            each.stop()


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_command_is_the_one_that_a_system_s_cron_would_call():
    assert RETRAIN[1:] == ("-m", "training", "retrain", "--if-due")


def test_what_came_of_a_run_is_logged_by_its_last_line(retraining, caplog):
    retraining("print('progress'); print('kept: no better (1 s)')").run()
    assert caplog.messages[-1] == "scheduled retraining: kept: no better (1 s)"


def test_a_run_that_fails_is_logged_with_its_complaint(retraining, caplog):
    retraining("import sys; print('retraining is already running', file=sys.stderr); sys.exit(2)").run()
    assert caplog.messages[-1] == "scheduled retraining failed (2): retraining is already running"
    assert caplog.records[-1].levelname == "ERROR"


def test_the_child_gets_the_settings_of_the_app(retraining, caplog):
    retraining("import os; print(os.environ['ATTUNE_CORPUS_DIR'])").run()
    assert caplog.messages[-1].endswith("/corpora")


def test_a_run_is_due_at_the_times_of_the_setting_and_passed_ones_are_one(retraining):
    schedule = retraining("pass")
    [job] = schedule._scheduler.get_jobs()
    assert (job.max_instances, job.coalesce, job.misfire_grace_time) == (1, True, None)
    assert "minute='*'" in str(job.trigger)


@pytest.mark.parametrize("deaf", [False, True])
def test_stopping_ends_a_run_with_what_it_started(retraining, caplog, monkeypatch, tmp_path, deaf):
    """Also one that does not listen to SIGTERM."""
    monkeypatch.setattr("product.jobs.ENDING", 0.5)
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if deaf else ""
    started = tmp_path / "started"
    schedule = retraining(f"{ignore}import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)")
    schedule.start()
    schedule._scheduler.get_jobs()[0].modify(next_run_time=datetime.now(UTC))
    wait_for(started.exists)
    schedule.stop()
    assert schedule._child.returncode == (-9 if deaf else -15)
    assert caplog.messages[-1] == "scheduled retraining: ended with the app, to be done again at its next time"


def test_nothing_starts_once_it_is_stopped(retraining):
    schedule = retraining("pass")
    schedule.start()
    schedule.stop()
    schedule.run()
    assert schedule._child is None


def test_periodic_work_begins_at_once_and_goes_on_after_a_failure(caplog):
    calls, third = [], threading.Event()

    def work():
        calls.append(None)
        if len(calls) == 3:
            third.set()
        raise RuntimeError("once more")

    periodic = Periodic("trying", work, 0.01)
    periodic.start()
    assert third.wait(10)
    periodic.stop()
    assert "trying failed and will be tried again in 0 s: once more" in caplog.messages
