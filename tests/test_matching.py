"""Saved queries of `outputs:`: what stands in their feeds, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator import matching
from aggregator.matching import Matcher
from aggregator.model import Category, Config, Output, Text
from aggregator.reconcile import reconcile
from aggregator.store import Store, open_store
from tests.builders import NOW, config, entry, later, save, source, titles

SOCIAL = Output("social-work", "社工", "社工 OR 志愿者 -招聘")


class Kept:
    """A store under a config that is edited."""

    def __init__(self, folder: Path) -> None:
        self.config: Config = config(folder, [source("a"), source("b")], [Category("tech", "T")])
        self.store: Store = open_store(self.config.store)
        self.edit()

    def edit(self, *outputs: Output, **values: object) -> None:
        self.config = replace(self.config, outputs=outputs, **values)
        reconcile(self.store, self.config, NOW)

    def save(self, name: str, *words: str, hours: int = 1, initial: int = 20) -> None:
        entries = [entry(word, title=Text(word)) for word in words]
        save(self.store, name, *entries, now=later(hours), initial=initial)

    def match(self) -> None:
        Matcher(self.store).finish(later(10))

    def titles(self, name: str = "social-work") -> list[str]:
        return titles(self.store, name)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.store.close()


def test_what_a_query_matches_stands_in_its_output(kept: Kept) -> None:
    kept.edit(SOCIAL)
    kept.save("a", "社工来了", "招聘社工", "别的", "志愿者")
    kept.match()
    assert sorted(kept.titles()) == ["志愿者", "社工来了"]
    assert len(kept.titles("all")) == 4


def test_what_came_before_the_output_stands_in_it_too_in_its_order(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "ENTRIES_A_STEP", 2)
    for number in range(5):
        kept.save("a", f"社工 {number}", f"别的 {number}", hours=number)
    kept.edit(SOCIAL)
    kept.save("a", "社工 5", hours=6)
    matcher = Matcher(kept.store)
    assert matcher.step(later(7))
    assert kept.titles() == []  # not a part of it: subscribers would see it grow
    while matcher.step(later(7)):
        pass
    newest_first = [f"社工 {number}" for number in (5, 4, 3, 2, 1, 0)]
    assert kept.titles() == newest_first
    (entered,) = {one.entered_at for one in kept.store.listed(output_id(kept), 100)}
    assert entered[:16] == "2026-11-23T15:00"


def output_id(kept: Kept, name: str = "social-work") -> int:
    return next(one.output_id for one in kept.store.outputs() if one.name == name)


def test_nothing_to_do_is_found_out_without_a_change(kept: Kept) -> None:
    kept.edit(SOCIAL)
    kept.save("a", "社工")
    kept.match()
    before = kept.store.current_revision()
    assert not Matcher(kept.store).step(later(11))
    assert kept.store.current_revision() == before


def test_entries_that_no_query_matches_touch_no_output_of_one(kept: Kept) -> None:
    kept.edit(SOCIAL)
    kept.save("a", "社工")
    kept.match()
    before = {one.name: one.revision for one in kept.store.outputs()}
    kept.save("a", "别的", hours=2)
    kept.match()
    after = {one.name: one.revision for one in kept.store.outputs()}
    assert after["social-work"] == before["social-work"]
    assert after["all"] > before["all"]


def test_a_query_that_was_edited_changes_its_output_at_once(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.edit(SOCIAL)
    kept.save("a", "社工", "招聘社工", "志愿者")
    kept.match()
    monkeypatch.setattr(matching, "ENTRIES_A_STEP", 1)
    kept.edit(replace(SOCIAL, query="招聘 OR 志愿者"))
    matcher = Matcher(kept.store)
    matcher.step(later(5))
    assert sorted(kept.titles()) == ["志愿者", "社工"]
    while matcher.step(later(5)):
        pass
    assert kept.titles()[0] == "招聘社工"
    assert sorted(kept.titles()) == ["志愿者", "招聘社工"]


def test_other_outputs_go_on_while_one_looks_through_the_past(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.edit(SOCIAL)
    kept.save("a", *(f"别的 {number}" for number in range(9)))
    kept.match()
    monkeypatch.setattr(matching, "ENTRIES_A_STEP", 3)
    kept.edit(SOCIAL, Output("others", "O", "别的"))
    kept.save("b", "社工", hours=5)
    Matcher(kept.store).step(later(6))
    assert kept.titles() == ["社工"]
    assert kept.titles("others") == []


def test_an_entry_that_changes_comes_and_goes(kept: Kept) -> None:
    kept.edit(SOCIAL)
    kept.save("a", "别的")
    kept.match()
    assert kept.titles() == []
    save(kept.store, "a", entry("别的", title=Text("社工")), now=later(2))
    kept.match()
    assert kept.titles() == ["社工"]
    save(kept.store, "a", entry("别的", title=Text("招聘社工")), now=later(3))
    kept.match()
    assert kept.titles() == []


def test_any_carrier_of_a_story_may_match_and_a_split_takes_it_out(kept: Kept) -> None:
    kept.edit(Output("of-b", "B", "source:b"))
    kept.save("a", "One")
    kept.save("b", "Two")
    kept.match()
    assert kept.titles("of-b") == ["Two"]
    keys = {
        title: kept.store.find_stories(f"urn:example:{title}", None) for title in ("One", "Two")
    }
    with kept.store.transaction():
        key = kept.store.merge_stories(keys["One"][0], keys["Two"][0], later(3))
    details = kept.store.story_details(key)
    assert details is not None
    assert "of-b" in details.outputs
    carried = next(one for one in details.story.carriers if one.source_name == "b")
    with kept.store.transaction():
        kept.store.split_entry(carried.entry_id, None, later(4))
    assert kept.titles("of-b") == ["Two"]


def test_the_backlog_of_a_new_source_stays_out_of_the_feed(kept: Kept) -> None:
    kept.edit(SOCIAL)
    kept.save("a", *(f"社工 {number}" for number in range(5)), initial=2)
    kept.match()
    assert len(kept.titles()) == 2
    kept.edit(SOCIAL, replace(SOCIAL, id="later"))
    kept.match()
    assert len(kept.titles("later")) == 2


def test_an_output_may_be_renamed_and_keeps_what_stands_in_it(kept: Kept) -> None:
    kept.edit(SOCIAL)
    kept.save("a", "社工")
    kept.match()
    key = next(one.key for one in kept.store.outputs() if one.name == "social-work")
    kept.edit(replace(SOCIAL, id="volunteers", was=("social-work",)))
    kept.match()
    assert kept.titles("volunteers") == ["社工"]
    assert kept.store.former_output("social-work") == "volunteers"
    assert next(one.key for one in kept.store.outputs() if one.name == "volunteers") == key


def test_an_output_that_went_and_came_again_holds_what_matches_now(kept: Kept) -> None:
    kept.edit(SOCIAL)
    kept.save("a", "社工")
    kept.match()
    kept.edit()
    assert "social-work" not in {one.name for one in kept.store.outputs()}
    kept.save("a", "志愿者", hours=2)
    kept.match()
    kept.edit(SOCIAL)
    kept.match()
    assert kept.titles() == ["志愿者", "社工"]


def test_a_category_may_become_a_query_and_the_other_way_round(kept: Kept) -> None:
    save(kept.store, "a", entry(1, title=Text("社工")), categories=["tech"])
    kept.edit(Output("tech", "T", "志愿者"), categories=())
    kept.save("a", "志愿者", hours=2)
    kept.match()
    assert kept.titles("tech") == ["志愿者"]
    assert sorted(kept.titles("uncategorized")) == ["志愿者", "社工"]
    kept.edit(categories=(Category("tech", "T"),))
    kept.match()
    assert kept.titles("tech") == []


def test_a_query_that_names_a_source_follows_its_new_name(kept: Kept) -> None:
    kept.edit(Output("of-a", "A", "source:renamed"))
    kept.save("a", "One")
    kept.match()
    assert kept.titles("of-a") == []
    renamed = source("renamed", url="https://a.example/feed", was=("a",))
    kept.edit(Output("of-a", "A", "source:renamed"), sources=(renamed, source("b")))
    kept.match()
    assert kept.titles("of-a") == ["One"]


def test_a_store_without_entries_has_nothing_to_look_through(kept: Kept) -> None:
    kept.edit(SOCIAL)
    kept.match()
    assert kept.titles() == []
    assert [one.is_matched for one in kept.store.saved_queries()] == [True]
