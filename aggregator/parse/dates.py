"""A date as a feed writes it → an aware datetime in UTC, or None where it cannot be known."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from aggregator.parse.months import MONTHS, WEEKDAY, ZONES

_RFC822 = re.compile(
    r"(?:[A-Za-z]{3},? )?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? ?"
    r"(?:(GMT|Z|UTC?)|([+-])(\d\d):?(\d\d))\Z"
)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r"(?:([Zz])|([+-])(\d\d):(\d\d))\Z"
)

_TIME = (
    r"(?P<hour>\d{1,2})\s?(?:[:：时時点點h]\s?(?P<minute>\d{1,2})"
    r"(?:\s?[:：分m]\s?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?|时|時|点|點)\s?[分秒]?"
)
_HALF = r"(?P<half>[ap]\.?\s?m\b\.?|上午|下午|凌晨|早上|中午|晚上|傍晚|午后|夜间)"
_CLOCK = re.compile(rf"(?:{_HALF}\s*)?{_TIME}(?:\s*(?P<half2>[ap]\.?\s?m\b\.?))?", re.IGNORECASE)
_OFFSET = re.compile(
    r"(?:(?:GMT|UTC?|Z)\s?)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?!\d)"
    r"(?:\s*\([^()]{0,60}\))?",
    re.IGNORECASE,
)
_ZONE_NAME = re.compile(r"\b[A-Za-z]{1,5}\b")
_ZONE_PLACE = re.compile(r"\b[A-Z][A-Za-z]{2,20}/[A-Z][A-Za-z_]{1,30}\b")

_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})\s?(?:(?P<mark>[-/.])\s?(?P<month>\d{1,2})\s?(?P=mark)\s?(?P<day>\d{1,2})"
    r"|年\s?(?P<month2>\d{1,2})\s?月\s?(?P<day2>\d{1,2})\s?[日号號]?)(?!\d)"
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:T?(?P<h>\d\d)(?P<m>\d\d)(?P<s>\d\d)?)?(?!\d)"
)
_DAY_NAME_YEAR = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?[\s-]*(?:de\s+)?(?P<name>[^\W\d_]{3,14}|十?[一二三四五六七八九十]月|(?<=\s)1?\d月(?=\s))"
    r"\.?,?[\s-]*(?:de\s+)?(?P<year>\d{4}|\d\d)(?!\d|:)",
    re.IGNORECASE,
)
_NAME_DAY_YEAR = re.compile(
    r"(?P<name>[^\W\d_]{3,14}|十?[一二三四五六七八九十]月|(?<=\s)1?\d月(?=\s))\.?\s*(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})"
)
_ASCTIME = re.compile(
    r"(?P<name>[A-Za-z]{3,9})\s+(?P<day>\d{1,2})\s+(?P<time>\d{1,2}:\d\d(?::\d\d)?)\s*"
    r"(?P<zone>[A-Za-z]{1,5}|(?:GMT)?[+-]\d\d:?\d\d)?\s+(?P<year>\d{4})"
)
_DAY_FIRST = re.compile(
    r"(?P<a>\d{1,2})(?P<mark>[/.-])(?P<b>\d{1,2})(?P=mark)(?P<year>\d{4})(?!\d)"
)
_MONTH_DAY = re.compile(
    r"(?<!\d)(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号號]|^(?P<month2>\d\d)-(?P<day2>\d\d)(?=\s)"
)
_AGO = re.compile(
    r"^(?P<count>\d{1,5}|半|几|an?|one)\s*(?:个|個)?\s*(?P<unit>秒鐘|秒钟|秒|分鐘|分钟|分|小時|小时|时|天|日|周|週|星期|月|年"
    r"|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?)\s*(?:之?前|以前|\s?ago)$",
    re.IGNORECASE,
)
_UNITS = (
    (re.compile(r"秒|sec"), timedelta(seconds=1)),
    (re.compile(r"分|min"), timedelta(minutes=1)),
    (re.compile(r"小|时|ho|hr"), timedelta(hours=1)),
    (re.compile(r"天|日|day"), timedelta(days=1)),
    (re.compile(r"周|週|星期|week"), timedelta(days=7)),
)
_DAY_WORDS = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2, "today": 0, "yesterday": 1}
_UNIX = re.compile(r"\d{9,10}(?:\.\d+)?\Z|\d{12,13}\Z|\d{15,16}\Z")

_AHEAD = timedelta(days=3653)
_EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
_LONGEST = 200


def parse_date(text: str, zone: tzinfo, fetched_at: datetime) -> datetime | None:
    """The moment that `text` names, or None when it names none that can be trusted.

    `zone` is the source's: it holds for dates without a zone and for the ambiguous CST.
    `fetched_at` (aware) is what "3小时前" and dates without a year count from. Years before 1971
    and moments more than ten years ahead are what programs write for "no date". Takes RFC 822 and
    RFC 3339 with their common bruises, asctime, Chinese and other national forms, Unix time in
    seconds, milliseconds or microseconds. 1/2/2026 is not guessed at.
    """
    try:
        found = _rfc3339(text) if text[4:5] == "-" else _rfc822(text)
    except (ValueError, KeyError, OverflowError):
        found = None
    if found is None:
        found = _slow(text, zone, fetched_at)
    if found is None or found < _EARLIEST or found - fetched_at > _AHEAD:
        return None
    return found


def is_empty_date(text: str) -> bool:
    """Whether `text` is one of the ways to write that there is no date."""
    stripped = text.strip()
    return (
        not stripped
        or stripped.startswith(("0001-01-01", "1970-01-01", "0000-00-00"))
        or (
            "Jan 0001" in stripped
            or "Jan 1970" in stripped
            or stripped in ("0", "-", "null", "None")
        )
    )


def _rfc3339(text: str) -> datetime | None:
    found = _RFC3339.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, utc, sign, oh, om = found.groups()
    micro = int(fraction.ljust(6, "0")[:6]) if fraction else 0
    moment = datetime(
        int(year), int(month), int(day), int(hour), int(minute), int(second), micro, UTC
    )
    return moment if utc else _shifted(moment, sign, oh, om)


def _rfc822(text: str) -> datetime | None:
    found = _RFC822.match(text)
    if found is None:
        return None
    day, name, year, hour, minute, second, utc, sign, oh, om = found.groups()
    month = MONTHS[name.lower()]
    moment = datetime(int(year), month, int(day), int(hour), int(minute), int(second or 0), 0, UTC)
    return moment if utc else _shifted(moment, sign, oh, om)


def _shifted(moment: datetime, sign: str, hours: str, minutes: str) -> datetime:
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset >= timedelta(hours=24):
        raise ValueError("offset of a day or more")
    return moment - offset if sign == "+" else moment + offset


def _slow(text: str, zone: tzinfo, fetched_at: datetime) -> datetime | None:
    if len(text) > _LONGEST:
        return None
    value = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()
    value = re.sub(r"\s+", " ", value)
    try:
        if _UNIX.match(value):
            return _unix(value)
        return _relative(value, zone, fetched_at) or _written(value, zone, fetched_at)
    except (ValueError, KeyError, OverflowError):
        return None


def _unix(value: str) -> datetime | None:
    whole, _, fraction = value.partition(".")
    scale = 1 if len(whole) <= 10 else 1_000 if len(whole) <= 13 else 1_000_000
    micros = int(whole) * (1_000_000 // scale) + int((fraction or "0").ljust(6, "0")[:6])
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _relative(value: str, zone: tzinfo, fetched_at: datetime) -> datetime | None:
    """`3小时前`, `刚刚`, `今天 08:00`; to whole seconds, since no more is said."""
    low = value.lower()
    now = fetched_at.replace(microsecond=0)
    if low in ("刚刚", "剛剛", "just now", "now"):
        return now
    ago = _AGO.match(low)
    if ago is not None:
        number = ago["count"]
        count = 0.5 if number == "半" else float(number) if number.isdigit() else 1.0
        for pattern, unit in _UNITS:
            if pattern.match(ago["unit"]) and number != "几":
                return now - count * unit
        return None  # months and years ago name no day
    for word, days in _DAY_WORDS.items():
        if low.startswith(word):
            local = now.astimezone(zone)
            day = (local - timedelta(days=days)).date()
            return _moment((day.year, day.month, day.day), value[len(word) :], zone)
    return None


def _written(value: str, zone: tzinfo, fetched_at: datetime) -> datetime | None:
    """A date written out in any of the known orders, its time and zone after or before it."""
    asctime = _ASCTIME.search(value)
    if asctime is not None:
        date = (int(asctime["year"]), MONTHS[asctime["name"].lower()], int(asctime["day"]))
        return _moment(date, f"{asctime['time']} {asctime['zone'] or ''}", zone)
    compact = _COMPACT.match(value)
    if compact is not None:
        date = (int(compact["year"]), int(compact["month"]), int(compact["day"]))
        clock = f"{compact['h']}:{compact['m']}:{compact['s'] or '00'}" if compact["h"] else ""
        return _moment(date, clock + value[compact.end() :], zone)
    value = WEEKDAY.sub(" ", value).strip(" ,，")
    for pattern, order in _ORDERS:
        found = pattern.search(value)
        if found is not None:
            dated = order(found)
            if dated is not None:
                rest = value[: found.start()] + " " + value[found.end() :]
                return _moment(dated, rest, zone)
    found = _MONTH_DAY.search(value)
    if found is None:
        return None
    rest = value[: found.start()] + " " + value[found.end() :]
    return _without_year(found, rest, zone, fetched_at)


def _without_year(
    found: re.Match[str], rest: str, zone: tzinfo, fetched_at: datetime
) -> datetime | None:
    """`11月23日 08:00`: the latest such day that is not after the day of the fetch."""
    month, day = int(found["month"] or found["month2"]), int(found["day"] or found["day2"])
    year = fetched_at.astimezone(zone).year
    for candidate in (year, year - 1):
        try:
            moment = _moment((candidate, month, day), rest, zone)
        except ValueError:  # 29 February
            continue
        if moment is not None and moment <= fetched_at + timedelta(days=1):
            return moment
    return None


def _year_first(found: re.Match[str]) -> tuple[int, int, int] | None:
    month, day = found["month"] or found["month2"], found["day"] or found["day2"]
    return int(found["year"]), int(month), int(day)


def _named(found: re.Match[str]) -> tuple[int, int, int] | None:
    month = MONTHS.get(found["name"].lower())
    if month is None:
        return None
    year = int(found["year"])
    if year < 100:  # RFC 2822 section 4.3
        year += 2000 if year < 50 else 1900
    return year, month, int(found["day"])


def _day_first(found: re.Match[str]) -> tuple[int, int, int] | None:
    a, b, year = int(found["a"]), int(found["b"]), int(found["year"])
    if found["mark"] == "." or a > 12 or a == b:
        return year, b, a
    return (year, a, b) if b > 12 else None


_ORDERS = (
    (_YEAR_FIRST, _year_first),
    (_DAY_NAME_YEAR, _named),
    (_NAME_DAY_YEAR, _named),
    (_DAY_FIRST, _day_first),
)


def _moment(date: tuple[int, int, int], rest: str, zone: tzinfo) -> datetime | None:
    """The date with the time and zone found in the rest of the text; midnight without a time."""
    clock = _CLOCK.search(rest)
    hour = minute = second = micro = 0
    after = rest
    if clock is not None:
        hour, minute, second = (int(clock[name] or 0) for name in ("hour", "minute", "second"))
        hour = _on_24(hour, (clock["half"] or clock["half2"] or "").lower())
        micro = int((clock["fraction"] or "0").ljust(6, "0")[:6])
        after = rest[clock.end() :]
    extra = timedelta(days=1) if (hour, minute, second) == (24, 0, 0) else timedelta()
    if extra:
        hour = 0
    if second == 60:  # a leap second (RFC 3339, 5.6)
        second, extra = 59, extra + timedelta(seconds=1)
    naive = datetime(*date, hour, minute, second, micro)  # noqa: DTZ001 - its zone comes next
    stated = _stated_zone(after, zone)
    return None if stated is None else (naive.replace(tzinfo=stated) + extra).astimezone(UTC)


def _on_24(hour: int, half: str) -> int:
    if not half:
        return hour
    if half[0] == "p" or half in ("下午", "晚上", "傍晚", "午后", "夜间"):
        return hour + 12 if hour < 12 else hour
    if half == "中午":
        return hour + 12 if hour < 3 else hour
    return 0 if hour == 12 else hour


def _stated_zone(text: str, zone: tzinfo) -> tzinfo | None:
    """The zone that stands in `text`; the source's where none does; None for an unknown one."""
    offset = _OFFSET.search(text)
    if offset is not None:
        delta = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"] or 0))
        return timezone(-delta if offset["sign"] == "-" else delta)
    place = _ZONE_PLACE.search(text)
    if place is not None:
        try:
            return ZoneInfo(place.group())
        except (KeyError, ValueError, OSError):
            return None
    low = text.lower()
    if "china standard time" in low or "beijing" in low or "北京时间" in low:
        return timezone(timedelta(hours=8))
    name = _ZONE_NAME.search(low)
    if name is None:
        return zone
    word = name.group()
    if word in ZONES:
        return timezone(timedelta(minutes=ZONES[word]))
    if word == "cst":
        return _cst(zone)
    return zone if word in ("local", "de", "at", "um", "a", "h") else None


def _cst(zone: tzinfo) -> tzinfo:
    """CST as the source's zone has it; RFC 822's where the source names no zone of its own."""
    if getattr(zone, "key", None) == "UTC" or zone is UTC:
        return timezone(timedelta(hours=-6))
    return zone
