"""Commands: python -m training --help"""

import typer

from product.cli.console import run
from training.cli import compress, evaluate, release, retrain, train

app = typer.Typer(help="Make models: train, evaluate, learn from corrections.", no_args_is_help=True)
for command in (
    train.finetune,
    train.tune,
    release.combine,
    release.ship,
    release.reference,
    release.measure,
    release.card,
    retrain.retrain,
    evaluate.evaluate,
    evaluate.behaviours,
):
    app.command()(command)
app.add_typer(compress.app, name="compress")

if __name__ == "__main__":
    run(app)
