"""The pages of a source's entries: wanted after a poll, and their texts saved beside its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.dedupe import beside_full_text, identify
from aggregator.model import (
    Decided,
    FoundText,
    New,
    PageRecipe,
    PageRecord,
    Revised,
    Source,
)
from aggregator.pages import Whole
from aggregator.pages.page import clean_address
from aggregator.store import Store

BARRED = "its text was taken down here"
SHORT = "its text is shorter than the feed's own, which is kept"


class Fulltexts:
    """Says which texts are wanted, and saves them."""

    def __init__(self, store: Store, lets_in: Callable[[FoundText], bool]) -> None:
        """`lets_in` says of a text whether it may be kept: it may have been taken down."""
        self._store = store
        self._lets_in = lets_in

    def want(
        self,
        source: Source,
        source_id: int,
        decided: Sequence[Decided],
        now: datetime,
    ) -> None:
        """After a poll was saved: pages for what is new, another look for what was revised.

        Inside a transaction.
        """
        if source.fulltext is None or source.page is not None:
            return
        guids = [one.keyed.guid for one in decided if isinstance(one, New)]
        revised = [one.known.entry_id for one in decided if isinstance(one, Revised)]
        wanted = self._store.want_fulltexts(source_id, guids) if guids else []
        rows = []
        for entry_id, link in wanted:
            if (url := clean_address(link, source.url)) is not None:
                row = PageRecord(0, source.id, url, "fulltext", 0, "", now, entry_id=entry_id)
                rows.append(replace(row, next_fetch_at=now))
        self._store.add_pages(source_id, rows)
        self._store.look_again(revised, now)

    def beside(self, source: Source, decided: Decided) -> Decided:
        """An edit of the feed's words with the text that the entry's page had kept."""
        if source.fulltext is None or not isinstance(decided, Revised):
            return decided
        shown = self._store.with_full_text(decided.known.entry_id)
        return decided if shown is None else beside_full_text(decided, shown)

    def save(self, record: PageRecord, found: FoundText, now: datetime) -> tuple[PageRecord, bool]:
        """The page as it is to be kept, and whether a snapshot came of it. In a transaction.

        What was kept of the page is to be read by the recipe of now already (Reextraction).
        """
        if found.text_key == record.text_key:
            return record, False
        if found.text_length and not self._lets_in(found):
            return replace(record, error=BARRED), False
        if not found.text_length or not self._store.save_fulltext(found, now):
            return replace(record, error=SHORT), False
        return replace(record, text_key=found.text_key), True


def found_text(record: PageRecord, whole: Whole, recipe: PageRecipe) -> FoundText:
    """The text of an entry's page, read by `recipe`, as the store keeps it."""
    (keyed,) = identify((whole.entry,))
    return FoundText(
        entry_id=record.entry_id or 0,
        entry=whole.entry,
        text_key=keyed.text_key,
        text_length=keyed.text_length,
        bodies=whole.bodies,
        encoding=whole.encoding,
        is_trusted=recipe.content is not None and not whole.misses,
        is_first=record.text_key is None,
    )
