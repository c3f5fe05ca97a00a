"""What the command lines of product and training share: where they write, and how they end."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from product.files.reading import Tell
from product.sentiment import AttuneError

REFUSED = 2
"""Exit status when what was asked cannot be done; the reason is on stderr."""
WIDE = 150
"""Columns that the table of a verdict needs: in fewer its words are cut in the middle."""

JsonOption = Annotated[str | None, typer.Option("--json", help="Also write the result as JSON to FILE; - for stdout.")]

TextOption = Annotated[str, typer.Option(help="The column with the messages.")]
PLAIN = {"markup": False, "highlight": False, "soft_wrap": True}
"""How text is printed that came from outside."""

out = Console()
console = Console(stderr=True)


def say(message: str) -> None:
    """A step of something long, on stderr: stdout is for results."""
    console.print(f"[dim]›[/dim] {message}", highlight=False)


def verdict_table(title: str, verdict: dict) -> Table:
    """A gate's verdict, as a version or an attempt keeps it, for people."""
    table = Table(title=title, title_justify="left")
    for heading in ("judged on", "champion", "challenger", "finding", "rule", "passed"):
        table.add_column(heading)
    words = {True: "yes", False: "NO", None: "–"}
    for check in verdict["checks"]:
        cells = (check[name] for name in ("name", "champion", "challenger", "finding", "rule"))
        table.add_row(*map(escape, cells), words[check["passed"]])
    return table


def write_json(target: str | None, content: dict) -> None:
    """To the file `target`, to stdout for -, nowhere for None."""
    if target:
        text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
        if target == "-":
            sys.stdout.write(text + "\n")
        else:
            Path(target).write_text(text + "\n", encoding="utf-8")


def run(app: typer.Typer) -> None:
    """Run the command; an error written for people is shown without a traceback."""
    handler = RichHandler(console=console, show_path=False, show_time=False)
    logging.basicConfig(level="WARNING", format="%(message)s", handlers=[handler])
    # Libraries' news to their own developers; the reader of a command can do nothing about it.
    logging.getLogger("bitsandbytes").setLevel("ERROR")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    try:
        app()
    except AttuneError as error:
        console.print(f"[bold red]{type(error).__name__}[/bold red]: {error}", highlight=False, soft_wrap=True)
        sys.exit(REFUSED)


def one_line(text: str) -> str:
    """Without what could steer a terminal."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


@contextmanager
def progress(what: str) -> Iterator[Tell]:
    """A bar on stderr; call what it yields with how many of how many are done."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
