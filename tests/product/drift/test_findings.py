"""Findings about a week, against values worked out by hand."""

from math import log

import pytest

from product.codes import DriftCode
from product.drift import findings as drift
from product.drift.counts import Counts, Week
from product.drift.findings import DriftRules, compare, compare_week
from product.settings.configuration import BadSetting, load_settings
from tests.support.drifting import RULES, counts, mix, prediction, reference


def find(name: str, before: Counts, now: Counts, rules=RULES, week="2026-W23"):
    return compare(reference(before), Week(week, now), rules, (name,))[0]


def test_the_value_is_the_distance_minus_its_noise():
    finding = find("label", mix(50, 25, 25), mix(80, 10, 10))
    smooth = [(50.5, 80.5), (25.5, 10.5), (25.5, 10.5)]
    index = sum((q - p) / 101.5 * log(q / p) for p, q in smooth)
    # Less (3 - 1) * (1/100 + 1/100).
    assert finding.value == pytest.approx(index - 0.04)
    assert (finding.drifted, finding.level, finding.bin) == (True, "drifted", 0)
    assert finding.reason.as_dict() == {
        "code": "drifted",
        "values": {"measure": "label", "rows": 100, "was": 0.5, "now": 0.8, "bin": "negative"},
    }


def test_a_change_that_chance_explains_counts_as_none():
    # .1 ln(.6/.4) is 0.041, and (2 - 1) * (1/50 + 1/50) is 0.04.
    finding = find("label", mix(25, 25, 0), mix(28, 22, 0))
    assert (finding.value, finding.drifted, finding.level) == (0, False, "steady")
    assert finding.reason.as_dict() == {"code": "steady", "values": {"measure": "label", "rows": 50}}


def test_a_change_between_watch_and_alert_is_reported_but_is_no_drift():
    finding = find("label", mix(5_000, 5_000, 0), mix(680, 320, 0))
    # .18 ln(.68/.5) - .18 ln(.32/.5) = .18 ln 2.125
    assert finding.value == pytest.approx(0.18 * log(2.125), abs=0.005)
    assert (finding.drifted, finding.level) == (False, "watch")


def test_a_week_with_too_few_messages_is_not_compared():
    finding = find("label", mix(50, 25, 25), mix(9, 0, 0))
    assert (finding.value, finding.drifted, finding.level, finding.rows) == (None, None, "unknown", 9)
    assert finding.code is DriftCode.few
    assert find("label", mix(50, 25, 25), mix(10, 0, 0)).drifted is not None


def test_without_a_reference_nothing_is_compared():
    findings = compare(None, Week("2026-W23", mix(50, 25, 25)), RULES)
    assert [finding.drifted for finding in findings] == [None] * 5
    assert findings[0].code is DriftCode.no_reference


def test_a_week_is_compared_in_its_own_mix_of_experts():
    chinese = {"language": "zh", "text": "什么时候到", "confidence": 0.97}
    before = mix(60, 20, 20)
    before.add_all(mix(10, 80, 10, **chinese))
    assert find("label", before, mix(60, 20, 20)).value == 0
    assert find("label", before, mix(10, 80, 10, **chinese)).value == 0
    assert find("label", before, mix(10, 80, 10)).drifted


def test_expected_counts_have_the_variance_of_the_mix():
    before = mix(100, 0, 0)
    before.add_all(mix(0, 400, 0, language="zh"))
    week = mix(10, 0, 0)
    week.add_all(mix(0, 30, 0, language="zh"))
    # Weights 1/4 and 3/4: 1 / (1/16 / 100 + 9/16 / 400) = 492.3, of which a quarter is negative.
    shares = drift.expected_counts(reference(before), Week("2026-W23", week), "label")
    assert sum(shares) == pytest.approx(492.3, abs=0.05)
    assert shares == pytest.approx([123.08, 369.23, 0], abs=0.01)


def test_an_expert_without_counts_in_the_reference_is_not_compared():
    finding = find("label", mix(50, 25, 25), mix(10, 10, 10, language="zh"))
    assert finding.drifted is None and finding.code is DriftCode.uncounted


def test_other_words_are_found_and_the_same_words_are_not():
    about = ["parcel late again", "wrong parcel came", "where is my parcel"]
    other = ["refund the ticket", "flight cancelled tonight", "lost luggage"]

    def talk(texts):
        return counts(*(prediction(text=text) for text in texts * 100))

    assert find("vocabulary", talk(about), talk(about)).value == 0
    finding = find("vocabulary", talk(about), talk(other))
    assert finding.value > 0.95 and finding.drifted
    assert finding.threshold == pytest.approx(0.25 / (8 * log(2)))
    assert finding.reason.values == {"measure": "vocabulary", "rows": 300}


def test_messages_without_words_have_no_vocabulary_to_compare():
    assert find("vocabulary", mix(50, 25, 25), mix(10, 10, 10, text="!!!")).drifted is None


def test_the_alert_of_the_rules_may_be_below_the_default_of_watch():
    before, now = mix(5_000, 5_000, 0), mix(600, 400, 0)
    assert find("label", before, now).level == "steady"
    assert find("label", before, now, DriftRules(alert=0.03)).level == "drifted"


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "much"])
def test_an_alert_that_is_no_positive_number_is_refused_by_name(monkeypatch, value):
    monkeypatch.setenv("ATTUNE_DRIFT_ALERT", value)
    with pytest.raises(BadSetting, match="ATTUNE_DRIFT_ALERT"):
        load_settings()


def test_languages_are_compared_with_the_first_weeks():
    training, first = reference(mix(60, 20, 20, language="zh")), reference(mix(60, 20, 20), origin="traffic")
    training.counts.add_all(mix(60, 20, 20))
    report = compare_week(training, first, Week("2026-W23", mix(60, 20, 20)), RULES)
    assert {finding.name: finding.origin for finding in report.findings}["language"] == "traffic"
    assert report.drifted == ()
    moved = compare_week(training, first, Week("2026-W23", mix(60, 20, 20, language="und")), RULES)
    assert [finding.name for finding in moved.drifted] == ["language"]
    assert moved.drifted[0].reason.values == {"measure": "language", "rows": 100, "was": 0, "now": 1, "bin": "und"}


@pytest.mark.parametrize(
    ("name", "index", "values"),
    [
        ("label", 0, {"bin": "negative"}),
        ("language", 2, {"bin": "und"}),
        ("length", 0, {"low": 1, "high": 19}),
        ("length", 6, {"low": 640}),
        ("confidence", 1, {"low": 0.5, "high": 0.6}),
        ("confidence", 6, {"low": 0.95}),
    ],
)
def test_a_bin_is_described_by_its_name_or_its_first_and_last_value(name, index, values):
    assert drift.bin_values(name, index) == values
