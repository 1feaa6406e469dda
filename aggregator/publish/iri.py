"""An address from outside → one that may stand in a published document, or None."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_SCHEMES = frozenset(["http", "https", "mailto", "magnet", "ftp", "ftps", "tel", "news", "nntp"])
# Besides letters of all scripts (RFC 3987): the reserved and unreserved characters. Brackets may
# stand in the host only, as in http://[::1]/, and % only before two hex digits.
_SAFE = frozenset("/:?#@!$&'()*+,;=-._~")
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_AUTHORITY = re.compile(r"[A-Za-z]+://[^/?#]*")
LONGEST_ADDRESS = 8_000


def usable_iri(address: str | None) -> str | None:
    """An absolute IRI of a harmless scheme, as given save for characters no IRI may hold.

    RFC 3987; spaces, quotes, brackets and control characters are percent-encoded. None for
    anything else: relative addresses, `javascript:`, `data:`, `file:`.
    """
    if not address:
        return None
    text = address.strip()
    if len(text) > LONGEST_ADDRESS:
        return None
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() not in _SCHEMES or not rest:
        return None
    authority = ""
    if scheme.lower().startswith(("http", "ftp")):
        try:
            host = urlsplit(text).hostname
        except ValueError:
            return None
        opening = _AUTHORITY.match(text)
        if not host or opening is None or not all(map(_fit_for_host, opening[0])):
            return None
        if _STRAY_PERCENT.search(opening[0]):
            return None
        authority, text = opening[0], text[opening.end() :]
    text, hash_mark, fragment = _STRAY_PERCENT.sub("%25", text).partition("#")
    fragment = fragment.replace("#", "%23")
    return authority + "".join(map(_encoded, text + hash_mark + fragment))


def _fit_for_host(character: str) -> bool:
    return character in "[]%" or _encoded(character) == character


def _encoded(character: str) -> str:
    if character.isascii():
        fit = character.isalnum() or character in _SAFE or character == "%"
        return character if fit else quote(character, safe="")
    fit = character.isprintable() and not character.isspace()
    return character if fit else quote(character, safe="", errors="replace")
