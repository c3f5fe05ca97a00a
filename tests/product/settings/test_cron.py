"""Cron expressions, against times from a calendar: 26 November 2026 is a Thursday."""

from datetime import UTC, datetime, timedelta

import pytest

from product.settings import cron

THURSDAY = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)


def times(expression: str, count: int) -> list[str]:
    trigger, found, after = cron.parse(expression), [], THURSDAY
    for _ in range(count):
        after = trigger.get_next_fire_time(None, after) + timedelta(seconds=1)
        found.append(after.strftime("%a %d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 3 * * *", ["Fri 27 03:00", "Sat 28 03:00"]),
        ("*/20 * * * *", ["Thu 26 12:20", "Thu 26 12:40", "Thu 26 13:00"]),
        ("30 6 1 * *", ["Tue 01 06:30", "Fri 01 06:30"]),
        ("0 3 * * 0", ["Sun 29 03:00", "Sun 06 03:00"]),
        ("0 3 * * 7", ["Sun 29 03:00", "Sun 06 03:00"]),
        ("0 3 * * 1-5", ["Fri 27 03:00", "Mon 30 03:00"]),
        ("0 3 * * 0-1", ["Sun 29 03:00", "Mon 30 03:00"]),
        ("0 3 * * */2", ["Sat 28 03:00", "Sun 29 03:00", "Tue 01 03:00"]),
        ("0 3 * * MON,sat", ["Sat 28 03:00", "Mon 30 03:00"]),
    ],
)
def test_times_are_those_of_crontab(expression, expected):
    assert times(expression, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("0 3 * *", "has 4 fields; write five fields"),
        ("daily", "has 1 fields"),
        ("60 3 * * *", "write five fields"),
        ("0 25 * * *", "write five fields"),
        ("0 3 * * 8", "'8' is not a day of the week"),
        ("0 3 * * 5-1", "'5-1' ends before it starts"),
        ("0 3 * * someday", "write five fields"),
        ("0 3 1 * 1", "leave one of them"),
    ],
)
def test_an_invalid_expression_is_refused_with_what_is_allowed(expression, problem):
    with pytest.raises(ValueError) as refused:
        cron.parse(expression)
    assert problem in str(refused.value)
