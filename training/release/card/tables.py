"""Markdown tables and figures of the model card."""

from collections.abc import Collection

ABSENT = "not measured"
UNKNOWN = "not recorded"


def table(headings: list[str], rows: list[list[str]], numbers: Collection[int] = ()) -> str:
    """A Markdown table; the columns in `numbers` are set to the right."""
    rules = ["---:" if place in numbers else "---" for place in range(len(headings))]
    lines = [headings, rules, *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def percent(value: float | None) -> str:
    return ABSENT if value is None else f"{100 * value:.1f} %"


def decimal(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3f}"


def megabytes(value: int | None) -> str:
    return ABSENT if value is None else f"{value / 1e6:.1f} MB"
