"""Commands: python -m product --help"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.table import Table

from product.sentiment import AttuneError
from product.settings import Settings, load_settings
from product.storage import queries
from product.storage.database import Database
from product.versions import Versions, install_shipped

app = typer.Typer(help="Look after what serves: model versions.", no_args_is_help=True)
console = Console(stderr=True)
out = Console()

EXIT_REFUSED = 2


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
        console.print("[dim]›[/dim] building the shipped model: merge, export, int8 (once, under a minute)")
        manifest = install_shipped(settings, versions)
    console.print(f"[dim]›[/dim] {manifest.id} is ready")


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


def main() -> None:
    logging.basicConfig(level="INFO", format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel("WARNING")
    try:
        app()
    except AttuneError as error:
        console.print(f"[bold red]{type(error).__name__}[/bold red]: {error}", highlight=False, soft_wrap=True)
        sys.exit(EXIT_REFUSED)


if __name__ == "__main__":
    main()
