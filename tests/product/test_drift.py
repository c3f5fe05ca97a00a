"""Drift: indices against values worked out by hand, weeks at their edges, and the watch on a real database."""

import itertools
import json
import logging
import random
import re
import shutil
from datetime import UTC, datetime, timedelta
from math import log
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert
from typer.testing import CliRunner

from product import __main__ as commands
from product import drift, drift_counts
from product import manifest as manifests
from product.drift import Rules, compare, judge
from product.drift_counts import BadReference, Counts, Reference, Week, reference_from
from product.drift_watch import FIRST_WEEKS, REFERENCE, DriftWatch, to_review, write_reference
from product.inference.model import TextScore
from product.sentiment import LABELS
from product.settings import SHIPPED_MODEL, BadSetting, load_settings
from product.storage import queries
from product.storage.tables import PredictionRow, VersionRow
from product.web.api import build_api
from product.web.texts import LANGUAGES, texts
from product.web.ui import drift as drift_tab
from training import corpora
from training.corpora import Row
from training.reference import build

RULES = Rules(min_rows=10, baseline_rows=20, sampled_rows=1_000)
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)  # of 2026-W23


def answer(label="neutral", text="when does it come", confidence=0.75, language="en"):
    return SimpleNamespace(label=label, text=text, confidence=confidence, language=language)


def counts(*rows) -> Counts:
    counted = Counts()
    for row in rows:
        counted.add(row)
    return counted


def mix(negative: int, neutral: int, positive: int, **given) -> Counts:
    wanted = zip(LABELS, (negative, neutral, positive), strict=True)
    return counts(*(answer(label, **given) for label, number in wanted for _ in range(number)))


def reference(counted: Counts, **given) -> Reference:
    return Reference(**{"model": "m-1", "origin": "training", "counts": counted} | given)


def find(name: str, before: Counts, now: Counts, rules=RULES, week="2026-W23"):
    return compare(reference(before), Week(week, now), rules, (name,))[0]


# Indices


def test_psi_of_equal_shares_is_0_whatever_the_totals():
    assert drift.psi([10, 30], [100, 300], smoothing=0) == 0


def test_psi_of_a_half_that_becomes_four_fifths():
    # .3 ln(.8/.5) - .3 ln(.2/.5) = .3 ln 4
    assert (
        drift.psi([50, 50], [80, 20], smoothing=0) == pytest.approx(0.3 * log(4)) == pytest.approx(0.415888, abs=1e-6)
    )


def test_psi_with_an_empty_bin_is_finite_as_half_a_message_is_added_to_each():
    # Shares (9.5, .5) / 10 and (4.5, 5.5) / 10: .5 ln(4.5/9.5) * -1 + .5 ln(5.5/.5)
    assert drift.psi([9, 0], [4, 5]) == pytest.approx(-0.5 * log(4.5 / 9.5) + 0.5 * log(11))


@pytest.mark.parametrize(
    ("p", "q", "bits"),
    [
        ([1, 1], [3, 3], 0.0),
        ([1, 0], [0, 1], 1.0),
        # Middle (.75, .25): (.5 log2(2/3) + .5 log2 2) / 2 + log2(4/3) / 2
        ([0.5, 0.5], [1, 0], 0.311278),
    ],
)
def test_jensen_shannon_is_0_for_the_same_and_1_for_nothing_in_common(p, q, bits):
    assert drift.jensen_shannon(p, q) == pytest.approx(bits, abs=1e-6) == drift.jensen_shannon(q, p)


def test_noise_is_bins_less_1_over_both_totals_and_does_not_count_bins_empty_in_both():
    # (3 - 1) * (1/100 + 1/50)
    assert drift.noise([50, 30, 20, 0], [20, 20, 10, 0]) == pytest.approx(0.06)


def test_psi_close_by_is_8_ln_2_times_jensen_shannon():
    before, now = [500, 300, 200], [510, 300, 190]
    distance = drift.psi(before, now, smoothing=0)
    assert drift.jensen_shannon(before, now) * drift.PSI_OF_JSD == pytest.approx(distance, rel=0.01)


