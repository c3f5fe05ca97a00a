"""Markdown tables of the model card, and how its numbers are written."""

from collections.abc import Collection

NOT_MEASURED = "not measured"
NOT_RECORDED = "not recorded"
NOT_APPLICABLE = "–"


def table(headings: list[str], rows: list[list[str]], numeric: Collection[int] = ()) -> str:
    """A Markdown table; the columns with an index in `numeric` are aligned to the right."""
    rules = ["---:" if index in numeric else "---" for index in range(len(headings))]
    lines = [headings, rules, *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def percent(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{100 * value:.1f} %"


def decimal(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.3f}"


def megabytes(value: int | None) -> str:
    return NOT_MEASURED if value is None else f"{value / 1e6:.1f} MB"
