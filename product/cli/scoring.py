"""python -m product score"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from product.cli import workspace
from product.cli.console import JsonOption, TextOption, out, progress, write_json
from product.files import scoring
from product.files.writing import check_free

app = typer.Typer()

ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]


@app.command("score")
def score_table(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="A table with a column of messages.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", help="The table to write.")],
    text_column: TextOption = "text",
    force: ForceOption = False,
    json_file: JsonOption = None,
) -> None:
    """Add label, confidence, scores, language and route to each row of a table. Nothing is stored.

    A cell that a spreadsheet might run as a formula gets an apostrophe before it.
    """
    check_free(target, force=force)
    table = scoring.check(source, text_column)
    settings = workspace.load_settings()
    with (
        workspace.opened_database(settings) as database,
        workspace.running_engine(settings, database) as engine,
        progress("scoring") as tell,
    ):
        scores = scoring.score(table, target, engine, tell=tell)
    more = f", {scores.empty:,} without a text" if scores.empty else ""
    more += f", {scores.too_long:,} with too long a text" if scores.too_long else ""
    if json_file != "-":
        out.print(f"{scores.rows:,} rows are written to {target}{more}", highlight=False, soft_wrap=True)
    write_json(json_file, {"file": str(target), "columns": table.added} | asdict(scores))