def test_noise_is_the_mean_of_psi_where_nothing_changed():
    chance, shares = random.Random(7), (0.5, 0.3, 0.15, 0.05)

    def draw(rows: int) -> list[int]:
        drawn = chance.choices(range(4), shares, k=rows)
        return [drawn.count(index) for index in range(4)]

    pairs = [(draw(800), draw(200)) for _ in range(300)]
    mean = sum(drift.psi(*pair) for pair in pairs) / len(pairs)
    # (4 - 1) * (1/800 + 1/200) = 0.01875
    assert mean == pytest.approx(0.01875, rel=0.15)


def test_noise_holds_for_the_vocabulary_whose_words_come_in_messages():
    chance = random.Random(11)
    # Words depend on each other: each message takes all its words from one of two topics.
    topics = [[f"{letter}{number}" for number in range(200)] for letter in ("left", "right")]
    words = [
        ["".join(chr(97 + int(digit)) if digit.isdigit() else digit for digit in word) for word in t] for t in topics
    ]

    def draw(rows: int) -> list[int]:
        counted = counts(*(answer(text=" ".join(chance.sample(chance.choice(words), 8))) for _ in range(rows)))
        return counted.sides["en"]["vocabulary"]

    pairs = [(draw(400), draw(150)) for _ in range(20)]
    mean = sum(drift.jensen_shannon(*pair) for pair in pairs) / len(pairs)
    expected = sum(drift.noise(*pair) for pair in pairs) / len(pairs) / drift.PSI_OF_JSD
    assert mean == pytest.approx(expected, rel=0.15)


# Counting


def test_bins_begin_at_their_edge():
    def bins(name: str, **given) -> int:
        [index] = drift_counts.bins_of(answer(**given), name)
        return index

    assert [bins("confidence", confidence=value) for value in (0.34, 0.5, 0.95, 1.0)] == [0, 1, 6, 6]
    assert [bins("length", text="x" * size) for size in (1, 19, 20, 639, 640)] == [0, 0, 1, 5, 6]
    assert [bins("language", language=name) for name in ("en", "zh", "und", "fr")] == [0, 1, 2, 2]


def test_bin_is_named_by_where_it_begins_and_ends():
    names = [drift.bin_name("length", 0), drift.bin_name("length", 6), drift.bin_name("confidence", 1)]
    assert names == ["1 to 19 characters", "640 characters or more", "50% to 60% sure"]


def test_a_word_counts_once_a_message_whatever_its_case_and_place():
    assert drift_counts.buckets("Late, late; LATE!") == drift_counts.buckets("late")
    assert len(drift_counts.buckets("late")) == 1


def test_chinese_counts_by_character():
    assert drift_counts.buckets("快递") == sorted(drift_counts.buckets("快") + drift_counts.buckets("递"))


def test_links_names_numbers_and_placeholders_are_no_words():
    assert drift_counts.buckets("@united https://example.com/a [email] [phone] 42 !") == []


def test_counts_hold_no_word_of_a_message():
    written = json.dumps(reference(counts(answer(text="Rumpelstiltskin speaks"))).to_dict()).lower()
    assert "rumpel" not in written and "speaks" not in written


def test_reference_comes_back_as_it_was_written():
    before = reference(mix(3, 2, 1))
    assert reference_from(json.loads(json.dumps(before.to_dict()))) == before


def refused(change) -> str:
    content = reference(mix(3, 2, 1)).to_dict()
    change(content)
    with pytest.raises(BadReference) as refusal:
        reference_from(content)
    return str(refusal.value)


def test_reference_that_cannot_be_compared_is_refused():
    assert "scheme 0" in refused(lambda content: content.update(scheme=0))
    assert "not a reference" in refused(lambda content: content.pop("counts"))
    assert "not a reference" in refused(lambda content: content["counts"]["sides"].pop("zh"))
    assert "whole numbers" in refused(lambda content: content["counts"].update(language=[1, 2]))
    assert "whole numbers" in refused(lambda content: content["counts"].update(language=[1, 2, 0.5]))
    assert "whole numbers" in refused(lambda content: content["counts"]["sides"]["en"].update(label=[-1, 2, 3]))
    assert "whole numbers" in refused(lambda content: content.update(origin="rumour"))


