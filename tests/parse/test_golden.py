"""Every rule of reading has a document in golden/, and beside it what must come out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregator.html import visible_text
from aggregator.model import Document, Entry, Known, ParsedFeed, Text
from aggregator.parse import ParseError, parse_feed

GOLDEN = Path(__file__).parent / "golden"
FETCHED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
CASES = sorted(GOLDEN.glob("*.expect.json"))
FEEDS = [path for path in CASES if "refused" not in json.loads(path.read_text("utf-8"))["expect"]]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name.removesuffix(".expect.json"))
def test_golden(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    document = _document(path, case.get("document", {}))
    expected = case["expect"]
    if "refused" in expected:
        with pytest.raises(ParseError) as raised:
            parse_feed(document)
        assert raised.value.reason == expected["refused"]
        return
    feed = parse_feed(document)
    found = _plain(feed)
    assert {key: found[key] for key in expected if key != "entries"} == {
        key: value for key, value in expected.items() if key != "entries"
    }
    if "entries" in expected:
        assert len(feed.entries) == len(expected["entries"])
        for entry, wanted in zip(feed.entries, expected["entries"], strict=True):
            fields = _fields(entry)
            assert {key: fields[key] for key in wanted} == wanted


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name.removesuffix(".expect.json"))
def test_known_chunks_are_left_out(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    document = _document(path, case.get("document", {}))
    feed = parse_feed(document)
    for known in (feed.chunks[:1], feed.chunks[1:], feed.chunks):
        again = parse_feed(document, Known(b"".join(known)))
        assert again.chunks == feed.chunks
        assert again.unchanged == sum(digest in known for digest in feed.chunks)
        raws = {e.raw for e, d in zip(feed.entries, feed.chunks, strict=False) if d in known}
        if again.unchanged and len(feed.entries) == len(feed.chunks):
            assert again.entries == tuple(e for e in feed.entries if e.raw not in raws)
        assert (again.title, again.link, again.format) == (feed.title, feed.link, feed.format)


def _document(path: Path, options: dict[str, Any]) -> Document:
    stem = path.name.removesuffix(".expect.json")
    (source,) = (p for p in GOLDEN.glob(stem + ".*") if p.stem == stem)
    body = source.read_bytes()
    return Document(body, "https://origin.example/feed.xml", FETCHED_AT, **options)


def _plain(feed: ParsedFeed) -> dict[str, Any]:
    hints = feed.hints
    return {
        "format": feed.format,
        "reader": feed.reader,
        "encoding": feed.encoding,
        "title": feed.title,
        "link": feed.link,
        "language": feed.language,
        "self_link": feed.self_link,
        "hubs": list(feed.hubs),
        "interval": hints.interval.total_seconds() if hints.interval else None,
        "skip_hours": sorted(hints.skip_hours),
        "skip_days": sorted(hints.skip_days),
        "chunks": len(feed.chunks),
        "notes": [note.code for note in feed.notes],
        "titles": [_seen(entry.title) for entry in feed.entries],
        "published": [_utc(entry.published) for entry in feed.entries],
        "authors": [list(entry.authors) for entry in feed.entries],
    }


def _fields(entry: Entry) -> dict[str, Any]:
    origin = entry.origin
    title, content, summary = entry.title, entry.content, entry.summary
    return {
        "guid": entry.guid,
        "guid_is_link": entry.guid_is_link,
        "link": entry.link,
        "title": title.value if title else None,
        "title_kind": title.kind if title else None,
        "title_language": title.language if title else None,
        "summary": summary.value if summary else None,
        "content": content.value if content else None,
        "content_kind": content.kind if content else None,
        "base": (content or summary or Text("")).base,
        "published": _utc(entry.published),
        "updated": _utc(entry.updated),
        "authors": list(entry.authors),
        "tags": [tag.term for tag in entry.tags],
        "enclosures": [[e.url, e.type, e.length, e.duration] for e in entry.enclosures],
        "image": entry.image,
        "language": entry.language,
        "origin": [origin.title, origin.id, origin.link] if origin else None,
        "rights": entry.rights,
        "comments": entry.comments,
    }


def _seen(text: Text | None) -> str | None:
    if text is None:
        return None
    return visible_text(text.value) if text.kind == "html" else text.value


def _utc(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
