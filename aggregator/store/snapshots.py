"""The content of a snapshot ↔ the columns it is kept in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring
from typing import Any, Literal

from aggregator.model import Enclosure, Entry, PollUpdate, Snapshot, Tag, Text
from aggregator.store.times import from_text, from_text_or_none, to_text_or_none

SNAPSHOT_COLUMNS = (
    "id entry_id number taken_at changed digest title title_kind link summary summary_kind content "
    "content_kind base language published updated authors tags enclosures rights feed_updated"
).split()


def snapshot_columns(entry: Entry, poll: PollUpdate | None) -> tuple[Any, ...]:
    """The columns title … feed_updated of table snapshots, in the table's order."""
    base = next((text.base for text in (entry.content, entry.summary) if text and text.base), None)
    return (
        *_text_columns(entry.title),
        entry.link,
        *_text_columns(entry.summary),
        *_text_columns(entry.content),
        base or entry.link,
        entry.language,
        to_text_or_none(entry.published),
        to_text_or_none(entry.updated),
        _json_list(entry.authors) if entry.authors else None,
        _json_rows((tag.term, tag.scheme, tag.label) for tag in entry.tags),
        _json_rows((e.url, e.type, e.length, e.title, e.duration) for e in entry.enclosures),
        _origin_json(entry),
        entry.rights,
        to_text_or_none(poll.feed.updated if poll is not None and poll.feed is not None else None),
    )


def _text_columns(text: Text | None) -> tuple[str | None, str | None]:
    return (None, None) if text is None else (text.value, text.kind)


# Lists of plain values, written as `json.dumps(…, ensure_ascii=False)` writes them: that makes a
# new encoder at every call, and walks lists in Python, at five times the cost.
def _json_list(values: Iterable[str | int | None]) -> str:
    written = [
        "null" if value is None else encode_basestring(value) if type(value) is str else str(value)
        for value in values
    ]
    return f"[{', '.join(written)}]"


def _json_rows(rows: Iterable[Iterable[str | int | None]]) -> str | None:
    written = [_json_list(row) for row in rows]
    return f"[{', '.join(written)}]" if written else None


def _origin_json(entry: Entry) -> str | None:
    origin = entry.origin
    return None if origin is None else _json_list((origin.title, origin.id, origin.link))


def snapshot_from_row(row: Sequence[Any]) -> Snapshot:
    """The Snapshot kept in a row of SNAPSHOT_COLUMNS."""
    base = row[13]
    return Snapshot(
        snapshot_id=row[0],
        entry_id=row[1],
        number=row[2],
        taken_at=from_text(row[3]),
        changed=tuple(json.loads(row[4] or "[]")),
        digest=row[5],
        title=text_of_columns(row[6], row[7], base),
        link=row[8],
        summary=text_of_columns(row[9], row[10], base),
        content=text_of_columns(row[11], row[12], base),
        language=row[14],
        published=from_text_or_none(row[15]),
        updated=from_text_or_none(row[16]),
        authors=tuple(json.loads(row[17] or "[]")),
        tags=tuple(Tag(*tag) for tag in json.loads(row[18] or "[]")),
        enclosures=tuple(Enclosure(*enclosure) for enclosure in json.loads(row[19] or "[]")),
        rights=row[20],
        feed_updated=from_text_or_none(row[21]),
    )


def packed_text(text: Text) -> str:
    """A text in one column."""
    return json.dumps([text.value, text.kind, text.base], ensure_ascii=False)


def unpacked_text(packed: str | None) -> Text | None:
    """The text that `packed_text` wrote."""
    return None if packed is None else Text(*json.loads(packed))


def text_of_columns(
    value: str | None, kind: Literal["text", "html"], base: str | None
) -> Text | None:
    """A text as it stands in its two columns; `base` is what its links are relative to."""
    return None if value is None else Text(value, kind, base)
