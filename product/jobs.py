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
from product.versions import probation_monitor, shadow
from product.versions.installer import ensure_shipped
from product.versions.registry import Versions
from product.versions.watcher import Watcher

log = logging.getLogger(__name__)

MINUTE = 60.0
CLEAN_SECONDS = 600.0
RETRAIN = (sys.executable, "-m", "training", "retrain", "--if-due")
"""What a system's cron would call."""
ENDING = 10.0
"""Seconds a child may take to end before it is killed."""


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
    probation = probation_monitor.ProbationWatch(settings, database, versions)
    shadowing = shadow.ShadowWatch(settings, database, versions)
    jobs: list[Job] = [
        Periodic("deleting expired predictions", application.delete_expired),
        Periodic("cleaning the database's files", application.clean_again, CLEAN_SECONDS),
        Periodic("measuring drift", application.drift.check, monitor.HOUR),
        Periodic("checking the version on probation", probation.check, probation_monitor.EVERY),
        Periodic("scoring in shadow mode", shadowing.check, shadow.EVERY, nice=shadow.NICE),
    ]
    return jobs + ([ScheduledRetraining(settings)] if settings.retrain_cron else [])


class ScheduledRetraining:
    """Starts the retrain command at the times of ATTUNE_RETRAIN_CRON, one at a time, as a process of its own.

    Times that passed while the machine slept or a run was under way are one. A run that is ended half-way leaves
    nothing behind: the command publishes whole or not at all.
    """

    def __init__(self, settings: Settings, command: tuple[str, ...] = RETRAIN):
        self._command, self._environment = command, os.environ | settings.child_environment()
        self._child: subprocess.Popen | None = None
        self._stopped, self._starting = False, threading.Lock()
        # The default executor's workers would be many; one run is all there may be.
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.add_job(
            self.run, cron.parse(settings.retrain_cron), coalesce=True, max_instances=1, misfire_grace_time=None
        )
        # The scheduler sleeps until its next time by a clock that stands still while the machine sleeps.
        self._wake = Periodic("looking at the calendar", self._scheduler.wakeup, MINUTE)

    def start(self) -> None:
        # A run that is still under way at the next time is worth a word, not one of the library's.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.start()
        self._wake.start()

    def stop(self) -> None:
        """End a run that is under way and wait for it."""
        self._wake.stop()
        with self._starting:
            self._stopped = True
        self._end(signal.SIGTERM)
        killing = threading.Timer(ENDING, self._end, [signal.SIGKILL])
        killing.start()
        self._scheduler.shutdown()  # waits for `run`, and so for the child
        killing.cancel()

    def run(self) -> None:
        """The command once, to its end; what came of it is logged."""
        with self._starting:
            if self._stopped:
                return
            # A session of its own, so that what the child starts ends with it.
            self._child = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        log.info("scheduled retraining: started as process %d", self._child.pid)
        told, complaint = self._child.communicate()
        if self._stopped:
            log.info("scheduled retraining: ended with the app, to be done again at its next time")
        elif self._child.returncode:
            log.error("scheduled retraining failed (%d): %s", self._child.returncode, _last(complaint))
        else:
            log.info("scheduled retraining: %s", _last(told))

    def _end(self, how: signal.Signals) -> None:
        if self._child and self._child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, how)


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def run_retraining(settings: Settings, output: TextIO | None = None) -> int:
    """Run the loop once, on the same data; what it prints goes to `output`, or where this process prints. Returns its
    exit status: 0 where it reached a decision."""
    command = [sys.executable, "-m", "training", "retrain"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | settings.child_environment(), stdout=output).returncode
