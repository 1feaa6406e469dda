"""What the last reading left spares the next one work, and never an entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Document, Known, ParsedFeed
from aggregator.parse import parse_feed

FETCHED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ITEMS = (
    "<item><title>第一</title><link>https://a.example/1</link></item>",
    "<item><title><![CDATA[</item><item>]]></title><link>https://a.example/2</link></item>",
)
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>新闻</title>\n'
TAIL = "</channel></rss>"


def _document(head: str = HEAD, items: str = "\n".join(ITEMS), tail: str = TAIL) -> Document:
    return Document((head + items + tail).encode(), "https://a.example/feed", FETCHED_AT)


# As after two readings: only one without news remembers the entries as one.
FIRST = parse_feed(_document(), parse_feed(_document()).known)


def _read(document: Document) -> ParsedFeed:
    """As it is read after FIRST; and it must say what it says without a stretch."""
    found = parse_feed(document, FIRST.known)
    plainly = parse_feed(document, Known(FIRST.known.digests))
    assert replace(found, untouched=False, context=plainly.context) == plainly
    return found


def test_another_build_date_leaves_the_entries_untouched() -> None:
    feed = _read(_document(HEAD.replace("</title>", "</title><lastBuildDate>x</lastBuildDate>")))
    assert feed.untouched
    assert (feed.entries, feed.unchanged, feed.chunks) == ((), 2, FIRST.chunks)
    assert feed.stretch == FIRST.stretch
    assert feed.title == "新闻"
    assert [(note.code, note.line) for note in feed.notes] == [("date-unreadable", None)]


def test_a_fault_behind_the_entries_is_told_at_its_line() -> None:
    feed = _read(_document(tail="\n<ttl>&</ttl>" + TAIL))
    assert [(note.code, note.line) for note in feed.notes] == [("ampersands", 5)]


@pytest.mark.parametrize(
    "changed",
    [
        _document(items="\n".join(reversed(ITEMS))),
        _document(items=ITEMS[0]),
        _document(items=" \n".join(ITEMS)),
        _document(tail="<item><title>new</title></item>" + TAIL),
        _document(HEAD + "<item><title>new</title></item>"),
        _document(HEAD + "<!-- " + "x", tail=" -->" + TAIL),
        _document(HEAD + "<description><![CDATA[", tail="]]></description>" + TAIL),
        _document(HEAD.replace("utf-8", "gb2312")),
        _document(HEAD.replace("<channel>", '<channel xml:lang="zh">')),
        _document(HEAD.replace("<rss ", '<rss xml:base="https://b.example/" ')),
        replace(_document(), content_type="text/xml; charset=gbk"),
        replace(_document(), body=b"\xef\xbb\xbf" + _document().body),
    ],
    ids=lambda document: document.body[60:90].decode("utf-8", "replace"),
)
def test_whatever_may_change_what_entries_say_is_read(changed: Document) -> None:
    assert not _read(changed).untouched


def test_bytes_that_are_no_longer_utf8_are_decoded_with_care() -> None:
    new = "<item><title>新</title><link>https://a.example/3</link></item>".encode("gb18030")
    body = HEAD.encode() + new + "\n".join(ITEMS).encode() + TAIL.encode()
    feed = parse_feed(replace(_document(), body=body), FIRST.known)
    assert feed == parse_feed(replace(_document(), body=body), Known(FIRST.known.digests))
    assert len(feed.entries) + feed.unchanged == 3


def test_a_document_that_was_not_utf8_leaves_no_stretch() -> None:
    legacy = replace(_document(), body=_document().body.decode().encode("gb18030"))
    assert parse_feed(legacy).stretch == b""
    claimed = replace(_document(), content_type="text/xml; charset=iso-2022-jp")
    assert parse_feed(claimed).stretch == b""


MARKUP = ("<item>", "</item>", "<title>a</title>", "<![CDATA[", "]]>", "<!--", "-->", "中", "\n")
PIECES = st.lists(st.sampled_from(MARKUP + ITEMS), max_size=5).map("".join)


@settings(max_examples=200, deadline=None)
@given(PIECES, PIECES, PIECES)
def test_it_says_the_same_whatever_is_put_around_or_between(
    before: str, between: str, after: str
) -> None:
    _read(_document(HEAD + before, between.join(ITEMS), after + TAIL))
