"""What is found of a week: by values worked out by hand."""

from math import log

import pytest

from product.drift import findings as drift
from product.drift.counts import Counts, Week
from product.drift.findings import Rules, compare, judge
from product.settings.configuration import BadSetting, load_settings
from tests.support.drifting import RULES, answer, counts, mix, reference


def find(name: str, before: Counts, now: Counts, rules=RULES, week="2026-W23"):
    return compare(reference(before), Week(week, now), rules, (name,))[0]


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
