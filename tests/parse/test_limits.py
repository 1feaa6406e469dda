"""What a hostile document may cost is bounded, and the bound is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.model import Document, ParsedFeed
from aggregator.parse import ParseError, parse_feed, tolerant
from aggregator.parse.assemble import NOTE_LIMIT, TITLE_LIMIT
from aggregator.parse.raw import ENTRY_LIMIT

FETCHED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _parse(text: str) -> ParsedFeed:
    return parse_feed(Document(text.encode(), "https://origin.example/feed", FETCHED_AT))


def _rss(items: str) -> str:
    return f'<rss version="2.0"><channel>{items}</channel></rss>'


def _codes(feed: ParsedFeed) -> list[str]:
    return [note.code for note in feed.notes]


def test_tags_for_the_tolerant_reader() -> None:
    feed = _parse(_rss("<item><title>a</title><b><b><b><b></item>" * 6_000))
    assert feed.reader == "tolerant"
    assert "stopped" in _codes(feed)
    assert 0 < len(feed.entries) < 6_000


def test_attributes_of_a_tag() -> None:
    attributes = " ".join(f'a{number}="b"' for number in range(tolerant.ATTRIBUTES + 1))
    with pytest.raises(ParseError) as raised:
        _parse(f'<rss version="2.0" {attributes}><channel><item><b></item></channel></rss>')
    assert raised.value.reason == "too-expensive"


def test_entries() -> None:
    feed = _parse(_rss("<item><title>a</title></item>" * (ENTRY_LIMIT + 5)))
    assert len(feed.entries) == ENTRY_LIMIT
    assert feed.chunks == ()
    assert "too-many-entries" in _codes(feed)


def test_notes() -> None:
    feed = _parse(_rss("<item/>" * 100))
    assert _codes(feed) == ["entry-skipped"] * (NOTE_LIMIT + 1)
    assert feed.notes[-1].message == f"{100 - NOTE_LIMIT} more like the {NOTE_LIMIT} above"


def test_titles() -> None:
    (entry,) = _parse(_rss(f"<item><title>{'长' * 10_000}</title></item>")).entries
    assert entry.title is not None
    assert len(entry.title.value) == TITLE_LIMIT
    assert entry.title.value.endswith("…")


def test_no_entity_is_expanded() -> None:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE rss [<!ENTITY a0 "dos">{levels}]>' + _rss("<item><title>&a9;</title></item>")
    (entry,) = _parse(bomb).entries
    assert entry.title is not None
    assert len(entry.title.value) < 100


def test_nothing_is_read_from_outside() -> None:
    text = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    (entry,) = _parse(text + _rss("<item><title>[&x;]</title></item>")).entries
    assert entry.title is not None
    assert entry.title.value in ("[&x;]", "[]")


@pytest.mark.parametrize(
    "filler", ["<!--", "<![CDATA[", "<", "&", "<a ", '<a b="', "<?", "<!", "</item><item>", "<a<b"]
)
def test_openings_without_an_end(filler: str) -> None:
    """Each of these makes some parser quadratic; here they end, with a feed or an error."""
    head = '<rss version="2.0"><channel><item><title>x</title></item><item><description>'
    feed = _parse(head + filler * (60_000 // len(filler)))
    assert feed.entries[0].title is not None
