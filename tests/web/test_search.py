"""Searches over real HTTP: the page, the feed, what is told of a mistake, what never happens."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import yaml

from aggregator.indexing import Indexer
from aggregator.web.search import ON_A_PAGE, output_line
from tests.web.builder import START, Site, entry
from tests.web.client import Served
from tests.web.test_pages import ATTACK, Page

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def filled(site: Site) -> Site:
    """A site with two articles, indexed."""
    site.add_source("paper", "嘉兴日报")
    site.save(
        "paper",
        entry("a", "秀洲举办社工月", "<p>社会工作者与志愿者</p>", published=START),
        entry("b", "台风过境", "<p>电力恢复</p>", published=START - timedelta(days=40)),
    )
    Indexer(site.store).finish()
    return site


def search(served: Served, query: str, more: str = "") -> str:
    """The page of a search."""
    return served.ask(f"/search?q={quote(query)}{more}").text


def headlines(text: str) -> list[str]:
    """The titles of the results, without their marks."""
    found = re.findall(r'class="headline"[^>]*>(.*?)</a>', text)
    return [re.sub("</?mark>", "", one) for one in found]


def test_what_is_found_is_shown_with_its_passage_marked(filled: Site) -> None:
    with Served(filled) as served:
        text = search(served, "社工 OR 志願者")
    Page(text)
    assert headlines(text) == ["秀洲举办社工月"]
    assert "秀洲举办<mark>社工</mark>月" in text
    assert "社会工作者与<mark>志愿者</mark>" in text
    assert "找到 1 篇" in text
    assert 'href="http://127.0.0.1:8000/search.atom?q=%E7%A4%BE' in text


def test_dates_are_days_of_the_site(filled: Site) -> None:
    with Served(filled) as served:
        assert headlines(search(served, "before:2026-11-01")) == ["台风过境"]
        assert headlines(search(served, "after:2026-11-23")) == ["秀洲举办社工月"]


def test_pages_and_orders(filled: Site) -> None:
    many = [entry(f"n{n}", f"同题{n}", f"<p>第{n}篇社工</p>") for n in range(ON_A_PAGE + 5)]
    filled.save("paper", *many)
    Indexer(filled.store).finish()
    with Served(filled) as served:
        first = search(served, "同题", "&sort=time")
        second = search(served, "同题", "&sort=time&page=2")
    assert (len(headlines(first)), len(headlines(second))) == (ON_A_PAGE, 5)
    assert not set(headlines(first)) & set(headlines(second))
    assert 'rel="next"' in first
    assert 'rel="prev"' in second
    assert f"找到 {ON_A_PAGE + 5} 篇" in first


@pytest.mark.parametrize("query", ["(", '"', "a:b", "OR", "/[/", "after:soon", "x" * 900 + "("])
def test_a_mistake_in_a_query_is_explained(filled: Site, query: str) -> None:
    with Served(filled) as served:
        page = served.ask(f"/search?q={quote(query)}")
        feed = served.ask(f"/search.atom?q={quote(query)}")
    assert page.status == 200
    assert 'role="alert"' in page.text
    assert "搜索式有误" in page.text
    assert feed.status == 400
    assert "character" in feed.text


def test_nothing_asked_and_nothing_found(filled: Site) -> None:
    with Served(filled) as served:
        assert "OR 表示任一" in served.ask("/search").text
        assert "没有找到" in search(served, "火星")
        english = served.ask("/search?q=mars", Accept_Language="en")
    assert "Nothing matches" in english.text


def test_what_is_not_indexed_yet_is_told(filled: Site) -> None:
    filled.save("paper", entry("c", "新来的"))
    with Served(filled) as served:
        assert "还有 1 篇尚未编入索引" in search(served, "新来的")
        Indexer(filled.store).finish()
        assert headlines(search(served, "新来的")) == ["新来的"]


def test_any_search_is_a_feed_with_conditional_requests(filled: Site) -> None:
    address = f"/search.atom?q={quote('社工')}"
    with Served(filled) as served:
        reply = served.ask(address)
        again = served.ask(address, If_None_Match=reply.headers["etag"])
        empty = served.ask("/search.atom?q=mars")
        others = [served.ask(f"/search.{kind}?q=a") for kind in ("rss", "json", "exe")]
    assert reply.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(reply.body)
    assert [one.findtext(f"{ATOM}title") for one in feed.findall(f"{ATOM}entry")] == [
        "秀洲举办社工月"
    ]
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == f"http://127.0.0.1:8000{address}"
    assert again.status == 304
    assert empty.status == 200
    assert ElementTree.fromstring(empty.body).findtext(f"{ATOM}updated")
    assert [one.status for one in others] == [200, 200, 404]


def test_what_strangers_wrote_and_what_is_asked_is_text(site: Site) -> None:
    site.add_source("evil", ATTACK)
    site.save("evil", entry("t", f"社工{ATTACK}", f"<p>社工{ATTACK.replace('<', '&lt;')}</p>"))
    Indexer(site.store).finish()
    with Served(site) as served:
        replies = [
            served.ask(f"/search?q={quote(query)}")
            for query in ("社工", f'社工 OR "{ATTACK}', f"社工 OR x{ATTACK}", "(" + ATTACK)
        ]
    for reply in replies:
        page = Page(reply.text)
        assert not page.all("script")
        assert not page.all("img")
        for _, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on")]
        assert "form-action 'self'" in reply.headers["content-security-policy"]


def test_a_search_becomes_an_output_by_the_line_shown() -> None:
    (line,) = yaml.safe_load(output_line('it\'s: "a b" -#x {y} ' + "很长" * 30))
    assert line["query"] == 'it\'s: "a b" -#x {y} ' + "很长" * 30
    assert len(line["title"]) == 40


def test_browsers_are_told_how_to_search(site: Site) -> None:
    with Served(site) as served:
        reply = served.ask("/opensearch.xml")
        assert 'rel="search"' in served.ask("/").text
    described = ElementTree.fromstring(reply.body)
    templates = [one.get("template") for one in described if one.tag.endswith("Url")]
    assert templates[0] == "http://127.0.0.1:8000/search?q={searchTerms}"
