"""python -m product import, export, erase"""

import logging
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
from product.cli.console import JsonOption, TextOption, console, out, print_plain, write_json
from product.cli.workspace import Workspace
from product.feedback import erasure, exporter, importer
from product.feedback.erasure import ErasureScope
from product.jobs import run_retraining
from product.sentiment import NotFound, StorageUnavailable
from product.storage.database import Database
from product.storage.locks import corrections_lock, exclusive

log = logging.getLogger(__name__)
app = typer.Typer()

FindScope = Callable[[Session], ErasureScope]
"""Finds what an erasure covers. Raises NotFound."""


@app.command("import")
def import_labels(
    file: Annotated[Path, typer.Argument(help="A .csv or .jsonl file with texts and labels.")],
    actor: Annotated[str, typer.Option(help="The contributor under whose name the labels are stored.")],
    text_column: TextOption = "text",
    label_column: Annotated[str, typer.Option(help="The column with negative, neutral or positive.")] = "label",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="List invalid rows and import the others.")] = False,
    json_file: JsonOption = None,
) -> None:
    """Import labels that a team already has. They are checked and learned from like corrections.

    Importing a file twice is safe, and an interrupted import continues where it stopped. If a text occurs in several
    rows, the last label counts. Without --skip-bad, a single invalid row stops the import.
    """
    source = importer.Source(file, actor, text_column, label_column)
    with workspace.opened() as work, exclusive(work.settings.data_dir / "import.lock", "importing"):
        key = workspace.secret(work.settings)
        plan = importer.check(source, key, skip_bad=skip_bad)
        for problem in plan.bad:
            print_plain(f"skipped: {problem}", to=console)
        with workspace.running_engine(work) as engine:
            imported = importer.store(source, plan, key, work.database, engine)
    if json_file != "-":
        print_plain(_import_summary(plan, imported))
    result = {"file": str(file), "rows": plan.rows, "bad": plan.bad, "repeated": plan.repeated}
    write_json(json_file, result | asdict(imported))


