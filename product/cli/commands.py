"""Commands: python -m product --help"""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from product.cli import data as data_commands
from product.cli.console import WIDE, JsonOption, console, out, say, verdict_table, write_json
from product.cli.data import opened_database
from product.drift.counts import MEASURES
from product.drift.findings import Judged, Report
from product.drift.monitor import WEEKS, DriftWatch
from product.feedback import erasure
from product.feedback import exporter as exporting
from product.feedback.review_queue import Item
from product.inference.engine import Engine
from product.jobs import run_retraining
from product.sentiment import NotFound, StorageUnavailable
from product.service import MAX_REVIEWED, Application
from product.settings.configuration import Settings, load_settings
from product.storage import lineage, queries
from product.storage.database import Database
from product.storage.locks import corrections_lock
from product.storage.tables import AttemptRow, ShadowRow
from product.validation import MAX_ACTOR, MAX_COMMENT, check_length
from product.versions import shadow
from product.versions.installer import install_shipped
from product.versions.registry import Versions

app = typer.Typer(
    help="Look after what serves, model versions, and what is kept, corrections; drift.", no_args_is_help=True
)


PLAIN = {"markup": False, "highlight": False, "soft_wrap": True}
"""How text is printed that came from outside."""
ATTEMPTS = 5
"""The newest that `versions` tells of."""


@contextmanager
def opened() -> Iterator[tuple[Settings, Database, Versions]]:
    settings = load_settings()
    with opened_database(settings) as database:
        yield settings, database, Versions(settings, database)


app.add_typer(data_commands.app)


@app.command()
def install() -> None:
    """Build the shipped model's serving file here (the app does this itself at its first start)."""
    with opened() as (settings, _, versions):
        say("building the shipped model: merge, export, int8 (once, under a minute)")
        manifest = install_shipped(settings, versions)
    say(f"{manifest.id} is ready")


@app.command()
def versions(
    verdict: Annotated[
        str, typer.Option(help="Only the table that this was judged by: a version's id, or an attempt's number.")
    ] = "",
) -> None:
    """List the model versions, newest first, the active one marked; then what the last attempts to learn came to."""
    if verdict:
        return print_verdict(verdict)
    table = Table()
    for heading in ("", "version", "parent", "created (UTC)", "corrections", "why"):
        table.add_column(heading)
    with opened() as (_, database, _), database.read() as session:
        active, shadows = lineage.newest_activation(session), lineage.shadows(session)
        attempts = lineage.newest_attempts(session, limit=ATTEMPTS)
        for row in lineage.all_versions(session):
            reading = row.id in shadows and shadows[row.id].outcome is None
            mark = "active" if active and row.id == active.version_id else "shadow" if reading else ""
            created, why = row.created_at.strftime("%Y-%m-%d %H:%M:%S"), (row.verdict or {}).get("reason", "shipped")
            table.add_row(mark, row.id, row.parent or "–", created, str(row.corrections), why)
    out.print(table)
    lines = [f"active since {active.at:%Y-%m-%d %H:%M:%S}: {active.version_id}: {active.why}"] if active else []
    lines += [f"{row.version_id} in the shadow: {_shadow(row)}" for row in shadows.values()]
    lines += [f"attempt {row.id}, begun {row.started_at:%Y-%m-%d %H:%M:%S}: {_came_to(row)}" for row in attempts]
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def print_verdict(name: str) -> None:
    with opened() as (_, database, _), database.read() as session:
        # No attempt has a number that long; a database could not even look for it.
        number = int(name) if name.isdecimal() and len(name) < 10 else None
        row = lineage.attempt(session, id=number) if number is not None else lineage.version(session, id=name)
        if row is None:
            raise NotFound(f"no version {name!r}; `python -m product versions` lists them")
        found = row.verdict or {}
    if not found.get("checks"):
        raise NotFound(f"{name}: nothing was compared")
    title = f"{name}: {found['reason']}"
    Console(width=max(out.width, WIDE)).print(verdict_table(escape(title), found))


def _came_to(row: AttemptRow) -> str:
    if row.finished_at is None:
        return "not finished: it is under way, or was killed"
    return f"{row.outcome}" + (f" → {row.version_id}" if row.version_id else "") + f": {row.reason}"


def _shadow(row: ShadowRow) -> str:
    if row.outcome:
        return f"{row.outcome}: {row.reason}"
    return f"until {row.until:%Y-%m-%d %H:%M:%S}; {shadow.progress(row)} so far"


WhoOption = Annotated[str, typer.Option(help="Who decides: `versions` tells it with the reason.")]
WhyOption = Annotated[str, typer.Option(help="The reason.")]


def decided(what: str, who: str, why: str) -> str:
    """Why a version became active, in a line. Raises InvalidInput where that is too long."""
    check_length("who", who, MAX_ACTOR)
    check_length("why", why, MAX_COMMENT)
    return f"{what} by {one_line(who) or 'command'}" + (f": {one_line(why)}" if why.strip() else "")


@app.command()
def promote(version: str, who: WhoOption = "", why: WhyOption = "") -> None:
    """Make VERSION the active one, after checking its files. Running apps follow within seconds."""
    with opened() as (_, database, versions):
        versions.promote(version, why=decided("promoted", who, why))
        warn_of_withdrawn(database, version)
    out.print(f"active: {version}")


