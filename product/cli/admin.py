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
        log.info("building the shipped model: merging, exporting, quantising to int8 (once, under a minute)")
        manifest = install_shipped(work.settings, work.versions)
    log.info("%s is ready", manifest.id)
