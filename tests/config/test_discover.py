"""Where a site's feed may be: what its page names, and what the habits of sites tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.addresses import address_key, typed_address
from aggregator.discover import MAX_CANDIDATES, declared_feeds, guessed_feeds


def declared(html: str, url: str = "https://example.org/a/", **keywords: str) -> list[str]:
    return [candidate.url for candidate in declared_feeds(html.encode(), url, **keywords)]  # type: ignore[arg-type]


def test_link_elements_are_read_as_browsers_do() -> None:
    html = """<html><head><base href="https://cdn.example.org/x/">
    <link rel="stylesheet" href="s.css">
    <LINK REL='feed Alternate' TYPE='application/rss+xml;charset=utf-8' HREF=' rss.xml#top '>
    <link rel=alternate type=application/atom+xml href=/atom>
    <link rel=alternate type=application/feed+json href=//json.example.org/f>
    <link rel=alternate type=text/xml href=/sitemap.xml>
    <link rel=alternate type=text/xml href=/rss2.xml>
    <link rel=alternate hreflang=en href=/en>
    <link rel=alternate type=application/rss+xml href=feed://example.net/f>
    <link rel=alternate type=application/rss+xml href="javascript:alert(1)">
    <link rel=alternate type=application/rss+xml href="http://[bad">
    """
    assert declared(html) == [
        "https://cdn.example.org/x/rss.xml",
        "https://cdn.example.org/atom",
        "https://json.example.org/f",
        "https://cdn.example.org/rss2.xml",
        "https://example.net/f",
    ]


def test_anchors_count_where_they_look_like_feeds() -> None:
    html = """<a href="/about">About</a><a href="/subscribe">RSS</a><a href="/x/feed/">x</a>
    <a href="/feedback">Feedback</a><a href="/b.atom">b</a><a href="/c">订阅</a>"""
    assert declared(html) == [
        f"https://example.org{path}" for path in ("/subscribe", "/x/feed/", "/b.atom", "/c")
    ]


def test_comments_come_last_and_each_address_once() -> None:
    html = """<link rel=alternate type=application/rss+xml href=/comments/feed/>
    <link rel=alternate type=application/rss+xml href=/feed/><a href="/feed/">RSS</a>"""
    assert declared(html) == ["https://example.org/feed/", "https://example.org/comments/feed/"]


def test_a_link_header_goes_first() -> None:
    links = (("alternate", "https://example.org/h.xml"), ("next", "https://example.org/2"))
    found = declared_feeds(b"", "https://example.org/", None, links)
    assert [candidate.url for candidate in found] == ["https://example.org/h.xml"]


def test_pages_of_other_encodings_are_read() -> None:
    html = "<meta charset=gbk><link rel=alternate type=application/rss+xml title=新闻 href=/f>"
    (found,) = declared_feeds(html.encode("gbk"), "https://example.org/")
    assert found.title == "新闻"
    (found,) = declared_feeds(html[18:].encode("gbk"), "https://example.org/", "x; charset=gbk")
    assert found.title == "新闻"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_page(body: bytes) -> None:
    html = b'<link rel=alternate type="application/rss+xml" href="' + body + b'"><a href="rss'
    for text in (body, html + body):
        assert len(declared_feeds(text, "https://example.org/")) <= MAX_CANDIDATES


@pytest.mark.parametrize(
    ("url", "first"),
    [
        (
            "https://www.youtube.com/channel/UC12",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UC12",
        ),
        (
            "https://www.youtube.com/playlist?list=PL1",
            "https://www.youtube.com/feeds/videos.xml?playlist_id=PL1",
        ),
        ("https://github.com/a/b", "https://github.com/a/b/releases.atom"),
        ("https://github.com/a/b/commits/main", "https://github.com/a/b/commits.atom"),
        ("https://www.reddit.com/r/china/", "https://www.reddit.com/r/china/.rss"),
        ("https://medium.com/@me/x", "https://medium.com/feed/@me"),
        ("https://mastodon.example/@me", "https://mastodon.example/@me.rss"),
        ("https://x.blogspot.com/2026/", "https://x.blogspot.com/feeds/posts/default"),
        ("https://example.org/category/x/", "https://example.org/category/x/feed/"),
        ("https://docs.rsshub.app/routes/cnjxol/paper", "https://rsshub.app/cnjxol/paper"),
        ("https://example.org/", "https://example.org/feed"),
        ("https://example.org/news", "https://example.org/news/feed/"),
    ],
)
def test_habits_of_sites(url: str, first: str) -> None:
    assert guessed_feeds(url)[0].url == first


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("example.org/x", "https://example.org/x"),
        ("example.org:8000/x", "https://example.org:8000/x"),
        (" http://example.org ", "http://example.org"),
        ("feed:https://example.org/f", "https://example.org/f"),
        ("feed://example.org/f", "https://example.org/f"),
        ("rsshub://a/b", "https://rsshub.app/a/b"),
    ],
)
def test_addresses_as_typed(text: str, url: str) -> None:
    assert typed_address(text) == url


def test_different_addresses_stay_different() -> None:
    urls = ["https://a.org/x", "https://a.org/X", "https://a.org/x?p=1", "https://b.org/x"]
    urls += ["https://a.org:8443/x", "file:///x", "https://a.org/x/y"]
    assert len({address_key(url) for url in urls}) == len(urls)