# Weeks


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (datetime(2026, 6, 7, 23, 59, 59, 999999, tzinfo=UTC), "2026-W23"),
        (datetime(2026, 6, 8, tzinfo=UTC), "2026-W24"),
        # 2026 has 53 weeks, as it begins on a Thursday; the last goes on until Sunday 3 January.
        (datetime(2026, 12, 31, 12, tzinfo=UTC), "2026-W53"),
        (datetime(2027, 1, 3, 23, 59, tzinfo=UTC), "2026-W53"),
        (datetime(2027, 1, 4, tzinfo=UTC), "2027-W01"),
        # Monday in Shanghai is still Sunday in UTC.
        (datetime.fromisoformat("2026-06-08T07:00:00+08:00"), "2026-W23"),
    ],
)
def test_week_is_the_iso_week_in_utc(moment, name):
    assert drift_counts.week_name(moment) == name
    start, end = drift_counts.week_bounds(name)
    assert start <= moment < end


def test_week_bounds_of_week_53_go_over_the_new_year():
    assert drift_counts.week_bounds("2026-W53") == (
        datetime(2026, 12, 28, tzinfo=UTC),
        datetime(2027, 1, 4, tzinfo=UTC),
    )


def test_week_that_is_not_in_its_year_is_refused():
    with pytest.raises(ValueError):
        drift_counts.week_bounds("2025-W53")


# Findings


def test_value_is_the_index_less_its_noise():
    finding = find("label", mix(50, 25, 25), mix(80, 10, 10))
    smooth = [(50.5, 80.5), (25.5, 10.5), (25.5, 10.5)]
    index = sum((q - p) / 101.5 * log(q / p) for p, q in smooth)
    # Less (3 - 1) * (1/100 + 1/100).
    assert finding.value == pytest.approx(index - 0.04)
    assert (finding.drifted, finding.level, finding.bin) == (True, "drifted", 0)
    assert finding.sentence == "Label mix: far from how it was in training; most grown: negative, 50% then, 80% now."


def test_change_that_chance_explains_is_none():
    # .1 ln(.6/.4) is 0.041, and (2 - 1) * (1/50 + 1/50) is 0.04.
    finding = find("label", mix(25, 25, 0), mix(28, 22, 0))
    assert (finding.value, finding.drifted, finding.level) == (0, False, "steady")
    assert finding.sentence == "Label mix: as in training."


def test_change_between_watching_and_alarm_is_told_but_not_drift():
    finding = find("label", mix(5_000, 5_000, 0), mix(680, 320, 0))
    # .18 ln(.68/.5) - .18 ln(.32/.5) = .18 ln 2.125
    assert finding.value == pytest.approx(0.18 * log(2.125), abs=0.005)
    assert (finding.drifted, finding.level) == (False, "watch")


def test_too_few_messages_say_nothing():
    finding = find("label", mix(50, 25, 25), mix(9, 0, 0))
    assert (finding.value, finding.drifted, finding.level, finding.rows) == (None, None, "unknown", 9)
    assert finding.sentence == "Label mix: too few messages to say (9 messages)."
    assert find("label", mix(50, 25, 25), mix(10, 0, 0)).drifted is not None


def test_without_a_reference_nothing_is_said():
    findings = compare(None, Week("2026-W23", mix(50, 25, 25)), RULES)
    assert [finding.drifted for finding in findings] == [None] * 5
    assert "nothing to compare with yet" in findings[0].sentence


def test_each_week_is_compared_in_its_own_mix_of_experts():
    chinese = {"language": "zh", "text": "什么时候到", "confidence": 0.97}
    before = mix(60, 20, 20)
    before.add_all(mix(10, 80, 10, **chinese))
    assert find("label", before, mix(60, 20, 20)).value == 0
    assert find("label", before, mix(10, 80, 10, **chinese)).value == 0
    assert find("label", before, mix(10, 80, 10)).drifted


def test_expected_counts_vary_like_those_of_the_mix():
    before = mix(100, 0, 0)
    before.add_all(mix(0, 400, 0, language="zh"))
    week = mix(10, 0, 0)
    week.add_all(mix(0, 30, 0, language="zh"))
    # Weights 1/4 and 3/4: 1 / (1/16 / 100 + 9/16 / 400) = 492.3, of which a quarter is negative.
    shares = drift.expected(reference(before), Week("2026-W23", week), "label")
    assert sum(shares) == pytest.approx(492.3, abs=0.05)
    assert shares == pytest.approx([123.08, 369.23, 0], abs=0.01)


