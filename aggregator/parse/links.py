"""A link as written, and what it is relative to → an absolute address that is safe to follow."""

from __future__ import annotations

import re
from urllib.parse import urljoin

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# Schemes by which a link acts on whoever follows it, or reads the follower's own machine.
_UNSAFE = frozenset(
    ["javascript", "vbscript", "data", "blob", "file", "about", "jar", "view-source"]
)
_SLASHES = re.compile(r"(https?:)/{3,}", re.IGNORECASE)
_NAMED = re.compile("&([A-Za-z0-9_]+);")


def resolve(base: str | None, link: str | None) -> str | None:
    """`link` made absolute against `base` (RFC 3986 section 5), or None for none that is safe.

    White space around it goes, control characters within it too, as the URL standard has it.
    """
    if not link:
        return None
    if link.startswith(("https://", "http://")) and link.isascii() and link.isprintable():
        return link.strip()
    link = _CONTROLS.sub("", link.strip("\x00\x20\t\r\n\x0c\xa0\u3000\u200b\ufeff"))
    link = _SLASHES.sub(r"\1//", link, count=1)
    scheme = _SCHEME.match(link)
    if scheme is not None and scheme.group(1).lower() in _UNSAFE:
        return None
    try:
        joined = urljoin(base, link) if base else link
    except ValueError:  # a broken IPv6 literal, for one
        return None
    if not link or _SCHEME.match(joined) is None:
        return None
    return joined


def is_web(link: str | None) -> bool:
    """Whether `link` is an absolute http or https address."""
    return link is not None and link.lower().startswith(("http://", "https://"))


def plain_ampersands(link: str) -> str:
    """A link's text with `&` for the `&amp;` that feeds escape twice."""
    return _NAMED.sub(r"&\1", link.replace("&amp;", "&")) if "&" in link else link
