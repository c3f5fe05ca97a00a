"""The command that learns from corrections."""

import sys
from contextlib import redirect_stdout
from datetime import timedelta
from typing import Annotated

import typer

from product.cli.console import JsonOption, console, out, write_json
from product.settings.configuration import load_settings
from training.cli.printing import print_verdict


def retrain(
    if_due: Annotated[
        bool, typer.Option(help="Only when enough corrections came since the last attempt (exit 0 either way).")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Train, compare and say what would happen; change nothing.")] = False,
    shadow: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=8760,
            help="Hours that what is better first reads unseen in the champion's shadow; default ATTUNE_SHADOW_HOURS.",
        ),
    ] = None,
    json_file: JsonOption = None,
) -> None:
    """The loop once: learn from every correction that stands, and serve the result only if it is proved better."""
    from training.retraining import loop

    waiting = None if shadow is None else timedelta(hours=shadow)
    # What the libraries print is progress: standard output is for the outcome, which a machine may read.
    with redirect_stdout(sys.stderr):
        outcome = loop.retrain(load_settings(), if_due=if_due, dry_run=dry_run, shadow=waiting)
    if outcome.verdict:
        print_verdict(outcome)
    promoted = f" → {outcome.version}" if outcome.version else ""
    printer, took = (console if json_file == "-" else out), f"({outcome.seconds:.0f} s)"
    printer.print(f"[bold]{outcome.outcome}[/bold]{promoted}: {outcome.reason} {took}", soft_wrap=True)
    write_json(json_file, outcome.as_dict())
