"""Promotions and rollbacks under load, on the real app: python -m benchmarks.swap [--swaps N]

Reports requests, failures and latency while versions are swapped and, in the same run, without swaps.
"""

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.app_process import RunningApp, command
from product.codes import Reason, RunCode
from product.inference import manifest as manifests
from product.settings.configuration import load_settings
from product.storage.database import Database
from product.storage.versions import Activation
from product.versions.registry import Versions

CLIENTS = 3
"""Threads that send requests at the same time."""
TEXTS = ["Where is my parcel?", "Thank you, it works now.", "Third week without internet."]

BY_BENCHMARK = Activation([Reason(RunCode.promoted_by_command)])


@dataclass
class Load:
    """Sends requests from several threads until stopped; each thread waits for its response before the next request."""

    app: RunningApp
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            status, _ = self.app.post("/api/v1/predict", {"texts": TEXTS})
            self.seconds.append(time.monotonic() - started)
            self.failed += status != 200

    def row(self, name: str) -> list[str]:
        """A row of the table: requests, failures, and latency."""
        slowest, median = max(self.seconds), statistics.median(self.seconds)
        over = sum(seconds > 1 for seconds in self.seconds)
        figures = f"{len(self.seconds):,}", str(self.failed), str(over), f"{median * 1000:.0f} ms"
        return [name, *figures, f"{slowest * 1000:.0f} ms"]


def second_version(versions: Versions) -> str:
    """Publish a copy of the shipped version under another id and return that id."""
    shipped = versions.active()
    draft = versions.store.draft("second-1")
    shutil.copytree(versions.store.folder(shipped), draft, dirs_exist_ok=True)
    manifests.write(draft, manifests.read(draft).model_copy(update={"id": "second-1", "parent": shipped}))
    versions.register(versions.store.publish(draft), {}, None)
    return "second-1"


def measure(data_dir: Path, swaps: int, console: Console) -> Table:
    """Swap versions under load, then send requests for the same time without swaps. Returns the table of results."""
    table = Table(title=f"{swaps} promotions and {swaps} rollbacks, {CLIENTS} clients", title_justify="left")
    for heading in ("", "requests", "failed", "over 1 s", "median", "slowest"):
        table.add_column(heading, justify="right")
    settings = load_settings(data_dir=data_dir, database_url="")
    database = Database(settings.database)
    versions = Versions(settings, database)
    first, second = versions.active(), second_version(versions)
    with RunningApp(data_dir) as app:
        app.predict(TEXTS)
        started = time.monotonic()
        with Load(app) as swapping:
            for number in range(swaps):
                console.log(f"swap {number + 1} of {swaps}")
                versions.promote(second, BY_BENCHMARK)
                app.wait_for_version(second)
                versions.rollback(BY_BENCHMARK)
                app.wait_for_version(first)
        duration = time.monotonic() - started
        console.log(f"{duration:.0f} s without swaps, as the baseline")
        with Load(app) as steady:
            time.sleep(duration)
    database.close()
    table.add_row(*steady.row("without swaps"))
    table.add_row(*swapping.row("with swaps"))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=10)
    swaps = parser.parse_args().swaps
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        command("product", "install", data_dir=data_dir)
        console.print(measure(data_dir, swaps, console))


if __name__ == "__main__":
    main()
