"""Importing labels from a file: stored rows, refused rows, and repeated imports."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from product.cli import workspace
from product.cli.app import app
from product.codes import FeedbackCode
from product.feedback import importer
from product.inference.engine import NoModel
from product.sentiment import InvalidInput
from product.storage.corrections import all_corrections
from product.storage.predictions import first_prediction_at, sample_predictions
from product.storage.tables import FeedbackEventRow, FeedbackRow, PredictionRow
from tests.support.progress import recorded_progress
from tests.support.stored import get_prediction

KEY = b"k" * 32


class Breaking:
    """Answers so many requests, then has no model any more."""

    def __init__(self, engine, requests: int):
        self._engine, self._left = engine, requests

    def score(self, texts):
        if not self._left:
            raise NoModel("gone")
        self._left -= 1
        return self._engine.score(texts)


@pytest.fixture
def take(tmp_path, database, engine):
    """Write a file, look through it, store it; returns what was imported."""

    def import_file(content: str, name="labels.csv", actor="team", skip_bad=False, scorer=engine, **columns):
        (tmp_path / name).write_text(content, encoding="utf-8")
        source = importer.Source(tmp_path / name, actor, **columns)
        plan = importer.check(source, KEY, skip_bad=skip_bad)
        return importer.store(source, plan, KEY, database, scorer)

    return import_file


@pytest.fixture
def run(settings, database, engine, monkeypatch):
    """The command on the test's own database, with the stand-in for the model."""

    @contextmanager
    def stand_in(_work):
        yield engine

    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    monkeypatch.setattr(workspace, "running_engine", stand_in)
    return lambda *arguments: CliRunner().invoke(app, ["import", *map(str, arguments)])


def standing(database) -> list:
    with database.read() as session:
        return all_corrections(session)


def refused(take, content: str, **options) -> str:
    with pytest.raises(InvalidInput) as error:
        take(content, **options)
    return str(error.value)


def numbered(count: int, label="negative") -> str:
    return "text,label\n" + "".join(f"bad bag {number},{label}\n" for number in range(count))


def test_a_label_is_stored_as_a_correction_with_a_prediction(take, database):
    assert take("text,label\nbad bag,neutral\n") == importer.Imported(added=1, changed=0, unchanged=0, erased=0)
    [stored] = standing(database)
    assert (stored.text, stored.label, stored.predicted) == ("bad bag", "neutral", "negative")
    assert (stored.actor.handle, stored.status, stored.model_version) == ("team", "pending", "v1")
    with database.read() as session:
        answer = get_prediction(session, id=stored.prediction_id)
        assert (answer.negative, answer.neutral, answer.route) == (0.75, 0.125, "urgent")
        assert [event.code for event in session.query(FeedbackEventRow)] == [FeedbackCode.imported]


def test_imported_texts_do_not_count_as_incoming_messages(take, database):
    take("text,label\nbad bag,neutral\n")
    with database.read() as session:
        begin, end = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
        assert list(sample_predictions(session, start=begin, end=end, limit=10)) == []
        assert first_prediction_at(session) is None


def test_the_redacted_text_is_predicted_and_stored(take, database, engine):
    take("text,label\nbad: write to ann@example.com,negative\n")
    assert engine.seen == [standing(database)[0].text] == ["bad: write to [email]"]


def test_only_the_customers_words_are_predicted_and_stored(take, database, engine):
    take('text,label\n"<p>bad bag</p><blockquote>good day</blockquote>",negative\n')
    assert engine.seen == [standing(database)[0].text] == ["bad bag"]


def test_jsonl_is_read_with_other_column_names(take, database):
    line = json.dumps({"message": "第一行\n第二行", "mood": " Negative "}, ensure_ascii=False)
    take(line + "\n", name="labels.jsonl", text_column="message", label_column="mood")
    assert [(correction.text, correction.label) for correction in standing(database)] == [
        ("第一行\n第二行", "negative")
    ]


def test_importing_a_file_twice_changes_nothing_and_predicts_nothing(take, database, engine, count):
    take(numbered(3))
    engine.seen.clear()
    assert take(numbered(3)) == importer.Imported(added=0, changed=0, unchanged=3, erased=0)
    assert engine.seen == []
    assert count(PredictionRow) == count(FeedbackRow) == count(FeedbackEventRow) == 3


def test_a_changed_label_replaces_the_old_one_and_keeps_the_prediction(take, database, engine, count):
    take("text,label\nbad bag,neutral\n")
    engine.version = "v2"
    assert take("text,label\nbad bag,positive\n").changed == 1
    [stored] = standing(database)
    assert (stored.label, stored.model_version) == ("positive", "v1")
    assert count(PredictionRow) == count(FeedbackRow) == 1


def test_labels_of_two_actors_for_one_text_are_both_stored(take, database):
    take("text,label\nbad bag,neutral\n", actor="team")
    take("text,label\nbad bag,negative\n", actor="others")
    assert sorted((correction.actor.handle, correction.label) for correction in standing(database)) == [
        ("others", "negative"),
        ("team", "neutral"),
    ]


def test_the_last_label_of_a_repeated_text_counts(take, database, count):
    content = "text,label\nbad bag,neutral\nbad bag,positive\n"
    assert take(content).added == 1
    assert standing(database)[0].label == "positive"
    assert take(content).unchanged == 1
    assert count(FeedbackEventRow) == 1


