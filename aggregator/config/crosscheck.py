"""The data of feeds.yaml, valid or not → what its parts say against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from aggregator.config import values
from aggregator.config.build import Fault
from aggregator.config.values import InvalidValue
from aggregator.text import normal_form


def cross_check(data: Any, environ: Mapping[str, str]) -> list[Fault]:
    """Duplicate ids, unknown categories, conflicting keys, missing environment variables.

    Works on data as read, so that these are told together with wrong types and unknown keys.
    """
    if not isinstance(data, dict):
        return []
    return [
        *_null_values(data, ()),
        *_duplicate_ids(data, "categories", "outputs"),
        *_duplicate_ids(data, "sources"),
        *_outlets_claimed_twice(data),
        *_source_faults(data),
        *_missing_variables(data, environ),
    ]


def _null_values(value: Any, location: tuple[str | int, ...]) -> Iterator[Fault]:
    """Keys without a value: what an unfinished edit leaves."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if inner is None:
                hint = "give it a value, or remove the line"
                if key in _NOUNS and not location:
                    hint = f"add one below it, or write `{key}: []`"
                yield Fault((*location, key), f"`{key}` has no value", hint, at_key=True)
            elif isinstance(inner, dict | list):
                yield from _null_values(inner, (*location, key))
    else:
        for number, inner in enumerate(value):
            if inner is None:
                yield Fault((*location, number), "an empty list item", "fill it in or remove it")
            elif isinstance(inner, dict | list):
                yield from _null_values(inner, (*location, number))


