"""Drift monitoring on a real database, and what the application, its metrics and the command say of it."""

import json
import logging
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from product.cli import drift as drift_commands
from product.cli.app import app
from product.codes import DriftCode, FeedbackCode, ReferenceCode, ReferenceProblem
from product.drift.findings import DriftRules
from product.drift.monitor import FIRST_WEEKS, predictions_to_review
from product.drift.reference import REFERENCE, write_reference
from product.inference.model import TextScore
from product.storage.feedback import save_feedback
from product.storage.predictions import delete_uncorrected_predictions
from product.storage.tables import VersionRow
from product.web.api import build_api
from tests.support.actors import contributor
from tests.support.drifting import DAY, MONDAY, mix, reference
from training.data import catalogue as corpora
from training.data.rows import Row
from training.evaluation.drift_reference import build


def values(report) -> dict[str, bool | None]:
    return {finding.name: finding.drifted for finding in report.findings}


def test_weeks_start_on_monday_at_midnight_utc(world):
    world.give(MONDAY - timedelta(microseconds=1), negative=1)
    world.give(MONDAY, neutral=2)
    world.give(MONDAY + 7 * DAY, positive=4)
    world.moment = MONDAY + 7 * DAY + timedelta(minutes=1)
    weeks = [report.week for report in world.monitor().check(weeks=3).weeks]
    assert [(week.name, week.rows, week.complete) for week in weeks] == [
        ("2026-W24", 4, False),
        ("2026-W23", 2, True),
        ("2026-W22", 1, True),
    ]


def test_weeks_are_compared_with_the_reference_of_the_shipped_model(world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=5, neutral=40, positive=5)
    report = world.monitor().check()
    assert (report.origin, report.fallback) == ("training", None)
    assert report.reference.as_dict() == {"code": "training", "values": {"model": world.model}}
    assert values(report.newest) == {
        "label": True,
        "confidence": False,
        "length": False,
        "language": None,
        "vocabulary": False,
    }


def test_without_a_reference_weeks_are_compared_with_the_first_full_weeks(world):
    world.give(MONDAY + 2 * DAY, negative=40)  # not a full week
    world.give(MONDAY + 8 * DAY, negative=8, neutral=8)
    world.give(MONDAY + 15 * DAY, negative=8, neutral=8)
    world.give(MONDAY + 22 * DAY, negative=1, neutral=31)
    world.moment = MONDAY + 14 * DAY + timedelta(hours=2)
    early = world.monitor().check()
    assert (early.origin, early.drifted) == ("", ())
    assert (early.reference.code, early.reference.values) == (ReferenceCode.none, {"needed": 20})
    assert early.fallback.code == ReferenceProblem.missing
    world.moment = MONDAY + 23 * DAY
    report = world.monitor().check()
    assert (report.origin, report.weeks[0].week.name) == ("traffic", "2026-W26")
    assert (report.reference.code, report.reference.values) == (ReferenceCode.first_weeks, {"until": "2026-W25"})
    assert values(report.weeks[0])["label"] is True
    assert report.weeks[1].findings[0].code is DriftCode.is_reference


def test_counts_of_the_first_weeks_remain_after_their_messages_are_deleted(world):
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, negative=30)
    world.moment = MONDAY + 8 * DAY
    assert world.monitor().check().origin == "traffic"
    assert (world.settings.data_dir / FIRST_WEEKS).is_file()
    with world.database.write() as session:
        delete_uncorrected_predictions(session, before=world.moment)
    report = world.monitor().check()
    assert (report.origin, report.weeks[0].week.rows) == ("traffic", 0)


def test_first_weeks_of_another_shipped_model_are_counted_again(world):
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, negative=30)
    world.moment = MONDAY + 8 * DAY
    content = reference(mix(0, 30, 0), model="older", origin="traffic", until="2026-W01").to_dict()
    (world.settings.data_dir / FIRST_WEEKS).write_text(json.dumps(content), encoding="utf-8")
    assert world.monitor().check().reference.values == {"until": "2026-W23"}


def test_first_weeks_start_with_the_installation_of_the_shipped_model(world):
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, negative=30)
    with world.database.write() as session:
        session.add(VersionRow(id=world.model, created_at=MONDAY + DAY, metrics={}, verdict={}))
    world.moment = MONDAY + 8 * DAY
    assert world.monitor().check().origin == ""


def test_a_setting_makes_weeks_be_compared_with_the_first_weeks(world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, neutral=30)
    world.moment = MONDAY + 8 * DAY
    report = world.monitor(drift_reference="traffic").check()
    assert (report.origin, report.fallback.code) == ("traffic", ReferenceProblem.not_wanted)


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ("", ReferenceProblem.unreadable),
        ("{", ReferenceProblem.unreadable),
        ('{"scheme": 1}', ReferenceProblem.malformed),
        ("[]", ReferenceProblem.malformed),
    ],
)
def test_a_broken_reference_is_not_used_and_the_report_says_so(world, broken, code):
    (world.shipped / REFERENCE).write_text(broken, encoding="utf-8")
    report = world.monitor().check()
    assert (report.origin, report.fallback.code) == ("", code)


def test_a_reference_of_another_model_is_not_used(world):
    world.ship(mix(60, 20, 20), model="other-1")
    fallback = world.monitor().check().fallback
    assert fallback.values == {"found": "other-1", "expected": world.model}


def test_partly_deleted_weeks_are_left_out(world):
    world.give(MONDAY, neutral=20)
    world.moment = MONDAY + 15 * DAY
    assert [report.week.name for report in world.monitor(retention_days=15).check().weeks] == [
        "2026-W25",
        "2026-W24",
        "2026-W23",
    ]
    assert [report.week.name for report in world.monitor(retention_days=14).check().weeks] == [
        "2026-W25",
        "2026-W24",
    ]


