"""The command that retrains on corrections."""

import sys
from contextlib import redirect_stdout
from datetime import timedelta
from typing import Annotated

import typer
from rich.markup import escape

from product.cli.console import JsonOption, console, out, write_json
from product.settings.configuration import load_settings
from training.cli.printing import print_verdict

app = typer.Typer()


@app.command()
def retrain(
    if_due: Annotated[
        bool,
        typer.Option("--if-due", help="Only if enough corrections arrived since the last run; exits with 0 if not."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Train and compare, report the outcome, change nothing.")
    ] = False,
    shadow: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=8760,
            help="Hours that a better challenger runs in shadow mode before it serves. Default: ATTUNE_SHADOW_HOURS.",
        ),
    ] = None,
    json_file: JsonOption = None,
) -> None:
    """Retrain once on all accepted corrections; the result serves only if it passes the evaluation gate."""
    from training.retraining import loop

    shadow_time = None if shadow is None else timedelta(hours=shadow)
    # Training libraries print to stdout, which is reserved for the outcome: a program may read it.
    with redirect_stdout(sys.stderr):
        result = loop.retrain(load_settings(), if_due=if_due, dry_run=dry_run, shadow=shadow_time)
    if result.verdict:
        print_verdict(result.champion or "none", result.verdict.as_dict())
    promoted = f" → {result.version}" if result.version else ""
    printer, seconds = (console if json_file == "-" else out), f"({result.seconds:.0f} s)"
    printer.print(f"[bold]{result.outcome}[/bold]{promoted}: {escape(result.reason)} {seconds}", soft_wrap=True)
    write_json(json_file, result.as_dict())
