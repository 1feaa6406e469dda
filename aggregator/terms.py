"""Text → the terms it is found by, and a query → what is asked of an index of terms.

Scripts written without spaces become overlapping pairs of characters: a phrase of pairs stands in
the index exactly where its characters stand beside each other in the text. The last character of
each run follows alone, so that a single one is found as the beginning of a term, wherever it
stands. Words of other scripts are terms as they are. Everything is in the normal form in which
queries are compared, traditional characters as simplified ones.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from operator import add

from aggregator.query import UNSPACED, And, Not, Or, Query, Term, alike
from aggregator.text import normal_form

# Part of what an index was made by: raised whenever the same text would give other terms.
TERMS_VERSION = 1
# What an index holds of an article, by the names that the query language has for its fields.
COLUMNS = ("title", "text", "outlet", "author")
# A longer "word" is data, not language; its beginning is enough to find it by.
LONGEST_WORD = 64


@cache
def _runs() -> re.Pattern[str]:
    """Finds runs of characters without spaces (group 1) and words (group 2)."""
    marks = [
        code
        for code in range(min(sys.maxunicode, 0xFFFF) + 1)
        if unicodedata.category(chr(code))[0] == "M"
    ]
    spaced = "".join(map(chr, marks))
    spaced = re.sub(f"[{UNSPACED}]", "", spaced)
    return re.compile(f"([{UNSPACED}]+)|((?:[^\\W_{UNSPACED}]|[{spaced}])+)")


def comparable(text: str) -> str:
    """Text in the form in which it is searched."""
    return alike(normal_form(text))


def terms_of(text: str) -> list[str]:
    """The terms of a text (in any form), in their order."""
    terms: list[str] = []
    for run, word in _runs().findall(comparable(text)):
        if run:
            terms += map(add, run, run[1:])
            terms.append(run[-1])
        else:
            terms.append(word[:LONGEST_WORD])
    return terms


def phrase_of(term: Term) -> str | None:
    """A term as a phrase in the syntax of SQLite's FTS5; None for one without a letter or digit."""
    runs = _runs().findall(comparable(term.value))
    if not runs:
        return None
    terms: list[str] = []
    open_end = term.prefix
    for position, (run, word) in enumerate(runs):
        is_last = position == len(runs) - 1
        if word:
            terms.append(word[:LONGEST_WORD])
            continue
        terms += map(add, run, run[1:])
        if not is_last:
            terms.append(run[-1])
        elif len(run) == 1:
            terms.append(run)
            open_end = True
        else:
            open_end = False
    return '"' + " ".join(terms) + '"' + ("*" if open_end else "")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query split in two: `match` is asked of the index (FTS5's syntax; None: of nothing there),

    `rest` of what matches. Both must hold.
    """

    match: str | None
    rest: tuple[Query, ...] = ()


def asked_of_index(query: Query) -> Asked:
    """As much of a query as an index can answer, and what is left."""
    parts = query.parts if isinstance(query, And) else (query,)
    wanted: list[str] = []
    unwanted: list[str] = []
    rest: list[Query] = []
    for part in parts:
        negated = isinstance(part, Not)
        said = index_expression(part.part if isinstance(part, Not) else part)
        if said is None:
            rest.append(part)
        else:
            (unwanted if negated else wanted).append(said)
    if not wanted:  # the index cannot list what does not match
        return Asked(None, tuple(parts))
    match = _joined(" AND ", wanted)
    if unwanted:
        match = f"({match}) NOT {_joined(' OR ', unwanted)}"
    return Asked(match, tuple(rest))


def index_expression(query: Query) -> str | None:
    """A query in FTS5's syntax; None where the index cannot answer (all of) it."""
    if isinstance(query, Term):
        if query.field is not None and query.field not in COLUMNS:
            return None
        phrase = phrase_of(query)
        columns = "title text" if query.field is None else query.field
        return None if phrase is None else f"{{{columns}}} : {phrase}"
    if isinstance(query, Or):
        said = [index_expression(part) for part in query.parts]
        return None if None in said else _joined(" OR ", [one for one in said if one])
    if isinstance(query, And):
        asked = asked_of_index(query)
        return f"({asked.match})" if asked.match is not None and not asked.rest else None
    return None


def _joined(operator: str, said: list[str]) -> str:
    return said[0] if len(said) == 1 else f"({operator.join(said)})"


def wanted_terms(query: Query) -> Iterable[Term]:
    """The terms of a query that speak for a match: those under no `NOT`."""
    if isinstance(query, Term):
        yield query
    elif isinstance(query, And | Or):
        for part in query.parts:
            yield from wanted_terms(part)
