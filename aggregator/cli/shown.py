"""An entry as it would be stored → what a probe shows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from aggregator.dedupe.identify import plain
from aggregator.model import Entry
from aggregator.text import shorten, squeeze


@dataclass(frozen=True, slots=True)
class ShownArticle:
    """An article as it would be stored."""

    url: str
    title: str
    published: datetime | None
    section: str | None
    categories: tuple[str, ...]
    characters: int
    pictures: int
    begins: str

    def as_json(self) -> dict[str, Any]:
        """The object of `check --probe --json`; its time in UTC."""
        return {
            "url": self.url,
            "title": self.title,
            "published": self.published and self.published.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "section": self.section,
            "categories": list(self.categories),
            "characters": self.characters,
            "pictures": self.pictures,
            "begins": self.begins,
        }


def shown_article(entry: Entry, categories: tuple[str, ...]) -> ShownArticle:
    """What a probe shows of an entry and its categories."""
    text = squeeze(plain(entry.content or entry.summary))
    return ShownArticle(
        url=entry.link or "",
        title=squeeze(plain(entry.title)) or "(no title)",
        published=entry.published,
        section=entry.tags[0].label or entry.tags[0].term if entry.tags else None,
        categories=categories or ("uncategorized",),
        characters=len(text),
        pictures=len(entry.enclosures),
        begins=shorten(text, 60),
    )


def print_article(one: ShownArticle, zone: tzinfo, echo: Callable[[str], None]) -> None:
    """Tell a person of an article, its time in `zone`."""
    moment = one.published.astimezone(zone).strftime("%Y-%m-%d %H:%M") if one.published else "?"
    echo(f"    {moment}  {one.title}  [{', '.join(one.categories)}]")
    echo(
        f"        {one.section or 'no section'}, {one.characters} characters, "
        f"{one.pictures} pictures: {one.begins or 'no text'}"
    )
