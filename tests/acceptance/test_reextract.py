"""Kept raw pages are read anew by other selectors: no fetch, no false edit by the outlet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest

from aggregator.html import visible_text
from aggregator.model import PageRecipe, Source
from tests.acceptance.days import Days
from tests.acceptance.origin import Origin, serve
from tests.acceptance.program import Program

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEXT = "新塍镇的老茧厂修好了，昨天下午第一次开放，来看的人排到了桥上。"
BEFORE = PageRecipe(entries="#news a", title="h1", content="#text")
AFTER = PageRecipe(entries="#news a", title="h1", content="#text .body", author=".by")


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


def put_article(origin: Origin, text: str = TEXT, number: int = 1) -> None:
    html = (
        f'<html><meta charset="gbk"><body><h1>题{number}</h1><p class="by">记者 甲</p>'
        f'<div id="text"><p>责编乙 点击关注</p><div class="body"><p>{text}</p></div></div>'
        '<div class="empty"></div></body></html>'
    )
    origin.put(f"/n/{number}.html", html.encode("gbk"), content_type="text/html")


def put_list(origin: Origin, count: int = 1) -> str:
    for number in range(1, count + 1):
        put_article(origin, f"{TEXT}第{number}天。", number)
    links = "".join(f'<a href="/n/{number}.html">题{number}</a>' for number in range(1, count + 1))
    html = f'<html><body><div id="news">{links}</div></body></html>'
    return origin.put("/list.html", html, content_type="text/html")


def put_feed(origin: Origin, inner: str) -> str:
    put_article(origin)
    return origin.put(
        "/rss.xml",
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>"
        "<title>网</title><link>http://a.example/</link><item><guid>1</guid><title>题1</title>"
        f"<link>{origin.base}/n/1.html</link>{inner}</item></channel></rss>",
    )


def source(url: str, recipe: PageRecipe = BEFORE) -> Source:
    return Source("town", "镇", url, ("local",), every=HOUR, page=recipe)


def with_recipe(days: Days, **values: Any) -> None:
    """The person edits feeds.yaml."""
    edited = replace(days.config.sources[0], **values)
    days.config = replace(days.config, sources=(edited,))


def changes_of(days: Days) -> list[tuple[str, ...]]:
    (entry,) = days.feed().entries
    return [one.changed for one in days.details(entry.id).snapshots]


def text_of(days: Days) -> str:
    (entry,) = days.feed().entries
    return visible_text(entry.content[0].value)


# ------------------------------------------------------------ while pages are looked at again


@pytest.mark.parametrize("is_fulltext", [False, True])
def test_an_edited_recipe_is_no_edit_by_the_outlet(
    origin: Origin, tmp_path: Path, is_fulltext: bool
) -> None:
    """The page comes again as it was, but for a counter: what differs is the recipe's doing."""
    url = put_feed(origin, "") if is_fulltext else put_list(origin)
    key = "fulltext" if is_fulltext else "page"
    one = replace(source(url), **{"page": None, key: BEFORE})
    with Days(tmp_path, one, start=MONDAY) as days:
        days.until(MONDAY)
        assert "责编乙" in text_of(days)
        before = days.feed().entries[0].updated
        with_recipe(days, **{key: AFTER})
        page = origin.pages["/n/1.html"]
        counted = page.body.replace(b"</body>", b"<i>read 12 times</i></body>")
        origin.put("/n/1.html", counted, content_type="text/html")
        days.until(MONDAY + 4 * HOUR)
        assert "责编乙" not in text_of(days)
        first = [(), ("fulltext",)] if is_fulltext else [()]
        assert changes_of(days) == [*first, ("reextracted",)]
        assert days.feed().entries[0].updated == before
        assert days.store.new_versions(10) == [], "no correction"


def test_an_edit_by_the_outlet_beside_it_is_told_by_itself(origin: Origin, tmp_path: Path) -> None:
    with Days(tmp_path, source(put_list(origin)), start=MONDAY) as days:
        days.until(MONDAY)
        with_recipe(days, page=AFTER)
        put_article(origin, TEXT.replace("昨天", "前天"))
        days.until(MONDAY + 4 * HOUR)
        assert changes_of(days) == [(), ("reextracted",), ("text",)]
        (correction,) = days.store.new_versions(10)
        said = [visible_text(one.content.value) for one in (correction.before, correction.after)
                if one.content]  # fmt: skip
        assert "责编乙" not in said[0]


# ------------------------------------------------------------ the command


def configured(program: Program, url: str, content: str, key: str = "page") -> None:
    recipe = {"content": content} | ({"entries": "#news a", "title": "h1"} if key == "page" else {})
    program.configure(
        f"  - {{id: town, title: 镇, url: '{url}', category: domestic, "
        f"{key}: {json.dumps(recipe)}}}"
    )


def reextracted(program: Program, *arguments: str) -> dict[str, Any]:
    done = program.run("reextract", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)["sources"]["town"])


