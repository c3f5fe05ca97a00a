"""The watch of drift on a real database, and what the application, its metrics and the command tell of it."""

import json
import logging
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from product.cli import drift as drift_commands
from product.cli.app import app
from product.drift.findings import Rules
from product.drift.monitor import FIRST_WEEKS, REFERENCE, to_review, write_reference
from product.inference.model import TextScore
from product.storage.feedback import save_feedback
from product.storage.predictions import delete_uncorrected_predictions
from product.storage.tables import VersionRow
from product.web.api import build_api
from tests.support.drifting import DAY, MONDAY, mix, reference
from training.data import catalogue as corpora
from training.data.rows import Row
from training.evaluation.drift_reference import build


def values(judged) -> dict[str, bool | None]:
    return {finding.name: finding.drifted for finding in judged.findings}


def test_watch_parts_the_weeks_at_monday_midnight_utc(world):
    world.give(MONDAY - timedelta(microseconds=1), negative=1)
    world.give(MONDAY, neutral=2)
    world.give(MONDAY + 7 * DAY, positive=4)
    world.moment = MONDAY + 7 * DAY + timedelta(minutes=1)
    weeks = [each.week for each in world.watch().check(weeks=3).weeks]
    assert [(week.name, week.rows, week.complete) for week in weeks] == [
        ("2026-W24", 4, False),
        ("2026-W23", 2, True),
        ("2026-W22", 1, True),
    ]


def test_watch_compares_with_the_reference_of_the_shipped_model(world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=5, neutral=40, positive=5)
    report = world.watch().check()
    assert (report.origin, report.why) == ("training", f"with what {world.model} read in training")
    assert values(report.newest) == {
        "label": True,
        "confidence": False,
        "length": False,
        "language": None,
        "vocabulary": False,
    }


def test_watch_without_a_reference_compares_with_the_first_full_weeks_and_says_so(world):
    world.give(MONDAY + 2 * DAY, negative=40)  # not a full week
    world.give(MONDAY + 8 * DAY, negative=8, neutral=8)
    world.give(MONDAY + 15 * DAY, negative=8, neutral=8)
    world.give(MONDAY + 22 * DAY, negative=1, neutral=31)
    world.moment = MONDAY + 14 * DAY + timedelta(hours=2)
    early = world.watch().check()
    assert (early.origin, early.drifted) == ("", ())
    assert early.why.startswith("with nothing yet, as the first full weeks have fewer than 20 messages")
    assert "reference.json of the shipped model: there is none" in early.why
    world.moment = MONDAY + 23 * DAY
    report = world.watch().check()
    assert (report.origin, report.weeks[0].week.name) == ("traffic", "2026-W26")
    assert report.why.startswith("with the first full weeks here, until 2026-W25")
    assert values(report.weeks[0])["label"] is True
    assert "later weeks are compared with this one" in report.weeks[1].findings[0].sentence


def test_first_weeks_are_kept_though_their_messages_are_deleted(world):
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, negative=30)
    world.moment = MONDAY + 8 * DAY
    assert world.watch().check().origin == "traffic"
    assert (world.settings.data_dir / FIRST_WEEKS).is_file()
    with world.database.write() as session:
        delete_uncorrected_predictions(session, before=world.moment)
    report = world.watch().check()
    assert (report.origin, report.weeks[0].week.rows) == ("traffic", 0)


def test_first_weeks_of_another_shipped_model_are_counted_anew(world):
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, negative=30)
    world.moment = MONDAY + 8 * DAY
    content = reference(mix(0, 30, 0), model="older", origin="traffic", until="2026-W01").to_dict()
    (world.settings.data_dir / FIRST_WEEKS).write_text(json.dumps(content), encoding="utf-8")
    assert "until 2026-W23" in world.watch().check().why


def test_first_weeks_begin_when_the_shipped_model_came(world):
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, negative=30)
    with world.database.write() as session:
        session.add(VersionRow(id=world.model, created_at=MONDAY + DAY, metrics={}, verdict={}))
    world.moment = MONDAY + 8 * DAY
    assert world.watch().check().origin == ""


def test_watch_can_be_told_to_compare_with_the_first_weeks(world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, neutral=30)
    world.moment = MONDAY + 8 * DAY
    report = world.watch(drift_reference="traffic").check()
    assert report.origin == "traffic" and "ATTUNE_DRIFT_REFERENCE" in report.why


@pytest.mark.parametrize("broken", ["", "{", '{"scheme": 1}', "[]"])
def test_reference_that_is_broken_is_not_used_and_the_report_says_so(world, broken):
    (world.shipped / REFERENCE).write_text(broken, encoding="utf-8")
    report = world.watch().check()
    assert report.origin == "" and "reference.json of the shipped model: it " in report.why


def test_reference_of_another_model_is_not_used(world):
    world.ship(mix(60, 20, 20), model="other-1")
    assert f"it belongs to other-1, and {world.model} is shipped" in world.watch().check().why


def test_weeks_that_are_deleted_in_part_are_not_judged_as_corrected_answers_are_no_fair_sample(world):
    world.give(MONDAY, neutral=20)
    world.moment = MONDAY + 15 * DAY
    assert [each.week.name for each in world.watch(retention_days=15).check().weeks] == [
        "2026-W25",
        "2026-W24",
        "2026-W23",
    ]
    assert [each.week.name for each in world.watch(retention_days=14).check().weeks] == ["2026-W25", "2026-W24"]


