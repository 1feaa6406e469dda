"""A body → its representations, plain and compressed, and the answer that a request gets of them.

Made once and sent often: whatever does not depend on the request is computed beforehand.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import brotli  # type: ignore[import-untyped]

from aggregator.web.asked import Asked
from aggregator.web.conditional import http_date, is_same_representation, precondition
from aggregator.web.negotiate import Coding, preferred_coding
from aggregator.web.ranges import Span, asked_spans, content_range, multipart

Header = tuple[bytes, bytes]
Headers = list[Header]

GZIP_LEVEL = 6
# Of 120 KB of Atom: level 5 takes 4 ms and leaves 11 KB, level 11 takes 190 ms and leaves 9 KB.
BROTLI_QUALITY = 5
# Smaller bodies gain nothing from being compressed.
WORTH_COMPRESSING = 1_024
_SUFFIXES: dict[Coding, str] = {"gzip": "-gz", "br": "-br"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: status, headers, body."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Representation:
    """A body in one content coding, with the headers of its answers ready to send.

    `lasting` are those of a 304 too (RFC 9110 15.4.5), `described` those of a 200 alone.
    """

    etag: bytes
    body: bytes
    lasting: Headers
    described: Headers


@dataclass(frozen=True, slots=True)
class Resource:
    """What an address leads to: the same in several codings, each with an ETag of its own."""

    plain: Representation
    gzip: Representation
    br: Representation
    last_modified: datetime | None
    content_type: bytes

    @property
    def memory(self) -> int:
        """The bytes it takes."""
        return len(self.plain.body) + len(self.gzip.body) + len(self.br.body)

    def preferred(self, accept_encoding: bytes | None) -> Representation:
        """The representation that the client would rather have."""
        coding = preferred_coding(accept_encoding)
        return self.plain if coding is None else self.gzip if coding == "gzip" else self.br


def make_resource(
    body: bytes,
    opaque: str,
    content_type: str,
    vary: str,
    headers: Sequence[Header] = (),
    last_modified: datetime | None = None,
    described: Sequence[Header] = (),
    brotli_quality: int = BROTLI_QUALITY,
) -> Resource:
    """A body ready to be sent in any form.

    `opaque` is the ETag without quotes; `headers` go with every answer, a 304 included, and
    `described` with a body only.
    """
    kind = content_type.encode()

    def represent(packed: bytes, coding: Coding | None) -> Representation:
        etag = f'"{opaque}{_SUFFIXES[coding] if coding else ""}"'.encode()
        lasting: Headers = [(b"etag", etag), (b"vary", vary.encode()), *headers]
        about: Headers = [
            (b"content-type", kind),
            (b"accept-ranges", b"bytes"),
            (b"x-content-type-options", b"nosniff"),
            *described,
        ]
        if last_modified is not None:
            about.append((b"last-modified", http_date(last_modified)))
        if coding is not None:
            about.append((b"content-encoding", coding.encode()))
        return Representation(etag, packed, lasting, about)

    plain = represent(body, None)
    if len(body) < WORTH_COMPRESSING:
        return Resource(plain, plain, plain, last_modified, kind)
    return Resource(
        plain,
        represent(gzip.compress(body, GZIP_LEVEL, mtime=0), "gzip"),
        represent(brotli.compress(body, quality=brotli_quality), "br"),
        last_modified,
        kind,
    )


def answer_of(resource: Resource, asked: Asked, further: Sequence[Header] = ()) -> Answer:
    """The answer to a GET or HEAD: 200, 206, 304, 412 or 416, as RFC 9110 13.2.2 and 14 say.

    `further` are headers that change with time, such as Cache-Control.
    """
    shown = resource.preferred(asked.accept_encoding)
    status = precondition(asked, shown.etag, resource.last_modified)
    lasting = [*shown.lasting, *further]
    if status == 304:
        return Answer(304, lasting, b"")
    if status == 412:
        text = b"It is not, or no longer, the version that you insist on.\n"
        return _sized(412, [*lasting, _PLAIN_TEXT], text, asked)
    headers = lasting + shown.described
    if asked.range is not None and asked.method == "GET" and _parts_fit(resource, shown, asked):
        spans = asked_spans(asked.range, len(shown.body))
        if spans is not None:
            return _partial(resource, shown, headers, spans, asked)
    return _sized(200, headers, shown.body, asked)


_PLAIN_TEXT = (b"content-type", b"text/plain; charset=utf-8")


def _parts_fit(resource: Resource, shown: Representation, asked: Asked) -> bool:
    """Whether a part of these bytes is what the client wants: If-Range, where there is one."""
    return asked.if_range is None or is_same_representation(
        asked.if_range, shown.etag, resource.last_modified
    )


def _partial(
    resource: Resource, shown: Representation, headers: Headers, spans: list[Span], asked: Asked
) -> Answer:
    size = len(shown.body)
    if not spans:
        text = b"The document has %d bytes.\n" % size
        unfit = [(b"content-range", content_range(None, size)), _PLAIN_TEXT]
        return _sized(416, [*shown.lasting, *unfit], text, asked)
    if len(spans) == 1:
        first, beyond = spans[0]
        named = (b"content-range", content_range(spans[0], size))
        return _sized(206, [*headers, named], shown.body[first:beyond], asked)
    # Made of the digest: a document cannot hold its own, whoever wrote what stands in it.
    boundary = b"part-" + shown.etag.strip(b'"')
    body = multipart(shown.body, spans, resource.content_type, boundary)
    kind = (b"content-type", b"multipart/byteranges; boundary=" + boundary)
    kept = [header for header in headers if header[0] != b"content-type"]
    return _sized(206, [*kept, kind], body, asked)


def _sized(status: int, headers: Headers, body: bytes, asked: Asked) -> Answer:
    """The answer with its length; for HEAD without its bytes (RFC 9110 9.3.2)."""
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    return Answer(status, headers, b"" if asked.method == "HEAD" else body)
