"""The sitemaps that an index names, or a source's earlier days → the rows to fetch now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from aggregator.model import FeedPart, PageRecord, Source
from aggregator.pages.days import dated

# Of an index the newest so many are fetched.
MOST_PARTS = 50
# Days without a document that are asked for once more when there is one again.
MOST_MISSED = 8
MOST_BACKFILL = timedelta(days=92)
# A sitemap of which nobody says when it changed is asked this often.
ASKED_AGAIN = timedelta(hours=1)
_MONTH = re.compile(r"(?<!\d)(20\d\d)[-_/.]?(0[1-9]|1[0-2])(?!\d{4})")


def part_rows(
    known: Mapping[str, PageRecord],
    stated: Sequence[FeedPart],
    source_name: str,
    now: datetime,
    window: timedelta,
    is_first: bool,
) -> Iterator[PageRecord]:
    """The rows to add (page_id 0) and to change, by what an index says now.

    One that has changed since it was fetched is due, and one of which that is not told; none that
    last changed before `window`. Of a source's first reading (`is_first`) only the newest sitemap's
    entries reach the feeds. Rows of sitemaps that the index has dropped are never fetched again.
    """
    recent = [part for part in stated if _is_recent(part, now, window)]
    recent.sort(key=lambda part: part.updated or now, reverse=True)
    for number, part in enumerate(recent[:MOST_PARTS]):
        before = known.get(part.url)
        told = part.updated.isoformat() if part.updated else None
        if before is None:
            row = PageRecord(0, source_name, part.url, "part", 1, "", now, name=told)
            yield replace(row, listed=number == 0 or not is_first, next_fetch_at=now)
        elif _is_due(before, part):
            yield replace(before, name=told, next_fetch_at=now, failures=0)
    still = {part.url for part in stated}
    for url, row in known.items():
        if url not in still and row.next_fetch_at is not None:
            yield replace(row, next_fetch_at=None)


def day_rows(
    known: Mapping[str | None, PageRecord],
    source: Source,
    template: str,
    now: datetime,
) -> Iterator[PageRecord]:
    """The rows to add (page_id 0) and to change once the document of a day was had.

    `source` is that of the day, its address made of `template`; `known` are its rows by day. The
    document of the day before is asked for once more, for what came into it after its last poll,
    and so are those of days that were missed. Those of `backfill` are asked for once.
    """
    today = day_of(template, source.url, now)
    if today is None or today.isoformat() in known:
        return
    latest = max((day for day in known if day is not None), default=None)
    row = PageRecord(0, source.id, source.url, "part", 1, "", now)
    yield replace(row, edition=today.isoformat(), name=today.isoformat(), listed=True)
    asked = {source.url}
    for back in range(1, max(_days(source.backfill), MOST_MISSED) + 1):
        day = today - timedelta(days=back)
        name, url = day.isoformat(), dated(template, day)
        if url in asked:
            continue
        asked.add(url)
        before = known.get(name)
        if before is not None:
            if name == latest:
                yield replace(before, next_fetch_at=now, failures=0)
            continue
        is_missed = latest is not None and name > latest and back <= MOST_MISSED
        if is_missed or (latest is None and back <= _days(source.backfill)):
            one = replace(row, url=url, edition=name, name=name, next_fetch_at=now)
            yield replace(one, listed=is_missed)


def day_of(template: str, url: str, now: datetime) -> date | None:
    """The day whose document is at `url`: today, wherever on earth; None for none of these."""
    days = (now.date() + timedelta(days=shift) for shift in (0, 1, -1))
    return next((day for day in days if dated(template, day) == url), None)


def _days(span: timedelta | None) -> int:
    return 0 if span is None else min(span, MOST_BACKFILL).days


def _is_recent(part: FeedPart, now: datetime, window: timedelta) -> bool:
    if part.updated is not None:
        return part.updated >= now - window
    named = _MONTH.search(part.url.partition("//")[2].partition("/")[2])
    oldest = now - window
    return named is None or (int(named[1]), int(named[2])) >= (oldest.year, oldest.month)


def _is_due(row: PageRecord, part: FeedPart) -> bool:
    if row.fetched_at is None:
        return False  # it is due already
    if part.updated is None:
        return row.next_fetch_at is None
    return part.updated > row.fetched_at
