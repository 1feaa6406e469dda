"""An edit of feeds.yaml and what it does to what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import Category, CategoryDecision, PollState, Source, UpdateHints
from aggregator.reconcile import reconcile
from aggregator.store import Store, open_store
from tests.builders import NOW, config, entry, later, save, source, titles

TECH, WORLD = Category("tech", "Tech"), Category("world", "World")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:{tmp_path / 'a.db'}")
    yield opened
    opened.close()


def bring(store: Store, sources: list[Source], categories: list[Category]) -> int:
    return reconcile(store, config(Path("/nowhere"), sources, categories), NOW)


def names(store: Store) -> list[str]:
    return [one.name for one in store.outputs()]


def test_what_always_exists_is_made_first_and_once(store: Store) -> None:
    bring(store, [], [TECH])
    assert names(store) == ["all", "uncategorized", "tech"]
    before = store.current_revision(), store.outputs()
    assert bring(store, [], [TECH]) == 0
    assert (store.current_revision(), store.outputs()) == before


def test_a_changed_source_category_decides_its_entries_anew(store: Store) -> None:
    bring(store, [source("a", categories=("tech",)), source("b")], [TECH, WORLD])
    save(store, "a", entry(1), categories=["tech"])
    save(store, "b", entry(2))
    assert bring(store, [source("a", categories=("world",)), source("b")], [TECH, WORLD]) == 1
    assert titles(store, "tech") == []
    assert titles(store, "world") == ["Title 1"]
    assert titles(store, "uncategorized") == ["Title 2"]
    assert bring(store, [source("a"), source("b")], [TECH, WORLD]) == 1
    assert titles(store, "uncategorized") == ["Title 1", "Title 2"]


def test_rules_act_on_new_entries_only(store: Store) -> None:
    bring(store, [source("a")], [TECH])
    save(store, "a", entry(1))
    assert bring(store, [source("a")], [replace(TECH, rules=("title:Title",))]) == 0
    assert titles(store, "tech") == []


def test_entries_of_a_vanished_category_are_decided_anew(store: Store) -> None:
    bring(store, [source("a", categories=("tech",))], [TECH, WORLD])
    save(store, "a", entry(1), categories=["tech"])
    rules = replace(WORLD, rules=("title:Title",))
    assert bring(store, [source("a")], [rules]) == 1
    assert titles(store, "world") == ["Title 1"]
    assert "tech" not in names(store)
    bring(store, [source("a")], [rules, TECH])
    assert titles(store, "tech") == []


def test_a_removed_sources_entries_stay_where_they_are(store: Store) -> None:
    bring(store, [source("a", categories=("tech",)), source("b")], [TECH])
    save(store, "a", entry(1), categories=["tech"])
    assert bring(store, [source("b")], [TECH]) == 0
    assert titles(store, "tech") == ["Title 1"]
    assert "a" not in store.source_records()


def test_a_renamed_category_keeps_its_key_and_entries(store: Store) -> None:
    bring(store, [source("a", categories=("tech",))], [TECH])
    save(store, "a", entry(1), categories=["tech"])
    key = next(one.key for one in store.outputs() if one.name == "tech")
    bring(store, [source("a", categories=("it",))], [Category("it", "IT", was=("tech",))])
    renamed = next(one for one in store.outputs() if one.name == "it")
    assert (renamed.key, renamed.title) == (key, "IT")
    assert titles(store, "it") == ["Title 1"]
    assert store.former_output("tech") == "it"


def test_a_category_may_take_the_name_of_one_that_went(store: Store) -> None:
    bring(store, [], [TECH, WORLD])
    bring(store, [], [WORLD])
    bring(store, [], [Category("tech", "Tech", was=("world",))])
    assert names(store) == ["all", "uncategorized", "tech"]


def test_two_categories_may_change_names_in_turn(store: Store) -> None:
    bring(store, [], [TECH, WORLD])
    bring(store, [], [Category("a", "A", was=("tech",)), Category("tech", "T", was=("world",))])
    assert sorted(names(store)) == ["a", "all", "tech", "uncategorized"]


@pytest.mark.parametrize("told", ["was", "url"])
def test_a_renamed_source_keeps_its_entries_and_schedule(store: Store, told: str) -> None:
    bring(store, [source("old")], [])
    save(store, "old", entry(1), state=PollState(etag='"x"', next_poll_at=later(1)))
    url = "https://old.example/feed"
    new = source("new", url=url) if told == "url" else source("new", url=url, was=("old",))
    bring(store, [new], [])
    assert store.source_records()["new"].state.etag == '"x"'
    assert save(store, "new", entry(1)).new == 0


def test_a_new_title_is_shown_at_once(store: Store) -> None:
    bring(store, [source("a")], [])
    save(store, "a", entry(1))
    before = {one.name: one.revision for one in store.outputs()}
    bring(store, [source("a", title="Another")], [])
    after = {one.name: one.revision for one in store.outputs()}
    assert after["all"] > before["all"]
    output = next(one for one in store.outputs() if one.name == "all")
    assert store.listed_stories(output.output_id, 1)[0].source_title == "Another"


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (PollState(last_poll_at=NOW, next_poll_at=later(24)), later(1)),
        (PollState(last_poll_at=later(-9), next_poll_at=later(15)), later(-8)),
        (PollState(last_poll_at=NOW, next_poll_at=later(24), failures=2), later(24)),
        (
            PollState(last_poll_at=NOW, next_poll_at=later(24), hints=UpdateHints(HOUR * 3)),
            later(3),
        ),
        (PollState(), None),
    ],
)
def test_an_edited_rhythm_moves_the_next_poll(
    store: Store, state: PollState, expected: object
) -> None:
    bring(store, [source("a", every=timedelta(days=1))], [])
    with store.transaction():
        store.save_states([(store.source_records()["a"].source_id, state)])
    bring(store, [source("a", every=HOUR)], [])
    assert store.source_records()["a"].state.next_poll_at == expected


def test_an_edited_time_of_day_moves_the_next_poll(store: Store) -> None:
    bring(store, [source("a")], [])
    state = PollState(last_poll_at=NOW, next_poll_at=later(24))
    with store.transaction():
        store.save_states([(store.source_records()["a"].source_id, state)])
    bring(store, [source("a", at="0 20 * * *")], [])
    # 20:00 in Asia/Shanghai is 12:00 UTC, four hours after NOW.
    assert store.source_records()["a"].state.next_poll_at == later(4)


def test_a_disabled_source_is_not_due(store: Store) -> None:
    bring(store, [source("a")], [])
    assert list(store.due_sources(NOW)) == ["a"]
    bring(store, [source("a", enabled=False)], [])
    assert list(store.due_sources(NOW)) == []


def test_a_failing_edit_changes_nothing(store: Store) -> None:
    bring(store, [source("a", categories=("tech",))], [TECH])
    save(store, "a", entry(1), categories=["tech"])
    before = store.current_revision(), store.configured_sources()
    with pytest.raises(KeyError):  # a category that is not configured: `check` lets none through
        bring(store, [source("a", categories=("nowhere",))], [])
    assert (store.current_revision(), store.configured_sources()) == before
    assert titles(store, "tech") == ["Title 1"]


def test_decisions_are_stored_with_their_evidence(store: Store) -> None:
    bring(store, [source("a", categories=("tech",))], [TECH, WORLD])
    save(store, "a", entry(1), categories=["tech"])
    bring(store, [source("a", categories=("world",))], [TECH, WORLD])
    (key,) = store.find_stories("urn:example:1", None)
    details = store.story_details(key)
    assert details
    assert [one[1] for one in details.decisions] == [CategoryDecision("world", "source", "a")]