def _import_summary(plan: importer.Plan, imported: importer.Imported) -> str:
    parts = [f"{imported.added:,} new", f"{imported.changed:,} changed", f"{imported.unchanged:,} unchanged"]
    if plan.repeated:
        parts.append(f"{plan.repeated:,} repeated texts")
    if imported.erased:
        parts.append(f"{imported.erased:,} erased earlier and not imported again")
    if plan.bad:
        parts.append(f"{len(plan.bad):,} invalid rows skipped")
    return f"{plan.rows:,} rows: {', '.join(parts)}"


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="FILE.jsonl or FILE.parquet.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only corrections given or changed since (UTC)."),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(help=f"Only corrections with this status; may be repeated: {', '.join(exporter.STATUSES)}."),
    ] = None,
    without_actors: Annotated[bool, typer.Option("--without-actors", help="Leave out who gave them.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False,
    json_file: JsonOption = None,
) -> None:
    """Export all corrections except erased ones, oldest first. FILE is written completely or not at all."""
    selection = exporter.Selection(since.replace(tzinfo=UTC) if since else None, tuple(status or ()))
    exporter.check_target(file, force=force)
    log.info("writing %s", file)
    with workspace.opened() as work, work.database.read() as session:
        count = exporter.export(session, file, selection, actors=not without_actors, force=force)
    print_plain(f"{count:,} corrections in {file}", to=_results(json_file))
    write_json(json_file, {"file": str(file), "corrections": count})


def _results(json_file: str | None) -> Console:
    """Where results for people go: stdout, unless it is taken by JSON."""
    return console if json_file == "-" else out


@app.command()
def erase(
    actor: Annotated[
        str, typer.Option(help="Erase everything this contributor gave; the name as in the actor column of an export.")
    ] = "",
    feedback: Annotated[str, typer.Option(help="Erase this correction: its id, or the start of it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Then run `python -m training retrain` and return its exit status.")
    ] = False,
    json_file: JsonOption = None,
) -> None:
    """Erase corrections for good: the message's text, the contributor and the comment.

    Other people's corrections of the same prediction share its text, so they are erased too. Their number is shown.
    The same text in another prediction stays, and so do backups and exported files. On SQLite the database file is
    rewritten, and writes wait until that is done; on PostgreSQL, run VACUUM yourself.
    """
    if bool(actor) == bool(feedback):
        raise typer.BadParameter("give either --actor or --feedback")
    find = partial(erasure.scope_of_actor, actor=actor) if actor else partial(erasure.scope_of_feedback, id=feedback)
    results = _results(json_file)
    status = 0
    with workspace.opened() as work:
        scope = _erase(work, find, None if yes else results)
        log.info("cleaning the database files")
        clean = _cleaned(work.database)
        _print_erased(scope, results)
        _print_same_name(work.database, actor, results)
        write_json(json_file, scope.as_dict() | {"clean": clean})
        if retrain or (scope.versions and not yes and _retraining_wanted()):
            status = run_retraining(work.settings, sys.stderr if json_file == "-" else None)
            _print_still_active(work.versions.active(), scope, results)
    if not clean:
        raise _traces_remain(feedback or scope.corrections[0])
    raise typer.Exit(status)


def _traces_remain(feedback_id: str) -> StorageUnavailable:
    return StorageUnavailable(
        "The corrections are erased, but traces may remain in the database files because another program uses them or "
        f"the disk is full. Clean again with: python -m product erase --yes --feedback {feedback_id}"
    )


def _erase(work: Workspace, find: FindScope, confirm_on: Console | None) -> ErasureScope:
    """Erase what `find` returns, after a confirmation if there is a console for it; exits with 1 if there is nothing
    to erase or the answer is no."""
    try:
        if confirm_on:
            _confirm(work.database, find, confirm_on)
        # A retraining run in progress has already read the texts and would learn them.
        with corrections_lock(work.settings, work.database), work.database.write() as session:
            scope = find(session)
            erasure.erase(session, scope)
            return scope
    except NotFound as error:
        console.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def _confirm(database: Database, find: FindScope, results: Console) -> None:
    with database.read() as session:
        print_plain(_erasure_summary(find(session)), to=results)
    typer.confirm("Erase them? This cannot be undone", abort=True, err=True)


def _cleaned(database: Database) -> bool:
    """Whether no trace remains in the database files. False, not an error, if cleaning fails: the rows are erased."""
    try:
        return database.scrub()
    except StorageUnavailable:
        return False


def _print_erased(scope: ErasureScope, results: Console) -> None:
    print_plain(f"erased: {_erasure_summary(scope)}", to=results)
    if scope.versions:
        names = ", ".join(scope.versions)
        print_plain(f"learned by: {names}; `python -m training retrain` trains a version without it", to=results)


def _print_same_name(database: Database, actor: str, results: Console) -> None:
    """Name the contributors who use the same display name and were not erased."""
    if actor:
        with database.read() as session:
            others = erasure.same_name_handles(session, actor)
        if others:
            print_plain(f"not erased, other contributors of that name: {', '.join(others)}", to=results)


def _print_still_active(active: str | None, scope: ErasureScope, results: Console) -> None:
    """Warn if the version that is active after the retraining run has learned what is now erased."""
    if active in scope.versions:
        print_plain(
            f"{active} is still active and has learned erased corrections. It stays until a better version passes the "
            "gate, or until `python -m product promote VERSION` activates one that has not learned them.",
            to=results,
        )


def _retraining_wanted() -> bool:
    """Everything is erased by now, so a missing answer, as in a script, counts as no."""
    try:
        return typer.confirm("Train a version without them now?", err=True)
    except typer.Abort:
        return False


def _erasure_summary(scope: ErasureScope) -> str:
    corrections, texts, others = len(scope.corrections), len(scope.predictions), len(scope.others)
    return f"corrections: {corrections:,}, texts: {texts:,}, other people's corrections of these texts: {others:,}"
