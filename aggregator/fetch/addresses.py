"""Turns a URL's text into an address that can be asked, with all that depends on it alone."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from yarl import URL

from aggregator.fetch.guard import is_local_name, is_public, read_address

# A URL made of nothing but RFC 3986's characters goes out byte for byte as it was written.
_PLAIN = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CREDENTIALS = re.compile(r"//[^/?#]*@")
_USUAL_PORTS = {"http": 80, "https": 443}
MAX_URL = 8192


class BadAddress(ValueError):
    """A text that is no http(s) URL. `reason` is the failure's short name."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes. `text` is the URL without credentials and fragment.

    `lane` names the host for limits and rests: with its port, unless that is the scheme's own.
    `authorization` is what the URL's user and password come to.
    """

    text: str
    url: URL
    host: str
    lane: str
    origin: tuple[str, str, int]
    is_private: bool
    authorization: str | None


@lru_cache(maxsize=4096)
def read(text: str) -> Address:
    """The Address of an absolute http or https URL. Raises BadAddress."""
    try:
        return _read(text.strip().replace(" ", "%20"))
    except BadAddress:
        raise
    except (ValueError, UnicodeError) as error:
        raise BadAddress("bad-url", _safely(error)) from error


def join(base: Address, reference: str) -> Address:
    """The Address a reference leads to from `base` (RFC 3986 5). Raises BadAddress.

    Credentials in a reference are not taken: nobody here gave them for that origin.
    """
    target = reference.strip().replace(" ", "%20")
    if _CONTROL.search(target):
        raise BadAddress("bad-redirect", "the redirect's address holds control characters")
    try:
        joined = base.url.join(URL(target, encoded=_PLAIN.fullmatch(target) is not None))
        return read(str(joined.with_user(None)) if joined.absolute else str(joined))
    except BadAddress as error:
        reason = "bad-redirect" if error.reason == "bad-url" else error.reason
        raise BadAddress(reason, str(error)) from error
    except (ValueError, UnicodeError) as error:
        raise BadAddress("bad-redirect", f"the redirect: {_safely(error)}") from error


def without_credentials(text: str) -> str:
    """A URL's text, sound or not, without the user and password that it may hold."""
    return _CREDENTIALS.sub("//", text)


def _safely(error: Exception) -> str:
    """What is wrong with a URL, without quoting it: it may hold secrets."""
    return "not a URL: its port is impossible" if "port" in str(error).lower() else "not a URL"


def _read(text: str) -> Address:
    if len(text) > MAX_URL:
        raise BadAddress("bad-url", f"the URL is over {MAX_URL} characters long")
    if _CONTROL.search(text):
        raise BadAddress("bad-url", "the URL holds control characters")
    url = URL(text, encoded=_PLAIN.fullmatch(text) is not None)
    scheme = url.scheme.lower()
    if scheme not in _USUAL_PORTS:
        raise BadAddress("bad-scheme", f"only http and https are fetched, not {scheme[:20]!r}")
    host = (url.raw_host or "").lower()
    port = url.port
    if not host or port is None or not 0 < port < 65536:
        raise BadAddress("bad-url", "the URL names no host, or an impossible port")
    authorization = _basic(url) if "@" in text else None
    if "@" in text or "#" in text:
        url = url.with_user(None).with_fragment(None)
    name = f"[{host}]" if ":" in host else host
    lane = name if port == _USUAL_PORTS[scheme] else f"{name}:{port}"
    literal = read_address(host)
    return Address(
        text=str(url),
        url=url,
        host=host,
        lane=lane,
        origin=(scheme, host, port),
        is_private=is_local_name(host) if literal is None else not is_public(literal),
        authorization=authorization,
    )


def _basic(url: URL) -> str | None:
    """The Authorization value of a URL's credentials (RFC 7617), or None."""
    if url.raw_user is None and url.raw_password is None:
        return None
    pair = f"{unquote(url.raw_user or '')}:{unquote(url.raw_password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
