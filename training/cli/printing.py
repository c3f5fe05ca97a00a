"""Results as tables for a terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from product.cli.console import WIDE, console, out, verdict_table
from product.sentiment import LABELS


def print_version(manifest, out_dir: Path) -> None:
    """What came of a run; there is no manifest of a checkpoint alone, nor in a run's other processes."""
    for name, measured in manifest.metrics.items() if manifest else ():
        print_measures(f"{manifest.id} on {name}", measured)
    if (out_dir / "config.json").is_file() or manifest:
        out.print(f"written to {out_dir}")


def print_behaviours(title: str, measured: dict, examples: list[dict]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("capability", "failed", "cases", "rate"):
        table.add_column(heading, justify="left" if heading == "capability" else "right")
    parts = {name: part for name, part in measured.items() if isinstance(part, dict)}
    for name, part in parts.items():
        table.add_row(name, str(part["failures"]), str(part["cases"]), f"{part['rate']:.1%}")
    table.add_section()
    for name in ("mean", "worst"):
        table.add_row(name, "", "", f"{measured[name]:.1%}")
    out.print(table)
    for example in examples:
        wanted = f"{example['label']} {example['moves']}".strip() or "the same for each"
        out.print(f"[bold]{example['capability']}[/bold]: {wanted}", highlight=False)
        for text, row in zip(example["texts"], example["scores"], strict=True):
            scores = " ".join(f"{value:.2f}" for value in row)
            out.print(f"  {scores}  {text}", markup=False, emoji=False, highlight=False, soft_wrap=True)


def print_measures(title: str, measured: dict) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("slice", "rows", "accuracy", "macro-F1", "ECE"):
        table.add_column(heading, justify="left" if heading == "slice" else "right")
    for name, part in {"all": measured, **measured.get("slices", {})}.items():
        figures = f"{part['accuracy']:.1%}", f"{part['macro_f1']:.1%}", f"{part['ece']:.3f}"
        table.add_row(name, f"{part['rows']:,}", *figures)
    out.print(table)
    for line in notes(measured):
        out.print(line, highlight=False)
    confusion = Table(title="confusion (rows: right label, columns: answer)", title_justify="left")
    for heading in ("", *LABELS):
        confusion.add_column(heading, justify="right")
    for label, row in zip(LABELS, measured["confusion"], strict=True):
        confusion.add_row(label, *map(str, row))
    out.print(confusion)


def notes(measured: dict) -> list[str]:
    """What the table has no column for, a line each."""
    lines = []
    if "ece_interval" in measured:
        low, high = measured["ece_interval"]
        lines.append(f"ECE, 95 % bootstrap interval: {low:.3f} to {high:.3f}")
    if measured.get("neutral_share") is not None:
        lines.append(
            f"no neutral class here: negative against positive; answered neutral: {measured['neutral_share']:.1%}"
        )
    elif measured.get("routing") is not None:
        lines.append(
            f"routing: {measured['routing']:.1%} of the negatives met in as many messages, most negative first"
        )
    return lines


def print_verdict(outcome) -> None:
    table = verdict_table(f"champion {outcome.champion} against challenger", outcome.verdict.as_dict())
    Console(stderr=True, width=max(console.width, WIDE)).print(table)


def print_rows(title: str, rows: list[dict]) -> None:
    """Rows of the same columns as a table; the first column to the left, figures to the right."""
    shown = Table(title=title, title_justify="left")
    for index, heading in enumerate(rows[0] if rows else ()):
        shown.add_column(heading, justify="right" if index else "left")
    for row in rows:
        shown.add_row(*(str(value) for value in row.values()))
    out.print(shown)
