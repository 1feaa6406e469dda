"""Text → the normal form in which texts are compared, and small cuts of text for display."""

from __future__ import annotations

import re
import unicodedata

# C0 but for tab, line feed, carriage return; DEL and C1; surrogates; the two non-characters.
# XML 1.0 (2.2) forbids the C0 ones and surrogates; the rest validators warn about.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


# What most text consists of, and NFKC leaves alone whatever stands beside it: ASCII, Latin with
# accents, Greek, Cyrillic, kana, Han, their usual punctuation. A test goes through all of it.
_SETTLED = (
    "\x00-\x7f\xa1-\xa7\xab\xb0\xb7\xbb\xbf-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e"
    "\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u0481\u048a-\u052f"
    "\u2010\u2012-\u2016\u2018-\u2023\u3001-\u3011\u3014-\u301b\u3041-\u3096\u30a1-\u30fe"
    "\u3400-\u4dbf\u4e00-\u9fff"
)
_UNSETTLED = re.compile(f"[^{_SETTLED}]")
# The commonest of what it does change, at the speed of a search each.
_COMMON = (
    *(("\uff0c", ","), ("\uff1a", ":"), ("\uff08", "("), ("\uff09", ")"), ("\uff1f", "?")),
    *(("\uff01", "!"), ("\uff1b", ";"), ("\u3000", " "), ("\xa0", " "), ("\u2026", "...")),
)


def compatible(text: str) -> str:
    """Text in Unicode's normal form NFKC (Unicode Standard Annex 15), ordinary text at a fifth of

    its usual cost.
    """
    if text.isascii():  # knowing that costs next to nothing
        return text
    for common, meant in _COMMON:
        if common in text:
            text = text.replace(common, meant)
    if _UNSETTLED.search(text) is None:
        return text
    return unicodedata.normalize("NFKC", text)


def normal_form(text: str) -> str:
    """Text as it is compared: NFKC, case folded, white space runs as one space, trimmed.

    Linear in the text. Unicode Standard Annex 15 (NFKC) and chapter 3.13 (case folding).
    """
    return " ".join(compatible(text).casefold().split())


def squeeze(text: str) -> str:
    """Text with every run of white space as one space, trimmed."""
    return " ".join(text.split())


def unspaced(text: str) -> str:
    """Text without any white space."""
    return "".join(text.replace(" ", "").split())


def fit_for_xml(text: str) -> str:
    """Text without the characters that XML 1.0 section 2.2 forbids or validators refuse.

    U+FFFD, the mark of a byte that could not be decoded, becomes U+25A1 (□), the sign by which
    Chinese text marks an unreadable character: validators take U+FFFD for a broken encoding.
    """
    return _UNFIT.sub("", text).replace("\ufffd", "\u25a1")


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, the last an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
