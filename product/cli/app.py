"""Assembles the commands: python -m product --help"""

import typer

from product.cli import admin, drift, feedback, review, scoring, versions

app = typer.Typer(
    help="Manage model versions and corrections, score tables, and watch drift.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
for group in (versions, feedback, review, scoring, drift, admin):
    app.add_typer(group.app)
