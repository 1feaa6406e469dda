"""What every store must do, whatever database it stands on."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from aggregator.dedupe import identify, link_key
from aggregator.model import (
    CategoryDecision,
    ConfiguredSource,
    DocumentRecord,
    EntryUpdate,
    Evidence,
    Known,
    New,
    ParsedFeed,
    PollState,
    PollUpdate,
    SavedPoll,
    Tag,
    Text,
    UpdateHints,
)
from aggregator.reconcile import reconcile
from aggregator.store import Store
from tests.builders import (
    LONG,
    NOW,
    config,
    entry,
    feed,
    later,
    save,
    save_inside,
    settle,
    source,
    text,
    titles,
)


class Stop(Exception):
    """Ends a transaction in a test."""


def save_and_stop(store: Store, name: str, number: int, **values: Any) -> None:
    """Save a poll, then fail."""
    save_inside(store, name, entry(number), **values)
    raise Stop


# ---------------------------------------------------------------- transactions


def test_an_exception_undoes_the_whole_transaction(store: Store) -> None:
    settle(store, "news")
    before = store.current_revision()
    with pytest.raises(Stop), store.transaction():
        save_and_stop(store, "news", 1)
    assert titles(store) == []
    assert store.current_revision() == before
    assert save(store, "news", entry(1)).new == 1


def test_a_failing_part_costs_itself_only(store: Store) -> None:
    settle(store, "a", "b", "c")
    with store.transaction():
        save_inside(store, "a", entry(1))
        with pytest.raises(Stop), store.part():
            save_and_stop(store, "b", 2)
        with store.part():
            save_inside(store, "c", entry(3))
    assert sorted(titles(store)) == ["Title 1", "Title 3"]
    assert save(store, "b", entry(2)).new == 1


def test_a_part_that_failed_touches_no_output(store: Store) -> None:
    settle(store, "a", categories=["tech"])
    before = {one.name: one.revision for one in store.outputs()}
    with store.transaction(), pytest.raises(Stop), store.part():
        save_and_stop(store, "a", 1, categories=["tech"])
    assert {one.name: one.revision for one in store.outputs()} == before


def test_revisions_grow_and_reach_what_was_touched(store: Store) -> None:
    settle(store, "news", categories=["tech", "world"])
    seen = [store.current_revision()]
    save(store, "news", entry(1), categories=["tech"])
    seen.append(store.current_revision())
    revisions = {one.name: one.revision for one in store.outputs()}
    assert revisions["all"] == revisions["tech"] == seen[1] > seen[0]
    assert revisions["world"] <= seen[0]
    save(store, "news", entry(1))
    assert store.current_revision() == seen[1], "a poll that says the same is no change"


def test_stamps_are_unique_even_when_the_clock_stands_still_or_goes_back(store: Store) -> None:
    settle(store, "news")
    save(store, "news", *(entry(n) for n in range(5)), now=NOW)
    save(store, "news", *(entry(n) for n in range(5, 9)), now=NOW - timedelta(hours=2))
    output = next(one for one in store.outputs() if one.name == "all")
    stamps = [story.updated_at for story in store.listed_stories(output.output_id, 99)]
    assert len(set(stamps)) == 9
    assert stamps == sorted(stamps, reverse=True)
    assert output.updated_at == stamps[0]


# ---------------------------------------------------------------- states


FULL_STATE = PollState(
    reason="http-404",
    url="https://news.example/feed",
    etag='W/"x"',
    last_modified="Mon, 23 Nov 2026 08:00:00 GMT",
    body_digest="ab" * 32,
    next_poll_at=later(1),
    last_poll_at=NOW,
    last_success_at=NOW - timedelta(microseconds=1),
    last_new_at=later(-3),
    interval=timedelta(minutes=90, microseconds=7),
    failures=3,
    failing_since=later(-2),
    outcome="failed",
    status=503,
    error="busy",
    gone=True,
    moved_to="https://new.example/feed",
    moved_seen=1,
    hints=UpdateHints(timedelta(hours=2), frozenset([0, 23]), frozenset([5, 6])),
    final_url="https://cdn.example/feed",
    source_url="https://news.example/feed",
    plan="1790000000,1790003600",
    silent_after_s=7200.5,
    alarms="empty,silent",
)


def test_a_state_comes_back_as_it_was_saved_field_by_field(store: Store) -> None:
    default = PollState()
    unset = [f.name for f in fields(PollState) if getattr(FULL_STATE, f.name) == f.default]
    assert unset == [], "FULL_STATE must give every field of PollState a value"
    settle(store, "news")
    source_id = store.source_records()["news"].source_id
    states = [FULL_STATE, default]
    states += [replace(default, **{f.name: getattr(FULL_STATE, f.name)}) for f in fields(PollState)]
    for state in states:
        with store.transaction():
            store.save_states([(source_id, state)])
        assert store.source_records()["news"].state == state


def test_a_new_address_voids_what_was_remembered_of_the_old_one(store: Store) -> None:
    settle(store, "news")
    record = store.source_records()["news"]
    save(store, "news", entry(1), state=FULL_STATE, chunks=(b"x" * 16,))
    assert store.last_reading(record.source_id).chunks == (b"x" * 16,)
    moved = ConfiguredSource("news", "News", "https://other.example/rss", True, (), None)
    with store.transaction():
        store.put_source(moved, NOW)
    after = store.source_records()["news"]
    assert after.first_url == record.first_url
    assert (after.state.etag, after.state.last_modified, after.state.body_digest) == (None,) * 3
    assert after.state.next_poll_at is None
    assert not after.state.gone
    assert store.last_reading(record.source_id) == Known()


def test_due_sources_are_those_whose_time_has_come(store: Store) -> None:
    settle(store, "now", "never", "late", "off", "gone")
    ids = {name: one.source_id for name, one in store.source_records().items()}
    with store.transaction():
        store.save_states(
            [
                (ids["now"], PollState(next_poll_at=NOW)),
                (ids["late"], PollState(next_poll_at=later(1))),
                (ids["gone"], PollState(next_poll_at=NOW, gone=True)),
            ]
        )
        off = ConfiguredSource("off", "Off", "https://off.example/feed", False, (), None)
        store.put_source(off, NOW)
    assert list(store.due_sources(NOW)) == ["never", "now"]
    assert store.next_due() == datetime(1970, 1, 1, tzinfo=UTC)
    with store.transaction():
        store.set_next_poll("never", later(2))
        store.set_next_poll("now", later(3))
    assert store.next_due() == later(1)


def test_a_source_is_renamed_with_its_entries(store: Store) -> None:
    settle(store, "old")
    save(store, "old", entry(1))
    before = store.source_records()["old"]
    with store.transaction():
        store.rename_source("old", "new")
    after = store.source_records()
    assert list(after) == ["new"]
    assert after["new"].source_id == before.source_id
    assert save(store, "new", entry(1)) == SavedPoll()


def test_a_removed_source_keeps_its_entries_and_comes_back(store: Store) -> None:
    settle(store, "news")
    save(store, "news", entry(1))
    with store.transaction():
        store.remove_source("news", NOW)
    assert store.source_records() == {}
    assert store.due_sources(later(99)) == {}
    assert store.source_health() == []
    assert titles(store) == ["Title 1"]
    assert store.configured_sources()["news"].removed
    settle(store, "news")
    assert save(store, "news", entry(1), entry(2)).new == 1


def test_host_rests_are_kept_until_they_are_over(store: Store) -> None:
    with store.transaction():
        store.save_host_rests({"a.example": later(1), "b.example:81": later(2)}, NOW)
    assert store.host_rests(NOW) == {"a.example": later(1), "b.example:81": later(2)}
    assert store.host_rests(later(1)) == {"b.example:81": later(2)}
    with store.transaction():
        store.save_host_rests({"b.example:81": later(3)}, later(1))
    assert store.host_rests(NOW) == {"b.example:81": later(3)}


def test_history_is_pruned_by_age(store: Store) -> None:
    settle(store, "news")
    source_id = store.source_records()["news"].source_id
    with store.transaction():
        for hours in (0, 1, 2):
            poll = PollUpdate(source_id, PollState(outcome="ok"), later(hours), 5)
            store.save_history([(poll, SavedPoll(new=hours))])
    assert store.source_health()[0].last_poll_new == 2
    with store.transaction():
        assert store.prune_history(later(1)) == 1
    with store.transaction():
        assert store.prune_history(later(1)) == 0


# ---------------------------------------------------------------- entries


def test_known_entries_are_found_by_guid_link_or_text(store: Store) -> None:
    settle(store, "news", "other")
    save(store, "news", entry(1))
    source_id = store.source_records()["news"].source_id

    def known(**values: Any) -> list[str]:
        keyed = identify([entry(9, **values)])
        return [one.guid for one in store.known_entries(source_id, keyed)]

    assert known(guid="urn:example:1") == ["urn:example:1"]
    assert known(link="http://www.news.example/1/?utm_source=x") == ["urn:example:1"]
    assert known(text=f"1 {LONG}") == ["urn:example:1"]
    assert known() == []
    other = store.source_records()["other"].source_id
    assert store.known_entries(other, identify([entry(1)])) == []


@pytest.mark.parametrize("guid", ["a\x00b", "a'b\"c", "\\u0000", "国内/1", "{}", "%", "x" * 70000])
def test_odd_guids_are_known_again(store: Store, guid: str) -> None:
    settle(store, "news")
    save(store, "news", entry(1, guid=guid))
    assert save(store, "news", entry(1, guid=guid)) == SavedPoll()
    assert save(store, "news", entry(1, guid=guid, text="changed")) == SavedPoll(revised=1)


def test_carriers_are_found_by_link_in_every_source(store: Store) -> None:
    settle(store, "a", "b")
    save(store, "a", entry(1))
    found = store.carriers_elsewhere(identify([entry(9, link="https://news.example/1#")]))
    assert [one.guid for one in found] == ["urn:example:1"]
    assert store.carriers_elsewhere(identify([entry(9, link=None)])) == []


def test_new_revised_same_and_rekeyed(store: Store) -> None:
    settle(store, "news")
    assert save(store, "news", entry(1), entry(2)) == SavedPoll(new=2)
    assert save(store, "news", entry(1), entry(2), now=later(1)) == SavedPoll()
    changed = entry(1, text=f"other {LONG}")
    assert save(store, "news", changed, entry(2), now=later(2)) == SavedPoll(revised=1)
    renewed = entry(2, guid="renewed")
    assert save(store, "news", changed, renewed, now=later(3)) == SavedPoll()
    assert save(store, "news", changed, renewed, now=later(4)) == SavedPoll()
    assert len(titles(store)) == 2


def test_a_revision_adds_a_snapshot_and_moves_updated(store: Store) -> None:
    settle(store, "news")
    save(store, "news", entry(1))
    (key,) = store.find_stories("urn:example:1", None)
    first = store.story_details(key)
    save(store, "news", entry(1, text="new text"), now=later(1))
    second = store.story_details(key)
    save(store, "news", entry(1, text="new text", link="https://news.example/b"), now=later(2))
    third = store.story_details(key)
    assert first
    assert second
    assert third
    assert [s.number for s in third.snapshots] == [1, 2, 3]
    assert [s.changed for s in third.snapshots] == [(), ("text",), ("metadata",)]
    assert [s.taken_at for s in third.snapshots] == [NOW, later(1), later(2)]
    assert third.snapshots[0] == first.story.snapshot, "no snapshot is ever rewritten"
    assert second.story.updated_at == later(1)
    assert third.story.updated_at == later(1), "updated moves with text and title only"
    assert third.story.revision > second.story.revision
    assert third.story.atom_id == first.story.atom_id
    assert third.story.snapshot.link == "https://news.example/b"


def test_a_snapshot_comes_back_as_the_entry_was(store: Store) -> None:
    from aggregator.model import Enclosure

    said = entry(
        1,
        title=Text("<b>A</b>", "html", "https://news.example/"),
        summary=Text("s\n\u2028", "text", "https://news.example/"),
        content=Text("<p>c</p>", "html", "https://news.example/"),
        published=later(-5),
        updated=later(-4),
        authors=("王一", "B"),
        tags=(Tag("t", "urn:s", "L"), Tag("u")),
        enclosures=(Enclosure("https://news.example/a.mp3", "audio/mpeg", 7, "T", 9),),
        language="zh-CN",
        rights="©",
    )
    settle(store, "news")
    save(store, "news", said, updated=later(-1))
    (key,) = store.find_stories("urn:example:1", None)
    details = store.story_details(key)
    assert details
    shown = details.story.snapshot
    for name in (
        *("title", "link", "summary", "content", "published", "updated"),
        *("authors", "tags", "enclosures", "language", "rights"),
    ):
        assert getattr(shown, name) == getattr(said, name), name
    assert shown.feed_updated == later(-1)


def test_another_source_with_link_and_text_becomes_a_carrier(store: Store) -> None:
    settle(store, "a", "b", categories=["tech", "world"])
    save(store, "a", entry(1), categories=["tech"])
    again = entry(1, guid="b-1")
    assert save(store, "b", again, categories=["world"], now=later(1)) == SavedPoll(duplicate=1)
    assert titles(store) == titles(store, "tech") == titles(store, "world") == ["Title 1"]
    (key,) = store.find_stories("urn:example:1", None)
    details = store.story_details(key)
    assert details
    assert [carrier.source_name for carrier in details.story.carriers] == ["a", "b"]
    assert details.story.updated_at == NOW
    assert details.outputs == ("all", "tech", "world")
    # What the second teller says later never rewrites what the first one is shown with.
    save(store, "b", entry(1, guid="b-1", text="other"), now=later(2))
    after = store.story_details(key)
    assert after
    assert after.story.snapshot == details.story.snapshot
    assert len(after.snapshots) == 3


@pytest.mark.parametrize("dates", list(permutations([1, 2, 3])))
def test_entries_that_carry_one_story_may_come_in_any_order(
    store: Store, dates: tuple[int, ...]
) -> None:
    settle(store, "news")
    keyed = identify([entry(n, published=later(-hours)) for n, hours in enumerate(dates)])
    decided = (New(keyed[0]), New(keyed[1], same_as=0), New(keyed[2], same_as=0))
    with store.transaction():
        source_id = store.source_records()["news"].source_id
        poll = PollUpdate(source_id, PollState(), NOW, 1, feed(), tuple(map(EntryUpdate, decided)))
        assert store.save_poll(poll, 20) == SavedPoll(new=1, duplicate=2)
    oldest = dates.index(3)
    assert titles(store) == [f"Title {oldest}"]


def test_two_stories_never_share_an_atom_id_or_a_key(store: Store) -> None:
    settle(store, "a", "b")
    save(store, "a", entry(1, link="https://a.example/1"))
    save(store, "b", entry(1, link="https://b.example/1", text="quite another"))
    output = next(one for one in store.outputs() if one.name == "all")
    stories = store.listed_stories(output.output_id, 9)
    assert len({story.atom_id for story in stories}) == 2
    assert len({story.key for story in stories}) == 2
    assert "urn:example:1" in {story.atom_id for story in stories}


def test_keys_do_not_depend_on_the_name_of_the_source(store: Store) -> None:
    settle(store, "a")
    with store.transaction():
        store.rename_source("a", "z")
    save(store, "z", entry(1))
    (key,) = store.find_stories("urn:example:1", None)
    from uuid import NAMESPACE_URL, uuid5

    assert key == uuid5(NAMESPACE_URL, "https://a.example/feed urn:example:1").hex


def test_stories_are_found_by_key_prefix_id_and_link(store: Store) -> None:
    settle(store, "news")
    save(store, "news", entry(1), entry(2))
    (key,) = store.find_stories("urn:example:1", None)
    assert key in store.find_stories(key[:6], None)
    assert store.find_stories(key.upper(), None) == [key]
    dashed = f"urn:uuid:{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
    assert store.find_stories(dashed, None) == [key]
    link = "http://www.news.example/1?utm_source=x"
    assert store.find_stories(link, link_key(link)) == [key]
    assert store.find_stories("https://news.example/none", link_key("https://x.example/")) == []
    assert len(store.find_stories("", None)) == 0
    assert store.story_details("0" * 32) is None


# ---------------------------------------------------------------- outputs and memberships


def test_outputs_list_by_entry_newest_first(store: Store) -> None:
    settle(store, "news")
    save(store, "news", entry(2, published=later(-1)), entry(1, published=later(-2)))
    assert titles(store) == ["Title 2", "Title 1"]
    save(
        store, "news", entry(3, published=later(-900)), entry(2, published=later(-1)), now=later(1)
    )
    assert titles(store) == ["Title 3", "Title 2", "Title 1"], "late and old, yet it came last"
    assert titles(store, limit=2) == ["Title 3", "Title 2"]


def test_undated_entries_keep_the_order_of_their_document(store: Store) -> None:
    settle(store, "news")
    save(store, "news", entry(3), entry(2), entry(1))
    assert titles(store) == ["Title 3", "Title 2", "Title 1"]


def test_a_date_in_the_future_does_not_hold_the_top(store: Store) -> None:
    settle(store, "news")
    save(store, "news", entry(3), entry(2, published=later(9999)), entry(1, published=later(-1)))
    assert titles(store)[0] == "Title 3"


@pytest.mark.parametrize("initial", [0, 2, 20])
def test_initial_bounds_the_first_reading_only(store: Store, initial: int) -> None:
    settle(store, "news", categories=["tech"])
    first = [entry(n, published=later(-n)) for n in range(1, 6)]
    save(store, "news", *first, initial=initial, categories=["tech"])
    expected = [f"Title {n}" for n in range(1, 6)][:initial]
    assert titles(store) == titles(store, "tech") == expected
    output = next(one for one in store.outputs() if one.name == "all")
    assert store.count_stories()[output.output_id] == 5, "the others are in the store all the same"
    more = [entry(n, published=later(-n)) for n in range(10, 40)]
    save(store, "news", *more, now=later(1), initial=initial)
    assert len(titles(store)) == 30 + len(expected)


def test_a_backlog_story_that_another_source_brings_as_news_is_listed_on_top(store: Store) -> None:
    settle(store, "old", "fresh")
    backlog = [entry(n, published=later(-n)) for n in range(1, 6)]
    save(store, "old", *backlog, initial=2)
    assert titles(store) == ["Title 1", "Title 2"]
    save(store, "fresh", entry(4, guid="urn:fresh:4"), now=later(1))
    assert titles(store) == ["Title 4", "Title 1", "Title 2"]


def test_initial_is_not_used_up_by_an_empty_first_reading(store: Store) -> None:
    settle(store, "news")
    save(store, "news")
    save(store, "news", *(entry(n) for n in range(5)), initial=2)
    assert len(titles(store)) == 2


def test_entries_without_category_are_uncategorized(store: Store) -> None:
    settle(store, "news", categories=["tech"])
    save(store, "news", entry(1))
    assert titles(store, "uncategorized") == ["Title 1"]
    assert titles(store, "tech") == []


def test_settling_moves_stories_to_what_is_decided(store: Store) -> None:
    settle(store, "news", categories=["tech", "world"])
    save(store, "news", entry(1), entry(2), categories=["tech"])
    (undecided,) = [e for e in store.entries_of_source("news") if e.link == entry(1).link]
    before = {one.name: one.revision for one in store.outputs()}
    decision = CategoryDecision("world", "rule", "title:x")
    for moved in (1, 0):
        with store.transaction():
            args = undecided.entry_id, undecided.story_id, [decision], later(1)
            store.replace_decisions(*args)
            assert store.settle_memberships([undecided.story_id], later(1)) == moved
    assert titles(store, "tech") == ["Title 2"]
    assert titles(store, "world") == ["Title 1"]
    assert titles(store) == ["Title 1", "Title 2"]
    after = {one.name: one.revision for one in store.outputs()}
    assert {name for name in after if after[name] != before[name]} == {"tech", "world"}
    with store.transaction():
        store.replace_decisions(undecided.entry_id, undecided.story_id, [], later(2))
        store.settle_memberships([undecided.story_id], later(2))
    assert titles(store, "uncategorized") == ["Title 1"]


def test_deciding_and_saving_may_share_a_transaction(store: Store) -> None:
    settle(store, "news", categories=["tech"])
    save(store, "news", entry(1), categories=["tech"])
    (known,) = store.entries_of_source("news")
    with store.transaction():
        save_inside(store, "news", entry(2), categories=["tech"])
        store.replace_decisions(known.entry_id, known.story_id, [], NOW)
        store.settle_memberships([known.story_id], NOW)
        decision = CategoryDecision("tech", "rule", "x")
        store.replace_decisions(known.entry_id, known.story_id, [decision], NOW)
        save_inside(store, "news", entry(3), categories=["tech"])
    assert titles(store, "tech") == ["Title 3", "Title 2", "Title 1"][: len(titles(store, "tech"))]
    assert len(titles(store)) == 3


def test_an_output_is_renamed_removed_and_revived(store: Store) -> None:
    settle(store, "news", categories=["tech"])
    save(store, "news", entry(1), categories=["tech"])
    first = {one.name: one for one in store.outputs()}["tech"]
    with store.transaction():
        store.rename_output("tech", "digital")
    renamed = {one.name: one for one in store.outputs()}["digital"]
    assert (renamed.output_id, renamed.key) == (first.output_id, first.key)
    assert renamed.revision > first.revision
    assert store.former_output("tech") == "digital"
    assert titles(store, "digital") == ["Title 1"]
    with store.transaction():
        assert len(store.remove_output("digital", NOW)) == 1
    assert "digital" not in {one.name for one in store.outputs()}
    assert store.former_output("tech") is None
    with store.transaction():
        store.put_output("digital", "category", "Digital", NOW)
    revived = {one.name: one for one in store.outputs()}["digital"]
    assert (revived.output_id, revived.key) == (first.output_id, first.key)


def test_a_name_freed_by_a_rename_gives_its_new_bearer_another_key(store: Store) -> None:
    settle(store, categories=["tech"])
    with store.transaction():
        store.rename_output("tech", "digital")
        store.put_output("tech", "category", "Tech", NOW)
    keys = {one.name: one.key for one in store.outputs()}
    assert keys["tech"] != keys["digital"]
    assert store.former_output("tech") in (None, "digital")


def test_a_removed_output_gives_its_name_up_to_a_renamed_one(store: Store) -> None:
    settle(store, categories=["tech", "digital"])
    keys = {one.name: one.key for one in store.outputs()}
    with store.transaction():
        store.remove_output("tech", NOW)
    with store.transaction():
        store.rename_output("digital", "tech")
    after = {one.name: one.key for one in store.outputs()}
    assert after["tech"] == keys["digital"]
    assert "digital" not in after


def test_an_outputs_updated_only_grows(store: Store) -> None:
    settle(store, "news", categories=["tech"])
    seen: list[datetime] = []

    def note() -> None:
        seen.append({one.name: one for one in store.outputs()}["tech"].updated_at)

    note()
    save(store, "news", entry(1), categories=["tech"], now=later(1))
    note()
    save(store, "news", entry(1, text="x"), now=NOW)
    note()
    with store.transaction():
        store.put_output("tech", "category", "技术", NOW)
    note()
    assert seen == sorted(seen)
    assert seen[0] < seen[1] < seen[2]


def test_documents_are_remembered_and_forgotten(store: Store) -> None:
    one = DocumentRecord("feeds/a.atom", 3, 4, "s", "d" * 64, 10, NOW)
    two = replace(one, path="feeds/b.atom")
    with store.transaction():
        store.save_documents([one, two])
        store.save_documents([replace(one, size=11)])
    assert store.documents() == {one.path: replace(one, size=11), two.path: two}
    with store.transaction():
        store.forget_documents([one.path, "feeds/none.atom"])
    assert list(store.documents()) == [two.path]


def test_the_titles_of_a_source_are_shown_and_touched(store: Store) -> None:
    settle(store, "news", categories=["tech", "world"])
    save(store, "news", entry(1), categories=["tech"])
    before = {one.name: one.revision for one in store.outputs()}
    with store.transaction():
        store.touch_stories_of("news")
    after = {one.name: one.revision for one in store.outputs()}
    assert {name for name in after if after[name] != before[name]} == {"all", "tech"}


def test_feed_facts_that_stand_in_documents_come_from_the_first_reading(store: Store) -> None:
    settle(store, "news")
    save(store, "news", entry(1), id="urn:first", link="https://news.example/")
    save(store, "news", entry(2), id="urn:second", link="https://else.example/")
    output = next(one for one in store.outputs() if one.name == "all")
    for story in store.listed_stories(output.output_id, 9):
        assert (story.source_feed_id, story.source_link) == ("urn:first", "https://news.example/")


def test_parsed_feed_needs_no_entries(store: Store) -> None:
    settle(store, "news")
    poll = PollUpdate(store.source_records()["news"].source_id, PollState(), NOW, 1)
    with store.transaction():
        assert store.save_poll(poll, 20) == SavedPoll()
    assert isinstance(feed(), ParsedFeed)


def test_what_was_learned_of_a_source_is_kept_until_its_address_changes(store: Store) -> None:
    settle(store, "news")
    record = store.source_records(["news"])["news"]
    assert store.source_memory(record.source_id) == (None, None)
    with store.transaction():
        store.save_memory(record.source_id, b"rhythm", "{}")
        store.save_memory(record.source_id, b"better", "{}")
        store.change_alarms(record.source_id, {"silent": text("nothing for days")}, (), NOW)
        store.save_states([(record.source_id, replace(record.state, alarms="silent", plan="1"))])
    assert store.source_memory(record.source_id) == (b"better", "{}")
    moved = config(Path("/nowhere"), [source("news", url="https://elsewhere.example/feed")])
    reconcile(store, moved, later(1))
    state = store.source_records(["news"])["news"].state
    assert (state.alarms, state.plan) == (None, None)
    assert store.source_memory(record.source_id) == (None, None)
    assert store.alarms() == []
    assert [alarm.ended_at for alarm in store.alarms(10)] == [later(1)]


def test_an_alarm_has_its_time_and_evidence_and_is_raised_once(store: Store) -> None:
    settle(store, "news", "other")
    records = store.source_records()
    before = store.current_revision()
    with store.transaction():
        store.change_alarms(records["news"].source_id, {"empty": text("no entries")}, (), NOW)
        store.change_alarms(records["news"].source_id, {"empty": text("still none")}, (), later(1))
        store.change_alarms(
            records["other"].source_id,
            {"silent": Evidence("silent", {"last_at": 5.5, "usual_h": 2})},
            (),
            later(1),
        )
    assert store.current_revision() > before
    assert [(a.source_name, a.kind, a.since, a.evidence) for a in store.alarms()] == [
        ("news", "empty", NOW, text("no entries")),
        ("other", "silent", later(1), Evidence("silent", {"last_at": 5.5, "usual_h": 2})),
    ]
    with store.transaction():
        store.change_alarms(records["news"].source_id, {}, ["empty"], later(2))
    assert [alarm.source_name for alarm in store.alarms()] == ["other"]
    assert [(a.source_name, a.ended_at) for a in store.alarms(10)] == [
        ("news", later(2)),
        ("other", None),
    ]
