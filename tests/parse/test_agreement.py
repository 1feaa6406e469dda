"""The plain reader says what the tolerant one says, field by field, or declines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.html import visible_text
from aggregator.model import Document, Known, ParsedFeed
from aggregator.parse import ParseError, parse_feed
from aggregator.parse.assemble import assemble
from aggregator.parse.decode import decode
from aggregator.parse.elements import Declines
from aggregator.parse.plain import read_plain
from aggregator.parse.raw import RawFeed
from aggregator.parse.tolerant import read_tolerantly

REAL = Path(__file__).resolve().parents[3] / "shared" / "feeds"
FETCHED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOCUMENT = Document(b"", "https://origin.example/feed", FETCHED_AT, None, "Asia/Shanghai")


def _both(text: str) -> tuple[ParsedFeed, ParsedFeed]:
    plain = assemble(read_plain(text.encode()), DOCUMENT)
    tolerant = assemble(read_tolerantly(text)[0], DOCUMENT)
    return replace(plain, notes=()), replace(tolerant, notes=())


def _some_known(whole: ParsedFeed, chunks: Iterable[bytes]) -> Known:
    """What a reading of those entries alone would have left."""
    return Known(b"".join(chunks), whole.stretch)


# ---------------------------------------------------------------- real feeds


def _real_feeds() -> list[Path]:
    return sorted(p for p in REAL.glob("*/**/*.*") if p.suffix in (".xml", ".atom", ".rss"))


@pytest.mark.skipif(not REAL.exists(), reason="the captured feeds are not beside the project")
def test_on_real_feeds() -> None:
    accepted = 0
    feeds = _real_feeds()
    for path in feeds:
        text = decode(path.read_bytes()).text.lstrip("\ufeff")
        try:
            plain, tolerant = _both(text)
        except Declines:
            continue
        assert plain == tolerant, path.name
        accepted += 1
    assert accepted >= 0.9 * len(feeds)


@pytest.mark.skipif(not REAL.exists(), reason="the captured feeds are not beside the project")
def test_a_part_of_a_real_feed_reads_as_it_does_in_the_whole() -> None:
    for path in _real_feeds():
        body = path.read_bytes()
        document = Document(body, "https://origin.example/feed", FETCHED_AT)
        try:
            whole = parse_feed(document)
        except ParseError:
            continue
        if len(whole.entries) != len(whole.chunks):
            continue
        known = frozenset(whole.chunks[1::2])
        part = parse_feed(document, _some_known(whole, known))
        wanted = [e for e, d in zip(whole.entries, whole.chunks, strict=True) if d not in known]
        assert list(part.entries) == wanted, path.name
        assert part.chunks == whole.chunks
        assert all(entry.raw in body for entry in whole.entries if entry.raw)


# ---------------------------------------------------------------- generated feeds

WORDS = st.text(alphabet="ab &<>;#\"'中文é·\u00a0’\u0093…\n/=-]x1", max_size=14)
MARKUP = st.sampled_from(
    ["<p>x</p>", "<b>y", "&amp;", "&nbsp;", "&#20013;", "a < b", "<foo>", "</i>", "<br/>", "Ã©"]
)
TEXT = st.lists(WORDS | MARKUP, max_size=4).map("".join)
DATES = st.sampled_from(
    ["Mon, 23 Nov 2026 08:00:00 GMT", "2026-11-23T08:00:00+08:00", "2026年11月23日", "soon", ""]
)
URLS = st.sampled_from(
    [
        "https://a.example/1",
        "/rel",
        "x y",
        "//b.example/",
        "javascript:x",
        "?a=1&b=2",
        "",
        "ftp://c",
    ]
)


def _element(name: str, text: str, cdata: bool, attributes: str = "") -> str:
    if cdata and "]]>" not in text:
        return f"<{name}{attributes}><![CDATA[{text}]]></{name}>"
    return f"<{name}{attributes}>{escape(text)}</{name}>"


def _texts(names: list[str], attributes: list[str]) -> st.SearchStrategy[str]:
    return st.builds(
        _element, st.sampled_from(names), TEXT, st.booleans(), st.sampled_from(attributes)
    )


def _filled(names: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(_element, st.sampled_from(names), values, st.booleans())


def _linked(pattern: str) -> st.SearchStrategy[str]:
    return URLS.map(lambda url: pattern.replace("URL", escape(url)))


RSS_TEXTS = "title description content:encoded dc:title dc:description media:title itunes:summary"
RSS_PARTS = st.one_of(
    _texts(RSS_TEXTS.split(), [""]),
    _texts(["category", "dc:subject", "itunes:keywords", "author", "dc:creator"], [""]),
    _filled(["pubDate", "dc:date", "dcterms:modified"], DATES),
    _filled(["link", "guid", "comments"], URLS),
    _linked('<enclosure url="URL" type="audio/mpeg" length="7"/>'),
    _linked('<media:content url="URL"><media:title>m</media:title></media:content>'),
    _linked('<media:group><media:thumbnail url="URL"/></media:group>'),
    _linked('<source url="URL">S</source>'),
    _linked(
        '<podcast:alternateEnclosure type="Audio/Opus" length="5" title="o">'
        '<podcast:source uri="URL"/><podcast:integrity type="sri" value="x"/>'
        '<podcast:source uri="https://c.example/2" contentType="audio/X"/>'
        "</podcast:alternateEnclosure>"
    ),
    TEXT.map(lambda text: f'<podcast:person role="Guest">{escape(text)}</podcast:person>'),
    TEXT.map(lambda text: f"<podcast:person>{escape(text)}</podcast:person>"),
    _linked('<atom:link rel="Related" href="URL"/>'),
    st.sampled_from(
        [
            "<unknown><title>deep</title></unknown>",
            "<slash:section>s</slash:section><slash:comments>3</slash:comments>",
            "<podcast:source uri='https://d.example/'/>",
            "<image><title>i</title><url>u</url></image>",
            "<!-- c -->",
            "<item/>",
            '<guid isPermaLink="false">n</guid>',
            '<itunes:category text="A"><itunes:category text="B"/></itunes:category>',
            "<x:y xmlns:x='urn:x' a='1'>z</x:y>",
        ]
    ),
)
ATOM_TYPES = ["", ' type="text"', ' type="html"', ' type="HTML"', ' xml:lang="zh"']
ATOM_PARTS = st.one_of(
    _texts(["title", "summary", "content", "rights"], [*ATOM_TYPES, ' xml:base="/b/"']),
    _filled(["published", "updated"], DATES),
    _filled(["id"], URLS),
    _linked('<link href="URL"/>'),
    _linked('<link rel="enclosure" href="URL" length="1"/>'),
    _linked('<category term="t" scheme="URL" label="l"/>'),
    _linked('<source><title>s</title><link href="URL"/></source>'),
    TEXT.map(lambda text: f"<author><name>{escape(text)}</name><email>e</email></author>"),
    st.sampled_from(
        [
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p a="b">x</p></div>'
            "</content>",
            '<title type="xhtml"> <div xmlns="http://www.w3.org/1999/xhtml">x<br/>y</div> </title>',
            '<summary type="xhtml"><p>a</p><p>b</p></summary>',
            "<contributor><name>c</name></contributor>",
            '<category term="">text</category>',
            '<content type="image/png">AAAA</content>',
        ]
    ),
)
NAMESPACES = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    ' xmlns:podcast="https://podcastindex.org/namespace/1.0"'
    ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
)


def _rss(items: list[list[str]], head: list[str]) -> str:
    body = "\n".join(f"<item>{''.join(parts)}</item>" for parts in items)
    return f'<rss version="2.0"{NAMESPACES}><channel>{"".join(head)}{body}</channel></rss>'


def _atom(entries: list[list[str]], head: list[str]) -> str:
    body = "\n".join(f"<entry>{''.join(parts)}</entry>" for parts in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(head)}{body}</feed>'


def _entries(parts: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    return st.lists(st.lists(parts, max_size=7), max_size=3)


@settings(max_examples=150, deadline=None)
@given(_entries(RSS_PARTS), st.lists(_texts(["title", "description"], [""]), max_size=2))
def test_on_generated_rss(items: list[list[str]], head: list[str]) -> None:
    _agree(_rss(items, [*head, "<link>https://site.example/n/</link>"]))


@settings(max_examples=150, deadline=None)
@given(_entries(ATOM_PARTS), st.lists(_texts(["title", "subtitle"], ATOM_TYPES), max_size=2))
def test_on_generated_atom(entries: list[list[str]], head: list[str]) -> None:
    _agree(_atom(entries, head))


def _agree(text: str) -> None:
    try:
        plain, tolerant = _both(text)
    except Declines:
        return
    assert plain == tolerant


@settings(max_examples=100, deadline=None)
@given(_entries(RSS_PARTS), st.data())
def test_an_entry_reads_the_same_whichever_others_are_known(
    items: list[list[str]], data: st.DataObject
) -> None:
    document = replace(DOCUMENT, body=_rss(items, []).encode())
    whole = parse_feed(document)
    if len(whole.entries) != len(whole.chunks):
        return
    known = data.draw(st.sets(st.sampled_from(whole.chunks))) if whole.chunks else set()
    part = parse_feed(document, _some_known(whole, known))
    pairs = zip(whole.entries, whole.chunks, strict=True)
    assert list(part.entries) == [entry for entry, digest in pairs if digest not in known]


def test_what_feedparser_itself_says_of_a_plain_feed() -> None:
    """The corrections aside, the tolerant reader is feedparser: title, link, id, text, tags."""
    import feedparser

    text = _rss(
        [["<title>T &amp;amp; x</title><link>https://a.example/1</link><guid>g</guid>"]],
        ["<title>F</title>"],
    )
    theirs = feedparser.parse(text.encode(), sanitize_html=False, resolve_relative_uris=False)
    raw: RawFeed = read_tolerantly(text)[0]
    (mine,) = assemble(raw, DOCUMENT).entries
    assert mine.title is not None
    assert mine.title.value == theirs.entries[0].title
    assert (mine.link, mine.guid) == (theirs.entries[0].link, theirs.entries[0].id)
    assert visible_text(mine.title.value) == "T & x"
