"""An address from outside → one that may stand in a published document, or None."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

_SCHEMES = frozenset(["http", "https", "mailto", "magnet", "ftp", "ftps", "tel", "news", "nntp"])
# Besides letters of all scripts (RFC 3987): the reserved and unreserved characters and %.
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
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
    if scheme.lower().startswith(("http", "ftp")):
        try:
            if not urlsplit(text).hostname:
                return None
        except ValueError:
            return None
    return text if _fit(text) else "".join(map(_encoded, text))


def _fit(text: str) -> bool:
    return text.isascii() and all(c.isalnum() or c in _SAFE for c in text)


def _encoded(character: str) -> str:
    if character.isascii():
        fit = character.isalnum() or character in _SAFE
        return character if fit else quote(character, safe="")
    fit = character.isprintable() and not character.isspace()
    return character if fit else quote(character, safe="", errors="replace")
