import os
import signal
import subprocess
import sys

import pytest

from product.locking import Locked, exclusive

HOLDER = """
import sys, time
from pathlib import Path
from product.locking import exclusive
with exclusive(Path(sys.argv[1]), "retraining"):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(path):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_holds_the_lock(tmp_path):
    process = hold(tmp_path / "lock")
    try:
        with pytest.raises(Locked, match=f"retraining is already running: process {process.pid} on "):
            exclusive(tmp_path / "lock", "retraining").__enter__()
    finally:
        process.kill()
        process.wait()


def test_a_killed_holder_frees_the_lock_at_once(tmp_path):
    process = hold(tmp_path / "lock")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with exclusive(tmp_path / "lock", "retraining"):
        pass


def test_a_lock_is_free_after_its_block_even_when_the_block_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path / "lock", "retraining"):
        raise ZeroDivisionError
    with exclusive(tmp_path / "lock", "retraining"):
        pass
