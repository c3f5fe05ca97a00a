"""Work that is repeated in a background thread."""

import subprocess
import sys
import threading

import pytest

from product.periodic import Periodic


def test_periodic_work_starts_at_once_and_continues_after_a_failure(caplog):
    calls, third = [], threading.Event()

    def work():
        calls.append(None)
        if len(calls) == 3:
            third.set()
        raise RuntimeError("broken")

    periodic = Periodic("work", work, 0.01)
    periodic.start()
    assert third.wait(10)
    periodic.stop()
    assert "work failed; trying again in 0 s: broken" in caplog.messages


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_low_priority_applies_to_the_threads_that_the_work_starts_and_to_no_others():
    program = """
import os, threading
from product.periodic import Periodic
nice = lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
seen, done = [], threading.Event()
def work():
    child = threading.Thread(target=lambda: seen.append(nice()))
    child.start(); child.join(); done.set()
before = nice()
periodic = Periodic("low", work, nice=15)
periodic.start(); done.wait(10); periodic.stop()
print(seen[0], nice() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["15", "0"]
