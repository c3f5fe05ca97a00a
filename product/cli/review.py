"""python -m product review, decide"""

import logging
from enum import StrEnum
from typing import Annotated

import typer

from product.cli import workspace
from product.cli.console import JsonOption, one_line, out, print_plain, write_json
from product.feedback.review_queue import Item
from product.identity import Actor, ActorKind
from product.service import MAX_REVIEWED
from product.storage.feedback import find_feedback
from product.texts import texts

log = logging.getLogger(__name__)
app = typer.Typer()
ENGLISH = texts("en")


@app.command()
def review(
    limit: Annotated[int, typer.Option(min=1, max=MAX_REVIEWED, help="How many messages.")] = 20,
    json_file: JsonOption = None,
) -> None:
    """List what to review first: the messages and corrections where a mistake is costly and likely."""
    with workspace.opened_application() as application:
        log.info("ranking messages and corrections")
        application.drift.check()
        items = application.review_queue(limit)
    if json_file != "-":
        _print_queue(items)
    write_json(json_file, {"queue": [item.as_dict() for item in items]})


def _print_queue(items: list[Item]) -> None:
    for item in items:
        print_plain(one_line(item.text))
        print_plain(f"  {ENGLISH(f'review_reason_{item.reason}')} (priority {item.priority:.2f})")
        print_plain(f"  predicted {item.predicted}; prediction {item.prediction_id}")
        for correction in item.corrections:
            contributor = one_line(correction.actor.handle)
            status = "to be decided" if correction.open else ENGLISH(f"status_{correction.status}")
            print_plain(f"  {correction.label} by {contributor}; feedback {correction.feedback_id}, {status}")
    if not items:
        out.print("nothing to review")


class Choice(StrEnum):
    """What a lead can decide."""

    accept = "accept"
    reject = "reject"


@app.command()
def decide(
    feedback_id: Annotated[str, typer.Argument(help="A correction's id, or the start of it, as on its receipt.")],
    decision: Choice,
    who: Annotated[str, typer.Option(help="Who decides: stored in the history, not shown on the receipt.")],
    why: Annotated[str, typer.Option(help="The reason; anyone with the receipt can read it.")] = "",
) -> None:
    """Accept a correction, or reject it so that it is never learned. No automatic rule changes this decision."""
    with workspace.opened_application() as application:
        with application.database.read() as session:
            row = find_feedback(session, id_or_prefix=feedback_id)
        feedback_id = row.id if row else feedback_id
        by = Actor(ActorKind.operator, name=who)
        status = application.decide(feedback_id=feedback_id, accept=decision is Choice.accept, by=by, note=why)
    print_plain(f"{feedback_id}: {status}")
