"""The text of an entry's own page stands beside the feed's words, and its later edits are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest

from aggregator.html import visible_text
from aggregator.model import PageRecipe, SitemapRecipe, Source
from tests.acceptance.days import Days
from tests.acceptance.origin import Origin, serve
from tests.acceptance.program import Program
from tests.pages.news_pages import ARTICLES, Article, agency, portal

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
STORY = ARTICLES[0]


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


def rss(origin: Origin, summary: str = "旧茧厂改成了书房。", title: str = STORY.title) -> str:
    return origin.put(
        "/rss.xml",
        "<rss version='2.0'><channel><title>网</title><link>http://a.example/</link><item>"
        f"<guid>1</guid><title>{title}</title><link>{origin.base}/a/1.html</link>"
        f"<description>{summary}</description></item></channel></rss>",
    )


def put_page(origin: Origin, article: Article = STORY, path: str = "/a/1.html") -> None:
    html = agency(article).replace("{encoding}", "gbk")
    origin.put(path, html.encode("gbk", "xmlcharrefreplace"), content_type="text/html")


def source(url: str, **values: Any) -> Source:
    given = {"categories": ("local",), "every": HOUR, "fulltext": PageRecipe(), **values}
    return Source("news", "新闻网", url, **given)


def only(days: Days) -> Any:
    (entry,) = days.feed().entries
    return entry


def text_of(entry: Any) -> str:
    return visible_text(entry.content[0].value)


def corrected(article: Article = STORY) -> Article:
    said = (*article.paragraphs[:-1], "更正：书房每天开放到晚上九点，此前所说的十点有误。")
    return Article(article.title, said)


def test_the_page_stands_beside_the_feeds_words(origin: Origin, tmp_path: Path) -> None:
    put_page(origin)
    with Days(tmp_path, source(rss(origin)), start=MONDAY) as days:
        days.until(MONDAY)
        entry = only(days)
        assert text_of(entry).split() == visible_text(STORY.html).split()
        assert visible_text(entry.summary) == "旧茧厂改成了书房。"
        details = days.details(entry.id)
        assert [one.changed for one in details.snapshots] == [(), ("fulltext",)]
        assert details.story.updated_at == details.snapshots[0].taken_at, "no news for readers"
        days.until(MONDAY + 100 * HOUR, step=HOUR)
        assert len(days.details(entry.id).snapshots) == 2
        assert origin.statuses("/a/1.html") == [200, 304, 304, 304, 304], "the falling curve"


def test_a_later_edit_of_the_page_is_a_snapshot(origin: Origin, tmp_path: Path) -> None:
    put_page(origin)
    with Days(tmp_path, source(rss(origin)), start=MONDAY) as days:
        days.until(MONDAY + HOUR)
        before = only(days)
        put_page(origin, corrected())
        days.until(MONDAY + 4 * HOUR)
        after = only(days)
        assert after.id == before.id
        assert after.updated > before.updated
        assert "此前所说的十点有误" in text_of(after)
        snapshots = days.details(after.id).snapshots
        assert [one.changed for one in snapshots] == [(), ("fulltext",), ("text",)]


def test_an_edit_of_the_feed_keeps_the_full_text(origin: Origin, tmp_path: Path) -> None:
    put_page(origin)
    url = rss(origin)
    with Days(tmp_path, source(url), start=MONDAY) as days:
        days.until(MONDAY)
        rss(origin, "旧茧厂改成了一座书房，昨天开放。")
        put_page(origin, corrected())
        days.until(MONDAY + 2 * HOUR)
        entry = only(days)
        assert visible_text(entry.summary) == "旧茧厂改成了一座书房，昨天开放。"
        assert "此前所说的十点有误" in text_of(entry)
        details = days.details(entry.id)
        assert [one.changed for one in details.snapshots] == [
            (),
            ("fulltext",),
            ("text",),
            ("text",),
        ]
        assert details.story.updated_at == details.snapshots[2].taken_at, "once for one edit"


def test_a_full_text_outlives_the_memory_of_its_page(origin: Origin, tmp_path: Path) -> None:
    put_page(origin)
    with Days(tmp_path, source(rss(origin)), start=MONDAY) as days:
        days.until(MONDAY + 80 * HOUR, step=4 * HOUR)
        with days.store.transaction():
            assert days.store.prune_pages(days.clock.now()) == 1
        rss(origin, "旧茧厂改成了一座书房，昨天开放。")
        days.until(MONDAY + 84 * HOUR)
        entry = only(days)
        assert visible_text(entry.summary) == "旧茧厂改成了一座书房，昨天开放。"
        assert text_of(entry).startswith("周六一早")


def test_what_the_feed_says_stays_when_the_page_fails(origin: Origin, tmp_path: Path) -> None:
    with Days(tmp_path, source(rss(origin)), start=MONDAY) as days:
        days.until(MONDAY + HOUR)
        assert text_of(only(days)) == "旧茧厂改成了书房。"
        page = days.store.page_of(1, f"{origin.base}/a/1.html")
        assert page is not None
        assert (page.outcome, page.status) == ("failed", 404)
        put_page(origin)
        days.until(MONDAY + 4 * HOUR)
        entry = only(days)
        assert text_of(entry).startswith("周六一早")


def test_robots_txt_holds_for_the_pages(origin: Origin, tmp_path: Path) -> None:
    put_page(origin)
    origin.put("/robots.txt", "User-agent: *\nDisallow: /a/", content_type="text/plain")
    with Days(tmp_path, source(rss(origin)), start=MONDAY) as days:
        days.until(MONDAY + HOUR)
        assert text_of(only(days)) == "旧茧厂改成了书房。"
        assert origin.statuses("/a/1.html") == []


def test_a_notice_in_place_of_the_text_is_not_taken(origin: Origin, tmp_path: Path) -> None:
    origin.put(
        "/a/1.html", "<html><body><p>请登录后阅读。</p></body></html>", content_type="text/html"
    )
    with Days(tmp_path, source(rss(origin)), start=MONDAY) as days:
        days.until(MONDAY)
        assert text_of(only(days)) == "旧茧厂改成了书房。"
        page = days.store.page_of(1, f"{origin.base}/a/1.html")
        assert "shorter than the feed's own" in ((page and page.error) or "")


def test_a_selector_says_where_the_text_is(origin: Origin, tmp_path: Path) -> None:
    html = portal(STORY).replace("{encoding}", "utf-8")
    origin.put("/a/1.html", html, content_type="text/html")
    recipe = PageRecipe(content="#article > p:first-child")
    with Days(tmp_path, source(rss(origin), fulltext=recipe), start=MONDAY) as days:
        days.until(MONDAY)
        assert text_of(only(days)).strip() == STORY.paragraphs[0]


def pages_of(origin: Origin, count: int, onward: str) -> None:
    """An article of several pages, each leading to the next by `onward` ({next} is its address)."""
    for number in range(1, count + 1):
        path = "/a/1.html" if number == 1 else f"/a/1_{number}.html"
        part = Article(STORY.title, (STORY.paragraphs[number - 1],))
        last = number == count
        bar = "" if last else onward.replace("{next}", f"1_{number + 1}.html")
        html = portal(part).replace("{encoding}", "utf-8")
        origin.put(path, html.replace("</body>", f"{bar}</body>"), content_type="text/html")


@pytest.mark.parametrize(
    "onward",
    [
        "<a href='{next}'>下一页</a>",
        "<link rel='next' href='{next}'>",
        "<div>1 <a href='{next}'>2</a><a href='{next}'>3</a></div>",
    ],
)
def test_the_pages_of_a_long_article_are_joined(
    origin: Origin, tmp_path: Path, onward: str
) -> None:
    pages_of(origin, 3, onward)
    with Days(tmp_path, source(rss(origin)), start=MONDAY) as days:
        days.until(MONDAY)
        assert text_of(only(days)).split() == list(STORY.paragraphs[:3])
        pages_of(origin, 2, onward)
        days.until(MONDAY + 4 * HOUR)
        assert text_of(only(days)).split() == list(STORY.paragraphs[:2]), "an edit of a later page"


def test_a_loop_of_pages_and_the_next_article_are_not_followed(
    origin: Origin, tmp_path: Path
) -> None:
    bar = (
        "<a href='1_2.html'>下一页</a><a href='2.html'>下一页</a>"
        "<a rel=next href='9.html'>下一篇</a>"
    )
    for path in ("/a/1.html", "/a/1_2.html"):
        html = portal(STORY).replace("{encoding}", "utf-8")
        origin.put(path, html.replace("</body>", f"{bar}</body>"), content_type="text/html")
    with Days(tmp_path, source(rss(origin)), start=MONDAY) as days:
        days.until(MONDAY)
        assert text_of(only(days)).split() == visible_text(STORY.html).split()
        asked = {path for path, _, _ in origin.requests if path.startswith("/a/")}
        assert asked == {"/a/1.html", "/a/1_2.html"}


def test_the_program_takes_full_texts(origin: Origin, tmp_path: Path) -> None:
    put_page(origin)
    program = Program(tmp_path)
    program.configure(
        f"  - {{id: news, title: 网, url: '{rss(origin)}', category: domestic, fulltext: true}}"
    )
    assert program.poll()["news"]["new"] == 1
    (entry,) = feedparser.parse(program.document("domestic.atom")).entries
    assert text_of(entry).startswith("周六一早")
    assert program.run("show", entry.link).returncode == 0


def test_a_plain_sitemap_takes_title_date_and_text_from_the_pages(
    origin: Origin, tmp_path: Path
) -> None:
    put_page(origin)
    listed = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<url><loc>{origin.base}/a/1.html</loc><lastmod>2026-11-23</lastmod></url></urlset>"
    )
    url = origin.put("/sitemap.xml", listed)
    with Days(tmp_path, source(url, sitemap=SitemapRecipe()), start=MONDAY) as days:
        days.until(MONDAY)
        entry = only(days)
        assert entry.title == STORY.title
        assert text_of(entry).startswith("周六一早")


def test_a_probe_shows_the_full_texts(origin: Origin, tmp_path: Path) -> None:
    put_page(origin)
    program = Program(tmp_path)
    program.configure(f"  - {{id: news, title: 网, url: '{rss(origin)}', fulltext: true}}")
    shown = program.run("check", "--probe")
    assert shown.returncode == 0
    assert "characters, 0 pictures: 周六一早" in shown.stdout
    assert not (tmp_path / "store.db").exists()
    program.configure(
        f"  - {{id: news, title: 网, url: '{rss(origin)}', fulltext: {{content: .left_zv}}}}"
    )
    odd = program.run("check", "--probe").stdout
    assert "`content: .left_zv` matches nothing" in odd
    assert ".left_zw" in odd
