"""An entry as it would be stored → what a probe shows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from aggregator.cli.foreseen import Foreseen
from aggregator.dedupe.identify import plain
from aggregator.model import Entry
from aggregator.text import fit_for_xml, shorten, squeeze


@dataclass(frozen=True, slots=True)
class ShownArticle:
    """An article as it would be stored."""

    url: str
    title: str
    published: datetime | None
    section: str | None
    foreseen: Foreseen
    characters: int
    pictures: int
    begins: str
    pages: int = 1

    def as_json(self) -> dict[str, Any]:
        """The object of `check --probe --json`; its time in UTC."""
        return {
            "url": self.url,
            "title": self.title,
            "published": self.published and self.published.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "section": self.section,
            "categories": list(self.foreseen.categories),
            "why": list(self.foreseen.why),
            "characters": self.characters,
            "pictures": self.pictures,
            "begins": self.begins,
            "pages": self.pages,
        }


def shown_article(entry: Entry, foreseen: Foreseen, pages: int = 1) -> ShownArticle:
    """What a probe shows of an entry, where it would stand, and how many pages it is read from."""
    text = squeeze(plain(entry.content or entry.summary))
    return ShownArticle(
        url=entry.link or "",
        title=squeeze(plain(entry.title)) or "(no title)",
        published=entry.published,
        section=entry.tags[0].label or entry.tags[0].term if entry.tags else None,
        foreseen=foreseen,
        characters=len(text),
        pictures=len(entry.enclosures),
        begins=shorten(text, 60),
        pages=pages,
    )


def foreseen_shown(foreseen: Foreseen) -> str:
    """Where an entry would stand, and why, on one line."""
    why = fit_for_xml(squeeze("; ".join(foreseen.why)))
    return f"[{', '.join(foreseen.categories)}] by {shorten(why, 120)}"


def print_article(one: ShownArticle, zone: tzinfo, echo: Callable[[str], None]) -> None:
    """Tell a person of an article, its time in `zone`."""
    moment = one.published.astimezone(zone).strftime("%Y-%m-%d %H:%M") if one.published else "?"
    echo(f"    {moment}  {one.title}  {foreseen_shown(one.foreseen)}")
    echo(
        f"        {one.section or 'no section'}, {one.characters} characters"
        f"{f' on {one.pages} pages' if one.pages > 1 else ''}, "
        f"{one.pictures} pictures: {one.begins or 'no text'}"
    )
