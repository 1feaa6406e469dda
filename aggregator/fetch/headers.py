"""Turns response headers into what the next request depends on: validators, freshness, links.

Everything here comes from a stranger: a number may have a million digits, a date may lie in the
year 9999. What cannot be read is as if it had not been sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from aggregator.model import Freshness

# RFC 9111 1.2.2: a number too big is taken as 2^31. Dates are kept far from datetime's end.
_MAX_SECONDS = 2**31
_MAX_VALIDATOR = 4096
_MAX_LINKS = 50
_DIRECTIVE = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9a-z-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^,\s]*))?')
_LINK = re.compile(r'<([^<>]{1,4096})>((?:\s*;\s*[^\s=;,<>]+\s*(?:=\s*(?:"[^"]*"|[^",;<>]*))?)*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s<>]*))', re.IGNORECASE)

RawHeaders = Iterable[tuple[bytes, bytes]]


def text_of(value: bytes) -> str | None:
    """A header's bytes as text that goes out again byte for byte, or None if none would."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text and len(value) <= _MAX_VALIDATOR and text.isprintable() else None


@lru_cache(maxsize=1024)
def http_date(text: str) -> datetime | None:
    """An HTTP date (RFC 9110 5.6.7) in any of its forms, aware and in UTC, or None."""
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def seconds(text: str | None) -> timedelta | None:
    """A delta-seconds value (RFC 9111 1.2.2); one too big to hold counts as 2^31."""
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return timedelta(seconds=_MAX_SECONDS if len(text) > 10 else min(int(text), _MAX_SECONDS))


def retry_after(text: str | None, now: datetime) -> datetime | None:
    """When a Retry-After value (RFC 9110 10.2.3: seconds, or a date) lets one ask again."""
    if text is None:
        return None
    value = text.strip()
    wait = seconds(value)
    if wait is not None:
        return now + wait
    return http_date(value)


@lru_cache(maxsize=1024)
def _directives(cache_control: str) -> dict[str, str]:
    """The directives of a Cache-Control value, names in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    at = 0
    low = cache_control[:2048].lower()
    while at < len(low):
        match = _DIRECTIVE.match(low, at)
        if match is not None:
            found.setdefault(match[1], (match[2] or "").strip('"'))
            at = match.end()
        comma = low.find(",", at)
        if comma < 0:
            break
        at = comma + 1
    return found


def max_age(
    cache_control: str | None, expires: str | None, date: str | None, age: str | None, now: datetime
) -> timedelta | None:
    """How long the response is fresh (RFC 9111 4.2.1), or None where it does not say.

    max-age wins over Expires, no-cache and no-store over both; Age is taken off.
    """
    lifetime: timedelta | None = None
    if cache_control:
        directives = _directives(cache_control)
        if "no-cache" in directives or "no-store" in directives:
            return None
        lifetime = seconds(directives.get("max-age"))
    if lifetime is None and expires:
        until = http_date(expires)
        since = (http_date(date) if date else None) or now
        lifetime = until - since if until is not None else None
    if lifetime is None:
        return None
    used = seconds(age.strip()) if age else None
    return max(lifetime - (used or timedelta(0)), timedelta(0))


def freshness(headers: dict[bytes, str], now: datetime) -> Freshness:
    """The Freshness that response headers (names in lower case) state at `now`."""
    cache_control = headers.get(b"cache-control")
    expires = headers.get(b"expires")
    if cache_control is None and expires is None:
        return _NOTHING_SAID
    age = max_age(cache_control, expires, headers.get(b"date"), headers.get(b"age"), now)
    return _NOTHING_SAID if age is None else Freshness(max_age=age)


_NOTHING_SAID = Freshness()


def links(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The (rel, target) pairs of Link headers (RFC 8288), targets as written, rels lower case."""
    found: list[tuple[str, str]] = []
    for value in values:
        for match in _LINK.finditer(value[:16384]):
            rel = _REL.search(match[2])
            names = (rel[1] or rel[2] or "") if rel else ""
            found.extend((name.lower(), match[1].strip()) for name in names.split())
            if len(found) >= _MAX_LINKS:
                return tuple(found[:_MAX_LINKS])
    return tuple(found)


def interesting(raw: RawHeaders) -> dict[bytes, str]:
    """The headers that matter here, by lower-case name; of a repeated one the first counts.

    Cache-Control, Content-Encoding and Link are lists: their repetitions are joined.
    """
    found: dict[bytes, str] = {}
    for name, value in raw:
        key = name.lower()
        if key not in _WANTED:
            continue
        text = value.decode("utf-8", "replace")
        if key not in found:
            found[key] = text
        elif key in _LISTS:
            found[key] += ", " + text
    return found


_LISTS = frozenset((b"cache-control", b"content-encoding", b"link"))
_WANTED = _LISTS | {
    b"age",
    b"content-length",
    b"content-type",
    b"date",
    b"expires",
    b"location",
    b"retry-after",
}
