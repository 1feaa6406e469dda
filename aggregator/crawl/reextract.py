"""Articles whose raw pages are kept, and the recipes of now → their texts read anew.

Without any fetch. What comes out differently becomes a snapshot that says so (`reextracted`): the
outlet changed nothing, so `updated` stays, and no correction is told. The corridor asks for the
same before it holds a page against what it said before: an edit of the recipe, or a better
extraction, is not to be taken for an edit by the outlet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from aggregator.crawl.fulltext import found_text
from aggregator.dedupe import identify
from aggregator.model import (
    Decided,
    Entry,
    EntryUpdate,
    FoundText,
    KeptPage,
    PageRecord,
    PollUpdate,
    Revised,
    Source,
    Text,
)
from aggregator.pages import PageError, Reading, Whole, feed_of, read_kept, reading_of
from aggregator.store import Store

Recognise = Callable[[Source, int, Sequence[Decided], datetime], Sequence[EntryUpdate]]


@dataclass(frozen=True, slots=True)
class Reread:
    """An article read anew from its raw pages.

    `changed` names what comes out differently (title, text, date, authors, section, pictures,
    outlet); `whole` is None where nothing could be read, and `problem` says why.
    """

    kept: KeptPage
    changed: tuple[str, ...] = ()
    whole: Whole | None = None
    problem: str | None = None

    @property
    def is_fulltext(self) -> bool:
        """Whether its page stands beside the words of a feed."""
        return self.kept.record is not None and self.kept.record.kind == "fulltext"


class Reextraction:
    """Reads kept pages anew, and saves what comes out differently."""

    def __init__(self, store: Store, recognise: Recognise) -> None:
        """`recognise` is the corridor's: what a changed text is to be found by."""
        self._store = store
        self._recognise = recognise

    def read(self, source: Source, entry_id: int, zone: tzinfo) -> Reread | None:
        """The article of an entry, by the recipe of now; None where no page of it is kept."""
        kept = self._store.kept_page(entry_id)
        if kept is None:
            return None
        kept = replace(kept, record=_record_of(source, kept))
        if not kept.bodies:
            return Reread(kept, problem="its raw page is damaged")
        try:
            whole = read_kept(kept.bodies, kept.encoding, _reading_of(source, kept, zone))
        except (PageError, ValueError) as error:
            return Reread(kept, problem=str(error))
        if not _has_text(whole.entry.content) and _has_text(kept.snapshot.content):
            return Reread(kept, problem=f"no text is found any more on {kept.bodies[0][0]}")
        return Reread(kept, _changed(kept, whole.entry, source.page is None), whole)

    def save(self, source: Source, reread: Reread, now: datetime) -> bool:
        """Save what comes out differently; whether anything did. Inside a transaction.

        Not where the entry has got another version meanwhile.
        """
        whole, kept = reread.whole, reread.kept
        if whole is None or not reread.changed:
            return False
        current = self._store.kept_page(kept.entry_id)
        if current is None or current.snapshot.snapshot_id != kept.snapshot.snapshot_id:
            return False
        if reread.is_fulltext:
            return self._save_fulltext(source, kept, whole, now)
        return self._save_article(source, kept, whole, now)

    def before_article(
        self, source: Source, source_id: int, entry: Entry, zone: tzinfo, now: datetime
    ) -> None:
        """Where an article's page says something new, let first the one that is kept say what it
        does by the recipe of now: what is new beyond that is the outlet's. In a transaction.
        """
        (keyed,) = identify((entry,))
        known = self._store.known_entries(source_id, (keyed,))
        mine = next((one for one in known if one.guid == keyed.guid), None)
        if mine is None:
            return
        mine_now = (mine.title_key, mine.text_key, mine.meta_key)
        if mine_now != (keyed.title_key, keyed.text_key, keyed.meta_key):
            self._bring_up_to_date(source, mine.entry_id, zone, now)

    def before_text(
        self, source: Source, page: PageRecord, text: FoundText, zone: tzinfo, now: datetime
    ) -> PageRecord:
        """The same for the page of an entry, as it is to be kept then."""
        if text.is_first or text.text_key == page.text_key:
            return page
        kept = self._bring_up_to_date(source, text.entry_id, zone, now)
        return page if kept is None else replace(page, text_key=kept.text_key)

    def _bring_up_to_date(
        self, source: Source, entry_id: int, zone: tzinfo, now: datetime
    ) -> PageRecord | None:
        """Save an entry as its kept page reads now; its page, where that came out differently."""
        reread = self.read(source, entry_id, zone)
        if reread is None or not self.save(source, reread, now):
            return None
        kept = self._store.kept_page(entry_id)
        return kept.record if kept is not None else None

    def _save_article(self, source: Source, kept: KeptPage, whole: Whole, now: datetime) -> bool:
        (keyed,) = identify((whole.entry,))
        known = self._store.known_entries(kept.source_id, (keyed,))
        mine = next((one for one in known if one.entry_id == kept.entry_id), None)
        record = self._store.source_records([source.id]).get(source.id)
        if mine is None or record is None:
            return False
        revised = Revised(replace(keyed, guid=mine.guid), mine, ("reextracted",))
        poll = PollUpdate(
            source_id=kept.source_id,
            state=record.state,
            polled_at=now,
            duration_ms=0,
            feed=feed_of(whole, source.language),
            entries=tuple(self._recognise(source, kept.source_id, (revised,), now)),
            url=kept.bodies[0][0],
            capture_id=kept.capture_id,
        )
        self._store.save_poll(poll, 0)
        return True

    def _save_fulltext(self, source: Source, kept: KeptPage, whole: Whole, now: datetime) -> bool:
        record = kept.record
        assert record is not None
        assert source.fulltext is not None
        found = found_text(record, whole, source.fulltext)
        found = replace(found, is_first=False, capture_id=kept.capture_id)
        if not self._store.save_fulltext(found, now):
            return False
        if record.page_id:
            self._store.save_page(replace(record, text_key=found.text_key))
        return True


