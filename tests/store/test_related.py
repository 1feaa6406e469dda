"""Related stories: on the same matter, never the story's own carriers, the recent favoured."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregator.indexing import Indexer
from aggregator.model import Related, Text
from aggregator.store import Store
from tests.builders import NOW, entry, later, save, settle

BRIDGE = "南湖大桥抢修工程昨日完工，抢修队员连续奋战三昼夜，大桥恢复通车。"
LATER = "市民今晨重走南湖大桥，抢修工程的队员在桥头接受了大家的感谢。"
LONG_AGO = NOW - timedelta(days=900)
LIKE_LATER = "居民昨夜再访南湖大桥，抢修工程的队员于路边听到许多夸奖与称赞。"
OTHER = "嘉兴粽子节开幕，各地游客品尝了三十多种口味。"


@pytest.fixture
def stories(store: Store) -> Store:
    """A story with a repost, one on the same matter, and a crowd of others."""
    settle(store, "paper", "wire")
    crowd = [entry(f"c{n}", title=Text(f"第{n}条"), text=f"{OTHER}编号{n}甲乙") for n in range(9)]
    save(store, "paper", *crowd, now=later(-9))
    save(store, "paper", entry("a", title=Text("南湖大桥通车"), text=BRIDGE))
    link = "https://news.example/a"
    save(store, "wire", entry("r", title=Text("转载"), text=BRIDGE, link=link), now=later(1))
    save(store, "wire", entry("b", title=Text("重走大桥"), text=LATER), now=later(2))
    Indexer(store).finish()
    return store


def number_of(store: Store, title: str) -> int:
    """The number of the story with a title."""
    everything = next(one for one in store.outputs() if one.name == "all")
    for story in store.listed_stories(everything.output_id, 100):
        if story.snapshot.title is not None and story.snapshot.title.value == title:
            return story.story_id
    raise AssertionError(title)


def found(related: Related) -> list[str]:
    """The titles of related stories."""
    return [hit.story.snapshot.title.value for hit in related.hits if hit.story.snapshot.title]


def test_related_is_what_shares_telling_terms(stories: Store) -> None:
    own = number_of(stories, "南湖大桥通车")
    related = stories.related(own, 8, later(3))
    assert found(related) == ["重走大桥"]
    assert {"南湖", "大桥", "抢修"} <= set(related.terms)
    assert stories.related(own, 0, later(3)).hits == ()


def test_the_more_recent_of_two_alike_comes_first(stories: Store) -> None:
    old = entry("o", title=Text("旧闻大桥"), text=LIKE_LATER, published=LONG_AGO)
    save(stories, "paper", old, now=later(4))
    Indexer(stories).finish()
    related = stories.related(number_of(stories, "南湖大桥通车"), 8, later(5))
    assert found(related) == ["重走大桥", "旧闻大桥"]


def test_nothing_is_related_to_nothing(stories: Store) -> None:
    assert stories.related(10_000, 8, NOW).hits == ()
    save(stories, "paper", entry("e", title=Text("！"), text="？"), now=later(6))
    assert stories.related(number_of(stories, "！"), 8, NOW).hits == ()
