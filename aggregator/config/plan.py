"""Two configurations → the lines that tell a person what an edit changed, or may be wrong."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from aggregator.config.renames import match_outputs, match_sources
from aggregator.config.secrets import is_literal, shown_url
from aggregator.config.values import split_listen
from aggregator.model import Category, Config, Output, Source

# Shown by name only: their values may be secrets.
_SILENT = frozenset({"headers", "proxy"})
# Shown by name only: they are long.
_LONG = frozenset({"page", "json", "sitemap", "fulltext"})


def plan_changes(old: Config, new: Config) -> tuple[str, ...]:
    """What an edit changed: `+ source x`, `~ source y: category domestic → local`, `- …`.

    Empty when nothing did (comments and order of keys aside). Holds no secret.
    """
    outputs = match_outputs([one.id for one in old.published], new.published)
    sources = match_sources([(source.id, source.url) for source in old.sources], new)
    return (
        *_settings(old, new),
        *_items("output", old.published, new.published, outputs),
        *_items("source", old.sources, new.sources, sources),
    )


def _settings(old: Config, new: Config) -> Iterator[str]:
    named = ("title", "base_url", "timezone", "store", "listen", "honor_removals", "gone_after")
    for name in named:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"~ {name}: {before} → {after}"
    for part in ("publish", "fetch", "websub"):
        before, after = getattr(old, part), getattr(new, part)
        for change in _changes(before, after):
            yield f"~ {part}: {change}"


def _items(
    noun: str,
    old: Iterable[Category | Output] | Iterable[Source],
    new: Iterable[Category | Output] | Iterable[Source],
    renames: Iterable[tuple[str, str]],
) -> Iterator[str]:
    before: dict[str, Any] = {item.id: item for item in old}
    after: dict[str, Any] = {item.id: item for item in new}
    renamed = {name: former for former, name in renames}
    for name, item in after.items():
        former = renamed.get(name, name)
        if former not in before:
            yield f"+ {noun} {name}"
            continue
        changes = list(_changes(before[former], item))
        if former != name:
            changes.insert(0, f"id {former} → {name}")
        if changes:
            yield f"~ {noun} {name}: {', '.join(changes)}"
    gone = before.keys() - after.keys() - set(renamed.values())
    for name in before:
        if name in gone:
            yield f"- {noun} {name}"


def _changes(old: Any, new: Any) -> Iterator[str]:
    for spec in fields(new):
        if spec.name in ("id", "was"):
            continue
        before, after = getattr(old, spec.name, None), getattr(new, spec.name)
        if before == after:
            continue
        name = "category" if spec.name == "categories" else spec.name
        if name in _SILENT | _LONG:
            yield f"{name} changed"
        elif name == "enabled":
            yield "enabled" if after else "disabled"
        else:
            yield f"{name} {_shown(before)} → {_shown(after)}"


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, tuple):
        pairs = (
            f"{part[0]}: {part[1]}" if isinstance(part, tuple) else str(part) for part in value
        )
        return ", ".join(pairs)
    if isinstance(value, str) and "://" in value:
        return shown_url(value)
    return str(value)


def duration_text(value: timedelta) -> str:
    """A time span as feeds.yaml writes it: `1d2h`, `30m`."""
    rest = int(value.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def config_warnings(config: Config) -> tuple[str, ...]:
    """What is allowed but probably not meant, a sentence each."""
    return (*_address_warnings(config), *_source_warnings(config), *_query_warnings(config))


def _address_warnings(config: Config) -> Iterator[str]:
    host, _ = split_listen(config.listen)
    public = urlsplit(config.base_url).hostname or ""
    if not _is_loopback(host) and _is_loopback(public):
        yield (
            f"listen is {config.listen}, open to other machines, but base_url is {config.base_url}:"
            " the links in the feeds lead nowhere from there; set base_url to the public address"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _source_warnings(config: Config) -> Iterator[str]:
    if not any(source.enabled for source in config.sources):
        yield "no source is enabled: nothing will be polled"
    urls: dict[str, str] = {}
    for source in config.sources:
        if source.url in urls:
            yield f"the sources {urls[source.url]} and {source.id} have the same address"
        urls.setdefault(source.url, source.id)
        if _holds_password(source):
            yield (
                f"the source {source.id} has its password in the file: write ${{NAME}} there,"
                " and set NAME in the environment"
            )
        if source.every is not None and source.every < timedelta(minutes=5):
            host = urlsplit(source.url).hostname or ""
            if not _is_loopback(host) and not source.url.startswith("file:"):
                yield (
                    f"the source {source.id} is polled every {duration_text(source.every)}:"
                    " most origins take less than 5m amiss"
                )


def _holds_password(source: Source) -> bool:
    telling = ("authorization", "cookie", "proxy-authorization", "x-api-key")
    values = [value for name, value in source.headers if name.lower() in telling]
    for url in (source.url, source.proxy):
        if url and "@" in url and (password := urlsplit(url).password):
            values.append(password)
    return any(map(is_literal, values))


def _query_warnings(config: Config) -> Iterator[str]:
    known = {source.id for source in config.sources}
    rules = [(f"a rule of {one.id}", rule) for one in config.categories for rule in one.rules]
    for where, query in [
        *rules,
        *((f"the query of {one.id}", one.query) for one in config.outputs),
    ]:
        for name in _named_sources(query):
            if name not in known:
                yield f"{where} names the source {name}, which does not exist"


def _named_sources(rule: str) -> Iterator[str]:
    if "source" not in rule:
        return
    from aggregator.query import And, Not, Or, Query, Term, parse_query

    def walk(query: Query) -> Iterator[str]:
        if isinstance(query, Term):
            if query.field == "source" and not query.prefix:
                yield query.value
        elif isinstance(query, And | Or):
            for part in query.parts:
                yield from walk(part)
        elif isinstance(query, Not):
            yield from walk(query.part)

    yield from walk(parse_query(rule))
