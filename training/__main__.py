"""Commands: python -m training --help"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from product.command_line import console, out, run, say
from product.sentiment import LABELS
from product.settings import SHIPPED_MODEL, load_settings

app = typer.Typer(help="Make models: train, evaluate, learn from corrections.", no_args_is_help=True)

JsonOption = Annotated[str | None, typer.Option("--json", help="Also write the result as JSON to FILE; - for stdout.")]


def write_json(target: str | None, content: dict) -> None:
    if target:
        text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
        if target == "-":
            sys.stdout.write(text + "\n")
        else:
            Path(target).write_text(text + "\n", encoding="utf-8")


@app.command()
def finetune(
    corpus: Annotated[list[str], typer.Option("--corpus", help="A corpus of the catalogue; may be given again.")],
    out_dir: Annotated[Path, typer.Option("--out", help="The version folder to write; must be new or empty.")],
    method: Annotated[str, typer.Option(help="lora (adapters) or full (all weights).")] = "lora",
    base: Annotated[str, typer.Option(help="Base model: folder or Hub id; default ATTUNE_BASE_MODEL.")] = "",
    epochs: Annotated[float | None, typer.Option(help="Epochs at most; validation may stop it sooner.")] = None,
    learning_rate: Annotated[
        list[float] | None, typer.Option(help="Peak learning rate; given again, another round with soft labels.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 13,
    version: Annotated[str, typer.Option(help="The id the version gets.")] = "trained-1",
) -> None:
    """Train a checkpoint on labelled corpora: a version folder with adapter, int8 export, calibration, results."""
    from training.factory import finetune_version  # torch takes seconds to import: --help must not wait for it

    rates = tuple(learning_rate) if learning_rate else None
    asked = {"epochs": epochs, "learning_rates": rates, "seed": seed}
    overrides = {name: value for name, value in asked.items() if value is not None}
    manifest = finetune_version(
        load_settings(),
        corpora=corpus,
        out=out_dir,
        method=method,
        base=base,
        version=version,
        overrides=overrides,
        say=say,
    )
    for name, measured in manifest.metrics.items():
        print_measures(f"{manifest.id} on {name}", measured)
    out.print(f"written to {out_dir}")


@app.command()
def ship(
    version: Annotated[Path, typer.Argument(help="The folder of a finished version, as finetune writes it.")],
    target: Annotated[Path, typer.Option(help="Where the repository keeps the shipped model.")] = SHIPPED_MODEL,
) -> None:
    """Make a trained version the one that a clone of this repository starts with."""
    from training import factory

    factory.ship(version, target, say)


@app.command()
def retrain(
    if_due: Annotated[
        bool, typer.Option(help="Only when enough corrections came since the last attempt (exit 0 either way).")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Train, compare and say what would happen; change nothing.")] = False,
    json_file: JsonOption = None,
) -> None:
    """The loop once: learn from every correction that stands, and serve the result only if it is proved better."""
    from training import retrain as loop

    outcome = loop.retrain(load_settings(), if_due=if_due, dry_run=dry_run, say=say)
    if outcome.verdict:
        print_verdict(outcome)
    promoted = f" → {outcome.version}" if outcome.version else ""
    printer, took = (console if json_file == "-" else out), f"({outcome.seconds:.0f} s)"
    printer.print(f"[bold]{outcome.outcome}[/bold]{promoted}: {outcome.reason} {took}", soft_wrap=True)
    write_json(json_file, outcome.as_dict())


@app.command()
def evaluate(
    data: Annotated[str, typer.Option(help="A .csv or .parquet with text,label; or a corpus: its test split.")],
    model: Annotated[str, typer.Option(help="A version id or folder; default: the active version.")] = "",
    json_file: JsonOption = None,
) -> None:
    """Accuracy, macro-F1, confusion and calibration error of a version as it serves, whole and by slice."""
    from training.evaluate import evaluate as measure
    from training.evaluate import read_rows
    from training.factory import find_model

    rows = read_rows(data)
    loaded = find_model(load_settings(), model)
    say(f"reading {len(rows):,} texts with {loaded.version}")
    result = {"model": loaded.version, "data": data} | measure(loaded, rows)
    if json_file != "-":
        print_measures(f"{loaded.version} on {data}", result)
    write_json(json_file, result)


def print_measures(title: str, measured: dict) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("slice", "rows", "accuracy", "macro-F1", "ECE"):
        table.add_column(heading, justify="left" if heading == "slice" else "right")
    for name, part in {"all": measured, **measured.get("slices", {})}.items():
        figures = f"{part['accuracy']:.1%}", f"{part['macro_f1']:.1%}", f"{part['ece']:.3f}"
        table.add_row(name, f"{part['rows']:,}", *figures)
    out.print(table)
    confusion = Table(title="confusion (rows: right label, columns: answer)", title_justify="left")
    for heading in ("", *LABELS):
        confusion.add_column(heading, justify="right")
    for label, row in zip(LABELS, measured["confusion"], strict=True):
        confusion.add_row(label, *map(str, row))
    out.print(confusion)


def print_verdict(outcome) -> None:
    table = Table(title=f"champion {outcome.champion} against challenger", title_justify="left")
    for heading in ("judged on", "champion", "challenger", "finding", "rule", "passed"):
        table.add_column(heading)
    words = {True: "yes", False: "NO", None: "–"}
    for check in outcome.verdict.checks:
        table.add_row(check.name, check.champion, check.challenger, check.finding, check.rule, words[check.passed])
    Console(stderr=True, width=max(console.width, 150)).print(table)


if __name__ == "__main__":
    run(app)
