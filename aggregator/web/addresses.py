"""Addresses from feeds.yaml and from outside → what may be shown or linked to."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>)\]，。；、（）《》“”]+")
# A piece of an address shorter than this is no secret, and would blot out ordinary words.
_SHORTEST_PIECE = 4


def public_url(url: str) -> str:
    """A source's address without what may be secret: user name, password, query, fragment.

    A file is shown by its name only, since its folder tells about the machine.
    """
    parts = _split(url)
    if parts is None:
        return "…"
    if parts.scheme.lower() in ("http", "https") and parts.netloc:
        return f"{parts.scheme.lower()}://{_host(parts)}{parts.path}"
    return _file_name(parts)


def public_host(url: str) -> str:
    """What stands for a source's address on a public page: its host, or the name of its file."""
    parts = _split(url)
    if parts is None:
        return "…"
    if parts.scheme.lower() in ("http", "https") and parts.netloc:
        return _host(parts).removeprefix("www.")
    return _file_name(parts)


def without_secrets(text: str, url: str = "", secrets: tuple[str, ...] = ()) -> str:
    """A message with no secret of its source's address in it.

    Addresses become `https://host/…`, and so do the query, login and fragment of `url` where
    they stand alone; `secrets` (texts that must not be shown) become `***`.
    """
    for secret in secrets:
        text = text.replace(secret, "***")
    for piece in _telling_pieces(url):
        text = text.replace(piece, "…")
    return _URL.sub(_shown_in_text, text)


def web_link(url: str | None) -> str | None:
    """The address if a page may link to it: absolute, http or https; else None."""
    if not url:
        return None
    parts = _split(url.strip())
    if parts is None or parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return None
    return url.strip()


class Site:
    """Where the program's own pages and documents are, made from `base_url` alone."""

    def __init__(self, base_url: str) -> None:
        self.root = base_url.rstrip("/")
        self.prefix = quote(unquote(urlsplit(self.root).path))

    def full(self, path: str) -> str:
        """The full address of a path such as `feeds/all.atom`: for copying and for feeds."""
        return f"{self.root}/{quote(path)}"

    def uri(self, path: str) -> str:
        """The full address of a path in ASCII (RFC 3986), as headers hold it."""
        parts = urlsplit(self.root)
        return f"{parts.scheme}://{parts.netloc}{self.prefix}/{quote(path)}"

    def local(self, path: str) -> str:
        """A link between the site's own pages, right under whatever name the site is reached."""
        return f"{self.prefix}/{path}"

    def inner_path(self, path: str) -> str:
        """The path of a request without the prefix of `base_url`, whether or not a proxy cut it."""
        prefix = unquote(self.prefix)
        if prefix and path.startswith(f"{prefix}/"):
            return path[len(prefix) :]
        return "/" if prefix and path == prefix else path


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises for a port that is no number)
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].lower()


def _shown_in_text(match: re.Match[str]) -> str:
    url = match[0].rstrip(".,:;!?")  # these end the sentence, not the address
    return _host_only(url) + match[0][len(url) :]


def _host_only(url: str) -> str:
    parts = _split(url)
    if parts is None:
        return "…"
    if parts.scheme.lower() == "file" or not parts.netloc:
        return _file_name(parts)
    bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    return f"{parts.scheme.lower()}://{_host(parts)}{'' if bare else '/…'}"


def _file_name(parts: SplitResult) -> str:
    return unquote(parts.path).rstrip("/").replace("\\", "/").rpartition("/")[2] or "…"


def _telling_pieces(url: str) -> list[str]:
    parts = _split(url)
    if parts is None:
        return []
    login = parts.netloc.rpartition("@")[0]
    values = [pair.partition("=")[2] for pair in re.split("[&;]", parts.query)]
    pieces = {parts.query, parts.fragment, login, *login.split(":"), *values}
    pieces |= {unquote(piece) for piece in pieces}
    return sorted((p for p in pieces if len(p) >= _SHORTEST_PIECE), key=len, reverse=True)
