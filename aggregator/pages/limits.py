"""A page's text → whether a parser would take far longer for it than its length deserves."""

from __future__ import annotations

import re
from itertools import pairwise

MOST_ATTRIBUTES = 1_000
# A shorter tag cannot hold so many that they cost anything.
LONG_TAG = 4_000
_TAG = re.compile(r"<[a-zA-Z]")
_ATTRIBUTE = re.compile(
    r"[\s/]*[^\s=>/]+(?:\s{0,100}=\s{0,100}(?:\"[^\"]{0,65536}\"|'[^']{0,65536}'|[^\s>\"']+))?"
)


def too_tangled(text: str) -> bool:
    """Whether a tag has so many attributes that comparing each with all takes too long.

    100,000 attributes on one element (0.9 MB) took libxml2 52 s.
    """
    starts = [found.start() for found in _TAG.finditer(text)]
    for start, following in pairwise((*starts, len(text))):
        if following - start >= LONG_TAG and _many_attributes(text, start + 1):
            return True
    return False


def _many_attributes(text: str, at: int) -> bool:
    for _ in range(MOST_ATTRIBUTES + 1):
        found = _ATTRIBUTE.match(text, at)
        if found is None or found.end() == at:
            return False
        at = found.end()
    return True