@app.command()
def rollback(who: WhoOption = "", why: WhyOption = "") -> None:
    """Go back to the parent of the active version. Running apps follow within seconds."""
    with opened() as (_, database, versions):
        before, after = versions.rollback(why=decided("rolled back", who, why))
        warn_of_withdrawn(database, after)
    out.print(f"active: {after} (before: {before})")


def warn_of_withdrawn(database: Database, version: str) -> None:
    with database.read() as session:
        count = lineage.withdrawn(session, version_id=version)
    if count:
        console.print(
            f"{version} has learned {count} corrections that were turned down or erased since; "
            "`python -m training retrain` makes a version without",
            **PLAIN,
        )


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
    with opened() as (_, database, _), database.read() as session:
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
    with opened() as (settings, database, versions):
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
    printer.print(f"erased: {told(reach)}", highlight=False, soft_wrap=True)
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
        printer.print(told(find(session)), highlight=False, soft_wrap=True)
    typer.confirm("Erase them? This cannot be undone", abort=True, err=True)


def cleaned(database: Database) -> bool:
    """Whether no trace is left. No error: the rows are empty by now, and whoever asked must hear so."""
    try:
        return database.scrub()
    except StorageUnavailable:
        return False


def told(reach: erasure.ErasureScope) -> str:
    own, texts, others = len(reach.corrections), len(reach.predictions), len(reach.others)
    return f"corrections: {own:,}, texts: {texts:,}, other people's corrections of these texts: {others:,}"


@contextmanager
def opened_application() -> Iterator[Application]:
    """Without a model: for what needs none."""
    with opened() as (settings, database, _), closing(Engine()) as engine:
        yield Application(settings, database, engine)


@app.command()
def review(
    limit: Annotated[int, typer.Option(min=1, max=MAX_REVIEWED, help="How many messages.")] = 20,
    json_file: JsonOption = None,
) -> None:
    """List the messages and corrections to look at first: what a mistake would cost, times the doubt about it."""
    with opened_application() as application, console.status("looking for what is worth a look"):
        application.drift.check()
        items = application.review_queue(limit)
    if json_file != "-":
        _print_queue(items)
    write_json(json_file, {"queue": [item.as_dict() for item in items]})


def _print_queue(items: list[Item]) -> None:
    for item in items:
        out.print(f"{item.reason}, {item.priority:.2f}: {one_line(item.text)}", **PLAIN)
        out.print(f"  {item.shown} was shown; prediction {item.prediction_id}", **PLAIN)
        for word in item.said:
            wanted = "to decide" if word.open else word.status
            out.print(f"  {word.label} said {one_line(word.actor)}; feedback {word.feedback_id}, {wanted}", **PLAIN)
    if not items:
        out.print("nothing to review")


def one_line(text: str) -> str:
    """Without what could steer a terminal."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


class Decision(StrEnum):
    accept = "accept"
    reject = "reject"


@app.command()
def decide(
    feedback_id: Annotated[str, typer.Argument(help="A correction's id, or its beginning, as its receipt shows it.")],
    decision: Decision,
    who: Annotated[str, typer.Option(help="Who decides: kept in the history, and in no receipt.")],
    why: Annotated[str, typer.Option(help="The reason; whoever has the receipt can read it.")] = "",
) -> None:
    """Decide that a correction stands, or that nothing is learned from it. No automatic rule changes that."""
    with opened_application() as application:
        with application.database.read() as session:
            row = queries.feedback_called(session, name=feedback_id)
        feedback_id = row.id if row else feedback_id
        status = application.decide(feedback_id=feedback_id, accept=decision is Decision.accept, who=who, why=why)
    out.print(f"{feedback_id}: {status}", **PLAIN)


@app.command()
def drift(
    weeks: Annotated[int, typer.Option(min=1, max=104, help="How many weeks, the present one among them.")] = WEEKS,
    review: Annotated[int, typer.Option(min=0, help="Also list so many answers to look at, where a week drifted.")] = 0,
    json_file: JsonOption = None,
) -> None:
    """How far each week's messages are from those that the model learned from."""
    with opened() as (settings, database, _), console.status("counting the weeks"):
        watch = DriftWatch(settings, database)
        report, ids = watch.check(weeks), watch.to_review(review)
    if json_file != "-":
        _print_drift(report, ids)
    write_json(json_file, report.to_dict() | {"to_review": ids})


def _print_drift(report: Report, ids: list[str]) -> None:
    table = Table()
    for heading in ("week (UTC)", "messages", *MEASURES):
        table.add_column(heading, justify="left" if heading.startswith("week") else "right")
    for each in report.weeks:
        table.add_row(*_drift_row(each))
    out.print(table)
    newest = report.newest
    lines = [f"compared {report.why}", *(f"{newest.week.name} {finding.sentence}" for finding in newest.findings)]
    for line in lines + [f"to review: {id}" for id in ids]:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _drift_row(judged: Judged) -> list[str]:
    """Values by measure: `–` where there is too little to say, `!` behind what drifted, `~` behind what moved."""
    marks = {"drifted": " !", "watch": " ~"}
    values = ["–" if each.value is None else f"{each.value:.3f}{marks.get(each.level, '')}" for each in judged.findings]
    return [judged.week.name + ("" if judged.week.complete else " so far"), f"{judged.week.rows:,}", *values]