def test_expert_that_the_reference_does_not_know_cannot_be_compared():
    finding = find("label", mix(50, 25, 25), mix(10, 10, 10, language="zh"))
    assert finding.drifted is None and "has nothing like it" in finding.sentence


def test_other_words_are_found_and_the_same_words_are_not():
    about = ["parcel late again", "wrong parcel came", "where is my parcel"]
    other = ["refund the ticket", "flight cancelled tonight", "lost luggage"]

    def talk(texts):
        return counts(*(answer(text=text) for text in texts * 100))

    assert find("vocabulary", talk(about), talk(about)).value == 0
    finding = find("vocabulary", talk(about), talk(other))
    assert finding.value > 0.95 and finding.drifted
    assert finding.threshold == pytest.approx(0.25 / (8 * log(2)))
    assert finding.sentence == "Wording: far from how it was in training."


def test_messages_without_a_word_have_no_vocabulary_to_compare():
    assert find("vocabulary", mix(50, 25, 25), mix(10, 10, 10, text="!!!")).drifted is None


def test_alert_is_what_the_rules_say_and_may_be_below_the_point_of_watching():
    before, now = mix(5_000, 5_000, 0), mix(600, 400, 0)
    assert find("label", before, now).level == "steady"
    assert find("label", before, now, Rules(alert=0.03)).level == "drifted"


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "much"])
def test_alert_that_is_no_positive_number_stops_the_start_and_is_named(monkeypatch, value):
    monkeypatch.setenv("ATTUNE_DRIFT_ALERT", value)
    with pytest.raises(BadSetting, match="ATTUNE_DRIFT_ALERT"):
        load_settings()


def test_languages_are_compared_with_the_first_weeks_not_with_training():
    training, first = reference(mix(60, 20, 20, language="zh")), reference(mix(60, 20, 20), origin="traffic")
    training.counts.add_all(mix(60, 20, 20))
    judged = judge(training, first, Week("2026-W23", mix(60, 20, 20)), RULES)
    assert {finding.name: finding.origin for finding in judged.findings}["language"] == "traffic"
    assert judged.drifted == ()
    moved = judge(training, first, Week("2026-W23", mix(60, 20, 20, language="und")), RULES)
    assert [finding.name for finding in moved.drifted] == ["language"]
    assert "other languages, 0% then, 100% now" in moved.drifted[0].sentence


# The watch


class World:
    """A database whose answers are given at chosen times, a shipped model's folder, and a clock."""

    def __init__(self, settings, database, folder):
        self.settings, self.database, self.shipped = settings, database, folder
        self.moment = MONDAY
        folder.mkdir()
        shutil.copy(SHIPPED_MODEL / manifests.FILE, folder)
        self.model = manifests.read(folder).id
        self._numbers = itertools.count()

    def give(
        self, at: datetime, negative=0, neutral=0, positive=0, text="when does it come", language="en"
    ) -> list[str]:
        """Store answers given at a time; returns their ids."""
        scores = {label: 0.125 for label in LABELS}
        labels = ["negative"] * negative + ["neutral"] * neutral + ["positive"] * positive
        known = {"created_at": at, "text": text, "language": language, "route": "agent", "truncated": False}
        rows = [
            known
            | scores
            | {label: 0.75}
            | {"id": f"{next(self._numbers):032x}", "label": label, "model_version": "v1"}
            for label in labels
        ]
        with self.database.write() as session:
            session.execute(insert(PredictionRow), rows)
        return [row["id"] for row in rows]

    def ship(self, counted: Counts, model: str | None = None) -> None:
        content = reference(counted, model=model or self.model).to_dict()
        (self.shipped / REFERENCE).write_text(json.dumps(content), encoding="utf-8")

    def watch(self, rules=RULES, **changed) -> DriftWatch:
        settings = self.settings.model_copy(update=changed)
        return DriftWatch(settings, self.database, self.shipped, rules, clock=lambda: self.moment)


@pytest.fixture
def world(settings, database, tmp_path) -> World:
    return World(settings, database, tmp_path / "model")


