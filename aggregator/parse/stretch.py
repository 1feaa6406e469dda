"""A feed's bytes and what the last reading left → what of them is to be read at all.

Most documents that are not the same as last time hold the same entries: only a build date changed.
Then the stretch from the first entry to the last is byte for byte the same, which one digest shows
without cutting it up. A stretch is remembered of documents in UTF-8 that were cut soundly; what was
sound stays so while nothing around it changes what it means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from aggregator.model import Document, Known
from aggregator.parse.chunks import Cut, entry_tag, is_open, next_tag, opening_of, root_of
from aggregator.parse.decode import Claims, Decoded, claims

_FRAME, _SIZE, _DIGEST = 8, 8, 16


@dataclass(frozen=True, slots=True)
class Frame:
    """What decides what an XML feed's entries mean: its root, and what is said of its encoding."""

    document: Document
    root: re.Match[bytes]
    claims: Claims

    @property
    def digest(self) -> bytes:
        """The same for documents whose entries, being the same bytes, mean the same."""
        return sha256(f"{self.claims}".encode() + self.root.group()).digest()[:_FRAME]


def frame_of(document: Document) -> Frame | None:
    """The frame of a document that may be cut; None where that is doubtful."""
    root = root_of(document.body)
    if root is None:
        return None
    said = claims(document.body, document.content_type)
    # ISO-2022-JP is written in ASCII's bytes: a document that claims it may be either.
    return None if "iso-2022-jp" in said else Frame(document, root, said)


def stretch_of(frame: Frame, decoded: Decoded, cutting: Cut, news: bool) -> bytes:
    """What `is_as_before` and `around` go by next time; b"" for nothing.

    After `news` it is left at the former: hashing the entries as one as well pays only for a
    document that comes again without any.
    """
    if not decoded.exact or not cutting.spans or cutting.broken_off is not None:
        return b""
    if news:
        return frame.digest
    first, last = cutting.spans[0][0], cutting.spans[-1][1]
    return frame.digest + (last - first).to_bytes(_SIZE) + _digest(frame, first, last)


def is_as_before(frame: Frame, known: Known) -> bool:
    """Whether the frame is that of the last reading, of a document in UTF-8."""
    return bool(known.stretch) and frame.digest == known.stretch[:_FRAME]


def around(frame: Frame, known: Known) -> bytes | None:
    """The body without its entries, where they are those of the last reading; else None.

    For a frame that `is_as_before`.
    """
    if len(known.stretch) == _FRAME:
        return None
    body, tag, start = frame.document.body, entry_tag(frame.root), frame.root.end()
    first = next_tag(body, b"<" + tag, start)
    last = first + int.from_bytes(known.stretch[_FRAME : _FRAME + _SIZE])
    # It ends where an entry ends, or it need not be hashed.
    ending = b"</" + tag + b">"
    if first < 0 or not body.startswith(ending, last - len(ending)):
        return None
    if is_open(body, start, first):
        return None
    if body.find(b"<" + tag, last) >= 0 or body.find(b"</" + tag, last) >= 0:
        return None
    if _digest(frame, first, last) != known.stretch[_FRAME + _SIZE :]:
        return None
    return body[:first] + body[last:]


def _digest(frame: Frame, first: int, last: int) -> bytes:
    body = frame.document.body
    digest = sha256(opening_of(body, frame.root, first) + b"\0")
    digest.update(memoryview(body)[first:last])
    return digest.digest()[:_DIGEST]
