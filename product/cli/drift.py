"""python -m product drift"""

from typing import Annotated

import typer
from rich.table import Table

from product.cli import workspace
from product.cli.console import JsonOption, console, out, write_json
from product.drift.counts import MEASURES
from product.drift.findings import Judged, Report
from product.drift.monitor import WEEKS, DriftWatch

app = typer.Typer()


@app.command()
def drift(
    weeks: Annotated[int, typer.Option(min=1, max=104, help="How many weeks, the present one among them.")] = WEEKS,
    review: Annotated[int, typer.Option(min=0, help="Also list so many answers to look at, where a week drifted.")] = 0,
    json_file: JsonOption = None,
) -> None:
    """How far each week's messages are from those that the model learned from."""
    with workspace.opened() as (settings, database, _), console.status("counting the weeks"):
        watch = DriftWatch(settings, database)
        report, ids = watch.check(weeks), watch.to_review(review)
    if json_file != "-":
        _print_drift(report, ids)
    write_json(json_file, report.to_dict() | {"to_review": ids})


def _print_drift(report: Report, ids: list[str]) -> None:
    table = Table()
    for heading in ("week (UTC)", "messages", *MEASURES):
        table.add_column(heading, justify="left" if heading.startswith("week") else "right")
    for each in report.weeks:
        table.add_row(*_drift_row(each))
    out.print(table)
    newest = report.newest
    lines = [f"compared {report.why}", *(f"{newest.week.name} {finding.sentence}" for finding in newest.findings)]
    for line in lines + [f"to review: {id}" for id in ids]:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _drift_row(judged: Judged) -> list[str]:
    """Values by measure: `–` where there is too little to say, `!` behind what drifted, `~` behind what moved."""
    marks = {"drifted": " !", "watch": " ~"}
    values = ["–" if each.value is None else f"{each.value:.3f}{marks.get(each.level, '')}" for each in judged.findings]
    return [judged.week.name + ("" if judged.week.complete else " so far"), f"{judged.week.rows:,}", *values]
