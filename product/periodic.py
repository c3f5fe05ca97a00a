"""A thread that repeats a piece of work at an interval.

Intervals use the monotonic clock, so that changing the computer's clock does not stop the work.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger(__name__)

DAY = 24 * 3600.0


class Periodic:
    """Calls `work` at once and then every `seconds`, in its own thread. A failure is logged, and the work continues.

    `nice`, from 0 to 19, lowers the priority of that thread and of the threads it starts; Linux only.
    """

    def __init__(self, name: str, work: Callable[[], object], seconds: float = DAY, nice: int = 0):
        self._name, self._work, self._seconds, self._nice = name, work, seconds, nice
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop repeating, and wait up to 10 seconds for work in progress."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        if self._nice and sys.platform == "linux":  # other systems set the priority of the whole process
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while True:
            try:
                self._work()
            except Exception as error:
                log.warning("%s failed; trying again in %.0f s: %s", self._name, self._seconds, error)
            if self._stop.wait(self._seconds):
                return
