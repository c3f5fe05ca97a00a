"""A thread that repeats a piece of work at an interval.

Intervals are counted by the monotonic clock, so that setting the computer's clock back does not stop the work.
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
    """Calls `work` at once and then every `seconds`, in a thread of its own; a failure is logged and tried again.

    `nice` lowers the priority of that thread and of those it starts, from 0 to 19.
    """

    def __init__(self, name: str, work: Callable[[], object], seconds: float = DAY, nice: int = 0):
        self._name, self._work, self._seconds, self._nice = name, work, seconds, nice
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        if self._nice and sys.platform == "linux":  # elsewhere a priority is the whole process's
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while True:
            try:
                self._work()
            except Exception as error:
                log.warning("%s failed and will be tried again in %.0f s: %s", self._name, self._seconds, error)
            if self._stop.wait(self._seconds):
                return
