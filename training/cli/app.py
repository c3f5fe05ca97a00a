"""The command line of the training package, assembled from its groups of commands."""

import typer

from training.cli import compress, evaluate, release, retrain, train

app = typer.Typer(
    help="Make models: train, evaluate, release, retrain on corrections.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
for group in (train, release, retrain, evaluate):
    app.add_typer(group.app)
app.add_typer(compress.app, name="compress")
