"""What the command lines of product and training share: output, progress, logging and exit status.

Results go to stdout. Progress, log messages and errors go to stderr, so that a command can be piped.
"""

import json
import logging
import sys
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from product.progress import reporting
from product.sentiment import AttuneError
from product.texts import rendering, texts

REFUSED = 2
"""Exit status when a command cannot do what was asked; the reason is on stderr."""
WIDE = 150
"""Terminal columns that the table of a verdict needs; with fewer, words would be cut."""

JsonOption = Annotated[str | None, typer.Option("--json", help="Also write the result as JSON to FILE; - for stdout.")]
TextOption = Annotated[str, typer.Option(help="The column with the messages.")]

out = Console()
console = Console(stderr=True)


def print_plain(text: str, to: Console = out) -> None:
    """Print text as it is, whatever brackets it contains, and without added line breaks."""
    to.print(text, markup=False, highlight=False, soft_wrap=True)


def one_line(text: str) -> str:
    """The text on one line, without characters that could steer a terminal."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def verdict_table(title: str, verdict: Mapping[str, Any]) -> Table:
    """The gate's checks as stored with a version or an attempt, one row per check."""
    table = Table(title=title, title_justify="left")
    for heading in ("check", "champion", "challenger", "finding", "required", "passed"):
        table.add_column(heading)
    passed = {True: "yes", False: "NO", None: "–"}
    for check in verdict["checks"]:
        cells = rendering.check(check, texts("en"))
        table.add_row(*map(escape, astuple(cells)), passed[check["passed"]])
    return table


def write_json(target: str | None, content: Mapping[str, object]) -> None:
    """Write to the file `target`, to stdout for `-`, nowhere for None."""
    if target:
        text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
        if target == "-":
            sys.stdout.write(text + "\n")
        else:
            Path(target).write_text(text + "\n", encoding="utf-8")


class StepHandler(logging.Handler):
    """Prints log messages on stderr: information as a step, anything worse with its level."""

    def emit(self, record: logging.LogRecord) -> None:
        mark = "[dim]›[/dim]" if record.levelno <= logging.INFO else f"[bold yellow]{record.levelname}[/bold yellow]"
        console.print(f"{mark} {escape(record.getMessage())}", highlight=False, soft_wrap=True)
        if record.exc_info:
            print_plain("".join(traceback.format_exception(*record.exc_info)), to=console)


class ProgressBars:
    """Shows one bar per task on stderr, and removes it once the task is done."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    @property
    def shown(self) -> list[str]:
        return list(self._tasks)

    def update(self, task: str, done: int, total: int | None) -> None:
        if total is not None and done >= total:
            return self._remove(task)
        bars = self._bars or self._start()
        if task not in self._tasks:
            self._tasks[task] = bars.add_task(task)
        bars.update(self._tasks[task], completed=done, total=total)

    def stop(self) -> None:
        """Remove all bars: what follows on the terminal would otherwise be overwritten."""
        if self._bars:
            self._bars.stop()
        self._bars, self._tasks = None, {}

    def _start(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        # Results on stdout must stay there while a bar is shown.
        self._bars = Progress(*columns, console=console, transient=True, redirect_stdout=False)
        self._bars.start()
        return self._bars

    def _remove(self, task: str) -> None:
        if self._bars and task in self._tasks:
            self._bars.remove_task(self._tasks.pop(task))
            if not self._tasks:
                self.stop()


def run(app: typer.Typer) -> None:
    """Run a command line with its log and progress on stderr. An error meant for people is shown without a traceback
    and ends the process with REFUSED."""
    show_log()
    bars = ProgressBars()
    try:
        with reporting(bars):
            app()
    except AttuneError as error:
        bars.stop()
        console.print(f"[bold red]Error[/bold red]: {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(REFUSED)
    finally:
        bars.stop()


def show_log() -> None:
    """Print the steps of product and training, and what libraries warn of."""
    logging.basicConfig(level=logging.WARNING, handlers=[StepHandler()], force=True)
    for package in ("product", "training"):
        logging.getLogger(package).setLevel(logging.INFO)
    # These warnings are for developers of the libraries; users of a command cannot act on them.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
