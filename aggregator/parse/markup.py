"""A text of unstated type → whether it is HTML, and repairs that hold for every text."""

from __future__ import annotations

import re
from contextlib import suppress
from html.entities import entitydefs

# HTML elements that people put into titles and descriptions. A `<Foo>` beside them is more
# likely a part of the text (generics, a placeholder) than markup.
KNOWN_ELEMENTS = frozenset(
    "a abbr acronym address area article aside audio b big blockquote br button canvas caption "
    "center cite code col colgroup command datagrid datalist dd del details dfn dialog dir div "
    "dl dt em event-source fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 header "
    "hr i img input ins kbd keygen label legend li m map menu meter multicol nav nextid noscript "
    "ol optgroup option output p pre progress q s samp section select small sound source spacer "
    "span strike strong sub sup table tbody td textarea tfoot th thead time tr tt u ul var "
    "video".split()
)
_END_TAG = re.compile(r"</\w+>")
_REFERENCE = re.compile(r"&#?\w+;")
_TAG = re.compile(r"</?(\w+)")
_NAMED = re.compile(r"&(\w+);")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_C1 = re.compile("[\x80-\x9f]")
_CP1252 = {
    code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)
}


def looks_like_html(text: str) -> bool:
    """Whether a text that is said to be plain is HTML, by feedparser's judgement.

    It is when it holds an end tag or a reference, and no tag or named reference unknown to HTML.
    """
    if "<" not in text and "&" not in text:
        return False
    if not (_END_TAG.search(text) or _REFERENCE.search(text)):
        return False
    if any(name.lower() not in KNOWN_ELEMENTS for name in _TAG.findall(text)):
        return False
    return all(name in entitydefs for name in _NAMED.findall(text))


def fit(text: str) -> str:
    """`text` without the characters that XML 1.0 section 2.2 forbids."""
    return _UNFIT.sub("", text)


def mend(text: str) -> str:
    """Text that was encoded twice, or holds Windows-1252 bytes as characters, set right.

    "Ã©" becomes "é": bytes of UTF-8 that somebody took for Latin-1. As feedparser does.
    """
    if text.isascii():
        return text
    with suppress(UnicodeEncodeError, UnicodeDecodeError):
        text = text.encode("latin-1").decode("utf-8")
    return text.translate(_CP1252) if _C1.search(text) else text
