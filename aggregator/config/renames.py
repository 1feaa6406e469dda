"""What the store knows and what feeds.yaml names now → which is which, renames followed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from aggregator.model import Category, Config


class Named(Protocol):
    """What has an id and may say what it was called before: a source, a category."""

    @property
    def id(self) -> str:
        """The id it has now."""

    @property
    def was(self) -> tuple[str, ...]:
        """The ids it had before."""


@dataclass(frozen=True, slots=True)
class Matched:
    """`stored` maps each configured id to the id the store knows it by, None for a new one.

    `vanished` are the stored ids that no configured one continues.
    """

    stored: Mapping[str, str | None]
    vanished: tuple[str, ...]

    @property
    def renamed(self) -> dict[str, str]:
        """Stored id → configured id, for those that differ."""
        return {old: new for new, old in self.stored.items() if old is not None and old != new}


def match_sources(known: Iterable[tuple[str, str]], config: Config) -> Matched:
    """Which stored source (id, url) each configured one is.

    The same id first; then an id that `was` names; then the same address, if the stored source
    with it is named by nothing else and only one new source has it.
    """
    stored = dict(known)
    matched = _by_name(stored, config.sources)
    taken = {old for old in matched.values() if old is not None}
    free: dict[str, list[str]] = {}
    for name, url in stored.items():
        if name not in taken:
            free.setdefault(url, []).append(name)
    wanting: dict[str, list[str]] = {}
    for source in config.sources:
        if matched[source.id] is None:
            wanting.setdefault(source.url, []).append(source.id)
    for url, names in wanting.items():
        # Two sources may share an address; which continues which is then anyone's guess, but in
        # the file's order each still finds a history of that address.
        for name, old in zip(names, free.get(url, ()), strict=False):
            matched[name] = old
            taken.add(old)
    return Matched(matched, tuple(name for name in stored if name not in taken))


def match_categories(known: Iterable[str], categories: Iterable[Category]) -> Matched:
    """Which stored category each configured one is: the same id, else one that `was` names."""
    stored = dict.fromkeys(known, "")
    matched = _by_name(stored, categories)
    taken = set(matched.values())
    return Matched(matched, tuple(name for name in stored if name not in taken))


def _by_name(stored: Mapping[str, str], items: Iterable[Named]) -> dict[str, str | None]:
    items = list(items)
    current = {item.id for item in items}
    matched: dict[str, str | None] = {}
    taken: set[str] = set()
    for item in items:
        matched[item.id] = item.id if item.id in stored else None
        if item.id in stored:
            taken.add(item.id)
    for item in items:
        if matched[item.id] is not None:
            continue
        for old in item.was:
            if old in stored and old not in taken and old not in current:
                matched[item.id] = old
                taken.add(old)
                break
    return matched


def former_ids(old: Iterable[Named], new: Iterable[Named]) -> dict[str, str]:
    """Id now → id before, of what one edit renamed: by `was`, or (sources) by the address."""
    before = {item.id: item for item in old}
    after = list(new)
    renamed: dict[str, str] = {}
    urls = {
        getattr(item, "url", None): name
        for name, item in before.items()
        if name not in {item.id for item in after}
    }
    for item in after:
        if item.id in before:
            continue
        named = [name for name in item.was if name in before and name not in renamed.values()]
        by_url = urls.get(getattr(item, "url", None)) if hasattr(item, "url") else None
        found = named[0] if named else by_url
        if found is not None and found not in renamed.values():
            renamed[item.id] = found
    return renamed
