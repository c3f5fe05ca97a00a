"""Commands: python -m product --help"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table

from product.command_line import JsonOption, console, out, run, say, write_json
from product.drift import MEASURES, Judged, Report
from product.drift_watch import WEEKS, DriftWatch
from product.settings import Settings, load_settings
from product.storage import queries
from product.storage.database import Database
from product.versions import Versions, install_shipped

app = typer.Typer(help="Look after what serves: model versions, drift.", no_args_is_help=True)


@contextmanager
def opened() -> Iterator[tuple[Settings, Database, Versions]]:
    settings = load_settings()
    database = Database(settings.database)
    database.migrate()
    try:
        yield settings, database, Versions(settings, database)
    finally:
        database.close()


@app.command()
def install() -> None:
    """Build the shipped model's serving file here (the app does this itself at its first start)."""
    with opened() as (settings, _, versions):
        say("building the shipped model: merge, export, int8 (once, under a minute)")
        manifest = install_shipped(settings, versions)
    say(f"{manifest.id} is ready")


@app.command()
def versions() -> None:
    """List the model versions, newest first; the active one is marked."""
    table = Table()
    for heading in ("", "version", "parent", "created (UTC)", "corrections", "why"):
        table.add_column(heading)
    with opened() as (_, database, _), database.read() as session:
        active = queries.active_version(session)
        for row in queries.all_versions(session):
            mark = "active" if row.id == active else ""
            created, why = row.created_at.strftime("%Y-%m-%d %H:%M:%S"), (row.verdict or {}).get("reason", "shipped")
            table.add_row(mark, row.id, row.parent or "–", created, str(row.corrections), why)
    out.print(table)


@app.command()
def promote(version: str) -> None:
    """Make VERSION the active one, after checking its files. Running apps follow within seconds."""
    with opened() as (_, _, versions):
        versions.promote(version, why="promoted by command")
    out.print(f"active: {version}")


@app.command()
def rollback() -> None:
    """Go back to the parent of the active version. Running apps follow within seconds."""
    with opened() as (_, _, versions):
        before, after = versions.rollback(why="rolled back by command")
    out.print(f"active: {after} (before: {before})")


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


if __name__ == "__main__":
    run(app)
