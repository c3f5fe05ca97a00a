"""What is done by the clock, in the background of the serving process; and retraining, a process of its own."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TextIO

from product.settings import ROOT, Settings

log = logging.getLogger(__name__)

DAY = 24 * 3600.0


class Periodic:
    """Calls `work` at once and then every `seconds`, in a thread of its own; a failure is logged and tried again."""

    def __init__(self, name: str, work: Callable[[], object], seconds: float = DAY):
        self._name, self._work, self._seconds = name, work, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            try:
                self._work()
            except Exception as error:
                log.warning("%s failed and will be tried again in %.0f s: %s", self._name, self._seconds, error)
            if self._stop.wait(self._seconds):
                return


def run_retraining(settings: Settings, output: TextIO | None = None) -> int:
    """Run the loop once, on the same data; what it prints goes to `output`, or where this process prints. Returns its
    exit status: 0 where it reached a decision."""
    command = [sys.executable, "-m", "training", "retrain"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | settings.for_child(), stdout=output).returncode
