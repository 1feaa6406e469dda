"""Turns a response's head, and its body where it has one, into a redirect or an outcome."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urljoin

from aggregator.fetch.addresses import Address
from aggregator.fetch.failures import Refused, printable
from aggregator.fetch.headers import RawHeaders, freshness, interesting, links, text_of
from aggregator.model import Certificate, Fetched, FetchFailed, FetchRequest, NotModified

REDIRECTS = frozenset((301, 302, 303, 307, 308))
PERMANENT = frozenset((301, 308))
# 203 is a proxy's 200 (RFC 9110 15.3.4). Every other success has no whole document for a body.
USABLE = frozenset((200, 203))
RESTING = frozenset((429, 503))

_REASONS = {
    401: "asks for credentials (401)",
    403: "refuses access (403)",
    404: "knows no such document (404)",
    410: "says the document is gone for good (410)",
    429: "asks to be left alone for now (429)",
    503: "is not available for now (503)",
}


class Head(NamedTuple):
    """A response without its body: what of it is needed, read once."""

    status: int
    etag: str | None
    last_modified: str | None
    fields: dict[bytes, str]
    certificate: Certificate | None


def read_head(
    status: int, raw: RawHeaders, max_bytes: int, certificate: Certificate | None = None
) -> Head:
    """The Head of a response that came over a connection with this certificate.

    Raises Refused (`headers-too-large`) over `max_bytes` in all.
    """
    size = 0
    etag = last_modified = None
    for name, value in raw:
        size += len(name) + len(value) + 4
        key = name.lower()
        if key == b"etag":
            etag = text_of(value)
        elif key == b"last-modified":
            last_modified = text_of(value)
    if size > max_bytes:
        raise Refused("headers-too-large", f"the headers are over {max_bytes} bytes")
    return Head(status, etag, last_modified, interesting(raw), certificate)


class Course(NamedTuple):
    """Where a fetch stands: the address now asked, and whether all hops so far were permanent."""

    start: Address
    address: Address
    permanent: bool
    hops: int

    @property
    def moved_to(self) -> str | None:
        """The final address, if only permanent redirects led there, none of them to less safety."""
        if self.hops == 0 or not self.permanent:
            return None
        if self.start.origin[0] == "https" and self.address.origin[0] == "http":
            return None
        return self.address.text


def not_modified(head: Head, course: Course, request: FetchRequest, now: datetime) -> NotModified:
    """The outcome of a 304. Raises Refused for one that nobody asked for."""
    if request.etag is None and request.last_modified is None:
        raise Refused("unsolicited-304", "the server answers 304, but was asked unconditionally")
    return NotModified(
        url=course.address.text,
        status=304,
        etag=head.etag,
        last_modified=head.last_modified,
        moved_to=course.moved_to,
        freshness=freshness(head.fields, now),
        certificate=head.certificate,
    )


def same_body(head: Head, course: Course, now: datetime) -> NotModified:
    """The outcome of a 200 whose wire bytes are those already used."""
    return NotModified(
        url=course.address.text,
        status=head.status,
        etag=head.etag,
        last_modified=head.last_modified,
        moved_to=course.moved_to,
        freshness=freshness(head.fields, now),
        certificate=head.certificate,
    )


def fetched(head: Head, course: Course, body: bytes, digest: str, now: datetime) -> Fetched:
    """The outcome of a usable response."""
    content_type = head.fields.get(b"content-type")
    link = head.fields.get(b"link")
    return Fetched(
        url=course.address.text,
        status=head.status,
        body=body,
        body_digest=digest,
        content_type=printable(content_type)[:200] if content_type else None,
        etag=head.etag,
        last_modified=head.last_modified,
        moved_to=course.moved_to,
        freshness=freshness(head.fields, now),
        links=_absolute(links((link,)), course.address.text) if link else (),
        certificate=head.certificate,
    )


def refused_status(head: Head, course: Course) -> FetchFailed:
    """The outcome of a status that brings no document. The lanes add how long a host rests."""
    status = head.status
    said = _REASONS.get(status, f"answers with status {status}")
    return FetchFailed(
        url=course.address.text,
        reason=f"http-{status}",
        message=f"{course.address.lane} {said}",
        status=status,
        gone=status == 410,
        host_rests=status in RESTING,
        host=course.address.lane if status in RESTING else None,
    )


def _absolute(found: tuple[tuple[str, str], ...], base: str) -> tuple[tuple[str, str], ...]:
    """Link targets made absolute; what does not resolve is left out."""
    out: list[tuple[str, str]] = []
    for rel, target in found:
        try:
            out.append((rel, urljoin(base, target)))
        except ValueError:
            continue
    return tuple(out)
