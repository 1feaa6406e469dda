"""Turns a site's robots.txt into answers: may this program fetch that page? (RFC 9309)

For pages and full texts only. A feed that a person listed is fetched because they said so: it is
not crawling, and robots.txt is not consulted (docs/fetching.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urlsplit

from aggregator.clock import Clock
from aggregator.model import Fetched, FetchFailed, FetchRequest, NotModified

if TYPE_CHECKING:
    from aggregator.fetch import Fetcher

PRODUCT = "aggregator"
MAX_BYTES = 500 * 1024  # RFC 9309 2.5: at least this much is read
LIFETIME = timedelta(days=1)  # RFC 9309 2.4: a cached copy is not used for longer
RETRY = timedelta(hours=1)  # after a failure, for which everything is closed
MAX_SITES = 2000
MAX_RULES = 5000
MAX_PATTERN = 2048
MAX_DELAY = timedelta(minutes=5)

_TOKEN = re.compile(r"[a-z_-]+")
# What stays as it is when a path is brought into one form: RFC 3986's characters, and `%`.
_SAFE = "/?:@!$&'()*+,;=-._~%"


@dataclass(frozen=True, slots=True)
class Rule:
    """One allow or disallow line: `pieces` are the texts between its wildcards."""

    allow: bool
    length: int
    pieces: tuple[str, ...]
    anchored: bool

    def matches(self, path: str) -> bool:
        """Whether the rule's pattern matches `path` from its start. Linear, no backtracking."""
        first, *rest = self.pieces
        if not path.startswith(first):
            return False
        at = len(first)
        if not rest:
            return not self.anchored or at == len(path)
        *middle, last = rest
        for piece in middle:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        if self.anchored:
            return len(path) - len(last) >= at and path.endswith(last)
        return path.find(last, at) >= 0


@dataclass(frozen=True, slots=True)
class Robots:
    """What a robots.txt says to one product. `delay` is its crawl-delay, if it names one."""

    rules: tuple[Rule, ...] = ()
    delay: timedelta | None = None
    closed: bool = False

    def allows(self, url: str) -> bool:
        """Whether `url` may be fetched: the longest matching rule decides, allow wins a tie."""
        path = _path_of(url)
        if path == "/robots.txt":
            return True
        if self.closed:
            return False
        best: Rule | None = None
        for rule in self.rules:
            longer = best is None or (rule.length, rule.allow) > (best.length, best.allow)
            if longer and rule.matches(path):
                best = rule
        return best is None or best.allow


EVERYTHING = Robots()
NOTHING = Robots(closed=True)


def parse_robots(body: bytes, product: str = PRODUCT) -> Robots:
    """The rules of a robots.txt for `product`: of the groups that name it, else of `*`.

    Groups of one name are merged; lines that mean nothing are skipped.
    """
    named: list[tuple[str, str]] = []
    general: list[tuple[str, str]] = []
    found_named = False
    agents: list[str] = []
    in_rules = False
    for key, value in _lines(body):
        if key == "user-agent":
            if in_rules:
                agents, in_rules = [], False
            agents.append(_token(value))
            found_named = found_named or agents[-1] == product
        elif key in ("allow", "disallow", "crawl-delay"):
            in_rules = True
            if product in agents:
                named.append((key, value))
            elif "*" in agents:
                general.append((key, value))
    return _robots(named if found_named else general)


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    """The key: value lines, keys in lower case, comments taken off."""
    text = body[:MAX_BYTES].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    for line in re.split(r"\r\n|\r|\n", text):
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _token(value: str) -> str:
    """The product token of a user-agent line (RFC 9309 2.2.1)."""
    if value.startswith("*"):
        return "*"
    match = _TOKEN.match(value.lower())
    return match[0] if match else ""


def _robots(lines: list[tuple[str, str]]) -> Robots:
    rules: list[Rule] = []
    delay: timedelta | None = None
    for key, value in lines:
        if key == "crawl-delay":
            delay = delay or _delay(value)
        elif 0 < len(value) <= MAX_PATTERN and len(rules) < MAX_RULES:
            rules.append(_rule(key == "allow", value))
    return Robots(tuple(rules), delay)


def _rule(allow: bool, value: str) -> Rule:
    anchored = value.endswith("$")
    pattern = _normal(value[:-1] if anchored else value)
    pieces = re.split(r"\*+", pattern)
    return Rule(allow, len(pattern) + anchored, tuple(pieces), anchored)


def _delay(value: str) -> timedelta | None:
    """A crawl-delay in seconds (no RFC; widely used), cut to what can be meant."""
    try:
        seconds = float(value)
    except ValueError:
        return None
    if not 0 < seconds < 10**6:  # nan is neither
        return None
    return min(timedelta(seconds=seconds), MAX_DELAY)


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path or "/"
    return _normal(f"{path}?{parts.query}" if parts.query else path)


def _normal(path: str) -> str:
    """One form for equal paths (RFC 9309 2.2.2): what need not be encoded is not, the rest is.

    An encoded slash, question mark, asterisk or dollar sign keeps its meaning and its encoding.
    """
    pieces = re.split(r"(%[0-9a-fA-F]{2})", path)
    out: list[str] = []
    for number, piece in enumerate(pieces):
        if number % 2:
            byte = unquote_to_bytes(piece)
            plain = byte.isalnum() or byte in (b"-", b".", b"_", b"~")
            out.append(byte.decode("ascii") if plain and byte.isascii() else piece.upper())
        else:
            out.append(quote(piece, safe=_SAFE))
    return "".join(out)


class RobotsCache:
    """The robots.txt of every site, fetched through the same door when first needed."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._sites: dict[str, tuple[Robots, datetime]] = {}

    async def robots_for(self, request: FetchRequest) -> Robots:
        """The Robots of the site of `request.url`, at most a day old.

        RFC 9309 2.3.1: no such file (4xx) opens everything; a file that cannot be had (5xx, no
        connection) closes everything, and is asked for again after an hour.
        """
        site = _site(request.url)
        now = self._clock.now()
        known = self._sites.get(site)
        if known is not None and now < known[1]:
            return known[0]
        # The page's permissions and proxy, but none of its validators.
        ask = replace(
            request,
            url=f"{site}/robots.txt",
            etag=None,
            last_modified=None,
            body_digest=None,
            validators_url=None,
        )
        outcome = await self._fetcher.fetch(ask)
        robots, lifetime = _read_outcome(outcome)
        if isinstance(outcome, Fetched):
            self._fetcher.release(outcome)
        if len(self._sites) >= MAX_SITES:
            self._sites.pop(next(iter(self._sites)))
        self._sites[site] = (robots, now + lifetime)
        return robots

    async def allows(self, request: FetchRequest) -> bool:
        """Whether `request.url` may be fetched."""
        return (await self.robots_for(request)).allows(request.url)


def _read_outcome(outcome: Fetched | NotModified | FetchFailed) -> tuple[Robots, timedelta]:
    if isinstance(outcome, Fetched):
        return parse_robots(outcome.body), LIFETIME
    if isinstance(outcome, FetchFailed):
        status = outcome.status
        if status is not None and 400 <= status < 500 and status != 429:
            return EVERYTHING, LIFETIME
        if outcome.reason in ("redirect-loop", "too-many-redirects"):
            return EVERYTHING, LIFETIME  # RFC 9309 2.3.1.2: as if it were not there
    return NOTHING, RETRY


def _site(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme.lower()}://{host}"
