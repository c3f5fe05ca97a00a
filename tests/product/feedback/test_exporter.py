"""What an exported file has, as the datasets library reads it, and what is left when writing it fails."""

import json
import stat
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from product.cli import workspace
from product.cli.app import app
from product.feedback import exporter as exporting
from product.sentiment import InvalidInput, Status
from product.storage.feedback import get_feedback
from product.storage.versions import NewVersion, activate_version, add_version
from tests.support.actors import BY_COMMAND, contributor

HARD = ["这个包太糟糕了，“真的”！", 'bad "quoted" bag, \\ and ,', "bad\nbag\r\nover\u2028lines\t🎧"]


@pytest.fixture
def give(application):
    def correct(text, actor="ann", label="neutral", comment=""):
        [answer] = application.predict([text])
        return application.correct(prediction_id=answer.id, label=label, actor=contributor(actor), comment=comment)[0]

    return correct


@pytest.fixture
def export(settings, monkeypatch):
    """The command on the test's own database; returns how it ended."""
    monkeypatch.setattr(workspace, "load_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(app, ["export", *map(str, arguments)])


def lines(file) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_the_datasets_library_reads_chinese_quotes_and_newlines_unchanged(database, give, export, tmp_path, ending):
    datasets = pytest.importorskip("datasets")
    for text in HARD:
        id = give(text, comment=text)
    file = tmp_path / f"out.{ending}"
    assert export(file).exit_code == 0
    kind = "json" if ending == "jsonl" else ending
    rows = datasets.load_dataset(kind, data_files=str(file), cache_dir=str(tmp_path / "cache"), split="train")
    assert rows.column_names == list(exporting.COLUMNS)
    assert (rows["text"][:], rows["comment"][:]) == (HARD, HARD)
    assert rows["feedback_id"][-1] == id
    assert rows[1] | {"feedback_id": "", "created_at": 0, "updated_at": 0} == {
        "feedback_id": "",
        "text": HARD[1],
        "label": "neutral",
        "predicted": "negative",
        "language": "en",
        "actor": "crm:ann",
        "status": "pending",
        "model_version": "v1",
        "created_at": 0,
        "updated_at": 0,
        "comment": HARD[1],
    }


def test_times_are_written_with_their_time_zone(database, give, export, tmp_path):
    id = give("bad bag")
    export(tmp_path / "out.jsonl")
    [row] = lines(tmp_path / "out.jsonl")
    with database.read() as session:
        created = get_feedback(session, id=id).created_at
    assert row["created_at"] == created.isoformat(timespec="microseconds")
    assert row["updated_at"].endswith("+00:00")


def test_statuses_are_those_of_receipts_and_erased_corrections_are_left_out(database, application, give, tmp_path):
    ids = [give(f"bad bag {status}") for status in Status]
    again = give("bad bag, learned with another label", label="positive")
    with database.write() as session:
        for id, status in zip(ids, Status, strict=True):
            get_feedback(session, id=id).status = status.value
        learned = {ids[0]: "neutral", ids[2]: "neutral", ids[5]: "neutral", again: "neutral"}
        add_version(session, NewVersion(id="v2", parent=None, corrections=4, metrics={}, verdict={}, learned=learned))
        activate_version(session, "v2", BY_COMMAND)
    with database.read() as session:
        exporting.export(session, tmp_path / "out.jsonl")
    written = [row["status"] for row in lines(tmp_path / "out.jsonl")]
    # pending and in the active version, accepted, quarantined, learned by an earlier version only, rejected, erased.
    assert written == ["learned", "accepted", "quarantined", "accepted", "rejected", "pending"]
    assert written == [application.receipt(id).status for id in [*ids[:5], again]]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_without_actors_the_column_is_left_out(database, give, export, tmp_path, ending):
    give("bad bag", actor="somebody")
    file = tmp_path / f"out.{ending}"
    assert export(file, "--without-actors").exit_code == 0
    assert b"somebody" not in file.read_bytes()
    assert b"bad bag" in file.read_bytes()


def test_more_rows_than_fit_in_memory_are_all_written(database, give, export, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "ROWS_IN_MEMORY", 2)
    for number in range(5):
        give(f"bad bag {number}")
    done = export(tmp_path / "out.jsonl")
    assert "5 corrections" in done.output
    assert [row["text"] for row in lines(tmp_path / "out.jsonl")] == [f"bad bag {number}" for number in range(5)]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_without_corrections_an_empty_file_is_written(database, export, tmp_path, ending):
    done = export(tmp_path / f"out.{ending}")
    assert (done.exit_code, (tmp_path / f"out.{ending}").is_file()) == (0, True)
    assert "0 corrections" in done.output


def test_an_existing_file_is_overwritten_only_with_force(database, give, export, tmp_path):
    file = tmp_path / "out.jsonl"
    file.write_text("mine")
    give("bad bag")
    refused = export(file)
    assert isinstance(refused.exception, InvalidInput) and "--force" in str(refused.exception)
    assert file.read_text() == "mine"
    assert export(file, "--force").exit_code == 0
    assert [row["text"] for row in lines(file)] == ["bad bag"]


@pytest.mark.parametrize("name", ["out.csv", "out", "out.jsonl.gz"])
def test_an_unknown_file_type_is_refused_with_the_allowed_ones(database, export, tmp_path, name):
    refused = export(tmp_path / name)
    assert isinstance(refused.exception, InvalidInput)
    assert ".jsonl or .parquet" in str(refused.exception)


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_a_failed_export_leaves_the_old_file_and_nothing_else(database, give, tmp_path, monkeypatch, ending):
    folder = tmp_path / "exports"
    folder.mkdir()
    file = folder / f"out.{ending}"
    file.write_text("earlier")
    give("bad bag")

    def some_then_none(session, columns, selection):
        yield from real(session, columns, selection)
        raise OSError(28, "No space left on device")

    real = exporting._batches
    monkeypatch.setattr(exporting, "_batches", some_then_none)
    with database.read() as session, pytest.raises(InvalidInput, match="No space left"):
        exporting.export(session, file, force=True)
    assert file.read_text() == "earlier"
    assert list(folder.iterdir()) == [file]


def test_a_missing_folder_is_named(database, export, tmp_path):
    refused = export(tmp_path / "nowhere" / "out.jsonl")
    assert isinstance(refused.exception, InvalidInput)
    assert "nowhere/out.jsonl cannot be written" in str(refused.exception)


def test_only_the_owner_can_read_the_file(database, give, export, tmp_path):
    give("bad bag")
    export(tmp_path / "out.jsonl")
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600


def test_since_compares_the_time_of_the_last_change(database, give, export, tmp_path):
    changed, old = give("bad bag"), give("good day")
    with database.write() as session:
        first, second = (get_feedback(session, id=id) for id in (changed, old))
        first.created_at, first.updated_at = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
        second.updated_at = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    done = export(tmp_path / "out.jsonl", "--since", "2026-03-01", "--json", "-")
    assert json.loads(done.stdout) == {"file": str(tmp_path / "out.jsonl"), "corrections": 1}
    assert [row["text"] for row in lines(tmp_path / "out.jsonl")] == ["bad bag"]
    assert export(tmp_path / "other.jsonl", "--since", "spring").exit_code == 2


def test_corrections_are_selected_by_the_status_on_their_receipts(database, give, export, tmp_path):
    learned, rejected = give("bad bag"), give("where is it")
    give("good day")
    with database.write() as session:
        get_feedback(session, id=rejected).status = "rejected"
        add_version(
            session,
            NewVersion(id="v2", parent=None, corrections=1, metrics={}, verdict={}, learned={learned: "neutral"}),
        )
        activate_version(session, "v2", BY_COMMAND)
    export(tmp_path / "one.jsonl", "--status", "learned")
    export(tmp_path / "two.jsonl", "--status", "learned", "--status", "rejected")
    assert [row["text"] for row in lines(tmp_path / "one.jsonl")] == ["bad bag"]
    assert [row["text"] for row in lines(tmp_path / "two.jsonl")] == ["bad bag", "where is it"]


@pytest.mark.parametrize("status", ["erased", "open"])
def test_an_unknown_status_is_refused_with_the_allowed_ones(database, export, tmp_path, status):
    refused = export(tmp_path / "out.jsonl", "--status", status)
    assert isinstance(refused.exception, InvalidInput)
    assert f"--status {status}: must be one of pending, accepted, quarantined, learned, rejected." in str(
        refused.exception
    )
    assert not (tmp_path / "out.jsonl").exists()
