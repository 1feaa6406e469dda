"""JSON answers and sitemaps, read by the recipe of their source."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Document, FeedPart, JsonRecipe, Known, ParsedFeed, SitemapRecipe
from aggregator.parse import ParseError
from aggregator.parse.ladder import parse_feed
from aggregator.parse.sitemap import MOST_BYTES

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
NOTHING = Known()
LIST = JsonRecipe(entries="data.list", id="id", title="title", link="url", published="ctime")


def read(body: bytes | str, recipe: Any, known: Known = NOTHING) -> ParsedFeed:
    data = body.encode() if isinstance(body, str) else body
    document = Document(data, "https://news.example/api", NOW, None, "Asia/Shanghai", recipe)
    return parse_feed(document, known)


def api(*items: dict[str, Any]) -> str:
    return json.dumps({"code": 0, "data": {"total": 9, "list": items}}, ensure_ascii=False)


def item(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": f"第{number}条",
        "url": f"/a/{number}.html",
        "ctime": 1795392000 + number,
        **more,
    }


# ---------------------------------------------------------------- JSON


def test_the_fields_of_a_json_answer() -> None:
    recipe = JsonRecipe(
        entries="data.list",
        id="id",
        title="title",
        link="join('', ['/a/', to_string(id), '.html'])",
        summary="intro",
        content="body",
        published="ctime",
        author="authors[].name",
        section="channel.name",
        images="[cover, pics[].src][]",
        outlet="source",
    )
    said = item(
        7,
        title="国内&quot;要闻&quot;",
        intro="只是文字 a < b",
        body="<p>正文</p>",
        authors=[{"name": "张三"}, {"name": "李四"}],
        channel={"name": "要闻"},
        cover="//img.example/1.jpg",
        pics=[{"src": "/2.jpg"}, {"src": None}],
        source="嘉兴日报",
    )
    feed = read(api(said), recipe)
    (entry,) = feed.entries
    assert (entry.guid, entry.link) == ("7", "https://news.example/a/7.html")
    assert entry.title is not None
    assert (entry.title.value, entry.title.kind) == ("国内&quot;要闻&quot;", "html")
    assert entry.summary is not None
    assert (entry.summary.value, entry.summary.kind) == ("只是文字 a < b", "text")
    assert entry.content is not None
    assert (entry.content.value, entry.content.kind) == ("<p>正文</p>", "html")
    assert entry.published == datetime(2026, 11, 23, 0, 0, 7, tzinfo=UTC)
    assert entry.authors == ("张三", "李四")
    assert [tag.term for tag in entry.tags] == ["要闻"]
    assert [one.url for one in entry.enclosures] == [
        "https://img.example/1.jpg",
        "https://news.example/2.jpg",
    ]
    assert entry.origin is not None
    assert entry.origin.title == "嘉兴日报"
    assert json.loads(entry.raw or b"") == said
    assert (feed.format, feed.reader) == ("JSON list", "recipe")


def test_entries_known_by_their_bytes_are_not_read_again() -> None:
    first = read(api(item(1), item(2)), LIST)
    again = read(api(item(3), item(1), item(2)), LIST, first.known)
    assert [entry.guid for entry in again.entries] == ["3"]
    assert again.unchanged == 2
    other = JsonRecipe(entries="data.list", title="url")
    assert len(read(api(item(1)), other, first.known).entries) == 1, "another recipe"


@pytest.mark.parametrize(
    "text",
    ["jQuery17_3({0});", "var feed = {0};", "\ufeff{0}", "  window.data={0}", "cb( {0} )\n"],
)
def test_a_call_or_an_assignment_around_the_answer(text: str) -> None:
    feed = read(text.replace("{0}", api(item(1), item(2))), LIST)
    assert [entry.guid for entry in feed.entries] == ["1", "2"]
    assert all(json.loads(entry.raw or b"")["id"] for entry in feed.entries)


def test_a_list_at_the_root_and_one_made_by_a_projection() -> None:
    roots = read(json.dumps([item(1)]), JsonRecipe(entries="@", title="title"))
    assert [entry.title and entry.title.value for entry in roots.entries] == ["第1条"]
    nested = json.dumps([{"of": [item(1), item(2)]}, {"of": [item(3)]}])
    feed = read(nested, JsonRecipe(entries="[].of[]", title="title"))
    assert len(feed.entries) == len(feed.chunks) == 3
    made = read(nested, JsonRecipe(entries="[].of[].{t: title}", title="t"))
    assert len(made.entries) == 3
    assert made.chunks == (), "an object that stands nowhere in the answer has no bytes of its own"


def test_gbk_is_read_by_what_the_bytes_prove() -> None:
    feed = read(api(item(1, title="嘉兴要闻")).encode("gb18030"), LIST)
    assert feed.entries[0].title is not None
    assert feed.entries[0].title.value == "嘉兴要闻"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("data.lists", "`entries: data.lists` gives nothing; `data` has list and total"),
        ("dta.list", "`entries: dta.list` gives nothing; it has data and code"),
        ("data", "`entries: data` gives an object with total, list, not a list"),
        ("data.total", "`entries: data.total` gives a single value, not a list"),
        ("data.list.items", "`entries: data.list.items` gives nothing; `data.list` is a list of 1"),
    ],
)
def test_entries_that_match_nothing_are_told_with_what_is_near(entries: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(api(item(1)), JsonRecipe(entries=entries, title="title"))
    assert (caught.value.reason, str(caught.value)) == ("selector", message)


def test_a_field_that_matches_nothing_is_told_with_what_is_near() -> None:
    feed = read(api(item(1), item(2)), JsonRecipe(entries="data.list", title="titel", link="url"))
    told = [note.message for note in feed.notes if note.code == "selector"]
    assert told == ["`title: titel` gives nothing for any entry; it has title and id, url, ctime"]
    counted = [note.message for note in feed.notes if note.code == "matched"]
    assert counted == ["`title: titel` 0 of 2", "`link: url` 2 of 2"]


def test_an_empty_list_is_no_mistake() -> None:
    assert read(api(), LIST).entries == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<html><body>login</body></html>", "html"),
        (b'{"data": ', "not-a-feed"),
        (b"[" * 100_000, "too-expensive"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(body, LIST)
    assert caught.value.reason == reason


WORDS = st.text("a<&/:1 国\x00", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["id", "title", "url", "ctime"])


@settings(deadline=None)
@given(st.lists(st.dictionaries(KEYS, JSON, max_size=4), max_size=4))
def test_whatever_the_values_are_entries_come_of_it(items: list[dict[str, Any]]) -> None:
    feed = read(api(*items), LIST)
    assert len(feed.entries) <= len(items)
    assert all(json.loads(entry.raw or b"") in items for entry in feed.entries)


# ---------------------------------------------------------------- sitemaps

NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
  xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
  xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"
  xmlns:xhtml="http://www.w3.org/1999/xhtml">
<url><loc>https://news.example/a/1.html?a=1&amp;b=2</loc><lastmod>2026-11-23T09:00:00+08:00</lastmod>
  <xhtml:link rel="alternate" hreflang="en" href="https://news.example/en/a/1.html"/>
  <news:news><news:publication><news:name>嘉兴日报</news:name><news:language>zh-cn</news:language>
  </news:publication><news:publication_date>2026-11-23T08:00:00+08:00</news:publication_date>
  <news:title>汇聚社工力量</news:title><news:keywords>社工, 嘉兴</news:keywords></news:news>
  <image:image><image:loc>https://img.example/1.jpg</image:loc><image:caption>现场</image:caption>
  </image:image></url>
<url><loc>https://news.example/a/old.html</loc>
  <news:news><news:publication_date>2026-10-01</news:publication_date><news:title>旧</news:title>
  </news:news></url>
<url><loc>https://news.example/about</loc></url>
</urlset>"""


