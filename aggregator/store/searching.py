"""The index of texts: filled with what came, asked by searches, emptied of what is taken down.

It follows the numbers of snapshots, as saved queries do (queries.py): whatever changed an entry,
by whatever process, has a number above those indexed. Earlier versions stay in it and are passed
over. The index (FTS5, contentless) holds terms and their places only; the texts are the
snapshots'. To take one out it must be told the very terms that went in, so it is made anew when
they would come out otherwise now.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from aggregator.html import visible_text
from aggregator.model import COUNTED, Found, Hit, Snapshot, Text
from aggregator.query import Dated, Query, Term, date_text, matches, prepare
from aggregator.store.errors import StoreError
from aggregator.store.snapshots import SNAPSHOT_COLUMNS, snapshot_from_row
from aggregator.store.sources import SUMMARY
from aggregator.store.stories import StoryRows
from aggregator.terms import TERMS_VERSION, asked_of_index, terms_of

# What is indexed of one text: a book of 10 MB is found by its beginning.
LONGEST_TEXT = 100_000
# By relevance are ranked so many of the newest texts that match.
RANKED = 50_000
# What the index cannot answer by itself is looked for in so many texts at most.
LOOKED_THROUGH = 5_000
# A title that has the words says more than a text that has them.
_RANK = "bm25(5.0, 1.0, 2.0, 2.0)"
_PRESENT = "cross join entries on entries.snapshot_id = found.id"
_SHOWN = (
    f"{_PRESENT} cross join snapshots on snapshots.id = found.id "
    "cross join sources on sources.id = entries.source_id"
)
_COLUMNS = ", ".join(f"snapshots.{name}" for name in SNAPSHOT_COLUMNS)


@cache
def index_version() -> str:
    """What the terms of a text depend on: the cutting, and the tables of characters."""
    return f"{TERMS_VERSION} opencc {version('opencc')}"


class SearchRows(StoryRows):
    """The search's part of the SQLite store."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._sampled: tuple[int, Counter[str], int] | None = None

    # ------------------------------------------------------------ filling

    def index_texts(self, limit: int) -> int:
        """Index the next `limit` snapshots; returns how many there were. Inside a transaction."""
        made_by, reached = self._db.execute("select made_by, reached from search_state").fetchone()
        if made_by != index_version():
            reached = self._empty_index()
        rows = self._db.execute(
            "select snapshots.id, title, title_kind, summary, summary_kind, content, "
            "content_kind, authors, outlet from snapshots join entries on entries.id = entry_id "
            "where snapshots.id > ? order by snapshots.id limit ?",
            (reached, limit),
        ).fetchall()
        if not rows:
            return 0
        self._db.executemany(
            "insert into search_index (rowid, title, text, outlet, author) values (?, ?, ?, ?, ?)",
            [(row[0], *_indexed(row[1:])) for row in rows],
        )
        # As it stands now: it may be known better when the text is to be taken out.
        self._db.executemany(
            "insert or replace into search_outlets (snapshot_id, outlet) values (?, ?)",
            [(row[0], row[8]) for row in rows if row[8]],
        )
        self._db.execute("update search_state set reached = ?", (rows[-1][0],))
        return len(rows)

    def _empty_index(self) -> int:
        """Begin anew; what was indexed is indexed again, step by step."""
        self._db.execute("insert into search_index (search_index) values ('delete-all')")
        self._db.execute("delete from search_outlets")
        self._db.execute("update search_state set made_by = ?, reached = 0", (index_version(),))
        return 0

    def unindexed(self) -> int:
        """How many snapshots at most are still to be indexed."""
        made_by, reached = self._db.execute("select made_by, reached from search_state").fetchone()
        last = self._db.execute("select coalesce(max(id), 0) from snapshots").fetchone()[0]
        return int(last - (reached if made_by == index_version() else 0))

    # ------------------------------------------------------------ emptying

    def erase_from_search(self, entry_ids: Iterable[int]) -> None:
        """Leave nothing of some entries' texts in the index, whichever version of them.

        To be called inside the transaction that destroys them, before they are destroyed, with
        `secure_delete` on. The index is written anew as a whole: FTS5 keeps terms in its file
        until then.
        """
        rows = self._db.execute(
            "select snapshots.id, title, title_kind, summary, summary_kind, content, "
            "content_kind, authors, search_outlets.outlet from snapshots "
            "left join search_outlets on search_outlets.snapshot_id = snapshots.id "
            "where entry_id in (select value from json_each(?)) "
            "and snapshots.id <= (select reached from search_state)",
            (json.dumps(list(entry_ids)),),
        ).fetchall()
        if not rows:
            return
        made_by = self._db.execute("select made_by from search_state").fetchone()[0]
        ids = [(row[0],) for row in rows]
        if made_by != index_version() or not all(self._is_as_indexed(row) for row in rows):
            self._empty_index()
        else:
            self._db.executemany(
                "insert into search_index (search_index, rowid, title, text, outlet, author) "
                "values ('delete', ?, ?, ?, ?, ?)",
                [(row[0], *_indexed(row[1:])) for row in rows],
            )
            self._db.execute("insert into search_index (search_index) values ('optimize')")
        self._db.executemany("delete from search_outlets where snapshot_id = ?", ids)

    def _is_as_indexed(self, row: Sequence[Any]) -> bool:
        """Whether a text comes to as many terms as it did when it was indexed."""
        kept = self._db.execute(
            "select sz from search_index_docsize where id = ?", (row[0],)
        ).fetchone()
        sizes = [one.count(" ") + 1 if one else 0 for one in _indexed(row[1:])]
        return kept is not None and bytes(kept[0]) == b"".join(map(_varint, sizes))

    # ------------------------------------------------------------ asking

    def search(
        self, query: Query, limit: int, offset: int = 0, by_relevance: bool = False
    ) -> Found:
        """The stories of which any carrier, in its present version, matches: `limit` from `offset`.

        The newest first, or (`by_relevance`) the most telling of the newest RANKED. What the index
        cannot answer (addresses, languages, sections, regular expressions) is looked for in the
        newest LOOKED_THROUGH texts that match the rest. Raises StoreError.
        """
        asked = asked_of_index(query)
        conditions = [_condition(part) for part in asked.rest]
        verified = any(one is None for one in conditions)
        where = [one for one in conditions if one is not None]
        wished = offset + limit
        # Most ranked texts are of no use: none is looked at further than it takes.
        best = None if where or verified or not by_relevance else 3 * wished + 100
        try:
            rows = self._candidates(asked.match, where, by_relevance, best)
            found = self._stories(query if verified else None, rows, wished)
            if best is not None and len(found) <= wished:
                rows = self._candidates(asked.match, where, by_relevance, None)
                found = self._stories(None, rows, wished)
            wanted = list(found.items())[offset:wished]
            count = None if verified else self._count(asked.match, where)
        except sqlite3.OperationalError as error:
            raise StoreError(f"the search could not be done: {error}") from error
        return Found(self._hits(wanted), len(found) > wished, count)

    def _stories(
        self, verified_by: Query | None, rows: Iterator[tuple[int, int]], wished: int
    ) -> dict[int, int]:
        """The first stories of `rows` with the text that was found, one more than wished for."""
        if verified_by is not None:
            rows = self._verified(verified_by, rows)
        found: dict[int, int] = {}
        for story_id, snapshot_id in rows:
            found.setdefault(story_id, snapshot_id)
            if len(found) > wished:
                break
        return found

    def _candidates(
        self,
        match: str | None,
        where: Sequence[tuple[str, list[Any]]],
        by_relevance: bool,
        best: int | None,
    ) -> Iterator[tuple[int, int]]:
        """(story, snapshot) of what matches, in order; the snapshot is the entry's present one.

        By relevance of the `best` only, where that is given.
        """
        order = "found.id desc"
        sql, parameters = _from(match, where)
        if by_relevance and match is not None:
            order = "found.score, found.id desc"
            sql = sql.replace(_MATCHING, _RANKED if best is None else _BEST)
            limit = [] if best is None else [best]
            parameters = [match, self._floor(match), *limit, *parameters[1:]]
        rows = self._db.execute(
            f"select entries.story_id, found.id from {sql} order by {order}", parameters
        )
        return ((row[0], row[1]) for row in rows)

    def _floor(self, match: str) -> int:
        """Above which number the newest RANKED texts that match lie."""
        reached = self._db.execute("select reached from search_state").fetchone()[0]
        if reached <= RANKED:
            return 0
        row = self._db.execute(
            "select rowid from search_index where search_index match ? "
            "order by rowid desc limit 1 offset ?",
            (match, RANKED),
        ).fetchone()
        return int(row[0]) if row else 0

    def _verified(self, query: Query, rows: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Of candidates those that match by their words: what the index cannot tell."""
        for looked, (story_id, snapshot_id) in enumerate(rows):
            if looked == LOOKED_THROUGH:
                return
            row = self._db.execute(
                f"select sources.name, outlet, {_COLUMNS} from (select ? as id) found {_SHOWN}",
                (snapshot_id,),
            ).fetchone()
            if row and matches(query, prepare(_fields(row[0], row[1], snapshot_from_row(row[2:])))):
                yield story_id, snapshot_id

    def _count(self, match: str | None, where: Sequence[tuple[str, list[Any]]]) -> int:
        sql, parameters = _from(match, where)
        row = self._db.execute(
            f"select count(distinct story_id) from (select entries.story_id from {sql} limit ?)",
            (*parameters, COUNTED),
        ).fetchone()
        return int(row[0])

    def _hits(self, found: Sequence[tuple[int, int]]) -> tuple[Hit, ...]:
        stories = self.stories([story_id for story_id, _ in found])
        snapshots = self._snapshots_by_id([snapshot_id for _, snapshot_id in found])
        extents = dict(
            self._db.execute(
                "select snapshots.id, extent from snapshots join entries on entries.id = entry_id "
                "join sources on sources.id = source_id "
                "where snapshots.id in (select value from json_each(?))",
                (json.dumps(list(snapshots)),),
            ).fetchall()
        )
        return tuple(
            Hit(stories[story_id], snapshots[one], extents.get(one) == SUMMARY)
            for story_id, one in found
            if story_id in stories and one in snapshots
        )


_MATCHING = "(select rowid as id from search_index where search_index match ?) found"
_RANKED = (
    "(select rowid as id, rank as score from search_index where search_index match ? "
    f"and rowid > ? and rank match '{_RANK}') found"
)
_BEST = _RANKED.replace(") found", " order by rank limit ?) found")
_EVERYTHING = "(select snapshot_id as id from entries) found"


def _from(match: str | None, where: Sequence[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    """What follows `from` in SQL: the candidates with all that conditions speak of."""
    source = _MATCHING if match is not None else _EVERYTHING
    parameters = [match] if match is not None else []
    said = " and ".join(sql for sql, _ in where) or "true"
    joined = _SHOWN if where else _PRESENT
    return f"{source} {joined} where {said}", parameters + [v for _, given in where for v in given]


def _condition(query: Query) -> tuple[str, list[Any]] | None:
    """A part of a query as SQL over the entry; None for what only its words can tell."""
    from aggregator.query import And, Not, Or
    from aggregator.terms import index_expression

    said = index_expression(query)
    if said is not None:
        inner = "select rowid from search_index where search_index match ?"
        return f"snapshots.id in ({inner})", [said]
    if isinstance(query, Dated):
        sign = ">=" if query.is_after else "<"
        date = "coalesce(snapshots.published, snapshots.updated, snapshots.taken_at)"
        return f"substr({date}, 1, 19) || 'Z' {sign} ?", [date_text(query.moment)]
    if isinstance(query, Term) and query.field == "source":
        if query.prefix:
            return "substr(sources.name, 1, ?) = ?", [len(query.value), query.value]
        return "sources.name = ?", [query.value]
    if isinstance(query, Not):
        part = _condition(query.part)
        return None if part is None else (f"not ({part[0]})", part[1])
    if isinstance(query, And | Or):
        parts = [one for part in query.parts if (one := _condition(part)) is not None]
        if len(parts) < len(query.parts):
            return None
        joint = " and " if isinstance(query, And) else " or "
        return f"({joint.join(sql for sql, _ in parts)})", [v for _, given in parts for v in given]
    return None


def _fields(source: str, outlet: str | None, shown: Snapshot) -> dict[str, tuple[str, ...]]:
    """A snapshot's fields by the names of the query language."""
    tags = tuple(tag.label or tag.term for tag in shown.tags)
    text = shown.content or shown.summary
    return {
        "title": (_plain(shown.title),),
        "text": (_plain(text)[:LONGEST_TEXT],),
        "source": (source,),
        "outlet": (outlet,) if outlet else (),
        "tag": tags,
        "section": tags,
        "link": (shown.link,) if shown.link else (),
        "author": shown.authors,
        "lang": (shown.language,) if shown.language else (),
        "date": (date_text(shown.published or shown.updated or shown.taken_at),),
    }


def _plain(text: Text | None) -> str:
    if text is None:
        return ""
    return visible_text(text.value) if text.kind == "html" else text.value


def _indexed(row: Sequence[Any]) -> tuple[str, str, str, str]:
    """The terms of a text's columns, each joined by spaces: title, text, outlet, author."""
    title, title_kind, summary, summary_kind, content, content_kind, authors, outlet = row
    text, kind = (content, content_kind) if content else (summary, summary_kind)
    parts = (
        visible_text(title) if title and title_kind == "html" else title or "",
        (visible_text(text) if text and kind == "html" else text or "")[:LONGEST_TEXT],
        outlet or "",
        # A name ends where the next begins.
        " | ".join(json.loads(authors)) if authors else "",
    )
    title_terms, text_terms, outlet_terms, author_terms = (
        " ".join(terms_of(part)) if part else "" for part in parts
    )
    return title_terms, text_terms, outlet_terms, author_terms


def _varint(number: int) -> bytes:
    """As FTS5 writes numbers: seven bits a byte, the highest first."""
    written = [number & 0x7F]
    while number := number >> 7:
        written.append(number & 0x7F | 0x80)
    return bytes(reversed(written))
