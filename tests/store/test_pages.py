"""The store's contract for pages to capture: each once a source, due by host, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from aggregator.model import ConfiguredSource, PageRecord
from aggregator.store import Store
from tests.builders import NOW, later, settle


def page(at: str, kind: Any = "article", **values: Any) -> PageRecord:
    """A page of source `paper` that is due now."""
    given = {"place": at, "found_at": NOW, "next_fetch_at": NOW, "level": 0, **values}
    return PageRecord(0, "paper", f"https://paper.example/{at}", kind, **given)


def source_id(store: Store) -> int:
    settle(store, "paper")
    return store.source_records()["paper"].source_id


def add(store: Store, *pages: PageRecord) -> int:
    number = source_id(store)
    with store.transaction():
        return store.add_pages(number, pages)


def due(store: Store) -> PageRecord | None:
    return store.next_page("paper.example", NOW)


def test_a_page_is_added_once_and_comes_back_as_it_was(store: Store) -> None:
    wanted = page("a1", edition="2026-11-23", name="题", section="要闻", listed=False)
    assert add(store, wanted, wanted) == 1
    assert add(store, replace(wanted, name="别的")) == 0
    found = store.page_of(source_id(store), wanted.url)
    assert found is not None
    assert replace(found, page_id=0) == wanted


def test_what_a_fetch_changed_is_kept(store: Store) -> None:
    add(store, page("a1"))
    found = due(store)
    assert found is not None
    changed = replace(
        found, next_fetch_at=later(3), first_fetched_at=NOW, fetched_at=NOW, etag='"x"', failures=2
    )
    with store.transaction():
        store.save_page(changed)
    assert due(store) is None
    assert store.next_page("paper.example", later(3)) == changed
    assert store.next_page_due() == later(3)


def test_pages_first_then_articles_from_the_last_then_second_looks(store: Store) -> None:
    add(
        store,
        page("a0001"),
        page("p0001a0000"),
        page("seen", first_fetched_at=NOW),
        page("p0002", "index"),
        page("p0001", "index"),
        page("later", next_fetch_at=later(1)),
        page("done", next_fetch_at=None),
    )
    order = []
    while (found := due(store)) is not None:
        order.append(found.place)
        with store.transaction():
            store.save_page(replace(found, next_fetch_at=None))
    assert order == ["p0001", "p0002", "p0001a0000", "a0001", "seen"]


def test_only_enabled_sources_have_pages_due(store: Store) -> None:
    add(store, page("a1"))
    assert store.due_page_hosts(NOW) == ["paper.example"]
    assert store.next_page("paper.example", NOW, ["other"]) is None
    assert store.next_page("other.example", NOW) is None
    off = ConfiguredSource("paper", "Paper", "https://paper.example/feed", False, (), None)
    with store.transaction():
        store.put_source(off, NOW)
    assert store.due_page_hosts(NOW) == []
    assert due(store) is None


def test_the_latest_edition_is_one_that_was_had(store: Store) -> None:
    add(
        store,
        page("f1", "index", edition="2026-11-20", first_fetched_at=NOW),
        page("f2", "index", edition="2026-11-21"),
    )
    assert store.latest_edition(source_id(store)) == date(2026, 11, 20)


def test_pages_that_are_done_with_are_forgotten(store: Store) -> None:
    add(store, page("a1", next_fetch_at=None), page("a2"))
    with store.transaction():
        assert store.prune_pages(later(1)) == 1
    assert due(store) is not None
