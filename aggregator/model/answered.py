"""What was asked of an origin and what it answered: requests, bodies, failures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One conditional GET. `etag` and `last_modified` go out byte for byte as they came in.

    `body_digest` is the SHA-256 (hex) of the wire bytes last used: the same bytes again
    come back as NotModified with status 200, not inflated. `validators_url` is the address that
    gave the validators, where redirects led elsewhere than `url`: on the way they go to no third.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    allow_private: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    validators_url: str | None = None


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the response's headers say of the next request (RFC 9111, RFC 9110 10.2.3)."""

    max_age: timedelta | None = None
    retry_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """From when to when the certificate of an origin is valid (aware, UTC; RFC 5280 4.1.2.5)."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """A usable response. `url` is where it came from in the end; `body` is inflated.

    `moved_to` is set when every redirect on the way was permanent (301, 308). `certificate` is
    that of the last connection, None where it was not encrypted.
    """

    url: str
    status: int
    body: bytes
    body_digest: str
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    freshness: Freshness = Freshness()
    links: tuple[tuple[str, str], ...] = ()
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """Nothing new: a 304, or (status 200) the very bytes already used. New validators are kept.

    After a 304 an absent validator means "as before"; after a 200 it means "no longer sent".
    """

    url: str
    status: int
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    freshness: Freshness = Freshness()
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """An expected failure, as a value. `reason` is a short name such as `timeout` or `http-404`,

    `message` a sentence for people; `host_rests` asks that the whole host be left alone (429, 503):
    `host` (a name, with its port unless the usual one) until `retry_after`.
    """

    url: str
    reason: str
    message: str
    status: int | None = None
    retry_after: datetime | None = None
    gone: bool = False
    host_rests: bool = False
    host: str | None = None


FetchOutcome = Fetched | NotModified | FetchFailed


@dataclass(frozen=True, slots=True)
class Message:
    """One request to an address that a stranger named: a POST of `body`, or a GET without one."""

    url: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    allow_private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replied:
    """What came back, whatever the status. `body` is the beginning of it, as sent.

    `location` is where a redirect leads (absolute); nobody has gone there.
    """

    status: int
    body: bytes = b""
    location: str | None = None
    retry_after: datetime | None = None