def test_a_news_sitemap() -> None:
    feed = read(NEWS, SitemapRecipe(match=("/a/",)))
    (entry,) = feed.entries
    assert entry.guid == entry.link == "https://news.example/a/1.html?a=1&b=2"
    assert entry.title is not None
    assert entry.title.value == "汇聚社工力量"
    assert entry.published == datetime(2026, 11, 23, tzinfo=UTC)
    assert entry.updated == datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert [tag.term for tag in entry.tags] == ["社工", "嘉兴"]
    assert [(one.url, one.title) for one in entry.enclosures] == [
        ("https://img.example/1.jpg", "现场")
    ]
    assert (entry.language, entry.origin and entry.origin.title) == ("zh-cn", "嘉兴日报")
    assert b"<loc>" in (entry.raw or b"")
    assert [note.code for note in feed.notes] == ["passed-over"]
    assert read(NEWS, SitemapRecipe(match=("/a/",)), feed.known).entries == ()


def test_the_window_lets_older_ones_in() -> None:
    feed = read(NEWS, SitemapRecipe(window=timedelta(days=60)))
    assert [entry.link for entry in feed.entries] == [
        "https://news.example/a/1.html?a=1&b=2",
        "https://news.example/a/old.html",
        "https://news.example/about",
    ]


def test_a_packed_sitemap_and_one_of_lines() -> None:
    assert len(read(gzip.compress(NEWS.encode()), SitemapRecipe()).entries) == 2
    lines = "https://news.example/a/1\nhttps://news.example/a/2\n"
    assert len(read(lines, SitemapRecipe()).entries) == 2


def test_an_index_names_its_sitemaps() -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<sitemap><loc>/s/1.xml.gz</loc><lastmod>2026-11-23T08:00:00+08:00</lastmod></sitemap>"
        "<sitemap><loc>https://news.example/s/2.xml</loc></sitemap>"
        "<sitemap><loc>javascript:x</loc></sitemap></sitemapindex>"
    )
    feed = read(index, SitemapRecipe())
    assert feed.entries == ()
    assert feed.parts == (
        FeedPart("https://news.example/s/1.xml.gz", datetime(2026, 11, 23, tzinfo=UTC)),
        FeedPart("https://news.example/s/2.xml"),
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<rss><channel/></rss>", "not-a-feed"),
        (b"<html><body/></html>", "not-a-feed"),
        (b"no addresses", "not-a-feed"),
        (b"\x1f\x8b broken", "not-a-feed"),
        (gzip.compress(b"<" * (MOST_BYTES + 1)), "too-large"),
    ],
)
def test_what_is_no_sitemap_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(body, SitemapRecipe())
    assert caught.value.reason == reason


def test_entities_are_not_expanded_and_nothing_is_loaded() -> None:
    hostile = (
        '<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">'
        '<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        "<urlset><url><loc>https://news.example/&f;x</loc></url>"
        "<url><loc>https://news.example/2</loc></url></urlset>"
    )
    links = [entry.link for entry in read(hostile, SitemapRecipe()).entries]
    assert "https://news.example/2" in links
    assert not any("root:" in (link or "") for link in links)
