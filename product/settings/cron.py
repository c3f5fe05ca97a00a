"""The five fields of a cron expression, as in crontab(5): minute, hour, day, month, weekday; in UTC."""

import re
from datetime import UTC

from apscheduler.triggers.cron import CronTrigger

ALLOWED = (
    "five fields: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday); in UTC; "
    "0 3 * * 1-5 is 03:00 from Monday to Friday"
)
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAYS = re.compile(r"(\*|[0-7](?:-[0-7])?)(?:/([1-7]))?")


def parse(expression: str) -> CronTrigger:
    """The trigger for an expression. Raises ValueError saying what is allowed."""
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError(f"has {len(fields)} fields; write {ALLOWED}")
    minute, hour, day, month, weekday = fields
    if "*" not in (day[0], weekday[0]):
        # crontab(5) runs on days that match either field, the library on days that match both. Refuse the ambiguity.
        raise ValueError("sets both the day of the month and the day of the week; leave one of them *")
    try:
        return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=_weekdays(weekday), timezone=UTC)
    except ValueError as error:
        raise ValueError(f"{error}; write {ALLOWED}") from None


def _weekdays(field: str) -> str:
    """Names of days, because the library counts from Monday and crontab(5) from Sunday."""
    if re.fullmatch(r"\*|[a-z,-]+", field.lower()):
        return field.lower()
    return ",".join(DAYS[day] for part in field.split(",") for day in _days(part))


def _days(part: str) -> range:
    found = WEEKDAYS.fullmatch(part)
    if not found:
        raise ValueError(f"{part!r} is not a day of the week")
    days, step = found.group(1), int(found.group(2) or 1)
    first, _, last = ("0-6" if days == "*" else days).partition("-")
    span = range(int(first), int(last or first) + 1, step)
    if not span:
        raise ValueError(f"{part!r} ends before it starts")
    return span
