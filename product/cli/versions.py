"""python -m product versions, promote, rollback"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from product.cli import workspace
from product.cli.console import WIDE, console, one_line, out, print_plain, verdict_table
from product.codes import Reason, RunCode
from product.identity import Actor, ActorKind
from product.sentiment import NotFound
from product.storage.attempts import count_withdrawn, get_attempt, latest_attempts
from product.storage.database import Database
from product.storage.tables import AttemptRow, ShadowRow, VersionRow
from product.storage.versions import Activation, all_versions, get_version, latest_activation, latest_shadows
from product.texts import rendering, texts
from product.validation import MAX_ACTOR, MAX_COMMENT, check_length
from product.versions import shadow

app = typer.Typer()

ATTEMPTS = 5
"""Retraining attempts that `versions` lists, newest first."""
TIME = "%Y-%m-%d %H:%M:%S"
ENGLISH = texts("en")

WhoOption = Annotated[str, typer.Option(help="Who decides; `versions` shows it.")]
WhyOption = Annotated[str, typer.Option(help="The reason; `versions` shows it.")]


@app.command()
def versions(
    verdict: Annotated[
        str, typer.Option(help="Show only the gate's checks of a version, or of a retraining run by its number.")
    ] = "",
) -> None:
    """List the model versions, newest first, and the results of the latest retraining runs."""
    if verdict:
        return _print_verdict(verdict)
    with workspace.opened() as work, work.database.read() as session:
        active, shadows = latest_activation(session), latest_shadows(session)
        in_shadow = {version for version, row in shadows.items() if row.outcome is None}
        out.print(_version_table(all_versions(session), active.version_id if active else None, in_shadow))
        if active:
            why = rendering.decision(active.reasons, active.actor, active.note, ENGLISH)
            print_plain(f"active since {active.at:{TIME}}: {active.version_id}: {why}")
        for row in shadows.values():
            print_plain(f"shadow {row.version_id}: {_shadow_state(row)}")
        for attempt in latest_attempts(session, limit=ATTEMPTS):
            print_plain(f"run {attempt.id}, started {attempt.started_at:{TIME}}: {_attempt_result(attempt)}")


def _version_table(rows: Iterable[VersionRow], active: str | None, in_shadow: set[str]) -> Table:
    table = Table()
    for heading in ("", "version", "parent", "created (UTC)", "corrections", "reason"):
        table.add_column(heading)
    for row in rows:
        mark = "active" if row.id == active else "shadow" if row.id in in_shadow else ""
        reason = escape(_reasons(row.verdict or {}) or "shipped")
        table.add_row(mark, row.id, row.parent or "–", f"{row.created_at:{TIME}}", str(row.corrections), reason)
    return table


def _print_verdict(name: str) -> None:
    with workspace.opened() as work, work.database.read() as session:
        # A longer number is no attempt's, and databases refuse to look for it.
        number = int(name) if name.isdecimal() and len(name) < 10 else None
        row = get_attempt(session, id=number) if number is not None else get_version(session, id=name)
        if row is None:
            raise NotFound(f"no version {name!r}; `python -m product versions` lists them")
        verdict = row.verdict or {}
    if not verdict.get("checks"):
        raise NotFound(f"{name} has no verdict: it was not compared by the evaluation gate")
    title = f"{name}: {_reasons(verdict)}"
    Console(width=max(out.width, WIDE)).print(verdict_table(escape(title), verdict))


def _attempt_result(row: AttemptRow) -> str:
    if row.finished_at is None:
        return "not finished: still running, or killed"
    version = f" → {row.version_id}" if row.version_id else ""
    return f"{row.outcome}{version}: {rendering.reasons(row.reasons, ENGLISH)}"


def _shadow_state(row: ShadowRow) -> str:
    if row.outcome:
        return f"{row.outcome}: {rendering.reasons(row.reasons, ENGLISH)}"
    return f"until {row.ends_at:{TIME}}: {rendering.reason(shadow.progress(row), ENGLISH)}"


@app.command()
def promote(version: str, who: WhoOption = "", why: WhyOption = "") -> None:
    """Make VERSION the active one, after checking its files. Running apps switch within seconds."""
    with workspace.opened() as work:
        work.versions.promote(version, _activation(RunCode.promoted_by_command, who, why))
        _warn_of_withdrawn(work.database, version)
    out.print(f"active: {version}")


@app.command()
def rollback(who: WhoOption = "", why: WhyOption = "") -> None:
    """Go back to the parent of the active version. Running apps switch within seconds."""
    with workspace.opened() as work:
        before, after = work.versions.rollback(_activation(RunCode.rolled_back_by_command, who, why))
        _warn_of_withdrawn(work.database, after)
    out.print(f"active: {after} (before: {before})")


def _reasons(verdict: Mapping[str, Any]) -> str:
    return rendering.reasons(map(Reason.from_dict, verdict.get("reasons", [])), ENGLISH)


def _activation(code: RunCode, who: str, why: str) -> Activation:
    """What is stored with an activation by command. Raises InvalidInput if `who` or `why` is too long."""
    check_length("who", who, MAX_ACTOR)
    check_length("why", why, MAX_COMMENT)
    return Activation([Reason(code)], Actor(ActorKind.operator, name=one_line(who)), one_line(why))


def _warn_of_withdrawn(database: Database, version: str) -> None:
    with database.read() as session:
        count = count_withdrawn(session, version_id=version)
    if count:
        print_plain(
            f"{version} has learned {count} corrections that were later rejected or erased; "
            "`python -m training retrain` trains a version without them",
            to=console,
        )
