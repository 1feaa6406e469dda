"""The text of one value of feeds.yaml → what it means, or a sentence that says what is wrong."""

from __future__ import annotations

import ipaddress
import os.path
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

RESERVED_IDS = frozenset(
    {"all", "removed", "corrections", "health", "index", "sources", "uncategorized"}
)
MAX_ID = 64
EXTENTS = ("full", "summary")

_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_DURATION = re.compile(
    r"(?:(\d+)\s*w)?\s*(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?\s*(?:(\d+)\s*s)?"
)
_PAUSE = re.compile(r"(\d+(?:\.\d+)?) *(ms|s|)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:(|k|m|g)(i?b?))", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHITE_SPACE = re.compile(r"[\x00-\x20\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?!\d)")
_DATE_FIELD = re.compile(r"\{date(?::[^{}]*)?\}")
_FRAMING_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade"}
)


class InvalidValue(ValueError):
    """A value that cannot be used: what is wrong, and how to write it right."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def refuse(message: str, hint: str | None = None) -> NoReturn:
    """Raise InvalidValue."""
    raise InvalidValue(message, hint)


def check_id(text: str) -> str:
    """An id: small letters, digits and hyphens. Raises InvalidValue."""
    if not _ID.fullmatch(text):
        near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        hint = "small letters a-z, digits and hyphens, beginning with a letter or a digit"
        refuse(f"`{text}` cannot be an id", f"{hint}, such as `{near}`" if near else hint)
    if len(text) > MAX_ID:
        refuse(f"the id has {len(text)} characters", f"at most {MAX_ID}")
    return text


def check_feed_id(text: str) -> str:
    """An id of a published feed: an id that no built-in feed or page bears. Raises InvalidValue."""
    check_id(text)
    if text in RESERVED_IDS:
        refuse(f"the id `{text}` is reserved", f"choose another, such as `{text}-news`")
    return text


def parse_duration(text: str) -> timedelta:
    """A time span such as `90s`, `30m`, `2h`, `1d`, `1w` or `1h30m`. Raises InvalidValue."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        if re.fullmatch(r"\d+", text.strip()):
            refuse(
                f"`{text}` has no unit", f"write {text}m for minutes, {text}s, {text}h or {text}d"
            )
        refuse(f"`{text}` is no time span", "write 90s, 30m, 2h, 1d or 1h30m")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    if not 1 <= total <= 366 * 86400:
        refuse(f"`{text}` is out of bounds", "between 1s and 366d")
    return timedelta(seconds=total)


def parse_pause(text: str) -> float:
    """A short wait in seconds: `0`, `500ms`, `0.5s`, or a time span. Raises InvalidValue."""
    found = _PAUSE.fullmatch(text.strip().lower())
    if found is None:
        return parse_duration(text).total_seconds()
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
    if seconds > 3600 or (seconds and not found[2]):
        refuse(f"`{text}` is no short wait", "write 500ms, 0.5s or 0s")
    return seconds


