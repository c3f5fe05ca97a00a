"""A PostgreSQL server for the tests, started from the binaries of the system package."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.app_process import free_port

PACKAGED = "/usr/lib/postgresql"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: the newest one if several are installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path(PACKAGED).glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    return folders[-1].parent if folders else None


def missing() -> str:
    """Why no server can be started here; empty if one can."""
    if binaries() is None:
        return f"PostgreSQL is not installed: no initdb on the path or in {PACKAGED}"
    if os.geteuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


@contextmanager
def running() -> Iterator[str]:
    """Start a server and yield its URL, as ATTUNE_DATABASE_URL takes it. Its data is deleted when the block ends."""
    user = "postgres" if os.geteuid() == 0 else None
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user)

        def call(program: str, *arguments: str) -> None:
            subprocess.run(
                [binaries() / program, "-D", f"{folder}/data", *arguments],
                user=user,
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
                timeout=120,
            )

        call("initdb", "-U", "attune", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        call("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://attune@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
