"""Bytes and what is said of them → text, by what the bytes prove."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import NamedTuple

from aggregator.model import Note
from aggregator.parse.guess import guess_encoding
from aggregator.parse.labels import MULTI_BYTE, codec_of, encoding_named

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16le"),
    (b"\xfe\xff", "utf-16be"),
)
_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]{0,400}?encoding\s*=\s*[\"']\s*([A-Za-z0-9._:-]{1,40})")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
# Python's cp932 gives the bytes A0, FD, FE and FF these, where browsers see an error.
_CP932_PRIVATE = re.compile("[\uf8f0-\uf8f3]")
_PIECE = 1 << 20

# Where browsers read JIS X 0208 otherwise than Python's codec does (WHATWG, index jis0208).
_EUC_JP = str.maketrans("〜‖−¢£¬", "～∥－￠￡￢")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document's text. `exact` says that the body, from byte `start` on, is the text in UTF-8.

    The text is empty where a document was taken for UTF-8 because the last one was.
    """

    text: str
    encoding: str
    exact: bool
    start: int
    notes: tuple[Note, ...]


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """The text of `body`: by its BOM, the HTTP charset, its declaration, then what bytes prove.

    Bytes that are strictly UTF-8 and not all ASCII are UTF-8, whatever they claim. A byte that
    fits nowhere becomes one U+FFFD; it never changes the encoding of the rest. RFC 7303 section
    3 and the WHATWG Encoding Standard, with the corrections that facts demand.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _decoded(body, encoding, len(mark), [])
    declared = _declared(body)
    transport = encoding_named(_charset(content_type))
    if transport is None and declared is None:
        wide = _without_mark(body)
        if wide is not None:
            return _decoded(body, wide, 0, [])
    wide = _without_mark(body)
    if wide is not None:
        return _decoded(body, wide, 0, [])
    if not ({transport, declared} & {"iso-2022-jp"} and b"\x1b" in body):
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return _as_utf8(text, declared, transport)
    return _legacy(body, transport, declared)


class Claims(NamedTuple):
    """What is said of a document's encoding: by a mark at its start, by HTTP, by itself."""

    marked: bool
    transport: str | None
    declared: str | None


def claims(body: bytes, content_type: str | None) -> Claims:
    """What is said of the encoding of `body`, whatever its bytes prove."""
    marked = body.startswith(_BOMS[0][0])
    return Claims(marked, encoding_named(_charset(content_type)), _declared(body))


def taken_for_utf8(said: Claims) -> Decoded:
    """What `decode` says of a document that is strictly UTF-8, but for its text."""
    if said.marked:
        return Decoded("", "utf-8", True, len(_BOMS[0][0]), ())
    return Decoded("", "utf-8", True, 0, _contradicted(said.transport or said.declared))


def _as_utf8(text: str, declared: str | None, transport: str | None) -> Decoded:
    notes = () if text.isascii() else _contradicted(transport or declared)
    return Decoded(text, "utf-8", True, 0, notes)


def _contradicted(claimed: str | None) -> tuple[Note, ...]:
    if claimed in (None, "utf-8"):
        return ()
    return (Note("encoding", f"says it is {claimed}, but its bytes are UTF-8", 1),)


def _charset(content_type: str | None) -> str | None:
    found = _CHARSET.search(content_type[:1000]) if content_type else None
    return found.group(1) if found else None


def _declared(body: bytes) -> str | None:
    found = _DECLARATION.match(body, 0, 1024)
    encoding = encoding_named(found.group(1).decode("ascii")) if found else None
    # A declaration that could be read as ASCII was not written in UTF-16 (WHATWG, 4.3).
    return "utf-8" if encoding in ("utf-16le", "utf-16be") else encoding


def _without_mark(body: bytes) -> str | None:
    """UTF-16 without a BOM shows in the first `<` (XML 1.0, appendix F)."""
    if body[:2] == b"<\x00" and body[3:4] == b"\x00":
        return "utf-16le"
    if body[:2] == b"\x00<" and body[2:3] == b"\x00":
        return "utf-16be"
    return None


