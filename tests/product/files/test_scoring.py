"""Scoring a table: what is added, what stays and what is refused."""

import csv
import json
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from product.cli import workspace
from product.cli.app import app
from product.files import scoring
from product.inference.engine import NoModel
from product.sentiment import InvalidInput
from product.storage.tables import PredictionRow
from tests.support.progress import recorded_progress

ADDED = ["label", "confidence", "negative", "neutral", "positive", "language", "supported", "route", "omitted"]


@pytest.fixture
def score(tmp_path, engine):
    """Writes a table and scores it; returns the counts and the rows of the result."""

    def score_file(content: str | bytes, text_column="text", **options):
        source, target = tmp_path / "in.csv", tmp_path / "out.csv"
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        counted = scoring.score(scoring.check(source, text_column), target, engine, **options)
        return counted, cells(target)

    return score_file


def cells(path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_every_column_is_kept_and_the_predictions_are_added(score):
    counted, (heading, first, second) = score('id,text,from\n1,bad bag,"Ann, London"\n2,很好,北京\n')
    assert heading == ["id", "text", "from", *ADDED]
    assert first == ["1", "bad bag", "Ann, London", "negative", "0.750000", "0.750000", "0.125000", "0.125000"] + [
        "en",
        "true",
        "urgent",
        "",
    ]
    assert second[:4] == ["2", "很好", "北京", "neutral"]
    assert counted == scoring.Scores(rows=2, empty=0, too_long=0)


def test_a_row_in_a_language_that_was_not_learned_says_so(score):
    _, (heading, row) = score("text\nsehr gut\n")
    expected = {"language": "de", "supported": "false", "route": "agent", "omitted": ""}
    assert dict(zip(heading[-4:], row[-4:], strict=True)) == expected


def test_the_model_reads_the_customers_words_and_the_row_says_what_was_left_out(score, engine):
    _, (_, row) = score('text\n"bad bag\n\nKind regards,\nTom\n\n-----Original Message-----\nGood day!"\n')
    assert engine.seen == ["bad bag"]
    assert row[-1] == "quoted-reply signature"


def test_a_row_of_invisible_characters_is_empty(score):
    counted, (_, row) = score("text\n\u200b\n")
    assert row[1:] == [""] * len(ADDED) and counted.empty == 1


def test_rows_with_an_empty_or_too_long_text_get_empty_cells_and_are_counted(score, engine):
    counted, rows = score(f"id,text\n1,bad bag\n2, \n3\n4,{'x' * 10_001}\n5,good day\n")
    assert [row[2] for row in rows] == ["label", "negative", "", "", "", "positive"]
    assert rows[2] == ["2", " "] + [""] * 9
    assert counted == scoring.Scores(rows=5, empty=2, too_long=1)
    assert engine.seen == ["bad bag", "good day"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_could_run_gets_an_apostrophe(score, cell):
    _, (heading, row) = score(f'text,"{cell}"\nbad bag,"{cell}"\n')
    assert heading[1] == row[1] == "'" + cell


def test_the_text_is_guarded_too_and_the_model_reads_it_without_apostrophe(score, engine):
    _, (_, row) = score("text\n-- bad bag\n")
    assert row[0] == "'-- bad bag"
    assert engine.seen == ["-- bad bag"]


def test_the_model_reads_the_redacted_text_and_the_column_stays(score, engine):
    _, (_, row) = score("text\nbad: ann@example.com\n")
    assert row[0] == "bad: ann@example.com"
    assert engine.seen == ["bad: [email]"]


def test_a_column_with_the_name_of_an_added_one_stays_and_the_added_one_is_renamed(score):
    _, (heading, row) = score("text,label,language\nbad bag,positive,de\n")
    assert heading[:4] == ["text", "label", "language", "attune_label"]
    assert heading[-4:] == ["attune_language", "supported", "route", "omitted"]
    assert row[1:4] == ["positive", "de", "negative"]


def test_quotes_and_line_breaks_are_preserved(score):
    _, (_, row) = score('text\n"she said ""bad"",\r\nthen 再见"\n')
    assert row[0] == 'she said "bad",\r\nthen 再见'


def test_a_byte_order_mark_is_kept_and_none_is_added(score, tmp_path):
    score(b"\xef\xbb\xbftext\nbad bag\n")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbftext,label")
    score("text\nbad bag\n")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"text,label")


def test_a_table_separated_by_semicolons_stays_so(score, tmp_path):
    score("id;text\n1;bad bag, really\n")
    heading, row = (tmp_path / "out.csv").read_text().splitlines()
    assert heading == "id;text;" + ";".join(ADDED)
    assert row.startswith("1;bad bag, really;negative;0.75")


def test_a_long_table_is_read_in_batches_and_progress_is_reported(score, engine):
    with recorded_progress() as reports:
        counted, rows = score("text\n" + "bad bag\n" * 600)
    assert [(done, total) for _, done, total in reports] == [(256, 600), (512, 600), (600, 600)]
    assert len(rows) == 601 and counted.rows == 600


def test_a_table_without_rows_gives_only_the_heading(score):
    counted, rows = score("text\n")
    assert rows == [["text", *ADDED]]
    assert counted.rows == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("message\nbad bag\n", "there is no column 'text'; choose one with --text-column: message"),
        ("text\nbad bag\na,b\n", "row 3 has 2 cells, the heading has 1"),
        ("text,label,attune_label\n", "rename the column attune_label;"),
    ],
)
def test_an_unusable_table_is_refused_before_the_model_is_used(score, engine, tmp_path, content, said):
    with pytest.raises(InvalidInput, match=said):
        score(content)
    assert engine.seen == []
    assert not (tmp_path / "out.csv").exists()


def test_without_a_model_no_file_is_left(score, engine, tmp_path):
    engine.version = None
    with pytest.raises(NoModel):
        score("text\nbad bag\n")
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


def test_the_command_scores_a_named_column_stores_nothing_and_overwrites_only_with_force(
    tmp_path, settings, database, engine, monkeypatch, count
):
    @contextmanager
    def stand_in(_work):
        yield engine

    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    monkeypatch.setattr(workspace, "running_engine", stand_in)
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('message\nbad bag\n""\n')
    command = ["score", str(source), str(target), "--text-column", "message"]
    done = CliRunner().invoke(app, [*command, "--json", "-"])
    assert json.loads(done.stdout) == {
        "file": str(target),
        "columns": ADDED,
        "rows": 2,
        "empty": 1,
        "too_long": 0,
    }
    assert count(PredictionRow) == 0
    assert isinstance(CliRunner().invoke(app, command).exception, InvalidInput)
    again = CliRunner().invoke(app, [*command, "--force"])
    assert again.exit_code == 0
    assert "2 rows, 1 without text" in again.stdout
