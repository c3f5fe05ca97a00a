"""Commands: python -m product --help"""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.table import Table

from product.command_line import out, run, say
from product.settings import Settings, load_settings
from product.storage import queries
from product.storage.database import Database
from product.versions import Versions, install_shipped

app = typer.Typer(help="Look after what serves: model versions.", no_args_is_help=True)


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


if __name__ == "__main__":
    run(app)
