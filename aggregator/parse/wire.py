"""What a reader took out of a document ↔ JSON, for the way between two processes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aggregator.model import Note
from aggregator.parse.raw import RawEntry, RawFeed, RawLink, RawMedia, RawSource, RawTag, RawText


def to_json(raw: RawFeed, notes: list[Note]) -> dict[str, Any]:
    """A JSON-able dict that `from_json` reads back to equal values."""
    entries = [_entry_fields(entry) for entry in raw.entries]
    fields = {
        name: getattr(raw, name)
        for name in ("format", "texts", "values", "links", "authors", "hours", "days", "language")
    }
    return {**fields, "entries": entries, "notes": [asdict(note) for note in notes]}


def _entry_fields(entry: RawEntry) -> dict[str, Any]:
    names = "texts values links tags authors media images permalink language line whole".split()
    source = entry.source
    told = None if source is None else [source.title, source.id, source.links]
    return {**{name: getattr(entry, name) for name in names}, "source": told}


def from_json(loaded: dict[str, Any]) -> tuple[RawFeed, list[Note]]:
    """The values that `to_json` was given."""
    raw = RawFeed(
        format=loaded["format"],
        texts=_texts(loaded["texts"]),
        values=loaded["values"],
        links=[RawLink(*link) for link in loaded["links"]],
        authors=loaded["authors"],
        hours=loaded["hours"],
        days=loaded["days"],
        language=loaded["language"],
        entries=[_entry(fields) for fields in loaded["entries"]],
    )
    return raw, [Note(**note) for note in loaded["notes"]]


def _texts(fields: dict[str, list[Any]]) -> dict[str, RawText]:
    return {name: RawText(*text) for name, text in fields.items()}


def _entry(fields: dict[str, Any]) -> RawEntry:
    entry = RawEntry(fields["line"], fields["language"])
    entry.texts = _texts(fields["texts"])
    entry.values = fields["values"]
    entry.links = [RawLink(*link) for link in fields["links"]]
    entry.tags = [RawTag(*tag) for tag in fields["tags"]]
    entry.authors = fields["authors"]
    entry.media = [RawMedia(*media) for media in fields["media"]]
    entry.images = fields["images"]
    entry.source = None if fields["source"] is None else _source(fields["source"])
    entry.permalink = fields["permalink"]
    entry.whole = fields["whole"]
    return entry


def _source(told: list[Any]) -> RawSource:
    return RawSource(told[0], told[1], [RawLink(*link) for link in told[2]])
