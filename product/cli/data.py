"""Commands for files with messages: python -m product import, score"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from product.cli.console import JsonOption, console, out, say, write_json
from product.feedback import importer as intake
from product.files import scoring as bulk
from product.files import tables as files
from product.inference.engine import Engine
from product.privacy import keys
from product.sentiment import StorageUnavailable
from product.settings.configuration import Settings, load_settings
from product.storage.database import Database
from product.storage.locks import exclusive
from product.versions.installer import ensure_shipped
from product.versions.registry import Versions
from product.versions.watcher import Watcher

app = typer.Typer()

ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]
TextOption = Annotated[str, typer.Option(help="The column with the messages.")]


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database)
    try:
        database.migrate()
        yield database
    finally:
        database.close()


@contextmanager
def running_engine(settings: Settings, database: Database) -> Iterator[Engine]:
    """The engine of the app with the active version; a new one is followed while it works."""
    say("loading the model")
    versions = Versions(settings, database)
    ensure_shipped(settings, versions)
    engine = Engine()
    watcher = Watcher(settings, versions, engine)
    try:
        watcher.start()
        yield engine
    finally:
        watcher.stop()
        engine.close()


def secret(settings: Settings) -> bytes:
    try:
        return keys.secret(settings.data_dir)
    except OSError as error:
        raise StorageUnavailable(f"{settings.data_dir / keys.FILE} cannot be read or made: {error}") from error


@contextmanager
def progress(what: str) -> Iterator[files.Tell]:
    """A bar on stderr; call what it yields with how many of how many are done."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@app.command("import")
def import_labels(
    file: Annotated[Path, typer.Argument(help="A .csv or .jsonl with texts and labels.")],
    actor: Annotated[str, typer.Option(help="Under whose name the labels are stored.")],
    text_column: TextOption = "text",
    label_column: Annotated[str, typer.Option(help="The column with negative, neutral or positive.")] = "label",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="List bad rows and import the others.")] = False,
    json_file: JsonOption = None,
) -> None:
    """Store labels that a team already has: checked, learned from and judged by like corrections.

    The same file again changes nothing twice, and goes on where it was broken off. Of a text that stands in several
    rows the last label counts. Without --skip-bad one bad row means that nothing is imported.
    """
    settings = load_settings()
    key = secret(settings)
    source = intake.Source(file, actor, text_column, label_column)
    with (
        exclusive(settings.data_dir / "import.lock", "importing"),
        opened_database(settings) as database,
    ):
        with progress("looking through the file") as tell:
            plan = intake.check(source, key, skip_bad=skip_bad, tell=tell)
        for problem in plan.bad:
            console.print(f"left out: {problem}", markup=False, highlight=False, soft_wrap=True)
        with running_engine(settings, database) as engine, progress("importing") as tell:
            imported = intake.store(source, plan, key, database, engine, tell)
    if json_file != "-":
        out.print(told(plan, imported), highlight=False, soft_wrap=True)
    result = {"file": str(file), "rows": plan.rows, "bad": plan.bad, "repeated": plan.repeated}
    write_json(json_file, result | asdict(imported))


def told(plan: intake.Plan, imported: intake.Imported) -> str:
    counts = f"{imported.added:,} new, {imported.changed:,} with another label, {imported.unchanged:,} as they were"
    more = f", {plan.repeated:,} repeat a text" if plan.repeated else ""
    more += f", {imported.erased:,} were erased and stay so" if imported.erased else ""
    more += f", {len(plan.bad):,} bad rows left out" if plan.bad else ""
    return f"{plan.rows:,} rows: {counts}{more}"


@app.command("score")
def score_table(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="A table with a column of messages.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", help="The table to write.")],
    text_column: TextOption = "text",
    force: ForceOption = False,
    json_file: JsonOption = None,
) -> None:
    """Add label, confidence, scores, language and route to each row of a table. Nothing is stored.

    A cell that a spreadsheet might run as a formula gets an apostrophe before it.
    """
    files.check_free(target, force=force)
    table = bulk.check(source, text_column)
    settings = load_settings()
    with (
        opened_database(settings) as database,
        running_engine(settings, database) as engine,
        progress("scoring") as tell,
    ):
        scores = bulk.score(table, target, engine, tell=tell)
    more = f", {scores.empty:,} without a text" if scores.empty else ""
    more += f", {scores.too_long:,} with too long a text" if scores.too_long else ""
    if json_file != "-":
        out.print(f"{scores.rows:,} rows are written to {target}{more}", highlight=False, soft_wrap=True)
    write_json(json_file, {"file": str(target), "columns": table.added} | asdict(scores))
