"""A feed's bytes → the ids of the entries that it says are no more (RFC 6721)."""

from __future__ import annotations

import re
from html import unescape

NAMESPACE = b"http://purl.org/atompub/tombstones/1.0"
MOST = 1_000
_STONE = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?deleted-entry\s([^<>]*)>")
_REF = re.compile(rb"(?:^|\s)ref\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def withdrawn_in(body: bytes) -> tuple[str, ...]:
    """The `ref` of each at:deleted-entry, in order; () for a document without any."""
    if NAMESPACE not in body:
        return ()
    refs = []
    for stone in _STONE.finditer(body):
        found = _REF.search(stone[1])
        if found is not None:
            refs.append(unescape((found[1] or found[2] or b"").decode("utf-8", "replace")).strip())
    return tuple(dict.fromkeys(ref for ref in refs[:MOST] if ref))
