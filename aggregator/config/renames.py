"""What was known before and what feeds.yaml names now → which is which, renames followed.

A rename keeps history, ids and subscriptions. It is told by `was`, or, for a source, by its
address: one that stays while the id changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from aggregator.model import Config


class Named(Protocol):
    """What has an id and may say what it was called before: a source, a category."""

    @property
    def id(self) -> str:
        """The id it has now."""

    @property
    def was(self) -> tuple[str, ...]:
        """The ids it had before."""


def match_sources(known: Iterable[tuple[str, str]], config: Config) -> tuple[tuple[str, str], ...]:
    """The renames, as (known id, configured id), between known sources (id, url) and `config`.

    A configured source whose id is known is that source, whatever else it says. Another is the
    known one that its `was` names, or else the one that has its address; no known source is
    continued twice, and none that is still configured is renamed.
    """
    known_urls = dict(known)
    renamed = _by_was(known_urls, config.sources)
    current = {source.id for source in config.sources}
    taken = set(renamed.values())
    free: dict[str, list[str]] = {}
    for name, url in known_urls.items():
        if name not in taken and name not in current:
            free.setdefault(url, []).append(name)
    for source in config.sources:
        if source.id not in known_urls and source.id not in renamed and free.get(source.url):
            renamed[source.id] = free[source.url].pop(0)
    return tuple((old, new) for new, old in renamed.items())


def match_outputs(known: Iterable[str], wanted: Iterable[Named]) -> tuple[tuple[str, str], ...]:
    """The renames, as (known id, configured id), between outputs known and wanted: by `was`."""
    renamed = _by_was(dict.fromkeys(known, ""), wanted)
    return tuple((old, new) for new, old in renamed.items())


def _by_was(known: Mapping[str, str], items: Iterable[Named]) -> dict[str, str]:
    """Configured id → known id, for those that `was` tells."""
    items = list(items)
    current = {item.id for item in items}
    renamed: dict[str, str] = {}
    for item in items:
        if item.id in known:
            continue
        for old in item.was:
            if old in known and old not in current and old not in renamed.values():
                renamed[item.id] = old
                break
    return renamed