DAY = timedelta(days=1)


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
        queries.delete_uncorrected_predictions(session, before=world.moment)
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
        queries.save_feedback(session, prediction_id=neutral[0], label="neutral", actor="ann", comment="", why="test")
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
        return corpora.load(name, split)[:200] if name.startswith("replay") else []

    def say_neutral(texts: list[str]) -> list[TextScore]:
        return [TextScore("neutral", 0.65, {}, "en", False) for _ in texts]

    built = build(world.model, load, say_neutral, lambda _: None)
    write_reference(world.shipped / REFERENCE, built)
    assert (world.shipped / REFERENCE).stat().st_size < 16_000
    assert world.watch().check().origin == "training"


# Shown


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
        assert client.get("/metrics").text == ""
        application.drift.check()
        answer = client.get("/metrics")
        assert client.post("/metrics").status_code == 405
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert "# TYPE attune_drift gauge" in lines
    assert 'attune_drift{measure="label"} 0' in lines
    assert 'attune_drift_alert{measure="vocabulary"} 0.0450842' in lines
    assert "attune_drift_rows 50" in lines
    assert not [line for line in lines if "language" in line]


def said(report, language: str) -> str:
    """The words of the panel, without its markup."""
    return re.sub(r"<[^>]*>", " ", drift_tab.panel(report, texts(language)))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["sentiments changed a lot", "Neutral, from 20 % to 80 %", "2026-W23, so far", "50 messages"],
        ),
        ("zh", ["情绪分布变化很大", "“中性”，从 20% 到 80%", "2026-W23（未结束）", "大变", "50 条留言"]),
    ],
)
def test_panel_says_what_changed_in_the_readers_language(world, language, words):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=5, neutral=40, positive=5)
    shown = said(world.watch().check(), language)
    assert not [word for word in words if word not in shown]


def test_panel_says_what_it_compares_with(world):
    assert "Nothing measured yet" in said(world.watch().report, "en")
    world.give(MONDAY - DAY, neutral=1)
    world.give(MONDAY, neutral=30)
    assert "nothing to compare with yet" in said(world.watch().check(), "en")
    world.moment = MONDAY + 8 * DAY
    shown = said(world.watch().check(), "en")
    assert "Compared with the first full weeks here." in shown and "too little to compare" in shown


def test_panel_shows_no_week_before_anybody_wrote(world):
    world.ship(mix(60, 20, 20))
    for language, words in (("en", "No messages yet"), ("zh", "还没有留言")):
        assert words in said(world.watch().check(), language)
    world.give(MONDAY - 14 * DAY, neutral=30)
    shown = said(world.watch().check(), "en")
    assert "No messages yet" not in shown
    # this week and the one before without a message, and the one in which somebody wrote
    assert sorted(set(re.findall(r"2026-W\d\d", shown))) == ["2026-W21", "2026-W22", "2026-W23"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_panel_has_words_for_every_bin_and_reason(language):
    say = texts(language)
    for name, size in drift_counts.BINS.items() | {("language", 3)}:
        if name != "vocabulary":
            assert len({drift_tab.bin_name(name, index, say) for index in range(size)}) == size
    assert all(f"drift_why_{reason}" in say.strings for reason in drift.WHY_NOT)
    assert all(f"drift_{name}" in say.strings for name in drift_counts.MEASURES)


def test_bins_are_named_in_the_page_as_in_the_report():
    say = texts("en")
    assert drift_tab.bin_name("length", 1, say) == drift.bin_name("length", 1) == "20 to 39 characters"
    assert drift_tab.bin_name("confidence", 6, say) == "95 % sure or more"


def test_command_prints_the_weeks_and_writes_them_as_json(world, monkeypatch, tmp_path):
    world.ship(mix(60, 20, 20))
    world.give(MONDAY, negative=20, neutral=170, positive=20)
    monkeypatch.setattr(commands, "DriftWatch", lambda settings, database: world.watch())
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(world.settings.data_dir))
    file = tmp_path / "drift.json"
    result = CliRunner().invoke(commands.app, ["drift", "--weeks", "2", "--review", "1", "--json", str(file)])
    assert result.exit_code == 0, result.output
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["compared_with"] == "training"
    [week, before] = content["weeks"]
    assert (week["week"], week["rows"], before["rows"]) == ("2026-W23", 210, 0)
    assert week["findings"][0]["drifted"] is True
    assert content["to_review"] == [f"{20:032x}"]
