"""JSON Feed 1.0 and 1.1 → the entries and the feed it says."""

from __future__ import annotations

import json
import re
from typing import Any

from aggregator.model import Note
from aggregator.parse.errors import ParseError
from aggregator.parse.markup import fit
from aggregator.parse.raw import ENTRY_LIMIT, RawEntry, RawFeed, RawLink, RawMedia, RawTag, RawText

_DECODER = json.JSONDecoder(strict=False)
_BLANK = re.compile(r"[ \t\r\n]*")


def looks_like_json(text: str) -> bool:
    """Whether a document is meant to be JSON: its first character says so."""
    return text[:200].lstrip().startswith("{")


def read_json_feed(text: str) -> tuple[RawFeed, list[Note]]:
    """What a JSON Feed says (https://jsonfeed.org/version/1.1). Raises ParseError for no feed."""
    feed = _load(text)
    version = feed.get("version")
    if not (isinstance(version, str) and "jsonfeed.org/version/" in version) and not isinstance(
        feed.get("items"), list
    ):
        raise ParseError("not-a-feed", "JSON, but not a JSON Feed: no version, no items")
    number = str(version).rpartition("/")[2] if isinstance(version, str) else ""
    raw = RawFeed(format=f"JSON Feed {'1.0' if number == '1' else number[:8]}".strip())
    raw.language = _string(feed.get("language"))
    _put_text(raw.texts, "title", feed.get("title"), "text/plain")
    _put_text(raw.texts, "subtitle", feed.get("description"), "text/plain")
    for rel, key in (("alternate", "home_page_url"), ("self", "feed_url")):
        href = _string(feed.get(key))
        if href:
            raw.links.append(RawLink(rel, href))
    for hub in _list(feed.get("hubs")):
        url = _string(hub.get("url")) if isinstance(hub, dict) else None
        if url:
            raw.links.append(RawLink("hub", url))
    for item in _list(feed.get("items"))[:ENTRY_LIMIT]:
        # What is no object says nothing, but keeps its place among the spans.
        raw.entries.append(_entry(item, raw.language) if isinstance(item, dict) else RawEntry())
    notes = []
    if not isinstance(feed.get("items"), list):
        notes.append(Note("ill-formed", "items is missing, or no list: there are no entries"))
    return raw, notes


def item_spans(text: str) -> list[tuple[int, int]] | None:
    """Where each of the feed's items stands in `text`, as (start, end); None where that is unclear.

    `text` is JSON that has been read already. Two arrays called items make it unclear.
    """
    found: list[tuple[int, int]] | None = None
    at = _blank(text, text.find("{") + 1)
    try:
        while text[at] == '"':
            key, at = _DECODER.raw_decode(text, at)
            at = _blank(text, _blank(text, at) + 1)
            if key == "items" and text[at] == "[":
                if found is not None:
                    return None
                found, at = _array_spans(text, at)
            else:
                _, at = _DECODER.raw_decode(text, at)
            at = _blank(text, at)
            at = _blank(text, at + 1) if text[at] == "," else at
    except (ValueError, IndexError, RecursionError):
        return None
    return found


def _array_spans(text: str, at: int) -> tuple[list[tuple[int, int]], int]:
    spans: list[tuple[int, int]] = []
    at = _blank(text, at + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        spans.append((at, end))
        at = _blank(text, end)
        at = _blank(text, at + 1) if text[at] == "," else at
    return spans, at + 1


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found is not None else at


def _load(text: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text.lstrip("\ufeff"), strict=False)
    except RecursionError:
        raise ParseError("too-expensive", "the JSON is nested too deeply") from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise ParseError(
            "not-a-feed", f"not valid JSON: {getattr(error, 'msg', error)}", line
        ) from None
    if not isinstance(loaded, dict):
        raise ParseError("not-a-feed", "JSON, but not an object")
    return loaded


def _entry(item: dict[str, Any], language: str | None) -> RawEntry:
    raw = RawEntry(language=_string(item.get("language")) or language)
    raw.permalink = False
    for key in ("image", "banner_image"):
        image = _string(item.get(key))
        if image:
            raw.images.append(image)
    for key, value in (
        ("guid", item.get("id")),  # "readers should coerce" (JSON Feed 1.1, id)
        ("published", item.get("date_published")),  # some write Unix seconds
        ("updated", item.get("date_modified")),
    ):
        found = _string(str(value) if _is_number(value) else value)
        if found:
            raw.values[key] = found
    title = item.get("title")
    _put_text(raw.texts, "title", str(title) if _is_number(title) else title, "text/plain")
    _put_text(raw.texts, "summary", item.get("summary"), "text/plain")
    _put_text(raw.texts, "content", item.get("content_text"), "text/plain")
    _put_text(raw.texts, "content", item.get("content_html"), "text/html")
    link = _string(item.get("url")) or _string(item.get("external_url"))
    if link:
        raw.links.append(RawLink("alternate", link))
    raw.tags.extend(RawTag(tag) for each in _list(item.get("tags")) if (tag := _string(each)))
    _add_authors(raw, item)
    _add_media(raw, item)
    return raw


def _add_authors(raw: RawEntry, item: dict[str, Any]) -> None:
    for author in [*_list(item.get("authors")), item.get("author")]:
        name = _string(author.get("name")) if isinstance(author, dict) else _string(author)
        if name:
            raw.authors.setdefault("author", []).append(name)


def _add_media(raw: RawEntry, item: dict[str, Any]) -> None:
    for attachment in _list(item.get("attachments")):
        url = _string(attachment.get("url")) if isinstance(attachment, dict) else None
        if url:
            raw.media.append(
                RawMedia(
                    "enclosure",
                    url,
                    _string(attachment.get("mime_type")),
                    _number(attachment.get("size_in_bytes")),
                    _number(attachment.get("duration_in_seconds")),
                    title=_string(attachment.get("title")),
                )
            )


def _put_text(texts: dict[str, RawText], name: str, value: object, kind: str) -> None:
    found = _string(value)
    if found:
        texts[name] = RawText(found, kind)


def _string(value: object) -> str | None:
    return fit(value).strip() or None if isinstance(value, str) else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: object) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
