"""python -m product drift"""

import logging
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from product.cli import workspace
from product.cli.console import JsonOption, out, print_plain, write_json
from product.drift.counts import MEASURES
from product.drift.findings import DriftReport, WeekReport
from product.drift.monitor import WEEKS, DriftMonitor
from product.texts import texts
from product.texts.findings import finding_sentence, measure_name, reference_sentence

log = logging.getLogger(__name__)
app = typer.Typer()
ENGLISH = texts("en")


@app.command()
def drift(
    weeks: Annotated[int, typer.Option(min=1, max=104, help="How many weeks, the current one included.")] = WEEKS,
    review: Annotated[int, typer.Option(min=0, help="Also list this many messages to review from a drifted week.")] = 0,
    json_file: JsonOption = None,
) -> None:
    """Show how far each week's messages are from those that the model was trained on."""
    with workspace.opened() as work:
        log.info("counting the messages of each week")
        monitor = DriftMonitor(work.settings, work.database)
        report, ids = monitor.check(weeks), monitor.to_review(review)
    if json_file != "-":
        _print_report(report, ids)
    write_json(json_file, report.to_dict(ENGLISH) | {"to_review": ids})


def _print_report(report: DriftReport, ids: list[str]) -> None:
    # The columns of all measures fit in a terminal of 80.
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column("week (UTC)")
    for heading in ("messages", *(measure_name(measure, ENGLISH) for measure in MEASURES)):
        table.add_column(heading, justify="right")
    for week in report.weeks:
        table.add_row(*_row(week))
    out.print(table)
    print_plain(reference_sentence(report.reference, report.fallback, ENGLISH))
    if newest := report.newest:
        for finding in newest.findings:
            print_plain(f"{newest.week.name} {finding_sentence(finding.reason, ENGLISH)}")
    for id in ids:
        print_plain(f"to review: {id}")


def _row(report: WeekReport) -> list[str]:
    """One cell per measure: `–` means no comparison, `!` drifted, `~` slightly changed."""
    marks = {"drifted": " !", "watch": " ~"}
    values = [
        "–" if finding.value is None else f"{finding.value:.3f}{marks.get(finding.level, '')}"
        for finding in report.findings
    ]
    return [report.week.name + ("" if report.week.complete else " so far"), f"{report.week.rows:,}", *values]
