"""Turns the configuration into the one User-Agent that every request bears."""

from __future__ import annotations

from urllib.parse import urlsplit

from aggregator import __version__
from aggregator.fetch.guard import is_local_name, is_public, read_address


def is_public_url(url: str) -> bool:
    """Whether a stranger could open `url`: http(s), at a public address or a public name."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return False
    address = read_address(host)
    return is_public(address) if address is not None else not is_local_name(host)


def user_agent(base_url: str | None, override: str | None = None) -> str:
    """`aggregator/VERSION (+base_url)` (RFC 9110 10.1.5).

    The URL is left out while `base_url` is not public. `override` (fetch.user_agent) wins.
    """
    if override:
        return override
    product = f"aggregator/{__version__}"
    if base_url and base_url.isascii() and base_url.isprintable() and is_public_url(base_url):
        return f"{product} (+{base_url})"
    return product
