"""Articles of several pages of a source without a feed are joined, as full texts are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.html import visible_text
from aggregator.model import PageRecipe, Source
from tests.acceptance.days import Days
from tests.acceptance.origin import Origin, serve
from tests.acceptance.program import Program

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
RECIPE = PageRecipe(entries="#news a", title="h1", content="#text")


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


def put_list(origin: Origin, *names: str) -> str:
    links = "".join(f'<li><a href="/n/{name}">第{name}篇</a></li>' for name in names)
    html = f'<html><meta charset="gbk"><body><ul id="news">{links}</ul></body></html>'
    return origin.put("/list.html", html.encode("gbk"), content_type="text/html")


def put_page(origin: Origin, name: str, text: str, pager: str = "", title: str = "长篇") -> None:
    html = (
        f'<html><meta charset="gbk"><body><h1>{title}</h1>'
        f'<div id="text"><p>{text}</p><p><img src="/p/{name}.jpg"></p>{pager}</div></body></html>'
    )
    origin.put(f"/n/{name}", html.encode("gbk"), content_type="text/html")


def put_long(origin: Origin, third: str = "第三段：到此为止。") -> None:
    """An article of three pages whose pager stands within its text."""
    pager = (
        '<div class="pages"><a href="t_5.html">首页</a> <a href="t_5.html">1</a> '
        '<a href="t_5_2.html">2</a> <a href="t_5_3.html">3</a> <a href="{next}">下一页</a></div>'
    )
    put_page(origin, "t_5.html", "第一段：开头。", pager.replace("{next}", "t_5_2.html"))
    put_page(origin, "t_5_2.html", "第二段：当中。", pager.replace("{next}", "t_5_3.html"))
    put_page(origin, "t_5_3.html", third, '<p><a href="t_5_2.html">上一页</a> 3</p>')


def source(url: str) -> Source:
    return Source("town", "镇", url, ("local",), every=HOUR, page=RECIPE)


def texts(days: Days) -> dict[str, str]:
    return {entry.title: visible_text(entry.content[0].value) for entry in days.feed().entries}


def test_its_pages_are_joined_without_their_pager(origin: Origin, tmp_path: Path) -> None:
    put_long(origin)
    url = put_list(origin, "t_5.html")
    with Days(tmp_path, source(url), start=MONDAY) as days:
        days.until(MONDAY)
        assert texts(days)["长篇"].split() == [
            "第一段：开头。",
            "第二段：当中。",
            "第三段：到此为止。",
        ]
        (entry,) = days.feed().entries
        pictures = [link.href.rpartition("/")[2] for link in entry.enclosures]
        assert pictures == ["t_5.html.jpg", "t_5_2.html.jpg", "t_5_3.html.jpg"]
        kept = [(one.url or "").rpartition("/")[2] for one in days.store.captures()]
        assert kept == ["t_5.html", "t_5_2.html", "t_5_3.html"], "the raw pages"


def test_an_edit_of_a_later_page_is_a_snapshot(origin: Origin, tmp_path: Path) -> None:
    put_long(origin)
    with Days(tmp_path, source(put_list(origin, "t_5.html")), start=MONDAY) as days:
        days.until(MONDAY)
        put_long(origin, "第三段：更正过的结尾。")
        days.until(MONDAY + 4 * HOUR)
        (entry,) = days.feed().entries
        assert "更正过的结尾" in entry.content[0].value
        assert [one.changed for one in days.details(entry.id).snapshots] == [(), ("text",)]


def test_what_the_list_names_is_an_article_of_its_own(origin: Origin, tmp_path: Path) -> None:
    """A paper whose articles are content_1, content_2 …, with 下一页 from each to the next."""
    for number in (1, 2, 3):
        onward = f'<a href="content_{number + 1}.html">下一页</a>'
        put_page(origin, f"content_{number}.html", f"第{number}篇的全文。", onward, f"题{number}")
    url = put_list(origin, "content_1.html", "content_2.html", "content_3.html")
    with Days(tmp_path, source(url), start=MONDAY) as days:
        days.until(MONDAY)
        told = texts(days)
        assert {title: text.split()[0] for title, text in told.items()} == {
            f"题{number}": f"第{number}篇的全文。" for number in (1, 2, 3)
        }
        assert origin.statuses("/n/content_2.html") == [200]


def test_a_page_that_cannot_be_had_is_waited_for_and_then_done_without(
    origin: Origin, tmp_path: Path
) -> None:
    put_long(origin)
    gone = origin.pages.pop("/n/t_5_3.html")
    with Days(tmp_path, source(put_list(origin, "t_5.html")), start=MONDAY) as days:
        days.until(MONDAY)
        assert days.feed().entries == []
        days.until(MONDAY + 2 * HOUR)
        assert texts(days)["长篇"].split() == ["第一段：开头。", "第二段：当中。"]
        page = days.store.page_of(1, f"{origin.base}/n/t_5.html")
        assert page is not None
        assert "its page 3 could not be had" in (page.error or "")
        origin.pages["/n/t_5_3.html"] = gone
        days.until(MONDAY + 5 * HOUR)
        assert texts(days)["长篇"].split()[2] == "第三段：到此为止。"


def test_a_probe_fetches_five_articles_pages_at_most(origin: Origin, tmp_path: Path) -> None:
    put_long(origin)
    names = [f"a{number}.html" for number in range(6)]
    for name in names:
        put_page(origin, name, f"{name} 的全文。", title=name)
    program = Program(tmp_path)
    program.configure(
        f"  - {{id: town, title: 镇, url: '{put_list(origin, 't_5.html', *names)}', "
        "page: {entries: '#news a', title: h1, content: '#text'}}"
    )
    done = program.run("check", "--probe", "--json")
    (probe,) = json.loads(done.stdout)["probes"]
    assert [one["pages"] for one in probe["articles"]] == [3, 1, 1]
    assert sum(path.startswith("/n/") for path, _, _ in origin.requests) == 5
    assert "on 3 pages" in program.run("check", "--probe").stdout


@pytest.mark.parametrize("selector", ["a.more", "xpath://a[@class='more']/@href"])
def test_a_recipe_may_say_where_an_article_goes_on(
    origin: Origin, tmp_path: Path, selector: str
) -> None:
    put_page(origin, "one.html", "第一段。", '<a class="more" href="/n/two.html">后半篇</a>')
    put_page(origin, "two.html", "第二段。")
    program = Program(tmp_path)
    given: dict[str, Any] = {"entries": "#news a", "content": "#text p", "next": selector}
    program.configure(
        f"  - {{id: town, title: 镇, url: '{put_list(origin, 'one.html')}', category: domestic, "
        f"page: {json.dumps(given)}}}"
    )
    assert program.poll()["town"]["new"] == 1
    assert "第二段。" in program.document("domestic.atom").decode()