def _record_of(source: Source, kept: KeptPage) -> PageRecord:
    """What the link to its page said; after the page is forgotten, what was kept of that."""
    if kept.record is not None:
        return kept.record
    tags, title = kept.snapshot.tags, kept.snapshot.title
    is_article = source.page is not None
    return PageRecord(
        page_id=0,
        source_name=source.id,
        url=kept.guid if is_article else kept.bodies[0][0] if kept.bodies else "",
        kind="article" if is_article else "fulltext",
        level=0,
        place="",
        found_at=kept.snapshot.taken_at,
        name=title.value if title is not None and is_article else None,
        section=(tags[0].label or tags[0].term) if tags else None,
        entry_id=None if is_article else kept.entry_id,
    )


def _reading_of(source: Source, kept: KeptPage, zone: tzinfo) -> Reading:
    assert kept.record is not None
    reading = reading_of(source, kept.record, zone)
    if reading.day is None and kept.record.kind == "article":
        return replace(reading, day=kept.snapshot.published)
    return reading


def _changed(kept: KeptPage, entry: Entry, is_fulltext: bool) -> tuple[str, ...]:
    """What an entry says differently from its latest snapshot.

    Beside a feed's words only the text counts, and what the feed itself does not say.
    """
    before = kept.snapshot
    pairs = {
        "title": (_value(before.title), _value(entry.title)),
        "published": (before.published, entry.published),
        "authors": (before.authors, entry.authors),
        "enclosures": (before.enclosures, entry.enclosures),
        "origin": (kept.origin, entry.origin.title if entry.origin else None),
        "tags": (before.tags, entry.tags),
        "content": (_value(before.content), _value(entry.content)),
    }
    if is_fulltext:
        kept_names = {*kept.lacking, "content"}
        pairs = {
            name: (was, now)
            for name, (was, now) in pairs.items()
            if name in kept_names and (now or name == "content")
        }
    return tuple(_CALLED.get(name, name) for name, (was, now) in pairs.items() if was != now)


_CALLED = {
    "content": "text",
    "published": "date",
    "tags": "section",
    "enclosures": "pictures",
    "origin": "outlet",
}


def _value(text: Text | None) -> str | None:
    return None if text is None else text.value


def _has_text(text: Text | None) -> bool:
    return text is not None and bool(identify((Entry(guid="-", content=text),))[0].text_length)