def parse_size(text: str) -> int:
    """A size in bytes: a number alone, or with KiB, MiB, GiB. Raises InvalidValue."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        refuse(f"`{text}` is no size", "write 500KiB, 16MiB or a number of bytes")
    size = int(float(found[1]) * 1024 ** " kmg".index(found[2].lower() or " "))
    if not 1024 <= size <= 2**40:
        refuse(f"`{text}` is out of bounds", "between 1KiB and 1024GiB")
    return size


def check_timezone(text: str) -> str:
    """A zone by its IANA name. Raises InvalidValue."""
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        refuse(f"`{text}` is no time zone", nearest_timezone(text))
    return text


def nearest_timezone(text: str) -> str:
    """A hint with the IANA name that a person may have meant."""
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    zones = {name.lower(): name for name in available_timezones()}
    city = {name.rsplit("/", 1)[-1]: full for name, full in zones.items() if "/" in name}
    wanted = text.strip().lower().replace(" ", "_")
    if wanted in ("beijing", "asia/beijing", "cst", "utc+8", "gmt+8", "+08:00", "prc time"):
        return "did you mean `Asia/Shanghai`?"
    near = get_close_matches(wanted, zones, 1, 0.75) or []
    if near:
        return f"did you mean `{zones[near[0]]}`?"
    near = get_close_matches(wanted, city, 1, 0.75)
    if near:
        return f"did you mean `{city[near[0]]}`?"
    return "an IANA name such as Asia/Shanghai or UTC"


def check_language(text: str) -> str:
    """A language tag (RFC 5646, well-formed). Raises InvalidValue."""
    if not _LANGUAGE.fullmatch(text):
        near = text.replace("_", "-")
        good = _LANGUAGE.fullmatch(near)
        refuse(f"`{text}` is no language tag", f"write `{near if good else 'zh-CN'}`")
    return text


def check_network(text: str) -> str:
    """A network as CIDR, or one address; returned in its normal form. Raises InvalidValue."""
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError:
        pass
    try:
        near = str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        refuse(f"`{text}` is no network", "write CIDR, such as 127.0.0.0/8 or 192.168.1.7")
    refuse(f"`{text}` has bits set behind its prefix", f"write `{near}`")


def check_cron(text: str) -> str:
    """A cron expression of five fields. Raises InvalidValue."""
    from aggregator.cron import cron_error

    error = cron_error(text)
    if error is not None:
        refuse(f"`{text}` is no cron expression: {error}", 'five fields, such as "0 6 * * 1-5"')
    return text


def check_header_name(text: str) -> str:
    """The name of a request header a person may set (RFC 9110 5.1). Raises InvalidValue."""
    if not _HEADER_NAME.fullmatch(text):
        refuse(f"`{text}` cannot be a header's name", "letters, digits and hyphens")
    if text.lower() in _FRAMING_HEADERS:
        refuse(f"the header `{text}` is the fetcher's own", "remove it")
    return text


def check_header_value(text: str) -> str:
    """The value of a request header (RFC 9110 5.5). Raises InvalidValue."""
    if any(character in text for character in "\r\n\0"):
        refuse("a header's value is one line", "remove the line breaks")
    return text


def check_http_url(text: str, what: str = "address") -> str:
    """An absolute http or https URL with a host and a sound port. Raises InvalidValue."""
    hint = "write https://host/path"
    if _WHITE_SPACE.search(text):
        refuse(f"white space in the {what} `{text}`", "write %20 for a space")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        refuse(f"`{text}` is no {what}: {error}", hint)
    if parts.scheme.lower() not in ("http", "https"):
        refuse(f"`{text}` is no http address", hint if ":" in text else f"write https://{text}")
    if not host or port == 0:
        refuse(f"`{text}` has no {'host' if not host else 'usable port'}", hint)
    return text


def check_source_url(text: str) -> str:
    """A source's URL, or a path or file: URL of this machine. Raises InvalidValue."""
    if not text.strip():
        refuse("the address is empty", "write https://host/path")
    found = _SCHEME.match(text)
    if found is None:
        first, slash, _ = text.partition("/")
        if "." in first.strip(".") and slash:
            refuse(f"`{text}` has no scheme", f"write https://{text}, or ./{text} for a file")
        if "\0" in text:
            refuse("the path holds a NUL", "remove it")
        return text
    scheme = found[1].lower()
    if scheme == "file":
        if urlsplit(text).netloc not in ("", "localhost"):
            refuse(f"`{text}` names another machine", "write file:///path, with three slashes")
        return text
    if scheme not in ("http", "https"):
        hint = "write https://host/path, or a path"
        if scheme in ("feed", "rss"):
            hint = f"write https://{text[len(found[0]) :].removeprefix('//')}"
        refuse(f"addresses of the kind `{scheme}:` cannot be fetched", hint)
    check_http_url(_DATE_FIELD.sub("0", text))
    return text


def resolve_source_url(text: str, folder: Path) -> str:
    """A checked source address as a URL: a path or file: becomes an absolute file: URL."""
    found = _SCHEME.match(text)
    if found is not None and found[1].lower() != "file":
        return text
    if found is None:
        return "file://" + quote(resolve_path(text, folder))
    parts = urlsplit(text)
    if parts.path.startswith("/"):
        return "file://" + parts.path
    return "file://" + quote(_normal_path(folder)) + "/" + parts.path.removeprefix("./")


def _normal_path(path: Path) -> str:
    return os.path.normpath(path)


def check_include(text: str) -> str:
    """An OPML list to take in: an http(s) address, or a path. Raises InvalidValue."""
    if is_dated(text):
        refuse("an included list has one address", "remove {date…}")
    return check_source_url(text)


def check_extent(text: str) -> str:
    """How much of an entry is republished. Raises InvalidValue."""
    if text not in EXTENTS:
        hint = "selectors belong under `fulltext:` or `page:`" if set("#.> ") & set(text) else None
        refuse(f"`{text}` is no extent of what is republished", hint or "write full or summary")
    return text