def test_a_week_that_is_over_is_counted_once_and_the_current_one_again(world):
    world.give(MONDAY, neutral=3)
    world.give(MONDAY + 7 * DAY, neutral=5)
    world.moment = MONDAY + 8 * DAY
    monitor = world.monitor()
    monitor.check()
    world.give(MONDAY, neutral=1)
    world.give(MONDAY + 7 * DAY, neutral=1)
    assert [report.week.rows for report in monitor.check(weeks=2).weeks] == [6, 3]


def test_a_prediction_whose_text_was_erased_is_not_counted(world):
    world.give(MONDAY, neutral=3)
    world.give(MONDAY, neutral=1, text="")
    assert world.monitor().check(weeks=1).weeks[0].week.rows == 3


def test_a_week_is_sampled_up_to_the_limit_and_the_same_each_time(world):
    world.give(MONDAY, negative=30, neutral=30)
    rules = DriftRules(sampled_rows=40)
    first, second = (world.monitor(rules).check(weeks=1).weeks[0].week.counts for _ in range(2))
    assert first == second
    assert first.experts["en"]["label"] == [30, 10, 0]  # the lowest ids, which the product draws at random


def test_the_alert_of_the_settings_is_used(world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=200, neutral=50, positive=50)
    assert world.monitor(rules=None).check().drifted == ()
    assert world.monitor(rules=None, drift_alert=0.001).check().drifted != ()


def test_drift_is_logged_once_for_each_week_and_measure(world, caplog):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=5, neutral=40, positive=5)
    monitor = world.monitor()
    with caplog.at_level(logging.WARNING):
        monitor.check()
        monitor.check()
    assert len(caplog.messages) == 1
    assert caplog.records[0].args[0] == "2026-W23"
    assert caplog.records[0].args[2] == "psi"
    world.give(MONDAY + 7 * DAY, negative=5, neutral=40, positive=5)
    world.moment = MONDAY + 7 * DAY
    monitor.check()
    assert [record.args[0] for record in caplog.records] == ["2026-W23", "2026-W24"]


def test_predictions_to_review_are_the_most_relevant_first_and_no_corrected_ones(world):
    world.ship(mix(60, 20, 20))
    neutral = world.give(MONDAY, neutral=40)
    others = world.give(MONDAY, negative=5, positive=5)
    with world.database.write() as session:
        save_feedback(
            session,
            prediction_id=neutral[0],
            label="neutral",
            actor=contributor("ann"),
            comment="",
            code=FeedbackCode.given,
        )
    monitor = world.monitor()
    [report] = monitor.check().drifted
    with world.database.read() as session:
        assert predictions_to_review(session, report, 3) == neutral[1:4]
        everything = predictions_to_review(session, report, 100)
    assert everything == neutral[1:] + others == monitor.to_review(100)


def test_there_is_nothing_to_review_without_drift(world):
    world.give(MONDAY, neutral=20)
    monitor = world.monitor()
    monitor.check()
    assert monitor.to_review(10) == []


def test_predictions_with_new_words_are_to_review_first(world):
    world.ship(mix(0, 200, 0, text="where is my parcel today"))
    old = world.give(MONDAY, neutral=20, text="where is my parcel today")
    new = world.give(MONDAY, neutral=20, text="refund that cancelled flight")
    monitor = world.monitor()
    assert "vocabulary" in {finding.name for finding in monitor.check().newest.drifted}
    assert monitor.to_review(30)[:20] == new
    assert monitor.to_review(40)[20:] == old


# The shipped reference


def test_a_reference_of_the_replay_messages_has_a_few_kilobytes(world):
    def load(name: str, split: str) -> list[Row]:
        return corpora.load(name, split, corpus_dir="")[:200] if name.startswith("replay") else []

    def say_neutral(texts: list[str]) -> list[TextScore]:
        return [TextScore("neutral", 0.65, {}, "en", False) for _ in texts]

    built = build(world.model, load, say_neutral)
    write_reference(world.shipped / REFERENCE, built)
    assert (world.shipped / REFERENCE).stat().st_size < 16_000
    assert world.monitor().check().origin == "training"


# Reported


def test_the_application_lists_the_weeks_that_drifted(application, world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=5, neutral=40, positive=5)
    application.drift = world.monitor()
    assert application.drifted == ()
    application.drift.check()
    assert [report.week.name for report in application.drifted] == ["2026-W23"]


def test_metrics_are_of_the_newest_week_that_could_be_compared(application, world):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=30, neutral=10, positive=10)
    world.give(MONDAY + 7 * DAY, neutral=3)
    world.moment = MONDAY + 8 * DAY
    application.drift = world.monitor()
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


def test_the_command_prints_the_weeks_and_writes_them_as_json(world, monkeypatch, tmp_path):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=20, neutral=170, positive=20)
    monkeypatch.setattr(drift_commands, "DriftMonitor", lambda settings, database: world.monitor())
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(world.settings.data_dir))
    file = tmp_path / "drift.json"
    result = CliRunner().invoke(app, ["drift", "--weeks", "2", "--review", "1", "--json", str(file)])
    assert result.exit_code == 0, result.output
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["compared_with"] == "training"
    [week, before] = content["weeks"]
    assert (week["week"], week["rows"], before["rows"]) == ("2026-W23", 210, 0)
    assert week["findings"][0]["drifted"] is True
    assert (week["findings"][0]["code"], week["findings"][0]["level"]) == ("drifted", "drifted")
    assert week["findings"][0]["values"]["bin"] == "neutral"
    assert content["to_review"] == [f"{20:032x}"]
