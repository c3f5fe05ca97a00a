"""python -m product install"""

import typer

from product.cli import workspace
from product.cli.console import say
from product.versions.installer import install_shipped

app = typer.Typer()


@app.command()
def install() -> None:
    """Build the shipped model's serving file here (the app does this itself at its first start)."""
    with workspace.opened() as (settings, _, versions):
        say("building the shipped model: merge, export, int8 (once, under a minute)")
        manifest = install_shipped(settings, versions)
    say(f"{manifest.id} is ready")
