"""Starts the application with its background jobs: clean-up, drift, probation, shadow and scheduled retraining.

Intervals use the monotonic clock (`product.periodic`), so that changing the computer's clock does not stop a job.
APScheduler handles times of day.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Protocol, TextIO

from apscheduler.schedulers.background import BackgroundScheduler

from product.drift import monitor
from product.inference.engine import Engine
from product.periodic import Periodic
from product.service import Application
from product.settings import cron
from product.settings.configuration import ROOT, Settings
from product.storage.database import Database
from product.storage.migrate import migrate
from product.versions import probation_monitor, shadow_monitor
from product.versions.installer import ensure_shipped
from product.versions.registry import Versions
from product.versions.watcher import Watcher

log = logging.getLogger(__name__)

MINUTE = 60.0
CLEAN_SECONDS = 600.0
RETRAIN = (sys.executable, "-m", "training", "retrain", "--if-due")
STOP_SECONDS = 10.0
"""How long a child process may take to stop before it is killed."""


class Job(Protocol):
    """Background work that can be started once and stopped once."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def running_application(settings: Settings) -> Iterator[Application]:
    """Migrate the database, load a model version, start the background jobs; stop everything when the block ends.

    Raises AttuneError when one of these fails.
    """
    with ExitStack() as stack:
        database = Database(settings.database)
        stack.callback(database.close)
        migrate(database)
        versions = Versions(settings, database)
        ensure_shipped(settings, versions)
        engine = Engine()
        stack.callback(engine.close)
        watcher = Watcher(settings, versions, engine)
        watcher.start()
        stack.callback(watcher.stop)
        application = Application(settings, database, engine, watcher.refused)
        for job in scheduled_jobs(application, versions):
            job.start()
            stack.callback(job.stop)
        yield application


def scheduled_jobs(application: Application, versions: Versions) -> list[Job]:
    """The background jobs of a serving process, not started yet."""
    settings, database = application.settings, application.database
    probation = probation_monitor.ProbationMonitor(settings, database, versions)
    shadow = shadow_monitor.ShadowMonitor(settings, database, versions)
    jobs: list[Job] = [
        Periodic("deleting expired predictions", application.delete_expired),
        Periodic("cleaning the database's files", application.retry_clean_up, CLEAN_SECONDS),
        Periodic("measuring drift", application.drift.check, monitor.HOUR),
        Periodic("checking the version on probation", probation.check, probation_monitor.EVERY),
        Periodic("scoring in shadow mode", shadow.check, shadow_monitor.EVERY, nice=shadow_monitor.NICE),
    ]
    return jobs + ([ScheduledRetraining(settings)] if settings.retrain_cron else [])


class ScheduledRetraining:
    """Runs the retrain command at the times of ATTUNE_RETRAIN_CRON, one run at a time, each in a child process.

    Times missed during a run or while the machine slept are combined into one run. A run that is stopped leaves nothing
    behind: the command publishes a complete version or none.
    """

    def __init__(self, settings: Settings, command: tuple[str, ...] = RETRAIN):
        self._command, self._environment = command, os.environ | settings.child_environment()
        self._child: subprocess.Popen[str] | None = None
        self._stopped, self._starting = False, threading.Lock()
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.add_job(
            self.run, cron.parse(settings.retrain_cron), coalesce=True, max_instances=1, misfire_grace_time=None
        )
        # The scheduler waits on a clock that stands still while the machine sleeps, so wake it regularly.
        self._wake = Periodic("checking for due retraining", self._scheduler.wakeup, MINUTE)

    def start(self) -> None:
        # APScheduler would warn at every time that passes during a run.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.start()
        self._wake.start()

    def stop(self) -> None:
        """Stop a run in progress and wait for it to end."""
        self._wake.stop()
        with self._starting:
            self._stopped = True
        self._signal(signal.SIGTERM)
        killing = threading.Timer(STOP_SECONDS, self._signal, [signal.SIGKILL])
        killing.start()
        self._scheduler.shutdown()  # waits for `run`, and so for the child process
        killing.cancel()

    def run(self) -> None:
        """Run the command to its end and log the last line of its output."""
        child = self._start_child()
        if child is None:
            return
        log.info("scheduled retraining: started as process %d", child.pid)
        output, errors = child.communicate()
        if self._stopped:
            log.info("scheduled retraining: stopped with the application; it runs again at its next time")
        elif child.returncode:
            log.error("scheduled retraining failed (%d): %s", child.returncode, _last_line(errors))
        else:
            log.info("scheduled retraining: %s", _last_line(output))

    def _start_child(self) -> subprocess.Popen[str] | None:
        with self._starting:
            if not self._stopped:
                self._child = subprocess.Popen(
                    self._command,
                    cwd=ROOT,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,  # so that a signal also reaches the processes the child starts
                )
            return None if self._stopped else self._child

    def _signal(self, number: signal.Signals) -> None:
        if self._child and self._child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no output"


def run_retraining(settings: Settings, output: TextIO | None = None) -> int:
    """Run the retrain command once with these settings; its standard output goes to `output`, by default to ours.

    Returns its exit status, 0 if it reached a decision.
    """
    command = [sys.executable, "-m", "training", "retrain"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | settings.child_environment(), stdout=output).returncode
