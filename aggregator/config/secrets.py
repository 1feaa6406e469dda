"""Addresses and texts that may hold secrets → the same, fit to be shown and logged."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlsplit, urlunsplit

from aggregator.model import Config

_TELLING = re.compile(
    r"(?i)([?&;][^=&;#]*(?:key|token|secret|pass|auth|sign?|session|code)[^=&;#]*=)(?!\$\{)[^&;#]+"
)


def shown_url(url: str) -> str:
    """An address without user name and password, and with telling parameters as `***`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "***"
    if "@" in parts.netloc and "${" not in parts.netloc:
        parts = parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2])
        url = urlunsplit(parts)
    return _TELLING.sub(r"\1***", url)


# What was filled in from the environment since the process began. A Config holds only whole
# addresses, so where in them a secret stands is known nowhere else; an old one stays a secret.
_filled_in: set[str] = set()


def remember_secret(value: str) -> None:
    """Note a value that was taken from the environment."""
    _filled_in.add(value)


def is_literal(secret: str) -> bool:
    """Whether a secret stands in the file itself, not in the environment."""
    return not any(value == secret or (len(value) > 3 and value in secret) for value in _filled_in)


def secrets_of(config: Config) -> tuple[str, ...]:
    """The texts that must never be shown, the longest first.

    Header values, the logins of addresses, and whatever this process took from the environment.
    """
    found: set[str] = set(_filled_in)
    for source in config.sources:
        found.update(value for _, value in source.headers)
        found.update(_login(source.url), _login(source.proxy))
    found.update(_login(config.fetch.proxy))
    return tuple(sorted((text for text in found if len(text) > 3), key=len, reverse=True))


def secrets_in_bytes(config: Config) -> tuple[bytes, ...]:
    """What an origin must not be passed on with when it repeats it, as feeds do in rel=self.

    What came from the environment, passwords, and whole addresses that hold a secret. Not every
    text of `secrets_of`: the value of a header Accept stands in many a harmless document.
    """
    found = {text for text in secrets_of(config) if not is_literal(text)}
    for source in config.sources:
        if "@" in source.url:
            found.add(urlsplit(source.url).password or "")
        if shown_url(source.url) != source.url:
            found |= {source.url, escape(source.url)}
    return tuple(sorted(text.encode() for text in found if len(text) > 3))


def _login(url: str | None) -> set[str]:
    if not url or "@" not in url:
        return set()
    parts = urlsplit(url)
    return {part for part in (parts.username, parts.password) if part}
