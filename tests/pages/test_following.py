"""Which link of an article's page leads to its next page, and which to another article."""

from __future__ import annotations

import pytest

from aggregator.model import PageRecipe
from aggregator.pages import open_page
from aggregator.pages.following import drop_pager, next_page, place_in
from aggregator.pages.page import text_of

FIRST = "https://news.example/2026/11/23/c_123.html"


def onward(
    html: str, number: int = 1, first: str = FIRST, url: str | None = None, **recipe: str
) -> str | None:
    page = open_page(f"<html><body>{html}</body></html>".encode(), url or first)
    return next_page(page, PageRecipe(**recipe), first, number)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("html", "first", "following"),
    [
        (
            "<a href='c_123_2.html'>下一页</a>",
            FIRST,
            "https://news.example/2026/11/23/c_123_2.html",
        ),
        (
            "<a href='c_123_2.html'>[下一页]</a>",
            FIRST,
            "https://news.example/2026/11/23/c_123_2.html",
        ),
        ("<a href='c_123-2.html'>2</a>", FIRST, "https://news.example/2026/11/23/c_123-2.html"),
        ("<a href='?page=2'>Next ›</a>", "https://a.example/x", "https://a.example/x?page=2"),
        ("<a href='/x/2/'>下页</a>", "https://a.example/x/", "https://a.example/x/2/"),
        ("<link rel='next' href='/x/2'>", "https://a.example/x", "https://a.example/x/2"),
    ],
)
def test_the_next_page(html: str, first: str, following: str) -> None:
    assert onward(html, first=first) == following


@pytest.mark.parametrize(
    "html",
    [
        "<a href='c_124.html'>下一页</a>",
        "<a href='c_124.html'>下一篇</a>",
        "<a rel='next' href='c_124.html'>下一篇：桥</a>",
        "<a href='c_123_3.html'>3</a>",
        "<a href='c_123.html'>下一页</a>",
        "<a href='c_123_2.html'>更多</a>",
        "<a href='javascript:go(2)'>下一页</a>",
        "<a href='https://other.example/c_123_2.html'>下一页</a>",
        "",
    ],
)
def test_what_is_no_next_page(html: str) -> None:
    assert onward(html) is None


def test_the_third_page_from_the_second() -> None:
    second = "https://news.example/2026/11/23/c_123_2.html"
    html = "<a href='c_123.html'>1</a> 2 <a href='c_123_3.html'>3</a>"
    assert onward(html, 2, url=second) == "https://news.example/2026/11/23/c_123_3.html"


def test_a_selector_of_its_own() -> None:
    html = "<a class='more' href='/read?id=9&part=b'>后半部分</a>"
    assert onward(html, next="a.more") == "https://news.example/read?id=9&part=b"
    assert onward(html, next="xpath://a/@href") == "https://news.example/read?id=9&part=b"
    assert onward("<a class='more' href='https://other.example/'>x</a>", next="a.more") is None


def test_an_articles_own_number_is_no_pages() -> None:
    assert place_in("https://a.example/n/12", "https://a.example/n/11") is None
    assert place_in("https://a.example/n/11/2", "https://a.example/n/11") == 2


def test_http_and_https_are_one_article() -> None:
    html = "<a href='https://news.example/2026/11/23/c_123_2.html'>下一页</a>"
    assert onward(html, first=FIRST.replace("https", "http")) is not None


@pytest.mark.parametrize(
    "pager",
    [
        "<div class='p'><a href='c_123.html'>1</a> <a href='c_123_2.html'>2</a></div>",
        "<p>【<a href='c_123_2.html'>下一页</a>】</p>",
        "<center><a href='c_123.html'>上一页</a> 2 / 3 <a href='c_123_3.html'>末页</a></center>",
        "<a href='c_123_2.html'>第2页</a>",
    ],
)
def test_the_pager_is_no_part_of_the_text(pager: str) -> None:
    html = f"<div id='t'><p>去年共有2页。</p>{pager}<p>完</p></div>"
    page = open_page(f"<html><body>{html}</body></html>".encode(), FIRST)
    (content,) = page.find("#t")
    drop_pager(content, page, FIRST)
    assert text_of(content) == "去年共有2页。 完"


@pytest.mark.parametrize(
    "kept",
    [
        "<a href='c_123_2.html'><img src='a.jpg'></a>",
        "<a href='c_124.html'>2</a>",
        "<a href='c_123_2.html'>本文下篇讲桥</a>",
    ],
)
def test_what_is_no_pager_stays(kept: str) -> None:
    page = open_page(f"<html><body><div id='t'>文{kept}</div></body></html>".encode(), FIRST)
    (content,) = page.find("#t")
    drop_pager(content, page, FIRST)
    assert content.find(".//a") is not None