def _legacy(body: bytes, transport: str | None, declared: str | None) -> Decoded:
    """The text of bytes that are not UTF-8: the claim that costs the fewest characters."""
    claims = [name for name in (transport, declared) if name is not None]
    notes: list[Note] = []
    if _is_server_default(transport, declared):
        claims.reverse()
    legacy = [name for name in claims if name != "utf-8"]
    best = _best(body, legacy) if legacy else None
    broken_utf8 = _replaced(body, "utf-8")
    if best is not None:
        lost = _replaced(body, best)
        if lost and broken_utf8 < lost and _mostly_utf8(body, broken_utf8):
            notes.append(Note("encoding", f"says it is {best}, but its bytes are UTF-8", 1))
            best = "utf-8"
    elif _mostly_utf8(body, broken_utf8):
        best = "utf-8"
    else:
        best = guess_encoding(body)
        told = f"says it is {claims[0]}" if claims else "names no encoding"
        notes.append(Note("encoding", f"{told}; its bytes look like {best}", 1))
    return _decoded(body, best, 0, notes)


def _is_server_default(transport: str | None, declared: str | None) -> bool:
    """A server that labels everything Latin-1 knows less than the document's own declaration."""
    return transport == "windows-1252" and declared is not None and declared != transport


def _best(body: bytes, encodings: list[str]) -> str:
    return min(encodings, key=lambda name: (_replaced(body, name), encodings.index(name)))


def _replaced(body: bytes, encoding: str) -> int:
    return _replacing(body, codec_of(encoding)).count("\ufffd")


def _mostly_utf8(body: bytes, bad: int) -> bool:
    """Whether the sequences that are good UTF-8 outweigh the bytes that are not."""
    text = body.decode("utf-8", "ignore")
    return len(text) - len(text.encode("ascii", "ignore")) > bad


def _replacing(body: bytes, codec: str) -> str:
    """`body` decoded, U+FFFD for what does not fit, in pieces: one call on many MiB of GBK would

    hold the interpreter's lock, and with it the event loop, for a tenth of a second and more.
    """
    if len(body) <= _PIECE:
        return body.decode(codec, "replace")
    decoder = codecs.getincrementaldecoder(codec)("replace")
    starts = range(0, len(body), _PIECE)
    pieces = [decoder.decode(body[at : at + _PIECE]) for at in starts]
    return "".join([*pieces, decoder.decode(b"", True)])


def decode_part(body: bytes, encoding: str) -> str:
    """The text of a body whose encoding `decode` has found, or of a part of it."""
    text = _replacing(body, codec_of(encoding))
    if encoding == "euc-jp":
        if "\ufffd" in text:
            # NEC's row 13 (①, ㈱ …) is in every web page's EUC-JP, but not in Python's codec.
            wider = _replacing(body, "euc_jis_2004")
            text = min((text, wider), key=lambda candidate: candidate.count("\ufffd"))
        return text.translate(_EUC_JP)
    if encoding == "shift_jis":
        return _CP932_PRIVATE.sub("\ufffd", text)
    if encoding == "windows-1252" and "\ufffd" in text:
        return _windows_1252(body)
    return text


def _decoded(body: bytes, encoding: str, start: int, notes: list[Note]) -> Decoded:
    text = decode_part(body[start:], encoding)
    lost = text.count("\ufffd") if "\ufffd" in text else 0
    exact = encoding == "utf-8" and not lost
    if lost:
        line = text.count("\n", 0, text.find("\ufffd")) + 1
        many = "1 byte does" if lost == 1 else f"{lost} bytes do"
        notes.append(Note("bytes-replaced", f"{many} not fit {encoding}; shown as □", line))
    return Decoded(text, encoding, exact, start, tuple(notes))


def _windows_1252(body: bytes) -> str:
    """Windows-1252 as browsers read it: the five holes are control characters, not errors."""
    text = body.decode("latin-1")
    return re.sub("[\x80-\x9f]", lambda found: _cp1252(found.group()), text)


def _cp1252(character: str) -> str:
    try:
        return character.encode("latin-1").decode("cp1252")
    except UnicodeDecodeError:
        return character


def is_ascii_based(encoding: str) -> bool:
    """Whether `<`, `>` and quotes are single ASCII bytes in it, wherever they stand."""
    return not encoding.startswith(("utf-16", "utf-32", "iso-2022"))


def is_multi_byte(encoding: str) -> bool:
    """Whether a byte of an ASCII letter may be the second half of another character."""
    return encoding in MULTI_BYTE
