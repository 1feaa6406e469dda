"""The bytes of an HTML page and what is said of them → its text."""

from __future__ import annotations

import codecs
import re

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_META = re.compile(rb"<meta\s[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.I)
# A declaration is looked for this far: scripts and styles often stand before it.
_META_WITHIN = 16 * 2**10
# Codecs of Python's that no page is written in.
_NO_CHARSETS = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape"})
# Labels that mean a wider encoding than they name (WHATWG Encoding Standard, 4.2).
_WIDER = {
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936", "hz-gb-2312"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5", "cp950"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601"), "cp949"),
    **dict.fromkeys(("iso-8859-1", "latin1", "us-ascii", "ascii"), "cp1252"),
}


def decode_page(body: bytes, content_type: str | None = None) -> tuple[str, str]:
    """The text of a page and the encoding it was read in.

    By its BOM; bytes that are strictly UTF-8 are UTF-8 whatever they claim; then whichever of
    the HTTP charset, the meta element and GB18030 costs the fewest characters (the HTML
    standard's 13.2.3.2, corrected by what Chinese servers really send).
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace"), encoding
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    claims = [_codec(label) for label in (_transport(content_type), _declared(body))]
    candidates = dict.fromkeys(one for one in (*claims, "gb18030", "utf-8") if one)
    texts = [(body.decode(name, "replace"), name) for name in candidates]
    return min(texts, key=lambda pair: pair[0].count("\ufffd"))


def _transport(content_type: str | None) -> str | None:
    found = _CHARSET.search(content_type[:1000]) if content_type else None
    return found[1] if found else None


def _declared(body: bytes) -> str | None:
    found = _META.search(body[:_META_WITHIN])
    return found[1].decode("ascii") if found else None


def _codec(label: str | None) -> str | None:
    """The codec for a label; None for one that is unknown or no encoding of text."""
    name = (label or "").lower()
    name = _WIDER.get(name, name)
    try:
        found = codecs.lookup(name).name
        b"<a>\xff".decode(found, "replace")
    except (LookupError, ValueError):
        return None
    return None if found in _NO_CHARSETS else found
