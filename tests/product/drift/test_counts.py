"""What is counted of messages, and in which week: at the limits of bins and weeks."""

import json
from datetime import UTC, datetime

import pytest

from product.drift import counts as drift_counts
from tests.support.drifting import counts, prediction, reference


def test_a_bin_includes_its_start():
    def bins(name: str, **given) -> int:
        [index] = drift_counts.bins_of(prediction(**given), name)
        return index

    assert [bins("confidence", confidence=value) for value in (0.34, 0.5, 0.95, 1.0)] == [0, 1, 6, 6]
    assert [bins("length", text="x" * size) for size in (1, 19, 20, 639, 640)] == [0, 0, 1, 5, 6]
    assert [bins("language", language=name) for name in ("en", "zh", "und", "fr")] == [0, 1, 2, 2]


def test_a_bin_is_limited_by_the_start_of_the_next_one():
    limits = [drift_counts.bin_limits(*bin) for bin in (("length", 0), ("length", 6), ("confidence", 1))]
    assert limits == [(1, 20), (640, None), (0.5, 0.6)]


def test_a_word_counts_once_a_message_in_any_case_and_place():
    assert drift_counts.buckets("Late, late; LATE!") == drift_counts.buckets("late")
    assert len(drift_counts.buckets("late")) == 1


def test_chinese_counts_by_character():
    assert drift_counts.buckets("快递") == sorted(drift_counts.buckets("快") + drift_counts.buckets("递"))


def test_links_names_numbers_and_placeholders_are_not_counted_as_words():
    assert drift_counts.buckets("@united https://example.com/a [email] [phone] 42 !") == []


def test_counts_contain_no_word_of_a_message():
    written = json.dumps(reference(counts(prediction(text="Rumpelstiltskin speaks"))).to_dict()).lower()
    assert "rumpel" not in written and "speaks" not in written


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
def test_a_week_is_the_iso_week_in_utc(moment, name):
    assert drift_counts.week_name(moment) == name
    start, end = drift_counts.week_bounds(name)
    assert start <= moment < end


def test_week_53_extends_into_the_next_year():
    assert drift_counts.week_bounds("2026-W53") == (
        datetime(2026, 12, 28, tzinfo=UTC),
        datetime(2027, 1, 4, tzinfo=UTC),
    )


def test_a_week_that_its_year_does_not_have_is_refused():
    with pytest.raises(ValueError):
        drift_counts.week_bounds("2025-W53")