def test_an_interrupted_import_continues_where_it_stopped(take, database, engine):
    with pytest.raises(NoModel):
        take(numbered(600), scorer=Breaking(engine, requests=1))
    assert len(standing(database)) == 256
    engine.seen.clear()
    assert take(numbered(600)) == importer.Imported(added=344, changed=0, unchanged=256, erased=0)
    assert len(engine.seen) == 344
    assert len(standing(database)) == 600


def test_progress_is_reported_after_each_batch(tmp_path, database, engine):
    (tmp_path / "a.csv").write_text(numbered(300))
    source = importer.Source(tmp_path / "a.csv", "team")
    plan = importer.check(source, KEY)
    with recorded_progress() as reports:
        importer.store(source, plan, KEY, database, engine)
    assert [(done, total) for _, done, total in reports] == [(256, 300), (300, 300)]


def test_an_erased_text_is_not_imported_again(take, database):
    take("text,label\nbad bag,neutral\ngood day,positive\n")
    with database.write() as session:
        row = session.query(PredictionRow).filter_by(text="bad bag").one()
        row.text = ""
        session.query(FeedbackRow).filter_by(prediction_id=row.id).one().status = "erased"
    again = take("text,label\nbad bag,negative\ngood day,positive\n")
    assert again == importer.Imported(added=0, changed=0, unchanged=1, erased=1)
    assert [correction.text for correction in standing(database)] == ["good day"]


def test_a_prediction_id_depends_on_key_actor_and_text():
    ids = {
        importer.prediction_id(key, actor, text)
        for key, actor, text in [(KEY, "a", "b"), (b"other", "a", "b"), (KEY, "b", "b"), (KEY, "a", "c")]
    }
    assert len(ids) == 4
    assert {len(id) for id in ids} == {32}


BAD = """text,label
bad bag,angry
 ,neutral
{long},neutral
good day,positive
a,b,c
"""


def test_invalid_rows_are_named_by_number_and_column_and_nothing_is_imported(take, count, engine):
    said = refused(take, BAD.format(long="x" * 10_001))
    for problem in (
        "4 row(s) are invalid, so nothing was imported",
        "row 2, label: must be one of negative, neutral, positive.",
        "row 3, text: 1 to 10,000 characters, not only white space.",
        "row 4, text: at most 10,000 characters, this has 10,001.",
        "row 6: has 3 cells, the heading has 2.",
    ):
        assert problem in said
    assert count(PredictionRow) == count(FeedbackRow) == 0
    assert engine.seen == []


def test_invalid_rows_are_skipped_with_the_option(take, database):
    assert take(BAD.format(long="x" * 10_001), skip_bad=True).added == 1
    assert [correction.text for correction in standing(database)] == ["good day"]


def test_an_error_names_twenty_invalid_rows_and_counts_the_rest(take):
    said = refused(take, numbered(25, label="angry"))
    assert said.count("row ") == 20
    assert said.endswith("… and 5 more")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"label": "neutral"}', "row 1, text: must be a text."),
        ('{"text": 7, "label": "neutral"}', "row 1, text: must be a text."),
        ('{"text": "a"}', "row 1, label: must be one of"),
        ('{"text": "a", "label": ["neutral"]}', "row 1, label: must be one of"),
        ('{"text": "\\ud800", "label": "neutral"}', "row 1, text: must be valid Unicode"),
        ("[]", "row 1: must be a JSON object."),
    ],
)
def test_an_invalid_jsonl_line_is_named(take, line, said):
    assert said in refused(take, line, name="labels.jsonl")


def test_a_missing_column_is_named_with_the_existing_ones(take):
    with pytest.raises(InvalidInput, match="has no column 'text'; its columns are message, label"):
        take("message,label\na,neutral\n")


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        (" ", "--actor: must not be empty."),
        ("a" * 129, "--actor: at most 128 characters, this has 129."),
        ("token:anna", "--actor: must not contain a colon or a NUL character;"),
    ],
)
def test_an_invalid_actor_name_is_refused(take, actor, said):
    assert said in refused(take, numbered(1), actor=actor)


def test_the_command_reports_how_many_rows_were_imported_and_skipped(tmp_path, run, database):
    (tmp_path / "a.csv").write_text("text,label\nbad bag,neutral\nbad bag,positive\ngood day,angry\n")
    done = run(tmp_path / "a.csv", "--actor", "team", "--skip-bad")
    assert done.exit_code == 0, done.output
    assert "skipped: row 4, label: must be one of" in done.stderr
    assert "2 rows: 1 new, 0 changed, 0 unchanged, 1 repeated texts, 1 invalid rows skipped" in done.stdout
    again = run(tmp_path / "a.csv", "--actor", "team", "--skip-bad", "--json", "-")
    assert json.loads(again.stdout) == {
        "file": str(tmp_path / "a.csv"),
        "rows": 2,
        "bad": ["row 4, label: must be one of negative, neutral, positive."],
        "repeated": 1,
        "added": 0,
        "changed": 0,
        "unchanged": 1,
        "erased": 0,
    }


def test_the_command_refuses_an_invalid_row_before_it_loads_a_model(tmp_path, run, monkeypatch):
    monkeypatch.setattr(workspace, "running_engine", lambda *_: pytest.fail("the model was loaded"))
    (tmp_path / "a.csv").write_text("text,label\nbad bag,angry\n")
    assert isinstance(run(tmp_path / "a.csv", "--actor", "team").exception, InvalidInput)
