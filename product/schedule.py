"""What is done by the clock, in the background of the serving process."""

import logging
import threading
from collections.abc import Callable

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