def test_the_command_previews_and_reads_anew_without_a_fetch(
    origin: Origin, tmp_path: Path
) -> None:
    program = Program(tmp_path)
    url = put_list(origin, 3)
    configured(program, url, "#text")
    assert program.poll()["town"]["new"] == 3
    before = program.document("domestic.atom")
    asked = len(origin.requests)
    configured(program, url, "#text .body")

    preview = reextracted(program, "--dry-run")
    assert (preview["articles"], preview["changed"], preview["what"]) == (3, 3, {"text": 3})
    assert "[-责编乙 点击关注" in preview["examples"][0]["differences"]["text"]
    assert (
        "3 of 3 articles would come out differently" in program.run("reextract", "--dry-run").stdout
    )
    assert reextracted(program)["changed"] == 3
    assert reextracted(program)["changed"] == 0, "nothing is left to do"
    assert len(origin.requests) == asked

    program.run("poll")
    after = program.document("domestic.atom")
    assert b"\xe8\xb4\xa3\xe7\xbc\x96" in before
    assert b"\xe8\xb4\xa3\xe7\xbc\x96" not in after
    dates = [[e.updated for e in feedparser.parse(one).entries] for one in (before, after)]
    assert dates[0] == dates[1], "no news for subscribers"
    shown = program.run("show", feedparser.parse(after).entries[0].id, "--versions").stdout
    assert "read anew from the kept page" in shown
    assert program.run("verify").returncode == 0


def test_sources_and_time_may_be_named(origin: Origin, tmp_path: Path) -> None:
    program = Program(tmp_path)
    url = put_list(origin)
    configured(program, url, "#text")
    program.poll()
    configured(program, url, "#text .body")
    assert reextracted(program, "--since", "2100-01-01")["articles"] == 0
    wrong = program.run("reextract", "city")
    assert wrong.returncode == 2
    assert "there are town" in wrong.stderr
    assert reextracted(program, "town")["changed"] == 1


def test_a_selector_that_finds_no_text_takes_none_away(origin: Origin, tmp_path: Path) -> None:
    program = Program(tmp_path)
    url = put_list(origin)
    configured(program, url, "#text")
    program.poll()
    before = program.document("domestic.atom")
    configured(program, url, ".empty")
    told = reextracted(program)
    assert (told["changed"], told["left_alone"]) == (0, 1)
    assert "no text is found any more" in next(iter(told["problems"]))
    program.run("poll")
    assert program.document("domestic.atom") == before


def test_full_texts_and_what_the_feed_does_not_say(origin: Origin, tmp_path: Path) -> None:
    program = Program(tmp_path)
    url = put_feed(origin, "<description>茧厂开放。</description>")
    configured(program, url, "#text", "fulltext")
    program.poll()
    configured(program, url, "#text .body", "fulltext")
    assert reextracted(program)["what"] == {"text": 1}
    program.run("poll")
    (entry,) = feedparser.parse(program.document("domestic.atom")).entries
    assert visible_text(entry.content[0].value) == TEXT
    assert visible_text(entry.summary) == "茧厂开放。"


# ------------------------------------------------------------ the feed's own words


LONG = "<p>" + "订阅里自己的全文，与网页上的不同。" * 40 + "</p>"


def test_a_feeds_own_content_stands_beside_its_pages_text(origin: Origin, tmp_path: Path) -> None:
    inner = f"<content:encoded><![CDATA[{LONG}]]></content:encoded>"
    url = put_feed(origin, f"<description>短的。</description>{inner}")
    one = replace(source(url), page=None, fulltext=AFTER)
    with Days(tmp_path, one, start=MONDAY) as days:
        days.until(MONDAY)
        (entry,) = days.feed().entries
        assert visible_text(entry.summary) == "短的。"
        put_article(origin, TEXT.replace("昨天", "前天"))
        days.until(MONDAY + 4 * HOUR)
        put_feed(origin, f"<description>短短的。</description>{inner}".replace("自己的", "自有的"))
        put_article(origin, TEXT.replace("昨天", "前天"))
        days.until(MONDAY + 6 * HOUR)
        snapshots = days.details(entry.id).snapshots
        assert [one.changed for one in snapshots] == [(), ("fulltext",), ("text",), ("text",)]
        own = [visible_text(one.own.value) if one.own else None for one in snapshots]
        assert own[0] is None
        assert own[1] == own[2] == visible_text(LONG)
        assert own[3] == visible_text(LONG.replace("自己的", "自有的"))
        assert all(TEXT[:8] in (one.content.value if one.content else "") for one in snapshots[1:])


def test_a_long_content_is_no_summary(origin: Origin, tmp_path: Path) -> None:
    url = put_feed(origin, f"<content:encoded><![CDATA[{LONG}]]></content:encoded>")
    one = replace(source(url), page=None, fulltext=AFTER)
    with Days(tmp_path, one, start=MONDAY) as days:
        days.until(MONDAY)
        (entry,) = days.feed().entries
        assert visible_text(entry.content[0].value) == TEXT
        assert "订阅里自己的全文" not in str(entry)
        (_, second) = days.details(entry.id).snapshots
        assert second.own is not None


def test_the_items_page_shows_it_folded_up_and_a_summary_only_source_does_not(
    origin: Origin, tmp_path: Path
) -> None:
    inner = f"<content:encoded><![CDATA[{LONG}]]></content:encoded>"
    url = put_feed(origin, f"<description>短的。</description>{inner}")
    program = Program(tmp_path)
    configured(program, url, "#text .body", "fulltext")
    program.poll()
    item = json.loads(program.run("show", f"{origin.base}/n/1.html", "--json").stdout)["item"]
    with program.daemon():
        page = program.get(f"/items/{item}")[2].decode()
        assert '<details class="own">' in page
        assert "订阅里自己的全文" in page
        assert TEXT in page
    path = tmp_path / "feeds.yaml"
    path.write_text(path.read_text("utf-8").replace("fulltext:", "content: summary, fulltext:"))
    program.poll()
    with program.daemon():
        page = program.get(f"/items/{item}")[2].decode()
        assert "短的。" in page
        assert "订阅里自己的全文" not in page
        assert TEXT not in page
