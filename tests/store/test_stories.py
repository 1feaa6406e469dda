"""Reposts become carriers of one story, others stand alone; the index follows every change."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from opencc import OpenCC

from aggregator.carrying import marks_of_texts
from aggregator.model import Text
from aggregator.store import Store, StoreError, open_store
from tests.builders import NOW, entry, later, save, save_inside, settle, titles
from tests.dedupe.articles import PARAGRAPHS, TEXT, TITLE

SUMMARY = PARAGRAPHS[0] + PARAGRAPHS[1][:60] + "…"
ALTERED = TEXT.replace("368", "401").replace("142", "160")


@pytest.fixture
def stories(store: Store) -> Store:
    """A store with four sources."""
    settle(store, "paper", "portal", "mirror", "other")
    return store


def tell(store: Store, name: str, text: str, hours: float = 0, **values: object) -> None:
    """Source `name` brings the article with this text."""
    given = {"title": Text(TITLE), "link": f"https://{name}.example/{hours}", **values}
    save(store, name, entry(f"{name} {hours}", text=text, **given), now=later(hours))


def carriers(store: Store, output: str = "all") -> list[list[str]]:
    """The sources of each listed story, in the order in which they came."""
    record = next(one for one in store.outputs() if one.name == output)
    listed = store.listed_stories(record.output_id, 100)
    return [[carrier.source_name for carrier in story.carriers] for story in listed]


def test_reposts_under_other_titles_are_one_story(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", "本文转自：嘉兴日报\n" + TEXT, 1, title=Text("别的标题"))
    tell(stories, "mirror", OpenCC("s2t").convert(TEXT), 2)
    tell(stories, "other", SUMMARY, 3)
    assert carriers(stories) == [["paper", "portal", "mirror", "other"]]
    assert titles(stories) == [TITLE]


def test_the_evidence_is_kept(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", "\n".join(PARAGRAPHS[:4]), 1)
    tell(stories, "mirror", f"{TEXT}\n责任编辑：张三", 2)
    key = stories.find_stories("https://paper.example/0", "paper.example/0")[0]
    found = stories.story_likenesses(key)
    assert [(one.source_name, one.likeness.how) for one in found] == [
        ("portal", "text"),
        ("mirror", "digest"),
    ]
    assert found[0].likeness.contained > 0.95
    assert found[0].matched is not None
    assert found[0].matched.number == 1


def test_altered_figures_stand_alone(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", ALTERED, 1)
    assert carriers(stories) == [["portal"], ["paper"]]


def test_entries_of_one_transaction_see_each_other(stories: Store) -> None:
    with stories.transaction():
        for name in ("paper", "portal", "mirror"):
            save_inside(stories, name, entry(name, text=TEXT, link=f"https://{name}.example/"))
    assert carriers(stories) == [["paper", "portal", "mirror"]]


def test_what_was_undone_is_not_found(stories: Store) -> None:
    with pytest.raises(ZeroDivisionError), stories.transaction():
        fail_after_telling(stories, "paper")
    with stories.transaction():
        with pytest.raises(ZeroDivisionError), stories.part():
            fail_after_telling(stories, "mirror")
        save_inside(stories, "portal", entry("portal", text="\n".join(PARAGRAPHS[:3])))
    tell(stories, "other", TEXT, 1)
    assert carriers(stories) == [["portal", "other"]]


def fail_after_telling(stories: Store, name: str) -> None:
    """What a mistake in the middle of saving does."""
    save_inside(stories, name, entry(name, text=TEXT))
    raise ZeroDivisionError


def test_a_fuller_text_finds_further_reposts_of_itself(stories: Store) -> None:
    tell(stories, "paper", SUMMARY)
    tell(stories, "portal", TEXT, 1)
    tell(stories, "mirror", "\n".join(PARAGRAPHS[2:]), 2)
    assert carriers(stories) == [["paper", "portal", "mirror"]]


def test_another_process_is_followed(tmp_path: Path) -> None:
    address = f"sqlite:{tmp_path / 'aggregator.db'}"
    first, second = open_store(address), open_store(address)
    settle(first, "paper", "portal", "mirror", "other")
    tell(first, "paper", "另一篇文章说的是别的事情，与社工没有关系，只是为了让索引先建立起来。" * 2)
    tell(second, "portal", TEXT, 1)
    tell(first, "mirror", "\n".join(PARAGRAPHS[:4]), 2)
    tell(second, "other", "\n".join(PARAGRAPHS[1:]), 3)
    assert carriers(first)[0] == ["portal", "mirror", "other"]
    first.close()
    second.close()


@pytest.mark.parametrize(("days", "found"), [(13, True), (15, False)])
def test_near_duplicates_are_found_within_the_window(
    stories: Store, days: int, found: bool
) -> None:
    tell(stories, "paper", TEXT)
    for day in range(days):
        tell(
            stories,
            "other",
            f"第{day}天的消息，" + "内容与社工月毫无关系的另一篇报道。" * 3,
            24 * day,
        )
    tell(stories, "portal", "\n".join(PARAGRAPHS[:4]), 24 * days)
    together = ["paper", "portal"] in carriers(stories)
    assert together == found


def test_the_same_text_is_found_for_ever(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", f"来源：嘉兴日报\n{TEXT}", 24 * 400)
    assert carriers(stories) == [["paper", "portal"]]


def test_a_corrected_lead_is_found_by_its_new_text_too(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    save(stories, "paper", entry("paper 0", text=ALTERED, title=Text(TITLE),
                                 link="https://paper.example/0"), now=later(1))  # fmt: skip
    tell(stories, "portal", ALTERED, 2)
    tell(stories, "mirror", TEXT, 3)
    assert carriers(stories) == [["paper", "portal", "mirror"]]


def test_a_correction_is_a_version_of_its_own_entry_and_of_nothing_else(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", TEXT, 1)
    before = stories.listed_stories(1, 10)[0]
    save(stories, "portal", entry("portal 1", text=ALTERED, title=Text(TITLE),
                                  link="https://portal.example/1"), now=later(2))  # fmt: skip
    after = stories.listed_stories(1, 10)[0]
    assert (after.updated_at, after.snapshot) == (before.updated_at, before.snapshot)
    details = stories.story_details(after.key)
    assert details is not None
    numbers = [(one.entry_id, one.number) for one in details.snapshots]
    assert numbers == [(1, 1), (2, 1), (2, 2)]


def test_a_source_that_tells_more_of_the_same_tells_something_new(stories: Store) -> None:
    tell(stories, "paper", "\n".join(PARAGRAPHS[:3]))
    tell(stories, "paper", TEXT, 1)
    assert carriers(stories) == [["paper"], ["paper"]]
    tell(stories, "paper", TEXT + "。", 2)
    assert carriers(stories) == [["paper", "paper"], ["paper"]]


def test_one_text_under_two_titles_of_a_source_is_two_stories(stories: Store) -> None:
    """As two vacancies of one company, told apart by their titles alone."""
    first, second, third = (
        entry(name, title=Text(title), text=TEXT, link=f"https://paper.example/{name}")
        for name, title in (("a", "实习生秋季2025"), ("b", "秋季实习生"), ("c", "秋季实习生（二）"))
    )
    save(stories, "paper", first, second, now=NOW)
    assert carriers(stories) == [["paper"], ["paper"]]
    save(stories, "paper", third, now=later(1))
    assert carriers(stories) == [["paper"]] * 3


def test_the_credited_origin_is_named_and_its_fuller_text_shown(stories: Store) -> None:
    tell(stories, "portal", "来源：Paper\n" + "\n".join(PARAGRAPHS[:3]), title=Text("门户的标题"))
    before = stories.listed_stories(1, 10)[0]
    tell(stories, "paper", TEXT, 5)
    after = stories.listed_stories(1, 10)[0]
    assert (after.key, after.atom_id) == (before.key, before.atom_id)
    assert after.source_name == "paper"
    assert after.snapshot.title is not None
    assert after.snapshot.title.value == TITLE
    assert after.updated_at == NOW + timedelta(hours=5)
    assert after.origin == "paper"


def test_an_origin_with_no_fuller_text_is_only_named(stories: Store) -> None:
    tell(stories, "portal", f"来源：Paper\n{TEXT}", title=Text("门户的标题"))
    before = stories.listed_stories(1, 10)[0]
    tell(stories, "paper", TEXT, 5)
    after = stories.listed_stories(1, 10)[0]
    assert (after.source_name, after.origin) == ("portal", "paper")
    assert after.updated_at == before.updated_at
    assert after.revision > before.revision


def test_a_lead_that_others_credit_is_the_origin(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", f"来源：Paper\n{TEXT}", 1)
    story = stories.listed_stories(1, 10)[0]
    assert (story.source_name, story.origin, story.outlet) == ("paper", "paper", None)


def test_a_failed_save_raises_and_loses_the_window_only(stories: Store) -> None:
    with pytest.raises((StoreError, KeyError)), stories.transaction():
        save_inside(stories, "nobody", entry("x", text=TEXT))
    tell(stories, "paper", TEXT)
    assert carriers(stories) == [["paper"]]


# ---------------------------------------------------------------- corrections


def keys(store: Store) -> list[str]:
    """The keys of the listed stories, from the top."""
    return [story.key for story in store.listed_stories(1, 10)]


def test_a_merge_keeps_the_older_id_and_a_split_undoes_it(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", ALTERED, 1)
    tell(stories, "mirror", ALTERED, 2)
    younger, older = keys(stories)
    with stories.transaction():
        assert stories.merge_stories(younger, older, later(3)) == older
    assert carriers(stories) == [["paper", "portal", "mirror"]]
    assert stories.find_stories(younger, None) == [older]
    named = stories.story_details(younger)
    assert named is not None
    assert named.story.key == older
    assert [one.likeness.how for one in stories.story_likenesses(older)] == ["merge", "digest"]
    with pytest.raises(StoreError, match="already"), stories.transaction():
        stories.merge_stories(younger, older, later(3))
    with stories.transaction():
        assert stories.split_entry(2, None, later(4)) == younger
    assert carriers(stories) == [["portal", "mirror"], ["paper"]]
    assert stories.find_stories(younger, None) == [younger]


def test_a_split_entry_stands_alone_and_is_found_by_its_own_reposts(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", "\n".join(PARAGRAPHS[:4]), 1)
    with stories.transaction():
        key = stories.split_entry(2, None, later(2))
    assert carriers(stories) == [["portal"], ["paper"]]
    assert stories.find_stories("https://portal.example/1", "portal.example/1") == [key]
    tell(stories, "portal", "\n".join(PARAGRAPHS[:4]), 1)  # the same entry again
    assert carriers(stories) == [["portal"], ["paper"]]
    with pytest.raises(StoreError, match="first"), stories.transaction():
        stories.split_entry(1, None, later(3))


def test_splitting_off_the_text_shown_moves_updated(stories: Store) -> None:
    tell(stories, "portal", "来源：Paper\n" + "\n".join(PARAGRAPHS[:3]))
    tell(stories, "paper", TEXT, 5)
    with stories.transaction():
        stories.split_entry(2, None, later(6))
    assert carriers(stories) == [["paper"], ["portal"]]
    story = stories.listed_stories(1, 10)[1]
    assert (story.source_name, story.origin, story.updated_at) == ("portal", None, later(6))


def key_of(store: Store, name: str, hours: float = 0) -> str:
    """The key of the story that an entry of `tell` is in."""
    return store.find_stories(f"https://{name}.example/{hours}", f"{name}.example/{hours}")[0]


def split(store: Store, name: str, hours: float) -> None:
    """What `aggregator split` does with an entry of `tell`."""
    details = store.story_details(key_of(store, name, hours))
    assert details is not None
    entry_id = next(c.entry_id for c in details.story.carriers if c.source_name == name)
    last = [one for one in details.snapshots if one.entry_id == entry_id][-1]
    (marks,) = marks_of_texts([(last.title, last.content)])
    with store.transaction():
        store.split_entry(entry_id, marks, later(hours + 0.5))


def test_a_later_repost_of_a_text_that_was_parted_follows_its_title(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", TEXT, 1, title=Text("同一篇稿子，另一件事"))
    assert carriers(stories) == [["paper", "portal"]]
    split(stories, "portal", 1)
    tell(stories, "mirror", TEXT, 2, title=Text("同一篇稿子，另一件事"))
    tell(stories, "other", TEXT, 3)
    assert carriers(stories) == [["portal", "mirror"], ["paper", "other"]]


def test_a_later_repost_of_either_of_two_merged_texts_joins_the_one_story(stories: Store) -> None:
    bridge = (
        "大桥将于五月十二日封闭维修，公交绕行隧道，轮渡每十分钟一班，直到深夜，预计十月完工。" * 2
    )
    tell(stories, "paper", TEXT)
    tell(stories, "portal", bridge, 1, title=Text("大桥封闭"))
    with stories.transaction():
        stories.merge_stories(key_of(stories, "paper"), key_of(stories, "portal", 1), later(2))
    tell(stories, "mirror", bridge, 3, title=Text("大桥要修了"))
    tell(stories, "other", "\n".join(PARAGRAPHS[:4]), 4)
    assert carriers(stories) == [["paper", "portal", "mirror", "other"]]


def test_what_was_verified_against_an_entry_is_split_off_with_it(stories: Store) -> None:
    tell(stories, "paper", SUMMARY)
    tell(stories, "portal", TEXT, 1)
    tell(stories, "mirror", "\n".join(PARAGRAPHS[2:]), 2)
    tell(stories, "other", PARAGRAPHS[0] + PARAGRAPHS[1], 3)
    split(stories, "portal", 1)
    assert carriers(stories) == [["portal", "mirror"], ["paper", "other"]] or carriers(stories) == [
        ["portal", "mirror", "other"],
        ["paper"],
    ]


def test_splitting_and_merging_again_leaves_no_trace_in_recognising(stories: Store) -> None:
    tell(stories, "paper", TEXT)
    tell(stories, "portal", TEXT, 1, title=Text("别的标题"))
    split(stories, "portal", 1)
    with stories.transaction():
        stories.merge_stories(key_of(stories, "paper"), key_of(stories, "portal", 1), later(2))
    tell(stories, "mirror", TEXT, 3)
    assert carriers(stories) == [["paper", "portal", "mirror"]]
