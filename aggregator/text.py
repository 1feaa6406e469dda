"""Text → the normal form in which texts are compared, and small cuts of text for display."""

from __future__ import annotations

import re
import unicodedata

# C0 but for tab, line feed, carriage return; DEL and C1; surrogates; the two non-characters.
# XML 1.0 (2.2) forbids the C0 ones and surrogates; the rest validators warn about.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def normal_form(text: str) -> str:
    """Text as it is compared: NFKC, case folded, white space runs as one space, trimmed.

    Linear in the text. Unicode Standard Annex 15 (NFKC) and chapter 3.13 (case folding).
    """
    if not text.isascii():  # ASCII is in NFKC as it is, and knowing that costs next to nothing
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def squeeze(text: str) -> str:
    """Text with every run of white space as one space, trimmed."""
    return " ".join(text.split())


def fit_for_xml(text: str) -> str:
    """Text without the characters that XML 1.0 section 2.2 forbids or validators refuse.

    U+FFFD, the mark of a byte that could not be decoded, becomes U+25A1 (□), the sign by which
    Chinese text marks an unreadable character: validators take U+FFFD for a broken encoding.
    """
    return _UNFIT.sub("", text).replace("\ufffd", "\u25a1")


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, the last an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
