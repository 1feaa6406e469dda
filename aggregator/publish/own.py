"""What this program itself has to say (an alarm, a correction, a notice) → a rendered entry."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from uuid import UUID, uuid5

from feedgen.entry import FeedEntry

from aggregator.html import RENDERER_VERSION
from aggregator.model import OutputRecord, Rendering
from aggregator.publish.feedgen_extension import (
    PREFIXES,
    RSS_PREFIXES,
    EntryExtra,
    link,
    with_plain_titles,
    without_declarations,
)
from aggregator.publish.shown import timestamp


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry of ours. `text` is plain or, of `kind` html, clean HTML; both fit for XML.

    `links` are (rel, address, media type); the first alternate is the address it leads to.
    `category` is (term, label).
    """

    id: str
    title: str
    moment: datetime
    text: str
    kind: str = "text"
    links: tuple[tuple[str, str, str], ...] = ()
    category: tuple[str, str] | None = None


def output_beside(
    everything: OutputRecord, name: str, title: str, moments: Iterable[datetime]
) -> OutputRecord:
    """The output that stands for a feed of our own, beside that of all stories.

    `moments` are those of its entries: it changed with the last of them.
    """
    return replace(
        everything,
        name=name,
        kind=name,
        key=uuid5(UUID(everything.key), name).hex,
        title=title,
        updated_at=max([everything.created_at, *moments]),
    )


def render_own(one: OwnEntry) -> Rendering:
    """The entry in every format."""
    entry = FeedEntry()
    entry.register_extension("extra", EntryExtra)
    extra: EntryExtra = entry.extra
    entry.id(one.id)
    entry.title(one.title)
    extra.title_type = "text"
    entry.updated(one.moment)
    entry.published(one.moment)
    entry.content(one.text, type=one.kind)
    if one.category is not None:
        entry.category(term=one.category[0], label=one.category[1])
    extra.elements = [link(rel, address, type=kind) for rel, address, kind in one.links]
    element = entry.atom_entry()
    for tag in ("updated", "published"):
        element.find(tag).text = timestamp(one.moment)
    atom = without_declarations(element, PREFIXES)
    address = next((address for rel, address, _ in one.links if rel == "alternate"), None)
    entry.guid(one.id, permalink=False)
    if address is not None:
        entry.link(href=address)
    item = entry.rss_entry()
    item.find("pubDate").text = format_datetime(one.moment.replace(microsecond=0), usegmt=True)
    rss = with_plain_titles(without_declarations(item, RSS_PREFIXES))
    return Rendering(0, 0, RENDERER_VERSION, "", atom, rss, _json(one, address))


def _json(one: OwnEntry, address: str | None) -> bytes:
    item = {
        "id": one.id,
        **({"url": address} if address is not None else {}),
        "title": one.title,
        "content_html" if one.kind == "html" else "content_text": one.text,
        "date_published": timestamp(one.moment),
        "date_modified": timestamp(one.moment),
    }
    return json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")
