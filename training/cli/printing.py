"""Results as tables for a terminal."""

from pathlib import Path
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from product.cli.console import WIDE, console, out, print_plain, verdict_table
from product.inference.manifest import Manifest
from product.sentiment import LABELS

FAMILY_WIDTH = 60
"""Characters of a template that are shown."""


def print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    """Rows with the same keys as a table; the first column is aligned to the left, the others to the right."""
    table = _table(title, list(rows[0]) if rows else [])
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)


def print_version(manifest: Manifest | None, out_dir: Path) -> None:
    """The metrics of a new version. Without a manifest, a run wrote only a checkpoint, or is not the first process."""
    if manifest:
        for name, metrics in manifest.metrics.items():
            print_metrics(f"{manifest.id} on {name}", metrics)
    if manifest or (out_dir / "config.json").is_file():
        out.print(f"written to {out_dir}")


def print_metrics(title: str, metrics: dict[str, Any]) -> None:
    """Metrics as `training.evaluation.metrics.evaluate` returns them: overall, by slice, and confusion."""
    table = _table(title, ["slice", "rows", "accuracy", "macro-F1", "ECE"])
    for name, part in {"all": metrics, **metrics.get("slices", {})}.items():
        figures = f"{part['accuracy']:.1%}", f"{part['macro_f1']:.1%}", f"{part['ece']:.3f}"
        table.add_row(name, f"{part['rows']:,}", *figures)
    out.print(table)
    for line in _more_metrics(metrics):
        out.print(line, highlight=False)
    confusion = Table(title="confusion (rows: correct label, columns: prediction)", title_justify="left")
    for heading in ("", *LABELS):
        confusion.add_column(heading, justify="right")
    for label, row in zip(LABELS, metrics["confusion"], strict=True):
        confusion.add_row(label, *map(str, row))
    out.print(confusion)


def _more_metrics(metrics: dict[str, Any]) -> list[str]:
    """Lines for the metrics that the table has no column for."""
    lines = []
    if "ece_interval" in metrics:
        low, high = metrics["ece_interval"]
        lines.append(f"ECE, 95 % bootstrap interval: {low:.3f} to {high:.3f}")
    if metrics.get("neutral_share") is not None:
        share = f"{metrics['neutral_share']:.1%}"
        lines.append(f"no neutral class in this corpus: negative against positive; predicted neutral: {share}")
    elif metrics.get("routing") is not None:
        lines.append(
            f"routing: {metrics['routing']:.1%} of the N negatives are among the N messages with the highest negative "
            "probability"
        )
    return lines


def print_behaviours(title: str, summary: dict[str, Any], examples: list[dict[str, Any]]) -> None:
    """The failure rates of a behavioural suite with the worst template or kind of each capability, then examples of
    failing cases."""
    table = _table(title, ["capability", "failed", "cases", "rate", "worst family"])
    table.columns[-1].justify = "left"
    for name, part in summary.items():
        if isinstance(part, dict):
            figures = str(part["failures"]), str(part["cases"]), f"{part['rate']:.1%}"
            table.add_row(name, *figures, escape(_worst_family(part)))
    table.add_section()
    table.add_row("mean", "", "", f"{summary['mean']:.1%}", "")
    table.add_row("worst", "", "", f"{summary['worst']:.1%}", summary["worst_capability"])
    out.print(table)
    for example in examples:
        expected = f"{example['label']} {example['moves']}".strip() or "the same label for all texts"
        out.print(f"[bold]{example['capability']}[/bold]: {expected}", highlight=False)
        for text, row in zip(example["texts"], example["scores"], strict=True):
            print_plain(f"  {' '.join(f'{value:.2f}' for value in row)}  {text}")


def _worst_family(part: dict[str, Any]) -> str:
    worst = part["worst_family"]
    return f"{worst['rate']:.0%} {shorten(worst['family'], FAMILY_WIDTH, placeholder='…')}" if worst else ""


def print_verdict(champion: str, verdict: dict[str, Any]) -> None:
    """The verdict of the gate on stderr: stdout is for the outcome."""
    table = verdict_table(f"champion {champion} against challenger", verdict)
    Console(stderr=True, width=max(console.width, WIDE)).print(table)


def _table(title: str, headings: list[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left")
    return table
