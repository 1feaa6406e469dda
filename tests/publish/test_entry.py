"""Whatever a snapshot holds, its entry is well-formed, valid and harmless."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from aggregator.html import visible_text
from aggregator.model import (
    Carrier,
    Enclosure,
    OutputRecord,
    PublishedStory,
    Snapshot,
    Tag,
    Text,
)
from aggregator.publish.entry import render_entry
from aggregator.publish.feed import render_feed
from aggregator.publish.iri import usable_iri
from tests.builders import NOW, later
from tests.publish.atom_rules import ATOM, broken_rules

OUTPUT = OutputRecord(1, "all", "all", "ab" * 16, "全部", NOW, NOW, 1)
SELF = "http://127.0.0.1:8000/feeds/all.atom"


def snapshot(**values: Any) -> Snapshot:
    given: dict[str, Any] = {
        "snapshot_id": 1,
        "entry_id": 1,
        "number": 1,
        "taken_at": NOW,
        "digest": "cd" * 32,
        "changed": (),
        "title": Text("A title"),
        "link": "https://news.example/1",
        "summary": None,
        "content": Text("<p>text</p>", "html", "https://news.example/1"),
        "published": later(-1),
        "updated": None,
        "language": "zh-CN",
        "authors": ("王一",),
        "tags": (),
        "enclosures": (),
        "rights": None,
        "feed_updated": None,
        **values,
    }
    return Snapshot(**given)


def story(**values: Any) -> PublishedStory:
    facts = {name: values.pop(name) for name in list(values) if name in PublishedStory.__slots__}
    given: dict[str, Any] = {
        "story_id": 1,
        "key": "ef" * 16,
        "atom_id": "urn:example:1",
        "updated_at": NOW + timedelta(microseconds=7),
        "revision": 3,
        "first_taken_at": NOW,
        "snapshot": snapshot(**values),
        "source_name": "news",
        "source_title": "News",
        "source_link": "https://news.example/",
        "source_feed_id": None,
        "source_first_url": "https://news.example/feed?token=secret",
        **facts,
    }
    return PublishedStory(**given)


def document(*stories: PublishedStory) -> bytes:
    entries = [render_entry(one) for one in stories]
    return render_feed(OUTPUT, "我的订阅", "http://127.0.0.1:8000", entries)


def element(**values: Any) -> etree._Element:
    """The one entry of a document with such a story, after both have been found valid."""
    whole = document(story(**values))
    assert broken_rules(whole, SELF) == []
    (found,) = etree.fromstring(whole).findall(f"{ATOM}entry")
    return found


def test_the_document_of_a_plain_story_is_what_it_should_be() -> None:
    assert render_entry(story(tags=(Tag("t", None, "L"),), summary=Text("s"))).decode() == (
        '<entry xml:lang="zh-CN"><id>urn:example:1</id><title type="text">A title</title>'
        "<updated>2026-11-23T08:00:00.000007Z</updated><author><name>王一</name></author>"
        '<content type="html">&lt;p&gt;text&lt;/p&gt;</content>'
        '<summary type="html">&lt;p&gt;s&lt;/p&gt;</summary>'
        '<category term="t" label="L"/><published>2026-11-23T07:00:00Z</published>'
        '<link rel="alternate" href="https://news.example/1"/>'
        '<link rel="via" href="https://news.example/1"/>'
        "<dcterms:dateAccepted>2026-11-23T08:00:00Z</dcterms:dateAccepted>"
        "<app:edited>2026-11-23T08:00:00Z</app:edited>"
        f"<dcterms:provenance>urn:sha256:{'cd' * 32}</dcterms:provenance>"
        "<source><id>urn:uuid:5b1c5d4e</id><title>News</title>"
        "<updated>2026-11-23T08:00:00Z</updated><author><name>News</name></author>"
        '<link rel="alternate" href="https://news.example/"/></source></entry>'
    ).replace("urn:uuid:5b1c5d4e", _source_id())


def _source_id() -> str:
    from uuid import NAMESPACE_URL, uuid5

    return f"urn:uuid:{uuid5(NAMESPACE_URL, 'https://news.example/feed?token=secret')}"


def test_feedparser_reads_back_what_was_published() -> None:
    whole = document(
        story(
            title=Text("a < b &amp; <b>c</b>", "html"),
            tags=(Tag("国内"),),
            enclosures=(Enclosure("https://news.example/a.mp3", "audio/mpeg", 5),),
        )
    )
    feed = feedparser.parse(whole)
    assert not feed.bozo
    (entry,) = feed.entries
    assert (entry.id, entry.link) == ("urn:example:1", "https://news.example/1")
    assert entry.title == "a &lt; b &amp; <b>c</b>"
    assert [tag.term for tag in entry.tags] == ["国内"]
    assert entry.published_parsed[:6] == (2026, 11, 23, 7, 0, 0)
    assert entry.updated_parsed[:6] == (2026, 11, 23, 8, 0, 0)
    assert entry.enclosures[0].href == "https://news.example/a.mp3"
    assert entry.content[0].value == "<p>text</p>"
    assert entry.source.title == "News"
    assert b"secret" not in whole


@pytest.mark.parametrize(
    ("title", "shown", "kind"),
    [
        (Text("a <b>b</b>"), "a <b>b</b>", "text"),
        (Text("a <b>b</b>", "html"), "a <b>b</b>", "html"),
        (Text("<a href='x'>a</a>", "html"), "a", "html"),
        (Text("<img src=x>", "html"), "text", "text"),
        (Text(" \n "), "text", "text"),
        (Text("&nbsp;", "html"), "text", "text"),
        (Text("\x00\x0b"), "text", "text"),
        (Text("a\x00\ufffdb"), "a□b", "text"),
        (Text("\ud800x"), "x", "text"),
        (None, "text", "text"),
    ],
)
def test_titles_are_typed_and_never_empty(title: Text | None, shown: str, kind: str) -> None:
    found = element(title=title).find(f"{ATOM}title")
    assert found is not None
    assert (found.text, found.get("type")) == (shown, kind)


def test_a_title_is_made_of_text_link_or_source() -> None:
    long = element(title=None, content=Text("字" * 500)).findtext(f"{ATOM}title") or ""
    assert len(long) <= 80
    assert element(title=None, content=None).findtext(f"{ATOM}title") == "https://news.example/1"
    assert element(title=None, content=None, link=None).findtext(f"{ATOM}title") == "News"
    bare = element(title=None, content=None, link=None, source_title="\x01")
    assert bare.findtext(f"{ATOM}title") == "…"


def test_a_huge_title_is_cut() -> None:
    for kind in ("text", "html"):
        found = element(title=Text("<b>" + "x" * 10**6, kind)).findtext(f"{ATOM}title")  # type: ignore[arg-type]
        assert len(found or "") < 5000


def test_an_entry_without_text_shows_its_title_as_what_it_is() -> None:
    content = element(title=Text("<b>a</b> &amp; b", "html"), content=None).find(f"{ATOM}content")
    assert content is not None
    assert (content.text, content.get("type")) == ("<b>a</b> &amp; b", "html")
    content = element(title=Text("a < b"), content=None).find(f"{ATOM}content")
    assert content is not None
    assert (content.text, content.get("type", "text")) == ("a < b", "text")


def test_dates_that_cannot_be_true_are_left_out() -> None:
    zero = datetime(1, 1, 1, tzinfo=UTC)
    assert element(published=zero).find(f"{ATOM}published") is None
    assert element(published=None, updated=zero).find(f"{ATOM}published") is None
    late = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    element(published=late, feed_updated=late)
    element(feed_updated=zero)


@pytest.mark.parametrize(
    ("given", "fit"),
    [
        ("https://x.example/a", "https://x.example/a"),
        ("https://x.example/国", "https://x.example/国"),
        ("https://x.example/a b", "https://x.example/a%20b"),
        ('https://x.example/"<>\\^`{|}', "https://x.example/%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ("https://x.example/100%", "https://x.example/100%25"),
        ("https://x.example/%zz%41", "https://x.example/%25zz%41"),
        ("https://x.example/a[1]?b[]=2", "https://x.example/a%5B1%5D?b%5B%5D=2"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("https://x.example/a#b#c", "https://x.example/a#b%23c"),
        ("https://x.example/\u202ea\ue000", "https://x.example/%E2%80%AEa%EE%80%80"),
        ("https://x.example/\ud800", "https://x.example/%3F"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("magnet:?xt=urn:btih:1", "magnet:?xt=urn:btih:1"),
        (" https://x.example/ ", "https://x.example/"),
        ("javascript:alert(1)", None),
        ("JAVASCRIPT:x", None),
        ("java\nscript:x", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("/a", None),
        ("//x.example/a", None),
        ("x", None),
        ("", None),
        (None, None),
        ("http://", None),
        ("http:a", None),
        ("http://[::1", None),
        ("https://x y.example/", None),
        ("https://x.example/" + "a" * 9000, None),
        ("HTTP://%", None),
    ],
)
def test_addresses_are_made_fit_or_left_out(given: str | None, fit: str | None) -> None:
    assert usable_iri(given) == fit
    assert usable_iri(fit) == fit


@pytest.mark.parametrize(
    ("scheme", "kept"),
    [
        ("http://x.example/keywords", True),
        ("https://x.example/国", False),
        ("http://[::1]/", False),
        ("magnet:?x", False),
        ("keywords", False),
    ],
)
def test_a_tags_scheme_is_a_plain_web_address(scheme: str, kept: bool) -> None:
    (found,) = element(tags=(Tag("t", scheme),)).findall(f"{ATOM}category")
    assert found.get("scheme") == (scheme if kept else None)


def test_rights_are_text() -> None:
    found = element(rights="<b>©</b> 2026 &amp; a < b")
    assert found.findtext(f"{ATOM}rights") == "© 2026 & a < b"


def test_odd_languages_tags_types_and_lengths_are_left_out() -> None:
    found = element(
        language="zh_CN",
        tags=(
            Tag("a", "not a uri"),
            Tag("a"),
            Tag(" "),
            Tag("\x00", "urn:x"),
            Tag("b", "https://x/ y"),
        ),
        enclosures=(
            Enclosure("https://x.example/a", "nonsense", -5, "\x00"),
            Enclosure("https://x.example/b", 'a/b"; codecs=x', 10**30),
            Enclosure("javascript:x"),
            Enclosure("https://x.example/c", "Audio/MPEG; x=y"),
        ),
        rights="\x00©",
    )
    assert found.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-CN"
    assert [c.get("term") for c in found.findall(f"{ATOM}category")] == ["a", "b"]
    types = [e.get("type") for e in found.findall(f"{ATOM}link") if e.get("rel") == "enclosure"]
    assert types[0] is None
    assert types[2] == "audio/mpeg"
    for language in ("", "x", "en-", "-", "en--us", "国语", "a" * 20, "en us", "english"):
        element(language=language)


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ("https://news.example/", True),
        ("tag:news.example,2026:feed", True),
        ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", True),
        ("https://news.example/国", False),
        ("http://x.example/%", False),
        ("tag:nonsense", False),
        ("urn:<x>", False),
        ("news", False),
    ],
)
def test_the_sources_id_is_its_own_where_that_is_fit(own: str, kept: bool) -> None:
    found = element(source_feed_id=own).findtext(f"{ATOM}source/{ATOM}id")
    assert found == (own if kept else _source_id())


def test_other_carriers_are_related() -> None:
    def carrier(n: int, link: str | None) -> Carrier:
        return Carrier(n, f"s{n}", f"Source {n}\x00", str(n), link, "t", None, NOW)

    links = ["https://news.example/1", "https://b.example/2", "javascript:x", None]
    links += ["https://b.example/2", "https://news.example/1"]
    found = element(carriers=tuple(carrier(n, link) for n, link in enumerate(links)))
    related = [e for e in found.findall(f"{ATOM}link") if e.get("rel") == "related"]
    assert [e.get("href") for e in related] == ["https://b.example/2"]
    assert [e.get("title") for e in related] == ["Source 1 2026-11-23T08:00:00Z · t"]


# ---------------------------------------------------------------- anything at all

_ANY = st.text(alphabet=st.characters(codec=None), max_size=30)
_ADDRESS = _ANY | _ANY.map("https://x.example/".__add__) | _ANY.map("http://".__add__)
_ADDRESS |= st.sampled_from(["urn:x:y", "tag:x,2026:y", "https://u:p@x.example/a#b"])
_TEXT = st.none() | st.builds(Text, _ANY, st.sampled_from(["text", "html"]), st.none() | _ADDRESS)
_DATES = st.none() | st.datetimes(timezones=st.just(UTC))
SNAPSHOTS = st.builds(
    replace,
    st.just(snapshot()),
    title=_TEXT,
    summary=_TEXT,
    content=_TEXT,
    link=st.none() | _ADDRESS,
    published=_DATES,
    updated=_DATES,
    feed_updated=_DATES,
    language=st.none() | _ANY,
    authors=st.lists(_ANY, max_size=3).map(tuple),
    tags=st.lists(st.builds(Tag, _ANY, st.none() | _ADDRESS, st.none() | _ANY), max_size=3).map(
        tuple
    ),
    enclosures=st.lists(
        st.builds(
            Enclosure, _ADDRESS, st.none() | _ANY, st.none() | st.integers(), st.none() | _ANY
        ),
        max_size=2,
    ).map(tuple),
    rights=st.none() | _ANY,
)
_CARRIERS = st.lists(
    st.builds(
        Carrier,
        st.integers(),
        _ANY,
        _ANY,
        _ANY,
        st.none() | _ADDRESS,
        _ANY,
        st.none(),
        st.just(NOW),
    ),
    max_size=3,
).map(tuple)


@settings(max_examples=300, deadline=None)
@given(SNAPSHOTS, _ANY, st.none() | _ADDRESS, st.none() | _ADDRESS, _CARRIERS)
def test_any_snapshot_makes_a_valid_entry(
    shown: Snapshot,
    title: str,
    link: str | None,
    feed_id: str | None,
    carriers: tuple[Carrier, ...],
) -> None:
    told = replace(
        story(), snapshot=shown, source_title=title, source_link=link, source_feed_id=feed_id,
        carriers=carriers,
    )  # fmt: skip
    whole = document(told)
    assert broken_rules(whole, SELF) == []
    assert document(told) == whole


@given(_ANY, _ANY)
def test_any_titles_make_a_valid_feed(title: str, site: str) -> None:
    output = replace(OUTPUT, title=title, kind="category")
    whole = render_feed(output, site, "http://127.0.0.1:8000", [])
    assert broken_rules(whole, SELF) == []


@pytest.mark.parametrize(
    ("polled", "own"),
    [
        (
            "https://a.example/feed/LpNewSecretToken42",
            "tag:a.example,2005:/feed/LpNewSecretToken42",
        ),
        ("https://a.example/feed?key=s3cret", "https://a.example/feed?key=s3cret"),
        ("https://user:hunter22@a.example/f", "https://a.example/hunter22/feed"),
    ],
)
def test_a_feeds_own_id_that_repeats_a_token_of_its_address_is_not_shown(
    polled: str, own: str
) -> None:
    shown = etree.tostring(
        element(source_feed_id=own, source_link=own, source_first_url=polled)
    ).decode()
    assert not any(token in shown for token in ("LpNewSecret", "s3cret", "hunter22"))


def test_a_date_far_ahead_is_no_date_of_publication() -> None:
    ahead = replace(snapshot(), published=NOW + timedelta(days=400))
    assert element(snapshot=ahead).find(f"{ATOM}published") is None


# ---------------------------------------------------------------- content: summary


def test_only_summary_and_link_of_a_source_that_asks_for_it() -> None:
    whole = story(
        summary=Text("一句话的摘要"),
        enclosures=(Enclosure("https://news.example/1.mp3"),),
        summary_only=True,
    )
    (entry,) = feedparser.parse(document(whole)).entries
    assert (visible_text(entry.summary), entry.link) == ("一句话的摘要", "https://news.example/1")
    assert "content" not in entry
    assert entry.enclosures == []
    assert broken_rules(document(whole), SELF) == []


def test_without_a_summary_the_beginning_of_the_text_serves() -> None:
    long = Text(f"<p>{'很长的正文。' * 100}</p>", "html")
    (entry,) = feedparser.parse(document(story(content=long, summary_only=True))).entries
    assert visible_text(entry.summary).startswith("很长的正文。")
    assert len(visible_text(entry.summary)) <= 301
    assert "content" not in entry


def test_what_a_feed_calls_a_summary_may_be_the_whole_text() -> None:
    long = Text(f"<p>{'很长的正文。' * 100}</p>", "html")
    (entry,) = feedparser.parse(
        document(story(summary=long, content=None, summary_only=True))
    ).entries
    assert len(visible_text(entry.summary)) <= 301


def test_without_a_link_the_summary_is_the_content() -> None:
    alone = story(link=None, summary=Text("一句话的摘要"), summary_only=True)
    (entry,) = feedparser.parse(document(alone)).entries
    assert visible_text(entry.content[0].value) == "一句话的摘要"
    assert broken_rules(document(alone), SELF) == []