def test_week_that_is_over_is_counted_once_and_the_present_one_again(world):
    world.give(MONDAY, neutral=3)
    world.give(MONDAY + 7 * DAY, neutral=5)
    world.moment = MONDAY + 8 * DAY
    watch = world.watch()
    watch.check()
    world.give(MONDAY, neutral=1)
    world.give(MONDAY + 7 * DAY, neutral=1)
    assert [each.week.rows for each in watch.check(weeks=2).weeks] == [6, 3]


def test_answer_whose_text_was_taken_away_is_not_counted(world):
    world.give(MONDAY, neutral=3)
    world.give(MONDAY, neutral=1, text="")
    assert world.watch().check(weeks=1).weeks[0].week.rows == 3


def test_no_more_of_a_week_is_read_than_the_rules_say_and_the_same_each_time(world):
    world.give(MONDAY, negative=30, neutral=30)
    rules = Rules(sampled_rows=40)
    first, second = (world.watch(rules).check(weeks=1).weeks[0].week.counts for _ in range(2))
    assert first == second
    assert first.sides["en"]["label"] == [30, 10, 0]  # the lowest ids, which the product draws at random


def test_alert_of_the_settings_is_what_the_watch_goes_by(world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=200, neutral=50, positive=50)
    assert world.watch(rules=None).check().drifted == ()
    assert world.watch(rules=None, drift_alert=0.001).check().drifted != ()


def test_drift_is_warned_of_once_for_each_week_and_measure(world, caplog):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=5, neutral=40, positive=5)
    watch = world.watch()
    with caplog.at_level(logging.WARNING):
        watch.check()
        watch.check()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("drift in week 2026-W23: Label mix: far from how it was in training")
    world.give(MONDAY + 7 * DAY, negative=5, neutral=40, positive=5)
    world.moment = MONDAY + 7 * DAY
    watch.check()
    assert [message[14:22] for message in caplog.messages] == ["2026-W23", "2026-W24"]


def test_review_takes_what_grew_most_first_and_nothing_that_was_corrected(world):
    world.ship(mix(60, 20, 20))
    neutral = world.give(MONDAY, neutral=40)
    others = world.give(MONDAY, negative=5, positive=5)
    with world.database.write() as session:
        save_feedback(session, prediction_id=neutral[0], label="neutral", actor="ann", comment="", why="test")
    watch = world.watch()
    [judged] = watch.check().drifted
    with world.database.read() as session:
        assert to_review(session, judged, 3) == neutral[1:4]
        everything = to_review(session, judged, 100)
    assert everything == neutral[1:] + others == watch.to_review(100)


def test_nothing_is_to_review_where_nothing_drifted(world):
    world.give(MONDAY, neutral=20)
    watch = world.watch()
    watch.check()
    assert watch.to_review(10) == []


def test_review_puts_the_words_that_are_new_before_those_that_are_not(world):
    world.ship(mix(0, 200, 0, text="where is my parcel today"))
    old = world.give(MONDAY, neutral=20, text="where is my parcel today")
    new = world.give(MONDAY, neutral=20, text="refund that cancelled flight")
    watch = world.watch()
    assert "vocabulary" in {finding.name for finding in watch.check().newest.drifted}
    assert watch.to_review(30)[:20] == new
    assert watch.to_review(40)[20:] == old


# The shipped reference


def test_reference_of_the_projects_own_messages_is_a_few_kilobytes(world):
    def load(name: str, split: str) -> list[Row]:
        return corpora.load(name, split, corpus_dir="")[:200] if name.startswith("replay") else []

    def say_neutral(texts: list[str]) -> list[TextScore]:
        return [TextScore("neutral", 0.65, {}, "en", False) for _ in texts]

    built = build(world.model, load, say_neutral, lambda _: None)
    write_reference(world.shipped / REFERENCE, built)
    assert (world.shipped / REFERENCE).stat().st_size < 16_000
    assert world.watch().check().origin == "training"


# Told


def test_application_tells_which_weeks_drifted(application, world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=5, neutral=40, positive=5)
    application.drift = world.watch()
    assert application.drifted == ()
    application.drift.check()
    assert [each.week.name for each in application.drifted] == ["2026-W23"]


def test_metrics_are_those_of_the_newest_week_with_something_to_say(application, world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=30, neutral=10, positive=10)
    world.give(MONDAY + 7 * DAY, neutral=3)
    world.moment = MONDAY + 8 * DAY
    application.drift = world.watch()
    with TestClient(build_api(application)) as client:
        assert "attune_drift" not in client.get("/metrics").text
        application.drift.check()
        answer = client.get("/metrics")
        assert client.post("/metrics").status_code == 405
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert "# TYPE attune_drift gauge" in lines
    assert 'attune_drift{measure="label"} 0.0' in lines
    [alert] = [line for line in lines if line.startswith('attune_drift_alert{measure="vocabulary"}')]
    assert float(alert.split()[1]) == pytest.approx(0.0450842, abs=1e-7)
    assert "attune_drift_rows 50.0" in lines
    assert not [line for line in lines if 'measure="language"' in line]


def test_command_prints_the_weeks_and_writes_them_as_json(world, monkeypatch, tmp_path):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=20, neutral=170, positive=20)
    monkeypatch.setattr(drift_commands, "DriftWatch", lambda settings, database: world.watch())
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(world.settings.data_dir))
    file = tmp_path / "drift.json"
    result = CliRunner().invoke(app, ["drift", "--weeks", "2", "--review", "1", "--json", str(file)])
    assert result.exit_code == 0, result.output
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["compared_with"] == "training"
    [week, before] = content["weeks"]
    assert (week["week"], week["rows"], before["rows"]) == ("2026-W23", 210, 0)
    assert week["findings"][0]["drifted"] is True
    assert content["to_review"] == [f"{20:032x}"]
