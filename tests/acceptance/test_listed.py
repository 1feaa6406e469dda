"""JSON answers and sitemaps as sources: the same corridor as feeds, by processes and over days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest

from aggregator.html import visible_text
from aggregator.model import SitemapRecipe, Source
from tests.acceptance.days import Days
from tests.acceptance.origin import Origin, serve
from tests.acceptance.program import Program

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def answer(*titles: str) -> str:
    items = [{"no": at, "headline": title} for at, title in enumerate(titles, 1)]
    return json.dumps({"result": {"items": items}}, ensure_ascii=False)


RECIPE = (
    "json: {entries: result.items, id: no, title: headline, "
    "link: \"join('', ['/news/', to_string(no)])\"}"
)


def configure(program: Program, url: str, recipe: str = RECIPE) -> None:
    program.configure(f"  - {{id: api, title: 接口, url: '{url}', category: domestic, {recipe}}}")


def probed(program: Program) -> dict[str, Any]:
    done = program.run("check", "--probe", "--json")
    (probe,) = json.loads(done.stdout)["probes"]
    assert done.returncode == (1 if probe["error"] else 0), done.stderr
    return dict(probe)


def test_a_json_answer_goes_the_way_of_a_feed(origin: Origin, program: Program) -> None:
    url = origin.put("/api", answer("甲", "乙"), content_type="application/json")
    configure(program, url)
    said = program.poll()["api"]
    assert (said["outcome"], said["new"]) == ("ok", 2)
    again = program.poll("--force")["api"]
    assert again["outcome"] == "not_modified"
    assert origin.statuses("/api") == [200, 304]
    origin.put("/api", answer("甲（更正）", "乙", "丙"), content_type="application/json")
    said = program.poll("--force")["api"]
    assert (said["new"], said["revised"]) == (1, 1)
    feed = feedparser.parse(program.document("domestic.atom"))
    assert {(e.title, e.link) for e in feed.entries} == {
        ("甲（更正）", f"{origin.base}/news/1"),
        ("乙", f"{origin.base}/news/2"),
        ("丙", f"{origin.base}/news/3"),
    }


def test_an_edited_expression_is_in_force_at_once(origin: Origin, program: Program) -> None:
    """Although the origin says 304 to what it was asked before."""
    url = origin.put("/api", answer("甲"), content_type="application/json")
    configure(program, url, "json: {entries: result.items, id: no, title: heading, link: '@.url'}")
    program.poll()
    configure(program, url)
    assert program.poll()["api"]["revised"] == 1
    feed = feedparser.parse(program.document("domestic.atom"))
    assert [e.title for e in feed.entries] == ["甲"]


def test_a_wrong_expression_is_named_with_what_is_there(origin: Origin, program: Program) -> None:
    url = origin.put("/api", answer("甲"), content_type="application/json")
    configure(program, url, "json: {entries: result.item, title: headline}")
    said = program.poll()["api"]
    assert said["outcome"] == "failed"
    assert said["error"] == "`entries: result.item` gives nothing; `result` has items"
    assert probed(program)["error"] == said["error"]


def test_a_probe_shows_what_each_expression_gives(origin: Origin, program: Program) -> None:
    url = origin.put("/api", answer("甲", "乙"), content_type="application/json")
    configure(program, url, RECIPE.replace("title: headline", "title: headlin"))
    probe = probed(program)
    assert (probe["format"], probe["entries"]) == ("JSON list", 2)
    assert "`title: headlin` 0 of 2" in probe["matches"]
    assert "`id: no` 2 of 2" in probe["matches"]
    assert any(
        text.startswith("`title: headlin` gives nothing for any entry; it has headline")
        for text in probe["odd"]
    )
    shown = program.run("check", "--probe").stdout
    assert "`id: no` 2 of 2" in shown
    assert "nothing was stored" in shown
    assert not (program.folder / "store.db").exists()


# ---------------------------------------------------------------- sitemaps


def sitemap(*articles: tuple[str, str, datetime]) -> str:
    return (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
        + "".join(
            f"<url><loc>{loc}</loc><news:news><news:title>{title}</news:title>"
            f"<news:publication_date>{moment.isoformat()}</news:publication_date></news:news></url>"
            for loc, title, moment in articles
        )
        + "</urlset>"
    )


def index(*parts: tuple[str, datetime | None]) -> str:
    return (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        + "".join(
            f"<sitemap><loc>{loc}</loc>"
            + (f"<lastmod>{moment.isoformat()}</lastmod>" if moment else "")
            + "</sitemap>"
            for loc, moment in parts
        )
        + "</sitemapindex>"
    )


def source(url: str, **values: Any) -> Source:
    return Source(
        *("news", "新闻", url),
        **{"categories": ("local",), "every": HOUR, "sitemap": SitemapRecipe(), **values},
    )


def at(origin: Origin, number: int, hours: float = 0) -> tuple[str, str, datetime]:
    return (f"{origin.base}/a/{number}", f"第{number}条", MONDAY + hours * HOUR)


def test_an_index_and_its_sitemaps_over_two_days(origin: Origin, tmp_path: Path) -> None:
    newest = origin.put("/s/2.xml", sitemap(at(origin, 3), at(origin, 2, -1)))
    older = origin.put("/s/1.xml", sitemap(at(origin, 1, -30)))
    ancient = origin.put("/s/0.xml", sitemap(at(origin, 0, -900)))
    parts = ((newest, MONDAY), (older, MONDAY - 29 * HOUR), (ancient, MONDAY - 800 * HOUR))
    url = origin.put("/sitemap.xml", index(*parts))
    with Days(tmp_path, source(url), start=MONDAY) as days:
        days.until(MONDAY + 2 * HOUR)
        assert [e.title for e in days.feed().entries] == ["第3条", "第2条"]
        assert len(days.store.entries_of_source("news")) == 3, "the older one is kept, not shown"
        assert origin.statuses("/s/0.xml") == []
        assert origin.statuses("/s/1.xml") == [200]

        origin.put("/s/2.xml", sitemap(at(origin, 4, 3), at(origin, 3), at(origin, 2, -1)))
        origin.put("/sitemap.xml", index((newest, MONDAY + 3 * HOUR), *parts[1:]))
        days.until(MONDAY + 8 * HOUR)
        assert [e.title for e in days.feed().entries] == ["第4条", "第3条", "第2条"]
        assert origin.statuses("/s/2.xml") == [200, 200], "asked only when the index says so"
        assert set(origin.statuses("/sitemap.xml")[1:]) == {200, 304}


def test_sitemaps_without_dates_are_asked_by_the_hour(origin: Origin, tmp_path: Path) -> None:
    part = origin.put("/s/1.xml", sitemap(at(origin, 1)))
    url = origin.put("/sitemap.xml", index((part, None)))
    with Days(tmp_path, source(url), start=MONDAY) as days:
        days.until(MONDAY + 2 * HOUR)
        origin.put("/s/1.xml", sitemap(at(origin, 2, 2), at(origin, 1)))
        days.until(MONDAY + 4 * HOUR)
        assert [e.title for e in days.feed().entries] == ["第2条", "第1条"]
        assert origin.statuses("/s/1.xml") == [200, 304, 304, 200, 304]


def test_the_program_polls_a_news_sitemap(origin: Origin, program: Program) -> None:
    now = datetime.now(UTC)
    fresh = (f"{origin.base}/a/1", "汇聚社工力量", now - HOUR)
    stale = (f"{origin.base}/a/0", "旧闻", now - timedelta(days=30))
    part = origin.put("/s/1.xml", sitemap(fresh, stale))
    url = origin.put("/sitemap.xml", index((part, now)))
    program.configure(
        f"  - {{id: news, title: 新闻, url: '{url}', category: domestic, sitemap: true}}"
    )
    probe = probed(program)
    assert probe["parts"] == [part]
    assert [one["title"] for one in probe["articles"]] == ["汇聚社工力量"]
    assert any("older than wanted" in text for text in probe["odd"])
    assert program.poll()["news"]["outcome"] == "ok"
    feed = feedparser.parse(program.document("domestic.atom"))
    assert [(e.title, e.link) for e in feed.entries] == [("汇聚社工力量", f"{origin.base}/a/1")]


# ---------------------------------------------------------------- content: summary


def test_an_edit_to_summary_only_holds_at_once_for_what_is_published(
    origin: Origin, program: Program
) -> None:
    items = [{"no": 1, "headline": "甲", "intro": "摘要一句。", "body": "<p>全文很长。</p>"}]
    body = json.dumps({"result": {"items": items}}, ensure_ascii=False)
    url = origin.put("/api", body, content_type="application/json")
    recipe = RECIPE[:-1] + ", summary: intro, content: body}"
    configure(program, url, recipe)
    program.poll()
    assert "全文很长" in program.document("domestic.atom").decode()
    configure(program, url, recipe + ", content: summary")
    program.poll()
    assert "全文很长" not in program.document("domestic.atom").decode()
    (entry,) = feedparser.parse(program.document("domestic.atom")).entries
    assert (visible_text(entry.summary), entry.link) == ("摘要一句。", f"{origin.base}/news/1")
    shown = program.run("show", entry.link)
    assert "全文很长" in shown.stdout, "it is kept all the same"
