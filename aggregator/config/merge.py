"""The feeds of an OPML file and a Config → what is to be added to feeds.yaml, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aggregator.config.addresses import address_key, typed_address
from aggregator.config.names import category_id, source_id
from aggregator.config.opml import Outline
from aggregator.config.values import InvalidValue, check_language, check_source_url
from aggregator.model import Config
from aggregator.text import normal_form


@dataclass(slots=True)
class Merge:
    """Items for feeds.yaml, and a sentence for each outline that is left out."""

    categories: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def merge_outlines(
    config: Config,
    outlines: Sequence[Outline],
    category: str | None = None,
    prefix: str = "",
) -> Merge:
    """What importing outlines adds. The innermost folder is the category, found by its title.

    With `category` (an id) every source goes there; ids begin with `prefix`. Duplicates, under
    any spelling of their address and also within the file, are named and skipped; so is what
    cannot be fetched.
    """
    merge = Merge()
    known = {address_key(source.url): source.id for source in config.sources}
    taken = {source.id for source in config.sources}
    folders = _Folders(config, merge)
    for outline in outlines:
        url = typed_address(outline.url)
        told = f"line {outline.line}: {outline.title or outline.url}"
        try:
            check_source_url(url)
        except InvalidValue as error:
            merge.skipped.append(f"{told}: {error.message}")
            continue
        key = address_key(url)
        if key in known:
            merge.skipped.append(f"{told}: there already as {known[key]}")
            continue
        name = source_id(outline.title, url, taken, prefix)
        taken.add(name)
        known[key] = name
        item: dict[str, Any] = {"id": name}
        if outline.title:
            item["title"] = outline.title[:1000]
        item["url"] = url
        chosen = category or folders.category_of(outline)
        if chosen:
            item["category"] = chosen
        if outline.language and _is_language(outline.language):
            item["language"] = outline.language
        merge.sources.append(item)
    return merge


def _is_language(text: str) -> bool:
    try:
        check_language(text)
    except InvalidValue:
        return False
    return True


class _Folders:
    """Titles of folders → ids of categories; unknown ones become new categories."""

    def __init__(self, config: Config, merge: Merge) -> None:
        self._merge = merge
        self._ids = {category.id for category in config.categories}
        self._by_title = {normal_form(c.title): c.id for c in config.categories}
        self._by_title.update({name: name for name in self._ids})

    def category_of(self, outline: Outline) -> str | None:
        if not outline.folders:
            return None
        title = outline.folders[-1][:1000]
        key = normal_form(title)
        if key not in self._by_title:
            name = category_id(title, self._ids)
            self._ids.add(name)
            self._by_title[key] = name
            self._merge.categories.append({"id": name, "title": title})
        return self._by_title[key]
