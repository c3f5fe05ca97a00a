"""python -m product review, decide"""

from enum import StrEnum
from typing import Annotated

import typer

from product.cli import workspace
from product.cli.console import PLAIN, JsonOption, console, one_line, out, write_json
from product.feedback.review_queue import Item
from product.service import MAX_REVIEWED
from product.storage.feedback import find_feedback

app = typer.Typer()


@app.command()
def review(
    limit: Annotated[int, typer.Option(min=1, max=MAX_REVIEWED, help="How many messages.")] = 20,
    json_file: JsonOption = None,
) -> None:
    """List the messages and corrections to look at first: what a mistake would cost, times the doubt about it."""
    with workspace.opened_application() as application, console.status("looking for what is worth a look"):
        application.drift.check()
        items = application.review_queue(limit)
    if json_file != "-":
        _print_queue(items)
    write_json(json_file, {"queue": [item.as_dict() for item in items]})


def _print_queue(items: list[Item]) -> None:
    for item in items:
        out.print(f"{item.reason}, {item.priority:.2f}: {one_line(item.text)}", **PLAIN)
        out.print(f"  {item.shown} was shown; prediction {item.prediction_id}", **PLAIN)
        for word in item.said:
            wanted = "to decide" if word.open else word.status
            out.print(f"  {word.label} said {one_line(word.actor)}; feedback {word.feedback_id}, {wanted}", **PLAIN)
    if not items:
        out.print("nothing to review")


class Decision(StrEnum):
    accept = "accept"
    reject = "reject"


@app.command()
def decide(
    feedback_id: Annotated[str, typer.Argument(help="A correction's id, or its beginning, as its receipt shows it.")],
    decision: Decision,
    who: Annotated[str, typer.Option(help="Who decides: kept in the history, and in no receipt.")],
    why: Annotated[str, typer.Option(help="The reason; whoever has the receipt can read it.")] = "",
) -> None:
    """Decide that a correction stands, or that nothing is learned from it. No automatic rule changes that."""
    with workspace.opened_application() as application:
        with application.database.read() as session:
            row = find_feedback(session, id_or_prefix=feedback_id)
        feedback_id = row.id if row else feedback_id
        status = application.decide(feedback_id=feedback_id, accept=decision is Decision.accept, who=who, why=why)
    out.print(f"{feedback_id}: {status}", **PLAIN)
