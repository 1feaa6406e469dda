"""`check --probe` on a source without a feed: what a person who writes a recipe needs to see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.epaper import Paper, edition
from tests.acceptance.origin import Origin, serve
from tests.acceptance.program import Program


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def published(origin: Origin, days_ago: int = 0, **values: Any) -> Paper:
    """A paper whose latest edition is so many days old."""
    paper = Paper(origin)
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    for shift in (0, 1):  # midnight may pass meanwhile
        paper.publish(edition(today + timedelta(days=shift - days_ago), **values))
    return paper


def probed(program: Program) -> dict[str, Any]:
    done = program.run("check", "--probe", "--json")
    (probe,) = json.loads(done.stdout)["probes"]
    assert done.returncode == (1 if probe["error"] else 0), done.stderr
    return dict(probe)


def test_a_probe_shows_the_edition_and_stores_nothing(origin: Origin, program: Program) -> None:
    paper = published(origin, per_page=4, pages=3)
    program.configure(
        f"  - {{id: paper, title: 报, url: '{paper.url}', category: domestic, epaper: founder}}"
    )
    probe = probed(program)
    assert (probe["error"], probe["robots"], probe["entries"]) == (None, "allows it", 12)
    assert [(one["name"], one["articles"]) for one in probe["pages"]] == [
        ("第 01 版:要闻", 4),
        ("第 02 版:秀洲新闻", 4),
        ("第 03 版:要闻", 4),
    ]
    assert probe["selectors"]["entries"] == {
        "selector": "#articlelist .clearfix a",
        "matches": [4, 4, 4],
    }
    assert probe["selectors"]["content"]["matches"] == [1] * 5
    first = probe["articles"][0]
    assert first["title"].endswith("第1版第1篇")
    assert (first["section"], first["pictures"]) == ("第 01 版:要闻", 1)
    assert first["categories"] == ["domestic"]
    assert first["begins"].startswith("本报讯")
    assert sum("content_" in path for path, _, _ in origin.requests) == 5
    assert not (program.folder / "store.db").exists()
    shown = program.run("check", "--probe").stdout
    assert "entries: #articlelist .clearfix a  matches 4, 4, 4" in shown
    assert "nothing was stored" in shown


def test_without_todays_edition_an_earlier_one_is_shown(origin: Origin, program: Program) -> None:
    paper = published(origin, days_ago=3)
    program.configure(f"  - {{id: paper, title: 报, url: '{paper.url}', epaper: founder}}")
    probe = probed(program)
    assert probe["error"] is None
    assert any("today's edition is not out" in text for text in probe["odd"])


def test_a_wrong_selector_is_named_with_the_pages_own(origin: Origin, program: Program) -> None:
    paper = published(origin)
    program.configure(
        f"  - {{id: paper, title: 报, url: '{paper.url}', epaper: founder,"
        " page: {entries: '#articles a', title: '#Titel'}}"
    )
    probe = probed(program)
    assert probe["error"] == "no article was found on any page"
    assert any("`entries: #articles a` matches nothing" in text for text in probe["odd"])
    assert any("#articlelist" in text for text in probe["odd"])


def test_robots_txt_is_told(origin: Origin, program: Program) -> None:
    paper = published(origin)
    origin.put("/robots.txt", "User-agent: *\nDisallow: /", content_type="text/plain")
    program.configure(f"  - {{id: paper, title: 报, url: '{paper.url}', epaper: founder}}")
    probe = probed(program)
    assert probe["robots"] == "forbids it"
    assert "robots.txt" in probe["error"]
    assert {path for path, _, _ in origin.requests} == {"/robots.txt"}


def framed(origin: Origin, cover: str = "cover.htm") -> str:
    """A paper of frames, with two levels of pages between its front page and its articles."""
    pages = {
        "main.htm": f"<frameset><frame src='{cover}'><frame src='nav.htm'></frameset>",
        "cover.htm": "<body><img src='c.jpg'></body>",
        "nav.htm": "<body><div class='parts'><a href='a.htm'>A叠</a><a href='b.htm'>B叠</a></div>",
        "a.htm": "<ul id='pages'><li><a href='a1.htm'>第01版</a></li></ul>",
        "b.htm": "<ul id='pages'><li><a href='b1.htm'>第02版</a></li></ul>",
        "a1.htm": "<div class='listed'><a href='n1.htm'>甲</a></div>",
        "b1.htm": "<div class='listed'><a href='n2.htm'>乙</a></div>",
        "n1.htm": "<h1>甲</h1><div class='text'>甲的全文。</div>",
        "n2.htm": "<h1>乙</h1><div class='text'>乙的全文。</div>",
    }
    for name, html in pages.items():
        origin.put(f"/f/{name}", f"<html>{html}</html>".encode("gb18030"), content_type="text/html")
    return f"{origin.base}/f/main.htm"


def test_articles_that_lie_deep_are_reached(origin: Origin, program: Program) -> None:
    program.configure(
        f"  - {{id: paper, title: 报, url: '{framed(origin)}', "
        "page: {follow: ['.parts a', '#pages a'], entries: .listed a, content: .text}}"
    )
    probe = probed(program)
    assert probe["error"] is None
    assert [one["title"] for one in probe["articles"]] == ["甲"]
    assert probe["selectors"]["follow[1]"] == {"selector": "#pages a", "matches": [1]}


def test_what_frames_hold_is_named_where_nothing_is_found(origin: Origin, program: Program) -> None:
    program.configure(
        f"  - {{id: paper, title: 报, url: '{framed(origin)}', "
        "page: {follow: [.part a], entries: .lists a}}"
    )
    probe = probed(program)
    assert probe["error"] == "no article was found on any page"
    assert any("`follow: .part a` matches nothing" in text for text in probe["odd"])
    assert any(".parts" in text for text in probe["odd"])
