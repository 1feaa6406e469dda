"""Pages of articles that give nothing are told on /sources and in health.atom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest

from aggregator.model import PageRecipe, Source
from aggregator.publish import Publisher
from tests.acceptance.days import Days
from tests.acceptance.origin import Origin, Page, serve

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEXT = "新塍镇的老茧厂修好了，昨天下午第一次开放，来看的人排到了桥上，一直到天黑。" * 6
WALL = "<html><body><h1>请登录</h1></body></html>"


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


def put_pages(origin: Origin, first: int, until: int, **values: Any) -> None:
    """Articles with these numbers, each on its own page; `status` or `html` for broken ones."""
    for number in range(first, until):
        html = values.get("html") or (
            f'<html><body><h1>题{number}</h1><div id="text"><p>{TEXT}第{number}天。</p></div>'
            "</body></html>"
        )
        page = Page(html.encode(), "text/html", values.get("status", 200), f'"{number}"')
        origin.pages[f"/n/{number}.html"] = page


def put_feed(origin: Origin, until: int) -> str:
    items = "".join(
        f"<item><guid>{number}</guid><title>题{number}</title>"
        f"<link>{origin.base}/n/{number}.html</link>"
        f"<description>第{number}天茧厂开放，来的人很多，排到了桥上。</description></item>"
        for number in range(until)
    )
    return origin.put(
        "/rss.xml",
        "<rss version='2.0'><channel><title>网</title><link>http://a.example/</link>"
        f"{items}</channel></rss>",
    )


def put_list(origin: Origin, until: int) -> str:
    links = "".join(f'<a href="/n/{number}.html">题{number}</a>' for number in range(until))
    html = f'<html><body><div id="news">{links}</div></body></html>'
    return origin.put("/list.html", html, content_type="text/html")


def alarms(days: Days) -> dict[str, str]:
    """The alarms raised, with what each says in the feed of the sources' health."""
    raised = {alarm.kind for one in days.store.source_health() for alarm in one.alarms}
    Publisher(days.store, days.config, days.clock).publish()
    feed = feedparser.parse((days.folder / "public/feeds/health.atom").read_bytes())
    said = " ".join(
        f"{one.title} {one.get('summary', '')} {one.get('content', '')}" for one in feed.entries
    )
    return dict.fromkeys(raised, said)


FEED = Source("news", "新闻网", "", ("local",), every=HOUR, fulltext=PageRecipe(content="#text"))
LIST = Source(
    *("town", "镇", "", ("local",)),
    every=HOUR,
    page=PageRecipe(entries="#news a", title="h1", content="#text"),
)


@pytest.mark.parametrize("is_feed", [True, False])
def test_pages_behind_a_login_are_told_once_five_are(
    origin: Origin, tmp_path: Path, is_feed: bool
) -> None:
    put, source = (put_feed, FEED) if is_feed else (put_list, LIST)
    put_pages(origin, 0, 6)

    with Days(tmp_path, replace(source, url=put(origin, 6)), start=MONDAY) as days:
        days.until(MONDAY)
        put_pages(origin, 6, 10, status=403, html=WALL)
        put(origin, 10)
        days.until(MONDAY + 2 * HOUR)
        assert alarms(days) == {}
        put_pages(origin, 10, 11, status=403, html=WALL)
        put(origin, 11)
        days.until(MONDAY + 4 * HOUR)
        told = alarms(days)
        assert set(told) == {"pages"}
        assert "文章页抓不到" in told["pages"]
        assert "网站拒绝访问（403）：http" in told["pages"]
        put_pages(origin, 11, 12)
        put(origin, 12)
        days.until(MONDAY + 6 * HOUR)
        assert alarms(days) == {}


def test_a_selector_that_rots_on_the_pages_of_a_feed_is_told(
    origin: Origin, tmp_path: Path
) -> None:

    put_pages(origin, 0, 6)
    with Days(tmp_path, replace(FEED, url=put_feed(origin, 6)), start=MONDAY) as days:
        days.until(MONDAY)
        rebuilt = f'<html><body><div id="zoom"><p>{TEXT}</p></div></body></html>'
        put_pages(origin, 6, 8, html=rebuilt)
        put_feed(origin, 8)
        days.until(MONDAY + 2 * HOUR)
        told = alarms(days)
        assert set(told) == {"selector"}
        assert "#zoom" in told["selector"]


def test_walls_in_place_of_texts_are_told(origin: Origin, tmp_path: Path) -> None:

    source = replace(FEED, fulltext=PageRecipe())
    put_pages(origin, 0, 6)
    with Days(tmp_path, replace(source, url=put_feed(origin, 6)), start=MONDAY) as days:
        days.until(MONDAY)
        put_pages(origin, 6, 11, html=WALL)
        put_feed(origin, 11)
        days.until(MONDAY + 2 * HOUR)
        assert set(alarms(days)) == {"thin"}
