"""A Range header and a body → the parts that are asked for (RFC 9110, 14)."""

from __future__ import annotations

import re
from itertools import pairwise

# More parts than this, or parts that overlap, are no honest wish (RFC 9110 14.2, 17.15): the
# header is ignored, which a server may always do.
MOST_RANGES = 16
_BYTES = re.compile(rb"[ \t]*bytes=[ \t]*(.*)", re.IGNORECASE | re.DOTALL)
# Longer numbers are beyond any document, and int() of very many digits is slow.
_RANGE = re.compile(rb"(\d{0,18})-(\d{0,18})")
_LONGEST_HEADER = 1_000

Span = tuple[int, int]


def asked_spans(header: bytes, size: int) -> list[Span] | None:
    """The parts of `size` bytes that a Range header asks for, as (first, beyond last).

    None: the header counts for nothing (another unit, malformed, overlapping or too many parts).
    []: none of them can be satisfied (416).
    """
    found = _BYTES.fullmatch(header) if len(header) <= _LONGEST_HEADER else None
    if found is None:
        return None
    specified = [part.strip(b" \t") for part in found[1].split(b",")]
    spans: list[Span] = []
    asked = [part for part in specified if part]
    if not asked or len(asked) > MOST_RANGES:
        return None
    for part in asked:
        span = _span(part, size)
        if span is None:
            return None
        if span[0] < span[1]:
            spans.append(span)
    ordered = sorted(spans)
    if any(before[1] > after[0] for before, after in pairwise(ordered)):
        return None
    return spans


def _span(part: bytes, size: int) -> Span | None:
    """One part; an empty span where it lies beyond the end; None for what is no part."""
    found = _RANGE.fullmatch(part)
    if found is None or found[0] == b"-":
        return None
    first, last = found[1], found[2]
    if not first:
        return max(size - int(last), 0), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def multipart(body: bytes, spans: list[Span], content_type: bytes, boundary: bytes) -> bytes:
    """The parts as multipart/byteranges (RFC 9110 14.6)."""
    pieces = []
    for first, beyond in spans:
        pieces.append(
            b"--"
            + boundary
            + b"\r\ncontent-type: "
            + content_type
            + b"\r\ncontent-range: "
            + content_range((first, beyond), len(body))
            + b"\r\n\r\n"
        )
        pieces += [body[first:beyond], b"\r\n"]
    return b"".join([*pieces, b"--", boundary, b"--\r\n"])


def content_range(span: Span | None, size: int) -> bytes:
    """The value of Content-Range (RFC 9110 14.4); None for a range that cannot be satisfied."""
    if span is None:
        return b"bytes */%d" % size
    return b"bytes %d-%d/%d" % (span[0], span[1] - 1, size)
