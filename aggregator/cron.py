"""A cron expression as people know it → APScheduler's trigger, or what is wrong with it."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Any

_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHORTCUTS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_WEEKDAY_PART = re.compile(r"(\*|[a-z]{3}|\d)(?:-([a-z]{3}|\d))?(?:/(\d+))?")


def cron_error(text: str) -> str | None:
    """What is wrong with a cron expression of five fields (crontab(5)), or None if it is good."""
    try:
        cron_trigger(text, "UTC")
    except ValueError as error:
        return str(error)
    return None


def cron_trigger(text: str, timezone: str | tzinfo) -> Any:
    """The APScheduler 3 trigger of a cron expression in a zone (an IANA name or a tzinfo).

    Raises ValueError with a sentence for people. Where day and weekday are both restricted, cron
    runs on either (crontab(5)); APScheduler would want both, so such a pair becomes two triggers.
    """
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger

    fields = _SHORTCUTS.get(text.strip().lower(), text).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"a cron expression has five fields (minute hour day month weekday), not {len(fields)}"
        )
    values = dict(zip(_FIELDS, (field.lower() for field in fields), strict=True))
    values["day_of_week"] = _weekdays(values["day_of_week"])
    try:
        if "*" not in (values["day"][:1], values["day_of_week"][:1]):
            by_day = CronTrigger(**{**values, "day_of_week": "*"}, timezone=timezone)
            by_weekday = CronTrigger(**{**values, "day": "*"}, timezone=timezone)
            return OrTrigger([by_day, by_weekday])
        return CronTrigger(**values, timezone=timezone)
    except (ValueError, TypeError) as error:
        raise ValueError(_in_words(str(error))) from error


def _weekdays(field: str) -> str:
    """The weekday field with cron's numbers (0 and 7 are Sunday) as the names of single days.

    APScheduler counts from Monday = 0, and takes no range that runs over the end of the week.
    """
    if field in ("*", "?"):
        return "*"
    days: list[str] = []
    for part in field.split(","):
        found = _WEEKDAY_PART.fullmatch(part)
        if found is None:
            raise ValueError(f"`{part}` is no weekday: write 0 to 7 or sun to sat")
        first = 0 if found[1] == "*" else _weekday(found[1])
        last = 6 if found[1] == "*" or (found[3] and not found[2]) else first
        if found[2] is not None:
            last = _weekday(found[2])
            last += 7 if last < first else 0
        step = int(found[3] or 1)
        if step == 0:
            raise ValueError(f"`{part}` has a step of 0")
        days.extend(_WEEKDAYS[day % 7] for day in range(first, last + 1, step))
    return ",".join(dict.fromkeys(days))


def _weekday(name: str) -> int:
    if name in _WEEKDAYS:
        return _WEEKDAYS.index(name)
    if name.isdigit() and int(name) <= 7:
        return int(name)
    raise ValueError(f"`{name}` is no weekday: write 0 to 7 or sun to sat")


def _in_words(message: str) -> str:
    found = re.search(r'(?:expression|field|value) "([^"]*)"', message)
    return f"{message}" if found is None else message[0].lower() + message[1:]
