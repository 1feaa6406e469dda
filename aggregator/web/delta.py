"""A feed document and the entries that a client lacks → the document with those alone (RFC 3229).

The document is cut, not made anew: what is sent of an entry are the bytes that stand in the whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import unescape

from aggregator.web.conditional import entity_tags

# ETags of which a client may be told apart; who sends more gets the whole.
_MOST_TAGS = 100
_OPAQUE = re.compile(rb'"(\d{1,18})-([0-9a-f]{12})(?:-gz|-br)?"')
# Content is escaped in our documents, so no entry can hold another's end.
_ENTRIES = {
    "atom": re.compile(rb"<entry[ >].*?</entry>\s*", re.DOTALL),
    "rss": re.compile(rb"<item[ >].*?</item>\s*", re.DOTALL),
}
_IDS = {
    "atom": re.compile(rb"<id>([^<]*)</id>"),
    "rss": re.compile(rb"<guid[^>]*>([^<]*)</guid>"),
}
_SOURCE = re.compile(rb"<source[ >].*?</source>", re.DOTALL)

Version = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """A document in pieces: what stands before its entries, each entry by its id, and the rest."""

    kind: str
    head: bytes
    entries: Sequence[tuple[str, bytes]]
    tail: bytes

    def only(self, ids: Collection[str]) -> bytes:
        """The document with the entries of `ids` alone, in their order."""
        chosen = [entry for name, entry in self.entries if name in ids]
        if self.kind == "json":
            whole = json.loads(self.head)
            whole["items"] = [json.loads(entry) for entry in chosen]
            return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
        return b"".join([self.head, *chosen, self.tail])


def wants_delta(a_im: bytes | None) -> bool:
    """Whether A-IM names `feed`, and not with a weight of zero (RFC 3229 10.5.3)."""
    if a_im is None or len(a_im) > 1_000:
        return False
    for item in a_im.lower().split(b","):
        name, _, weight = (part.strip() for part in item.partition(b";"))
        if name == b"feed":
            return re.fullmatch(rb"q\s*=\s*0(\.0*)?", weight) is None
    return False


def known_base(if_none_match: bytes, versions: Collection[Version]) -> Version | None:
    """The newest of the client's versions that is one of `versions` (revision, 12 hex digits)."""
    found = []
    for tag in entity_tags(if_none_match)[:_MOST_TAGS]:
        parts = _OPAQUE.fullmatch(tag)
        if parts is not None:
            version = int(parts[1]), parts[2].decode()
            if version in versions:
                found.append(version)
    return max(found, default=None)


def cut(body: bytes, kind: str) -> Cut:
    """A document of kind `atom`, `rss` or `json` in pieces.

    An entry without an id has "" for one. Raises ValueError for JSON that is none.
    """
    if kind == "json":
        whole = json.loads(body)
        entries = [
            (str(item.get("id", "")), json.dumps(item, ensure_ascii=False).encode())
            for item in whole.pop("items", [])
        ]
        return Cut(kind, json.dumps(whole, ensure_ascii=False).encode(), entries, b"")
    found = list(_ENTRIES[kind].finditer(body))
    if not found:
        return Cut(kind, body, (), b"")
    head, tail = body[: found[0].start()], body[found[-1].end() :]
    return Cut(kind, head, [(_id_of(one[0], kind), one[0]) for one in found], tail)


def _id_of(entry: bytes, kind: str) -> str:
    found = _IDS[kind].search(_SOURCE.sub(b"", entry))
    return unescape(found[1].decode()) if found is not None else ""