def check_path(text: str) -> str:
    """A path of this machine. Raises InvalidValue."""
    if not text.strip() or "\0" in text:
        refuse("the path is empty" if not text.strip() else "the path holds a NUL", "write public")
    return text


def check_proxy(text: str) -> str:
    """The URL of an HTTP proxy. Raises InvalidValue."""
    if (found := _SCHEME.match(text)) and found[1].lower() not in ("http", "https"):
        refuse(f"proxies of the kind `{found[1]}:` are not supported", "write http://host:port")
    return check_http_url(text, "proxy")


def check_hub(text: str) -> str:
    """`own`, `none`, or the address of a hub elsewhere. Raises InvalidValue."""
    if text not in ("own", "none") and ("#" in text or "@" in check_http_url(text, "hub")):
        refuse("the hub's address holds a user name or a fragment", "write it without")
    return text


def check_base_url(text: str) -> str:
    """The address everything is served under, without its last slash. Raises InvalidValue."""
    check_http_url(text)
    parts = urlsplit(text)
    if parts.query or parts.fragment or "?" in text or "#" in text:
        refuse(f"`{text}` has a query or a fragment", "write scheme, host and path only")
    if parts.username is not None:
        refuse("the base address holds a user name", "write it without")
    return text.rstrip("/")


def split_listen(text: str) -> tuple[str, int]:
    """HOST:PORT as host (without brackets) and port. Raises InvalidValue."""
    hint = "write HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000"
    if re.fullmatch(r"[0-9]{1,5}", text):
        hint = f"write 127.0.0.1:{text} for this machine only, or 0.0.0.0:{text}"
    host, colon, port = text.strip().rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        refuse(f"`{text}` is no HOST:PORT", hint)
    if host.startswith("[") and host.endswith("]"):
        try:
            return str(ipaddress.IPv6Address(host[1:-1])), int(port)
        except ValueError:
            refuse(f"`{host}` is no IPv6 address", hint)
    if not re.fullmatch(r"[A-Za-z0-9.-]+", host):
        refuse(f"`{text}` names no host", hint)
    return host, int(port)


def check_listen(text: str) -> str:
    """HOST:PORT, checked. Raises InvalidValue."""
    split_listen(text)
    return text.strip()


def check_store(text: str) -> str:
    """`sqlite:PATH`. Raises InvalidValue."""
    scheme, colon, rest = text.partition(":")
    if scheme.lower() in ("postgresql", "postgres") and colon:
        refuse("stores on PostgreSQL are not supported yet", "write sqlite:aggregator.db")
    if not colon or scheme.lower() != "sqlite":
        refuse(f"`{text}` is no store", "write sqlite: and a path, such as sqlite:aggregator.db")
    if rest.startswith("//"):
        plain = re.sub(r"^//+", "/" if rest.startswith("////") else "", rest)
        refuse(f"`{text}` is written like a URL", f"write sqlite:{plain or 'aggregator.db'}")
    if not rest.strip() or rest.strip() == ":memory:" or "\0" in rest:
        refuse("the store needs a file", "write sqlite:aggregator.db")
    return text


def resolve_path(text: str, folder: Path) -> str:
    """A path of the file as an absolute one; relative ones begin at the file's folder."""
    return _normal_path(folder / os.path.expanduser(text))


class AsWritten(Mapping[str, str]):
    """An environment in which every `${NAME}` stays what it is."""

    def __getitem__(self, name: str) -> str:
        return f"${{{name}}}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, name: object) -> bool:
        return True


def variables(text: str) -> tuple[str, ...]:
    """The names of the environment variables a value takes in by `${NAME}`."""
    return tuple(_VARIABLE.findall(text)) if "${" in text else ()


def fill_in(text: str, environ: Mapping[str, str]) -> str:
    """A value with every `${NAME}` replaced from the environment. Raises InvalidValue."""
    for name in variables(text):
        if not _VARIABLE_NAME.fullmatch(name):
            refuse(f"`${{{name}}}` names no environment variable", "letters, digits and _")
        if name not in environ:
            hint = f"set it before the start: export {name}=…"
            refuse(f"the environment variable `{name}` is not set", hint)
        if not environ[name]:
            refuse(f"the environment variable `{name}` is empty", f"export {name}=…")
    if "${" not in text:
        return text
    return _VARIABLE.sub(lambda found: environ[found[1]], text)


def is_dated(url: str) -> bool:
    """Whether a URL holds `{date…}`, to be filled in at each poll."""
    return _DATE_FIELD.search(url) is not None
