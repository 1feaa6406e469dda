"""A request's validators and a representation's → whether it is "not modified" (RFC 9110, 13)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

# entity-tag = [ weak ] opaque-tag (RFC 9110 8.8.3): no quote and no white space inside, but commas.
_ENTITY_TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_MONTHS = {
    name: number
    for number, name in enumerate(
        b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
    )
}
_LONGEST_DATE = len("Wednesday, 23-Nov-26 04:30:12 GMT")
# HTTP-date (RFC 9110 5.6.7): the preferred form, the one of RFC 850, and that of asctime().
_DATE_FORMS = (
    re.compile(
        rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<d>\d\d) (?P<m>[A-Z][a-z]{2}) (?P<y>\d{4}) "
        rb"(?P<t>\d\d:\d\d:\d\d) GMT"
    ),
    re.compile(
        rb"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<d>\d\d)-(?P<m>[A-Z][a-z]{2})-"
        rb"(?P<y>\d\d) (?P<t>\d\d:\d\d:\d\d) GMT"
    ),
    re.compile(
        rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<m>[A-Z][a-z]{2}) (?P<d>[ \d]\d) "
        rb"(?P<t>\d\d:\d\d:\d\d) (?P<y>\d{4})"
    ),
)


def is_not_modified(
    if_none_match: bytes | None,
    if_modified_since: bytes | None,
    etag: bytes,
    last_modified: datetime,
) -> bool:
    """Whether a GET or HEAD with these headers gets a 304 (RFC 9110 13.2.2).

    `if_none_match` goes before `if_modified_since`, which then counts for nothing; None means
    that the header is absent. `etag` is the strong entity-tag, quotes included, `last_modified`
    an aware datetime, of which whole seconds count. Several lines of one header are to be joined
    by a comma.
    """
    if if_none_match is not None:
        return names_tag(if_none_match, etag)
    if if_modified_since is None:
        return False
    since = parse_http_date(if_modified_since, last_modified)
    return since is not None and last_modified.replace(microsecond=0) <= since


def names_tag(if_none_match: bytes, etag: bytes) -> bool:
    """Whether an If-None-Match header names `etag`, by weak comparison (RFC 9110 8.8.3.2).

    `*` names anything there is. What is no entity-tag names nothing.
    """
    if if_none_match == etag:
        return True
    opaque = etag.removeprefix(b"W/")
    header = if_none_match.strip(b" \t")
    return header == b"*" or opaque in _ENTITY_TAG.findall(header)


def parse_http_date(value: bytes, reference: datetime) -> datetime | None:
    """An HTTP-date (RFC 9110 5.6.7) in any of its three forms as aware UTC; None for others.

    Two-digit years are those nearest to `reference` that lie at most 50 years after it.
    """
    value = value.strip(b" \t")
    if len(value) > _LONGEST_DATE:
        return None
    return _parsed(value, reference.year)


@lru_cache(maxsize=256)  # most clients send back one of the few dates they were given
def _parsed(value: bytes, year: int) -> datetime | None:
    for form in _DATE_FORMS:
        match = form.fullmatch(value)
        if match is not None:
            return _datetime(match, year)
    return None


def _datetime(match: re.Match[bytes], reference_year: int) -> datetime | None:
    month = _MONTHS.get(match["m"])
    hour, minute, second = (int(part) for part in match["t"].split(b":"))
    year = int(match["y"])
    if len(match["y"]) == 2:
        latest = reference_year + 50
        year = latest - (latest - year) % 100
    if month is None or second > 60:
        return None
    try:  # a leap second is one that datetime does not know
        return datetime(year, month, int(match["d"]), hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def http_date(moment: datetime) -> bytes:
    """A moment as an IMF-fixdate (RFC 9110 5.6.7), whatever the machine's language."""
    at = moment.astimezone(UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    month = list(_MONTHS)[at.month - 1].decode()
    return f"{day}, {at:%d} {month} {at.year:04} {at:%H:%M:%S} GMT".encode()
