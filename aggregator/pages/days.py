"""Texts and addresses of a page → the day or moment they name; `{date:…}` in an address → a day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

_FIELD = re.compile(r"\{date(?::([^{}]*))?\}")
_DAY = re.compile(
    r"(?<!\d)(20\d\d|19\d\d)\s?(?:[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{1,2})(?!\d)"
    r"|年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号號]|(\d\d)(\d\d)(?!\d))"
)
_TIME = re.compile(
    r"[T\s\xa0日号號]{1,4}([01]?\d|2[0-3])\s?[::时]\s?([0-5]\d)(?:\s?[::分]\s?([0-5]\d))?"
)
_OFFSET = re.compile(r"\s?(?:(Z)\b|([+-])(\d\d):?(\d\d)\b)")
_IN_ADDRESS = re.compile(
    r"(?<!\d)(20\d\d|19\d\d)[-/_.]?(0[1-9]|1[0-2])[-/_.]?(0[1-9]|[12]\d|3[01])(?!\d)"
)


def is_dated(url: str) -> bool:
    """Whether an address holds `{date:FORMAT}`."""
    return _FIELD.search(url) is not None


def dated(url: str, day: date) -> str:
    """`url` with every `{date:FORMAT}` (strftime; without one: %Y-%m-%d) filled in for `day`."""
    return _FIELD.sub(lambda found: day.strftime(found[1] or "%Y-%m-%d"), url)


def local_day(now: datetime, zone: tzinfo) -> date:
    """The day it is in `zone` at `now`."""
    return now.astimezone(zone).date()


def day_in_address(url: str) -> date | None:
    """The day that an address names, as in `/202404/01/` or `2024-04/01`; None without one."""
    found = _IN_ADDRESS.search(url.partition("?")[0]) or _IN_ADDRESS.search(url)
    return _date(*map(int, found.groups())) if found else None


def moment_in(text: str, zone: tzinfo) -> datetime | None:
    """The moment that a text names, in UTC; a day alone is its midnight in `zone`.

    Year first, as pages write it: 2024-04-01 06:45, 2024年4月1日, 20240401. None for others.
    """
    found = _DAY.search(text)
    if found is None:
        return None
    year, *parts = found.groups()
    month, day = (int(part) for part in parts if part is not None)
    there = _date(int(year), month, day)
    if there is None:
        return None
    rest = text[found.end() - 1 :] if found[0][-1:] in "日号號" else text[found.end() :]
    clock = _TIME.match(rest)
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    moment = datetime(there.year, there.month, there.day, hour, minute, second, tzinfo=zone)
    offset = _OFFSET.match(rest, clock.end()) if clock else None
    if offset is not None:
        moment = moment.replace(tzinfo=UTC)
        if not offset[1]:
            shift = timedelta(hours=int(offset[3]), minutes=int(offset[4]))
            moment += shift if offset[2] == "-" else -shift
    return moment.astimezone(UTC)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The beginning of `day` in `zone`, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
