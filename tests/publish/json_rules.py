"""A JSON Feed → the points of the specification (version 1.1) that it misses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

VERSION = "https://jsonfeed.org/version/1.1"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")

Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.fullmatch(value) is not None


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and _DATE.fullmatch(value) is not None


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_type(value: Any) -> bool:
    return isinstance(value, str) and _TYPE.fullmatch(value) is not None


def _of_each(known: Mapping[str, Check], needed: tuple[str, ...], least: int = 1) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, list) and all(
            isinstance(one, dict)
            and len(one) >= least
            and not list(_object(one, known, needed, ""))
            for one in value
        )

    return check


_AUTHORS = _of_each({"name": _is_text, "url": _is_url, "avatar": _is_url}, ())
_FEED: dict[str, Check] = {
    "version": lambda value: value == VERSION,
    "title": _is_text,
    "home_page_url": _is_url,
    "feed_url": _is_url,
    "description": _is_text,
    "user_comment": _is_text,
    "next_url": _is_url,
    "icon": _is_url,
    "favicon": _is_url,
    "authors": _AUTHORS,
    "language": _is_language,
    "expired": lambda value: isinstance(value, bool),
    "hubs": _of_each({"type": _is_text, "url": _is_url}, ("type", "url")),
    "items": lambda value: isinstance(value, list),
}
_ITEM: dict[str, Check] = {
    "id": _is_text,
    "url": _is_url,
    "external_url": _is_url,
    "title": _is_text,
    "content_html": _is_text,
    "content_text": _is_text,
    "summary": _is_text,
    "image": _is_url,
    "banner_image": _is_url,
    "date_published": _is_date,
    "date_modified": _is_date,
    "authors": _AUTHORS,
    "tags": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "language": _is_language,
    "attachments": _of_each(
        {
            "url": _is_url,
            "mime_type": _is_type,
            "title": _is_text,
            "size_in_bytes": _is_number,
            "duration_in_seconds": _is_number,
        },
        ("url", "mime_type"),
    ),
}


def broken_points(document: bytes, served_at: str) -> list[str]:
    """What is amiss in a JSON Feed that is served at an address; [] for a good one."""
    feed = json.loads(document.decode("utf-8"))
    found = list(_object(feed, _FEED, ("version", "title", "items"), "feed"))
    if feed.get("feed_url") != served_at:
        found.append(f"feed_url is {feed.get('feed_url')}")
    if feed.get("next_url") == served_at:
        found.append("next_url leads to the feed itself")
    names = [item.get("id") for item in feed["items"]]
    if len(names) != len(set(names)):
        found.append("an id stands twice")
    for item in feed["items"]:
        found += _object(item, _ITEM, ("id",), f"item {item.get('id')}")
        if not item.keys() & {"content_html", "content_text"}:
            found.append(f"item {item.get('id')} has no content")
    return found


def _object(
    value: Mapping[str, Any], known: Mapping[str, Check], needed: tuple[str, ...], where: str
) -> Iterator[str]:
    """Unknown keys, keys of a wrong form, keys that are missing; those with _ are extensions."""
    for key, inner in value.items():
        if key.startswith("_"):
            if not isinstance(inner, dict) or "." in key:
                yield f"{where}: the extension {key} is no object"
        elif key not in known:
            yield f"{where}: there is no {key}"
        elif not known[key](inner):
            yield f"{where}: {key} is {inner!r}"
    for key in needed:
        if key not in value:
            yield f"{where}: no {key}"
