"""Times of versions → addresses, Link headers and TimeMaps, as RFC 7089 lays down."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aggregator.web.conditional import http_date, parse_http_date
from aggregator.web.resource import Header

LINK_FORMAT = "application/link-format"
_STAMP = re.compile(r"[0-9]{14}")


def stamp(moment: datetime) -> str:
    """`YYYYMMDDhhmmss` in UTC: what stands in the address of a version."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}".rjust(14, "0")


def parse_stamp(text: str) -> datetime | None:
    """The moment that `stamp` wrote; None for what is none."""
    if not _STAMP.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def parse_accept_datetime(value: bytes, now: datetime) -> datetime | None:
    """The moment that Accept-Datetime names (RFC 7089 2.1.1); None for what is no HTTP-date.

    The older two forms of HTTP-date are understood as well, and any day of the week.
    """
    return parse_http_date(value, now)


def whole_second(moment: datetime) -> datetime:
    """The second in which a version came to be: versions are told apart by no less."""
    return moment.replace(microsecond=0)


def memento_datetime(moment: datetime) -> Header:
    """Memento-Datetime: this is what stood there then (RFC 7089 2.1.1)."""
    return b"memento-datetime", http_date(moment)


def chosen(moments: Sequence[datetime], wanted: datetime) -> datetime:
    """The version in force at `wanted`: the last one not after it, else the first (RFC 7089 4.5).

    `moments` are whole seconds in ascending order, and not none.
    """
    return moments[max(bisect_right(moments, whole_second(wanted)) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Versioned:
    """A resource with versions: its full address, its TimeMap's, and how a version's is made."""

    original: str
    timemap: str
    version_pattern: str  # holds {stamp}

    def version(self, moment: datetime) -> str:
        """The full address of the version of a moment."""
        return self.version_pattern.replace("{stamp}", stamp(moment))


@dataclass(frozen=True, slots=True)
class Around:
    """The versions a client may want to go to from one; each None where there is none."""

    first: datetime | None
    previous: datetime | None
    following: datetime | None
    last: datetime | None


def around(moments: Sequence[datetime], at: datetime) -> Around:
    """What stands around the version of `at` among `moments` (ascending whole seconds)."""
    index = moments.index(at)
    return Around(
        moments[0],
        moments[index - 1] if index else None,
        moments[index + 1] if index + 1 < len(moments) else None,
        moments[-1],
    )


def link_of_original(versioned: Versioned, first: datetime | None, last: datetime | None) -> Header:
    """Link of the resource itself, which is its own TimeGate (RFC 7089 4.1.1)."""
    links = [
        _link(versioned.original, "original timegate"),
        _timemap_link(versioned, first, last),
    ]
    links += _mementos(versioned, Around(first, None, None, last), None)
    return b"link", ", ".join(links).encode()


def link_of_version(versioned: Versioned, at: datetime, near: Around) -> Header:
    """Link of one version (RFC 7089 4.2)."""
    links = [
        _link(versioned.original, "original timegate"),
        _timemap_link(versioned, near.first, near.last),
        *_mementos(versioned, near, at),
    ]
    return b"link", ", ".join(links).encode()


def _timemap_link(versioned: Versioned, first: datetime | None, last: datetime | None) -> str:
    attributes = {"type": LINK_FORMAT}
    if first is not None and last is not None:
        attributes |= {"from": _date(first), "until": _date(last)}
    return _link(versioned.timemap, "timemap", **attributes)


def _mementos(versioned: Versioned, near: Around, at: datetime | None) -> list[str]:
    """A link for each version, with all that it is: one may be first and previous at once."""
    roles: dict[datetime, list[str]] = {}
    named = (
        ("first", near.first),
        ("prev", near.previous),
        ("next", near.following),
        ("last", near.last),
    )
    for role, moment in named:
        if moment is not None:
            roles.setdefault(moment, []).append(role)
    if at is not None:
        roles.setdefault(at, [])
    return [
        _link(
            versioned.version(moment), " ".join([*roles[moment], "memento"]), datetime=_date(moment)
        )
        for moment in sorted(roles)
    ]


def timemap(
    versioned: Versioned,
    own: str,
    moments: Sequence[datetime],
    others: Sequence[str] = (),
    ends: tuple[bool, bool] = (True, True),
) -> bytes:
    """A TimeMap in link format (RFC 7089 5; RFC 6690).

    `own` is its full address, `others` those of further parts of it. `ends` says whether the
    first and the last of `moments` are the first and the last of all.
    """
    attributes = {"type": LINK_FORMAT}
    if moments:
        attributes |= {"from": _date(moments[0]), "until": _date(moments[-1])}
    links = [
        _link(versioned.original, "original timegate"),
        _link(own, "self", **attributes),
        *(_link(other, "timemap", type=LINK_FORMAT) for other in others),
    ]
    for index, moment in enumerate(moments):
        roles = ["first"] if index == 0 and ends[0] else []
        if index == len(moments) - 1 and ends[1]:
            roles.append("last")
        relation = " ".join([*roles, "memento"])
        links.append(_link(versioned.version(moment), relation, datetime=_date(moment)))
    return (",\n".join(links) + "\n").encode()


def _link(address: str, relation: str, **attributes: str) -> str:
    named = "".join(f'; {name}="{value}"' for name, value in attributes.items())
    return f'<{address}>; rel="{relation}"{named}'


def _date(moment: datetime) -> str:
    return http_date(moment).decode()
