"""A request's preconditions and a representation's validators → what comes of it (RFC 9110, 13)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from aggregator.web.asked import Asked

# entity-tag = [ weak ] opaque-tag (RFC 9110 8.8.3): no quote and no white space inside, but commas.
_ENTITY_TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_STRONG_TAG = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
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


def precondition(
    asked: Asked, etag: bytes, last_modified: datetime | None
) -> Literal[304, 412] | None:
    """What the preconditions of a GET or HEAD come to, in the order of RFC 9110 13.2.2.

    412: it is another than the client insists on; 304: the client has it already; None: send it.
    `etag` is the strong entity-tag, quotes included; `last_modified` an aware datetime, of which
    whole seconds count, or None for what has no such time: its dates then count for nothing.
    """
    if asked.if_match is not None:
        if not names_strong_tag(asked.if_match, etag):
            return 412
    elif asked.if_unmodified_since is not None and last_modified is not None:
        since = parse_http_date(asked.if_unmodified_since, last_modified)
        if since is not None and last_modified.replace(microsecond=0) > since:
            return 412
    if asked.if_none_match is not None:
        return 304 if names_tag(asked.if_none_match, etag) else None
    if asked.if_modified_since is not None and last_modified is not None:
        since = parse_http_date(asked.if_modified_since, last_modified)
        if since is not None and last_modified.replace(microsecond=0) <= since:
            return 304
    return None


def is_same_representation(if_range: bytes, etag: bytes, last_modified: datetime | None) -> bool:
    """Whether If-Range names these very bytes, so that parts of them fit together (13.1.5).

    A date must be Last-Modified exactly. The publisher gives no two versions of a document one
    second, which makes it a strong validator (8.8.2.2).
    """
    value = if_range.strip(b" \t")
    if value.startswith((b'"', b"W/")):
        return value == etag
    since = parse_http_date(value, last_modified) if last_modified is not None else None
    return since is not None and since == last_modified.replace(microsecond=0)  # type: ignore[union-attr]


def names_strong_tag(if_match: bytes, etag: bytes) -> bool:
    """Whether an If-Match header names `etag`, by strong comparison (RFC 9110 8.8.3.2)."""
    header = if_match.strip(b" \t")
    if header == b"*":
        return True
    return any(not weak and tag == etag for weak, tag in _STRONG_TAG.findall(header))


def entity_tags(header: bytes) -> list[bytes]:
    """The opaque part of every entity-tag in a list, quotes included, weak ones too."""
    return _ENTITY_TAG.findall(header)


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
