"""Scheduled retraining, with commands that end at once or never."""

import logging
import sys
import time
from datetime import UTC, datetime

import pytest

from product.jobs import RETRAIN, ScheduledRetraining

EVERY_MINUTE = "* * * * *"


@pytest.fixture
def retraining(settings, caplog):
    """Makes a schedule that runs a Python program; it is stopped when the test ends."""
    caplog.set_level(logging.INFO, "product.jobs")
    made = []

    def make(program: str) -> ScheduledRetraining:
        settings_with_times = settings.model_copy(update={"retrain_cron": EVERY_MINUTE, "corpus_dir": "/corpora"})
        made.append(ScheduledRetraining(settings_with_times, (sys.executable, "-c", program)))
        return made[-1]

    yield make
    for schedule in made:
        if schedule._scheduler.running:
            schedule.stop()


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_command_retrains_only_if_due():
    assert RETRAIN[1:] == ("-m", "training", "retrain", "--if-due")


def test_the_last_line_of_a_run_is_logged(retraining, caplog):
    retraining("print('progress'); print('kept: no better (1 s)')").run()
    assert caplog.messages[-1] == "scheduled retraining: kept: no better (1 s)"


def test_a_failed_run_is_logged_with_its_error(retraining, caplog):
    retraining("import sys; print('retraining is already running', file=sys.stderr); sys.exit(2)").run()
    assert caplog.messages[-1] == "scheduled retraining failed (2): retraining is already running"
    assert caplog.records[-1].levelname == "ERROR"


def test_the_child_process_gets_the_settings_of_the_application(retraining, caplog):
    retraining("import os; print(os.environ['ATTUNE_CORPUS_DIR'])").run()
    assert caplog.messages[-1].endswith("/corpora")


def test_a_run_is_due_at_the_cron_times_and_missed_times_are_combined(retraining):
    schedule = retraining("pass")
    [job] = schedule._scheduler.get_jobs()
    assert (job.max_instances, job.coalesce, job.misfire_grace_time) == (1, True, None)
    assert "minute='*'" in str(job.trigger)


@pytest.mark.parametrize("ignores_sigterm", [False, True])
def test_stopping_ends_a_run_and_its_child_processes(retraining, caplog, monkeypatch, tmp_path, ignores_sigterm):
    """Also one that ignores SIGTERM."""
    monkeypatch.setattr("product.jobs.STOP_SECONDS", 0.5)
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if ignores_sigterm else ""
    started = tmp_path / "started"
    schedule = retraining(f"{ignore}import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)")
    schedule.start()
    schedule._scheduler.get_jobs()[0].modify(next_run_time=datetime.now(UTC))
    wait_for(started.exists)
    schedule.stop()
    assert schedule._child.returncode == (-9 if ignores_sigterm else -15)
    assert caplog.messages[-1] == "scheduled retraining: stopped with the application; it runs again at its next time"


def test_no_run_starts_after_stop(retraining):
    schedule = retraining("pass")
    schedule.start()
    schedule.stop()
    schedule.run()
    assert schedule._child is None
