"""Addresses as people write them → addresses to fetch, and what two spellings have in common."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit, urlunsplit


def typed_address(text: str) -> str:
    """An address as typed, as a URL: `example.org` gains https, `feed:` and `rsshub:` are read."""
    text = text.strip()
    if text.lower().startswith("rsshub://"):
        return "https://rsshub.app/" + text[9:].lstrip("/")
    if text.lower().startswith("feed:"):
        return _unfeed(text)
    return text if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)", text) else f"https://{text}"


def _unfeed(url: str) -> str:
    """What a `feed:` address stands for; any other as it is."""
    if not url.lower().startswith("feed:"):
        return url
    rest = url[5:]
    return rest if rest.lower().startswith(("http:", "https:")) else "https:" + rest


def address_key(url: str) -> str:
    """What two spellings of one address have in common; to be compared only.

    Scheme http or https, `www.`, capitals of the host, a default port, a last slash, `index`
    files, percent-encoding, the order of parameters and the fragment make no difference.
    """
    try:
        parts = urlsplit(_unfeed(url).partition("#")[0])
        port = parts.port
    except ValueError:
        return url
    if parts.scheme.lower() not in ("http", "https"):
        return urlunsplit(parts)
    host = (parts.hostname or "").removeprefix("www.").rstrip(".")
    if port not in (None, 80, 443):
        host = f"{host}:{port}"
    path = re.sub(r"/(?:index\.(?:html?|php))?$", "", unquote(parts.path))
    query = "&".join(sorted(unquote(part) for part in parts.query.split("&") if part))
    return f"{host}{path}?{query}" if query else f"{host}{path}"
