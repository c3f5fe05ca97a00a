"""python -m product import, export, erase"""

import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy.orm import Session

from product.cli import workspace
from product.cli.console import PLAIN, JsonOption, TextOption, console, out, progress, say, write_json
from product.feedback import erasure, importer
from product.feedback import exporter as exporting
from product.jobs import run_retraining
from product.sentiment import NotFound, StorageUnavailable
from product.storage.database import Database
from product.storage.locks import corrections_lock, exclusive

app = typer.Typer()


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
    settings = workspace.load_settings()
    key = workspace.secret(settings)
    source = importer.Source(file, actor, text_column, label_column)
    with (
        exclusive(settings.data_dir / "import.lock", "importing"),
        workspace.opened_database(settings) as database,
    ):
        with progress("looking through the file") as tell:
            plan = importer.check(source, key, skip_bad=skip_bad, tell=tell)
        for problem in plan.bad:
            console.print(f"left out: {problem}", markup=False, highlight=False, soft_wrap=True)
        with workspace.running_engine(settings, database) as engine, progress("importing") as tell:
            imported = importer.store(source, plan, key, database, engine, tell)
    if json_file != "-":
        out.print(import_summary(plan, imported), highlight=False, soft_wrap=True)
    result = {"file": str(file), "rows": plan.rows, "bad": plan.bad, "repeated": plan.repeated}
    write_json(json_file, result | asdict(imported))


def import_summary(plan: importer.Plan, imported: importer.Imported) -> str:
    counts = f"{imported.added:,} new, {imported.changed:,} with another label, {imported.unchanged:,} as they were"
    more = f", {plan.repeated:,} repeat a text" if plan.repeated else ""
    more += f", {imported.erased:,} were erased and stay so" if imported.erased else ""
    more += f", {len(plan.bad):,} bad rows left out" if plan.bad else ""
    return f"{plan.rows:,} rows: {counts}{more}"


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="FILE.jsonl or FILE.parquet.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only what was given or changed since (UTC)."),
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option(help=f"Only these, may be given again: {', '.join(exporting.STATUSES)}.")
    ] = None,
    without_actors: Annotated[bool, typer.Option("--without-actors", help="Leave out who gave them.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE where there is one.")] = False,
    json_file: JsonOption = None,
) -> None:
    """Write every correction that is not erased to FILE, oldest first: it appears whole or not at all."""
    selection = exporting.Selection(since.replace(tzinfo=UTC) if since else None, tuple(status or ()))
    exporting.check_target(file, force=force)
    say(f"writing {file}")
    with workspace.opened() as (_, database, _), database.read() as session:
        count = exporting.export(session, file, selection, actors=not without_actors, force=force)
    printer = console if json_file == "-" else out
    printer.print(f"{count:,} corrections in {file}", highlight=False, soft_wrap=True)
    write_json(json_file, {"file": str(file), "corrections": count})


@app.command()
def erase(
    actor: Annotated[str, typer.Option(help="All that this actor said, as the actor column of an export has it.")] = "",
    feedback: Annotated[str, typer.Option(help="This correction: the id that its receipt has, or its beginning.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Then run `python -m training retrain`, and end with its exit status.")
    ] = False,
    json_file: JsonOption = None,
) -> None:
    """Erase corrections for good: the message's text, the actor and the comment. Emptied rows stay.

    The text is one with that of other people's corrections of the same prediction: these are erased as well, and
    counted. The same text in another prediction is another message and stays; so do backups and exported files.
    On SQLite the database's file is rewritten, and writing waits meanwhile; on PostgreSQL run VACUUM yourself.
    """
    if bool(actor) == bool(feedback):
        raise typer.BadParameter("give --actor or --feedback, one of them")
    find = partial(erasure.scope_of_actor, actor=actor) if actor else partial(erasure.scope_of_feedback, id=feedback)
    printer = console if json_file == "-" else out
    with workspace.opened() as (settings, database, versions):
        try:
            if not yes:
                confirm(database, find, printer)
            # A retraining that has read the texts already would go on to learn them.
            with corrections_lock(settings, database), database.write() as session:
                reach = find(session)
                erasure.erase(session, reach)
        except NotFound as error:
            console.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(1) from None
        say("cleaning the database's files")
        clean = cleaned(database)
        report(reach, printer)
        with database.read() as session:
            others = erasure.namesakes(session, actor) if actor else []
        if others:
            printer.print(f"not erased, as others stand behind it: {', '.join(others)}", **PLAIN)
        write_json(json_file, reach.as_dict() | {"clean": clean})
        status = 0
        if retrain or (reach.versions and not yes and wants_retraining()):
            status = run_retraining(settings, sys.stderr if json_file == "-" else None)
            report_active(versions.active(), reach, printer)
    if not clean:
        raise StorageUnavailable(
            "They are erased, but traces may stay in the database's files while another program uses it or the disk "
            f"is full. Clean again: python -m product erase --yes --feedback {feedback or reach.corrections[0]}"
        )
    raise typer.Exit(status)


def report(reach: erasure.ErasureScope, printer: Console) -> None:
    """What went, and which versions keep what they learned of it."""
    printer.print(f"erased: {erasure_summary(reach)}", highlight=False, soft_wrap=True)
    if reach.versions:
        names = ", ".join(reach.versions)
        printer.print(f"learned by: {names}; `python -m training retrain` makes one without", soft_wrap=True)


def wants_retraining() -> bool:
    """Asked once all is erased: nobody to answer is no error."""
    try:
        return typer.confirm("Train a version without it now?", err=True)
    except typer.Abort:
        return False


def report_active(active: str | None, reach: erasure.ErasureScope, printer: Console) -> None:
    """After a retraining: that a version which learned what is erased still serves, if so."""
    if active in reach.versions:
        printer.print(
            f"{active} still serves: it stays until another is proved better, or until "
            "`python -m product promote VERSION` names one that has not learned it",
            highlight=False,
            soft_wrap=True,
        )


def confirm(database: Database, find: Callable[[Session], erasure.ErasureScope], printer: Console) -> None:
    """Show what would be erased and ask; ends the command, with status 1, unless the answer is yes."""
    with database.read() as session:
        printer.print(erasure_summary(find(session)), highlight=False, soft_wrap=True)
    typer.confirm("Erase them? This cannot be undone", abort=True, err=True)


def cleaned(database: Database) -> bool:
    """Whether no trace is left. No error: the rows are empty by now, and whoever asked must hear so."""
    try:
        return database.scrub()
    except StorageUnavailable:
        return False


def erasure_summary(reach: erasure.ErasureScope) -> str:
    own, texts, others = len(reach.corrections), len(reach.predictions), len(reach.others)
    return f"corrections: {own:,}, texts: {texts:,}, other people's corrections of these texts: {others:,}"
