"""Many queries and one item → those that match it, without asking each.

A query that asks for words can only match a text that holds their beginning. By the first two
characters of a word of each, those that cannot match are left out unasked.
"""

from __future__ import annotations

from collections.abc import Iterable

from aggregator.query import And, Or, PreparedItem, Query, Term, matches

# What is looked for in these fields is looked for in text; a query without a field asks both.
_TEXTS = ("title", "text")
# To ask so many costs less than to take a text apart.
FEW = 16


class Questions:
    """Queries, each under a number of its own, to be asked of one item after another."""

    def __init__(self, queries: Iterable[tuple[int, Query]]) -> None:
        # The queries without such a beginning, and the others by theirs.
        self._always: list[tuple[int, Query]] = []
        self._by_beginning: dict[str, list[tuple[int, Query]]] = {}
        every = list(queries)
        for one in every:
            beginnings = _beginnings(one[1]) if len(every) > FEW else None
            if beginnings is None:
                self._always.append(one)
            for beginning in beginnings or ():
                self._by_beginning.setdefault(beginning, []).append(one)

    def answered_by(self, item: PreparedItem) -> list[int]:
        """The numbers of the queries that match, in order."""
        asked = dict(self._always)
        if self._by_beginning:
            values = [value for name in _TEXTS for value in item.get(name, ())]
            pairs = {value[at : at + 2] for value in values for at in range(len(value) - 1)}
            for beginning in pairs & self._by_beginning.keys():
                asked.update(self._by_beginning[beginning])
        return sorted(number for number, query in asked.items() if matches(query, item))


def _beginnings(query: Query) -> frozenset[str] | None:
    """Pairs of characters of which a text that matches holds at least one; None: no such pairs."""
    if isinstance(query, Term):
        in_text = query.field is None or query.field in _TEXTS
        return frozenset({query.value[:2]}) if in_text and len(query.value) > 1 else None
    if isinstance(query, Or):
        parts = [_beginnings(part) for part in query.parts]
        known = [part for part in parts if part is not None]
        return frozenset().union(*known) if len(known) == len(parts) else None
    if isinstance(query, And):
        found = [pairs for part in query.parts if (pairs := _beginnings(part)) is not None]
        return min(found, key=len) if found else None
    return None
