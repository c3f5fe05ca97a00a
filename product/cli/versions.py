"""python -m product versions, promote, rollback"""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from product.cli import workspace
from product.cli.console import PLAIN, WIDE, console, one_line, out, verdict_table
from product.sentiment import NotFound
from product.storage.attempts import count_withdrawn, get_attempt, latest_attempts
from product.storage.database import Database
from product.storage.tables import AttemptRow, ShadowRow
from product.storage.versions import all_versions, get_version, latest_activation, latest_shadows
from product.validation import MAX_ACTOR, MAX_COMMENT, check_length
from product.versions import shadow

app = typer.Typer()

ATTEMPTS = 5
"""The newest that `versions` tells of."""


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
    with workspace.opened() as (_, database, _), database.read() as session:
        active, shadows = latest_activation(session), latest_shadows(session)
        attempts = latest_attempts(session, limit=ATTEMPTS)
        for row in all_versions(session):
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
    with workspace.opened() as (_, database, _), database.read() as session:
        # No attempt has a number that long; a database could not even look for it.
        number = int(name) if name.isdecimal() and len(name) < 10 else None
        row = get_attempt(session, id=number) if number is not None else get_version(session, id=name)
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
    with workspace.opened() as (_, database, versions):
        versions.promote(version, why=decided("promoted", who, why))
        warn_of_withdrawn(database, version)
    out.print(f"active: {version}")


@app.command()
def rollback(who: WhoOption = "", why: WhyOption = "") -> None:
    """Go back to the parent of the active version. Running apps follow within seconds."""
    with workspace.opened() as (_, database, versions):
        before, after = versions.rollback(why=decided("rolled back", who, why))
        warn_of_withdrawn(database, after)
    out.print(f"active: {after} (before: {before})")


def warn_of_withdrawn(database: Database, version: str) -> None:
    with database.read() as session:
        count = count_withdrawn(session, version_id=version)
    if count:
        console.print(
            f"{version} has learned {count} corrections that were turned down or erased since; "
            "`python -m training retrain` makes a version without",
            **PLAIN,
        )