def _items(data: dict[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    listed = data.get(key)
    if isinstance(listed, list):
        for number, item in enumerate(listed):
            if isinstance(item, dict):
                yield number, item


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


_NOUNS = {"categories": "category", "outputs": "output", "sources": "source"}


def _duplicate_ids(data: dict[str, Any], *keys: str) -> Iterator[Fault]:
    """Faults in the ids of the items of `keys`, which share one namespace."""
    items = [(key, number, item) for key in keys for number, item in _items(data, key)]
    ids: dict[str, tuple[str, int]] = {}
    for key, number, item in items:
        name = item.get("id")
        if not isinstance(name, str):
            continue
        if name in ids:
            other, place = ids[name]
            message = f"the {_NOUNS[key]} id `{name}` stands twice"
            hint = f"item {place + 1} of `{other}` has it already; give this one another id"
            yield Fault((key, number, "id"), message, hint)
        else:
            ids[name] = key, number
    claimed: dict[str, str] = {}
    for key, number, item in items:
        for old in dict.fromkeys(_texts(item.get("was"))):
            if old in ids:
                what = _NOUNS[ids[old][0]]
                message = f"`was` names `{old}`, which is a {what} of its own"
                hint = "a former id belongs to nothing else: remove one of the two"
                yield Fault((key, number, "was"), message, hint)
            elif old in claimed:
                message = f"`{old}` is the former id of `{claimed[old]}` already"
                yield Fault((key, number, "was"), message, "leave it at one of the two")
            else:
                claimed[old] = str(item.get("id"))


def _outlets_claimed_twice(data: dict[str, Any]) -> Iterator[Fault]:
    """A name or host belongs to one outlet: else a credit could mean either."""
    outlets = data.get("outlets")
    claimed: dict[str, str] = {}
    for outlet, others in outlets.items() if isinstance(outlets, dict) else ():
        for number, name in enumerate((outlet, *_texts(others))):
            owner = claimed.setdefault(normal_form(str(name)), outlet)
            if owner != outlet:
                message = f"`{name}` is a name of `{owner}` already"
                place: tuple[str | int, ...] = ("outlets", outlet)
                if number and isinstance(others, list):
                    place = (*place, number - 1)
                yield Fault(place, message, "leave it at one of the two", at_key=not number)


def _source_faults(data: dict[str, Any]) -> Iterator[Fault]:
    categories = {
        name for _, item in _items(data, "categories") if isinstance(name := item.get("id"), str)
    }
    for number, source in _items(data, "sources"):
        here = ("sources", number)
        for position, name in enumerate(_texts(source.get("category"))):
            if name not in categories:
                yield _unknown_category(name, categories, (*here, "category", position))
        mapped = source.get("map")
        if isinstance(mapped, dict):
            for key, name in mapped.items():
                if isinstance(name, str) and name not in categories:
                    yield _unknown_category(name, categories, (*here, "map", key))
        if source.get("every") is not None and source.get("at") is not None:
            message, hint = "`every` and `at` exclude each other", "remove one of them"
            yield Fault((*here, "at"), message, hint, at_key=True)
        yield from _kinds(source, here)
        yield from _page_source(source, here)


def _unknown_category(name: str, categories: set[str], location: tuple[str | int, ...]) -> Fault:
    if name in values.RESERVED_IDS:
        hint = "leave the key out: what no rule takes is there anyway"
        return Fault(location, f"`{name}` is a built-in feed, no category", hint)
    near = get_close_matches(name, categories, 1, 0.6)
    if near:
        hint = f"did you mean `{near[0]}`?"
    elif categories:
        hint = "there are " + ", ".join(sorted(categories)[:20])
    else:
        hint = "add it under `categories:`"
    return Fault(location, f"there is no category `{name}`", hint)


def _is_set(source: dict[str, Any], key: str) -> bool:
    value = source.get(key)
    return value is not None and str(value).lower() not in ("false", "no", "off")


def _kinds(source: dict[str, Any], here: tuple[str | int, ...]) -> Iterator[Fault]:
    """A source is a feed, pages, JSON or a sitemap; not two of them."""
    for pair in (("page", "json"), ("page", "sitemap"), ("json", "sitemap"), ("epaper", "json")):
        one, other = pair
        if _is_set(source, one) and _is_set(source, other):
            message = f"`{one}` and `{other}` exclude each other"
            yield Fault(
                (*here, other), message, "leave the one that the address gives", at_key=True
            )
            return
    json = source.get("json")
    if (
        isinstance(json, dict)
        and json.get("entries")
        and not (json.get("title") or json.get("link"))
    ):
        hint = "write `title:` and an expression for one entry, and `link:` where it has a page"
        message = "`json` does not say what an entry's title is"
        yield Fault((*here, "json"), message, hint, at_key=True)


def _page_source(source: dict[str, Any], here: tuple[str | int, ...]) -> Iterator[Fault]:
    url, page, epaper = source.get("url"), source.get("page"), source.get("epaper")
    is_dated = isinstance(url, str) and values.is_dated(url)
    kinds = ("page", "epaper", "json", "sitemap")
    if is_dated and not any(_is_set(source, kind) for kind in kinds):
        hint = "say so with `page:`, `epaper:`, `json:` or `sitemap:`, or write a feed's address"
        yield Fault((*here, "url"), "an address with {date…} does not say how it is read", hint)
    if isinstance(source.get("fulltext"), dict) and (page is not None or epaper is not None):
        hint = "write its selectors under `page:`"
        message = "`page` reads the pages of articles already"
        yield Fault((*here, "fulltext"), message, hint, at_key=True)
    if isinstance(page, dict) and epaper is None and not page.get("entries"):
        hint = "write `entries:` and a selector of the links to articles"
        if url is not None and not is_dated:
            hint += "; for the pages of a feed's entries `fulltext:` in place of `page:`"
        yield Fault(
            (*here, "page"), "`page` does not say where the articles are", hint, at_key=True
        )
    if source.get("backfill") is not None and not is_dated and not _is_set(source, "sitemap"):
        hint = "write {date:%Y%m/%d} where the address has the day, or remove `backfill`"
        message = "`backfill` needs an address with {date…}, or a sitemap"
        yield Fault((*here, "backfill"), message, hint, at_key=True)


def _missing_variables(data: dict[str, Any], environ: Mapping[str, str]) -> Iterator[Fault]:
    for location, text in _secret_places(data):
        try:
            values.fill_in(text, environ)
        except InvalidValue as error:
            yield Fault(location, error.message, error.hint)


def _secret_places(data: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for number, location in enumerate(_texts(data.get("include"))):
        yield ("include", number), location
    fetch = data.get("fetch")
    if isinstance(fetch, dict) and isinstance(proxy := fetch.get("proxy"), str):
        yield ("fetch", "proxy"), proxy
    for number, source in _items(data, "sources"):
        for key in ("url", "proxy"):
            if isinstance(text := source.get(key), str):
                yield ("sources", number, key), text
        headers = source.get("headers")
        if isinstance(headers, dict):
            for name, value in headers.items():
                if isinstance(value, str):
                    yield ("sources", number, "headers", name), value
