"""What a page of links holds → the rows to capture; whether a front page is that of its day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from aggregator.model import PageRecord
from aggregator.pages.days import day_in_address
from aggregator.pages.index import Index
from aggregator.pages.page import Page


def is_other_day(page: Page, index: Index, day: date) -> bool:
    """Whether a front page is that of another day's edition, as servers send when none is out.

    Told by the addresses: of the page itself where it was led elsewhere, and of all its links.
    """
    own = day_in_address(page.url)
    if own is not None and own != day:
        return True
    days = {found for link in index.links if (found := day_in_address(link.url)) is not None}
    return bool(days) and day not in days


def rows_of(parent: PageRecord, index: Index, now: datetime) -> Iterator[PageRecord]:
    """The rows for what a page leads to, in its edition, its section and at its place.

    A page's own articles come before the pages it leads to: places sort as they are read.
    Links to the pages of another day's edition are left out.
    """
    for link in index.links:
        is_index = link.kind == "index"
        day = day_in_address(link.url) if is_index and parent.edition else None
        if day is not None and day.isoformat() != parent.edition:
            continue  # 上一期: another edition
        yield PageRecord(
            page_id=0,
            source_name=parent.source_name,
            url=link.url,
            kind=link.kind,
            level=link.level,
            place=f"{parent.place}{'p' if is_index else 'a'}{link.number:04d}",
            found_at=now,
            edition=parent.edition,
            name=link.name,
            section=link.name if is_index else parent.section or index.own_name,
            listed=parent.listed,
            next_fetch_at=now,
        )
