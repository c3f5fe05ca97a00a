"""Assembles the commands: python -m product --help"""

import typer

from product.cli import admin, drift, feedback, review, scoring, versions

app = typer.Typer(
    help="Look after what serves, model versions, and what is kept, corrections; drift.", no_args_is_help=True
)
for group in (versions, feedback, review, scoring, drift, admin):
    app.add_typer(group.app)
