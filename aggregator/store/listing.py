"""The newest places of an output → those its feed lists: no source has more than its share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from aggregator.model import Listed

# Of an output whose newest entries are nearly all of one source, so many times its entries are
# looked through for others.
_LOOKED_THROUGH = 20


def lead_source(per_source: int | None) -> str:
    """The SQL of the source that a story counts for: its lead's. Not asked where none is capped."""
    return "null" if per_source is None else "(select source_id from entries where id = lead_id)"


def looked_through(limit: int, per_source: int | None) -> int:
    """How many places are to be looked at to find `limit`."""
    return limit if per_source is None else limit * _LOOKED_THROUGH


def newest_of_each(rows: Iterable[Any], limit: int, per_source: int | None) -> list[Listed]:
    """The first `limit` of rows (story, revision, entered_at, source), newest first.

    Of one source at most `per_source` are taken.
    """
    found: list[Listed] = []
    taken: Counter[int] = Counter()
    for *place, source_id in rows:
        taken[source_id] += 1
        if per_source is None or taken[source_id] <= per_source:
            found.append(Listed(*place))
            if len(found) == limit:
                break
    return found
