"""python -m product install"""

import logging

import typer

from product.cli import workspace
from product.versions.installer import install_shipped

log = logging.getLogger(__name__)
app = typer.Typer()


@app.command()
def install() -> None:
    """Build the shipped model for this machine. The app does this by itself at its first start."""
    with workspace.opened() as work:
        log.info("preparing the shipped model (the first time, this takes up to a minute)")
        manifest = install_shipped(work.settings, work.versions)
    log.info("%s is ready", manifest.id)
