"""python -m product score"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from product.cli import workspace
from product.cli.console import JsonOption, TextOption, out, print_plain, write_json
from product.files import scoring
from product.files.writing import check_writable

app = typer.Typer()


@app.command("score")
def score_table(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="A table with a column of messages.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", help="The table to write.")],
    text_column: TextOption = "text",
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT.csv if it exists.")] = False,
    json_file: JsonOption = None,
) -> None:
    """Add label, confidence, scores, language and route to each row of a table. Nothing is stored.

    Cells that a spreadsheet could run as a formula get a leading apostrophe.
    """
    check_writable(target, force=force)
    table = scoring.check(source, text_column)
    with workspace.opened() as work, workspace.running_engine(work) as engine:
        scores = scoring.score(table, target, engine)
    if json_file != "-":
        print_plain(f"{target}: {_summary(scores)}", to=out)
    write_json(json_file, {"file": str(target), "columns": table.added} | asdict(scores))


def _summary(scores: scoring.Scores) -> str:
    parts = [f"{scores.rows:,} rows"]
    if scores.empty:
        parts.append(f"{scores.empty:,} without text")
    if scores.too_long:
        parts.append(f"{scores.too_long:,} with a text that is too long")
    return ", ".join(parts)
