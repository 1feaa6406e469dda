"""Pages to capture: an edition's pages and articles, each with its own due time."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from aggregator.model import PageRecord
from aggregator.store.base import Rows
from aggregator.store.times import from_text_or_none, to_text, to_text_or_none

_TIMES = frozenset({"found_at", "next_fetch_at", "first_fetched_at", "fetched_at"})
# PageRecord's fields that are columns of `pages` under the same name.
_FIELDS = tuple(f.name for f in fields(PageRecord) if f.name not in ("page_id", "source_name"))
# What a fetch may change.
_CHANGING = (
    "edition place name section listed next_fetch_at first_fetched_at fetched_at etag "
    "last_modified body_digest final_url failures outcome status error text_key"
).split()
_SELECT = (
    f"select pages.id, sources.name, {', '.join(f'pages.{name}' for name in _FIELDS)} from pages "
    "join sources on sources.id = pages.source_id "
)
_DUE = "next_fetch_at <= :now and sources.enabled = 1 and sources.removed_at is null"


def _value(name: str, value: Any) -> Any:
    if name in _TIMES:
        return to_text_or_none(value)
    return int(value) if isinstance(value, bool) else value


def _record(row: Sequence[Any]) -> PageRecord:
    given = dict(zip(_FIELDS, row[2:], strict=True))
    for name in _TIMES:
        given[name] = from_text_or_none(given[name])
    given["listed"] = bool(given["listed"])
    return PageRecord(page_id=row[0], source_name=row[1], **given)


class PageRows(Rows):
    """The pages' part of the SQLite store."""

    def add_pages(self, source_id: int, pages: Iterable[PageRecord]) -> int:
        """Add the pages that this source does not have yet (by address); how many were new.

        Their `page_id` is not looked at. Inside a transaction.
        """
        columns = ("source_id", "host", *_FIELDS)
        marks = ", ".join("?" * len(columns))
        before = self._db.total_changes
        self._db.executemany(
            f"insert into pages ({', '.join(columns)}) values ({marks}) "
            "on conflict (source_id, url) do nothing",
            [
                (
                    source_id,
                    urlsplit(page.url).netloc.lower(),
                    *(_value(name, getattr(page, name)) for name in _FIELDS),
                )
                for page in pages
            ],
        )
        return self._db.total_changes - before

    def save_page(self, page: PageRecord) -> None:
        """What is remembered of a page after a fetch. Inside a transaction."""
        self._db.execute(
            f"update pages set {', '.join(f'{name} = ?' for name in _CHANGING)} where id = ?",
            (*(_value(name, getattr(page, name)) for name in _CHANGING), page.page_id),
        )

    def page_of(self, source_id: int, url: str) -> PageRecord | None:
        """The page of a source at an address; None when it has none."""
        row = self._db.execute(
            _SELECT + "where pages.source_id = ? and pages.url = ?", (source_id, url)
        ).fetchone()
        return None if row is None else _record(row)

    def is_article(self, page: PageRecord, url: str) -> bool:
        """Whether an address is known for an article of its own beside `page`, in its source."""
        row = self._db.execute(
            "select 1 from pages where url = ? and kind in ('article', 'fulltext') and id <> ? "
            "and source_id = (select source_id from pages where id = ?)",
            (url, page.page_id, page.page_id),
        ).fetchone()
        return row is not None

    def parts_of(self, source_id: int) -> dict[str, PageRecord]:
        """The sitemaps that a source's index has named, by address."""
        rows = self._db.execute(
            _SELECT + "where pages.source_id = ? and pages.kind = 'part'", (source_id,)
        )
        return {record.url: record for record in map(_record, rows)}

    def read_parts_anew(self, name: str, now: datetime) -> None:
        """Have a source's sitemaps fetched as if for the first time: its recipe was edited."""
        self._db.execute(
            "update pages set etag = null, last_modified = null, body_digest = null, "
            "next_fetch_at = ? where kind = 'part' "
            "and (edition is null or next_fetch_at is not null) "
            "and source_id = (select id from sources where name = ?)",
            (to_text(now), name),
        )

    def unknown_pages(self, source_id: int, urls: Iterable[str]) -> int:
        """How many of these addresses are no pages of this source yet."""
        row = self._db.execute(
            "select count(*) from json_each(?) where value not in "
            "(select url from pages where source_id = ? and url = value)",
            (json.dumps(list(urls)), source_id),
        ).fetchone()
        return int(row[0])

    def latest_edition(self, source_id: int) -> date | None:
        """The day of the latest edition of a source whose front page was had; None without one."""
        row = self._db.execute(
            "select max(edition) from pages where source_id = ? and kind = 'index' and level = 0 "
            "and first_fetched_at is not null",
            (source_id,),
        ).fetchone()
        return None if row[0] is None else date.fromisoformat(row[0])

    def due_page_hosts(self, now: datetime) -> list[str]:
        """The hosts (with their ports) that have a page due."""
        rows = self._db.execute(
            "select distinct host from pages join sources on sources.id = pages.source_id "
            f"where {_DUE} order by host",
            {"now": to_text(now)},
        )
        return [row[0] for row in rows]

    def next_page(
        self, host: str, now: datetime, names: Collection[str] | None = None
    ) -> PageRecord | None:
        """The page of `host` to fetch next, of those that are due (and of these sources).

        The pages of an edition first and in their order, so that all its articles are known;
        then articles never fetched, from the last to the first, so that the first enters the
        feeds last and stands on top as on the page; then those to look at again.
        """
        row = self._db.execute(
            f"{_SELECT} where pages.host = :host and {_DUE} "
            "and (:names is null or sources.name in (select value from json_each(:names))) "
            "order by kind <> 'index', first_fetched_at is not null, listed desc, edition, "
            "case when kind = 'index' then place end, place desc, pages.id limit 1",
            {
                "host": host,
                "now": to_text(now),
                "names": None if names is None else json.dumps(list(names)),
            },
        ).fetchone()
        return None if row is None else _record(row)

    def next_page_due(self) -> datetime | None:
        """When the next page is due; None when none will be."""
        row = self._db.execute(
            "select min(next_fetch_at) from pages join sources on sources.id = pages.source_id "
            "where sources.enabled = 1 and sources.removed_at is null"
        ).fetchone()
        return from_text_or_none(row[0])

    def prune_pages(self, before: datetime) -> int:
        """Forget pages that were found before `before` and are done with; how many."""
        cursor = self._db.execute(
            "delete from pages where found_at < ? and next_fetch_at is null", (to_text(before),)
        )
        return cursor.rowcount
