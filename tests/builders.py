"""A few words of a test → configs, entries, feeds and stores, with the rest filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator.carrying import Carrying
from aggregator.dedupe import decide, identify
from aggregator.model import (
    Category,
    CategoryDecision,
    Config,
    Entry,
    Evidence,
    FetchSettings,
    New,
    ParsedFeed,
    PollState,
    PollUpdate,
    PublishSettings,
    SavedPoll,
    Source,
    Text,
)
from aggregator.provenance import learn_outlets
from aggregator.reconcile import reconcile
from aggregator.store import Store

NOW = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
LONG = "这是一段足够长的正文，用来说明这篇文章到底讲了什么，不会与别的文章混同，而且超过四十个字。"


def source(name: str = "news", **values: Any) -> Source:
    """A source at https://NAME.example/feed."""
    given = {"title": name.title(), "url": f"https://{name}.example/feed", **values}
    return Source(id=name, **given)


def config(
    folder: Path,
    sources: Sequence[Source] = (),
    categories: Sequence[Category] = (),
    **values: Any,
) -> Config:
    """A config whose store and documents stand in `folder`."""
    given: dict[str, Any] = {
        "path": str(folder / "feeds.yaml"),
        "digest": "0" * 64,
        "title": "我的订阅",
        "base_url": "http://127.0.0.1:8000",
        "timezone": "Asia/Shanghai",
        "store": f"sqlite:{folder / 'aggregator.db'}",
        "listen": "127.0.0.1:8000",
        "publish": PublishSettings(str(folder / "public")),
        "fetch": FetchSettings(),
        **values,
    }
    return Config(categories=tuple(categories), sources=tuple(sources), **given)


def text(words: str) -> Evidence:
    """Evidence that is a sentence already."""
    return Evidence("text", {"text": words})


def entry(number: int | str = 1, **values: Any) -> Entry:
    """Entry `number`: its guid, link, title and text are its own; `text=` is plain content."""
    words = values.pop("text", f"{number} {LONG}")
    given: dict[str, Any] = {
        "guid": f"urn:example:{number}",
        "link": f"https://news.example/{number}",
        "title": Text(f"Title {number}"),
        "content": None if words is None else Text(words),
        **values,
    }
    return Entry(**given)


def feed(*entries: Entry, **values: Any) -> ParsedFeed:
    """A feed of `entries`, in the document's order."""
    given = {"format": "Atom 1.0", "reader": "plain", "encoding": "utf-8", **values}
    return ParsedFeed(entries=entries, **given)


def save(
    store: Store,
    name: str,
    *entries: Entry,
    now: datetime = NOW,
    initial: int = 20,
    categories: Sequence[str] = (),
    state: PollState | None = None,
    **facts: Any,
) -> SavedPoll:
    """Identify, decide and save one poll of source `name`, as the corridor does."""
    with store.transaction():
        return save_inside(
            store,
            name,
            *entries,
            now=now,
            initial=initial,
            categories=categories,
            state=state,
            **facts,
        )


def save_inside(
    store: Store,
    name: str,
    *entries: Entry,
    now: datetime = NOW,
    initial: int = 20,
    categories: Sequence[str] = (),
    state: PollState | None = None,
    **facts: Any,
) -> SavedPoll:
    """As `save`, inside a transaction that is open already."""
    record = store.source_records([name])[name]
    keyed = identify(entries)
    known = store.known_entries(record.source_id, keyed)
    decided = decide(record.source_id, keyed, known, store.carriers_elsewhere(keyed))
    decisions = tuple(CategoryDecision(category, "source", name) for category in categories)
    teller = source(name)
    sources = [(one, given.title, given.url) for one, given in store.configured_sources().items()]
    carrying = Carrying(store, learn_outlets(sources))
    updates = tuple(
        replace(update, categories=decisions if isinstance(update.decided, New) else ())
        for update in carrying.recognise(teller, record.source_id, decided, now)
    )
    poll = PollUpdate(
        source_id=record.source_id,
        state=state or replace(record.state, last_poll_at=now, outcome="ok"),
        polled_at=now,
        duration_ms=5,
        feed=feed(*entries, **facts),
        entries=updates,
        url=f"https://{name}.example/feed",
        body=b"<feed/>",
    )
    return store.save_poll(poll, initial)


def settle(store: Store, *names: str, categories: Sequence[str] = ()) -> None:
    """Bring a store in step with a config of plain sources and categories."""
    wanted = config(
        Path("/nowhere"),
        [source(name) for name in names],
        [Category(name, name.title()) for name in categories],
    )
    reconcile(store, wanted, NOW - timedelta(hours=1))


def titles(store: Store, output: str = "all", limit: int = 100) -> list[str]:
    """The titles that an output lists, from the top."""
    record = next(one for one in store.outputs() if one.name == output)
    stories = store.listed_stories(record.output_id, limit)
    return [story.snapshot.title.value if story.snapshot.title else "" for story in stories]


def later(hours: float) -> datetime:
    """So many hours after NOW."""
    return NOW + timedelta(hours=hours)
