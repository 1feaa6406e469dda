"""What was taken down answers 410, or 451 after a legal demand; /removed says what and why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregator.takedown import carry_out, plan_takedown
from tests.web.builder import Site, entry
from tests.web.client import Served

TEXT = (
    "<p>嘉北街道的张桂芳昨天在文昌苑门口向记者讲述了她家漏水三个月无人维修的经过，"
    "物业至今没有回应。</p>"
)


@pytest.fixture
def carried(site: Site) -> Site:
    """An article of two sources, the first of which corrected it."""
    site.add_source("one", "晚报")
    site.add_source("two", "快报")
    site.save("one", entry("a", "漏水", TEXT, "https://origin.example/a"))
    site.now += timedelta(minutes=1)
    site.save("two", entry("b", "漏水", TEXT, "https://origin.example/a"))
    site.now += timedelta(minutes=1)
    site.save(
        "one", entry("a", "漏水", TEXT.replace("三个月", "四个月"), "https://origin.example/a")
    )
    return site


def take_down(site: Site, all_carriers: bool = False, legal: bool = False) -> str:
    (key,) = site.store.find_stories("", "origin.example/a")
    details = site.store.story_details(key)
    assert details is not None
    plan = plan_takedown(site.store, details, key, all_carriers)
    carry_out(site.store, plan, "当事人<要求>", legal, site.now)
    return key


def test_the_versions_of_one_carrier_are_gone(carried: Site) -> None:
    key = take_down(carried)
    with Served(carried) as served:
        assert served.ask(f"/items/{key}").status == 200
        assert "快报" in served.ask(f"/items/{key}").text
        for stamp in ("20261123043000", "20261123043200"):
            assert served.ask(f"/items/{key}/{stamp}").status == 410
        assert served.ask(f"/items/{key}/20261123043100").status == 200
        listed = served.ask("/removed", Accept_Language="zh")
        assert f'<a href="/items/{key}">' in listed.text
        assert "仅撤下其中一个来源的版本" in listed.text


@pytest.mark.parametrize("legal", [False, True])
def test_the_whole_article_is_gone(carried: Site, legal: bool) -> None:
    key = take_down(carried, all_carriers=True, legal=legal)
    with Served(carried) as served:
        for path in (f"items/{key}", f"items/{key}/20261123043000", f"items/{key}/diff",
                     f"timemap/items/{key}", f"items/{key.upper()}"):  # fmt: skip
            reply = served.ask(f"/{path}")
            assert reply.status == (451 if legal else 410), path
            assert ("link" in reply.headers) == legal
            assert "漏水" not in reply.text
        listed = served.ask("/removed")
        assert "当事人&lt;要求&gt;" in listed.text
        assert key in listed.text
        assert served.ask("/removed?page=2").status == 404
        assert served.ask(f"/items/{'0' * 32}").status == 404


def test_nothing_was_taken_down_yet(site: Site) -> None:
    with Served(site) as served:
        assert "还没有撤下过" in served.ask("/removed", Accept_Language="zh").text
