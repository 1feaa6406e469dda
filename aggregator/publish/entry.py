"""A story → its entry in Atom, RSS 2.0 and JSON Feed 1.1: the bytes that documents are joined of.

feedgen writes the elements of the XML formats; what it cannot say comes by its extension.
"""

from __future__ import annotations

import json
from email.utils import format_datetime

from feedgen.entry import FeedEntry

from aggregator.html import RENDERER_VERSION, visible_text
from aggregator.model import Enclosure, PublishedStory, Rendering
from aggregator.publish.feedgen_extension import (
    APP,
    DC,
    DCTERMS,
    MEDIA,
    PREFIXES,
    RSS_PREFIXES,
    EntryExtra,
    ExtraElement,
    link,
    with_plain_titles,
    without_declarations,
)
from aggregator.publish.shown import Shown, show, timestamp

UNKNOWN_TYPE = "application/octet-stream"
_TYPES_BY_ENDING = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "zip": "application/zip",
}
_to_json = json.JSONEncoder(ensure_ascii=False).encode


def render_story(story: PublishedStory) -> Rendering:
    """A story's entry in every format, to stand in documents that declare the prefixes."""
    shown = show(story)
    entry, extra = _feedgen_entry(story, shown)
    atom = _atom(entry, shown)
    _fill_rss(entry, extra, story, shown)
    return Rendering(
        story_id=story.story_id,
        revision=story.revision,
        version=RENDERER_VERSION,
        language=shown.language or "",
        atom=atom,
        rss=with_plain_titles(without_declarations(entry.rss_entry(), RSS_PREFIXES)),
        json=_json(story, shown),
    )


def render_entry(story: PublishedStory) -> bytes:
    """The `<entry>` of a story alone, in UTF-8, to stand in a feed that declares PREFIXES."""
    shown = show(story)
    return _atom(_feedgen_entry(story, shown)[0], shown)


# ---------------------------------------------------------------- Atom (RFC 4287)


def _feedgen_entry(story: PublishedStory, shown: Shown) -> tuple[FeedEntry, EntryExtra]:
    entry = FeedEntry()
    entry.register_extension("extra", EntryExtra)
    extra: EntryExtra = entry.extra
    entry.id(story.atom_id)
    entry.title(shown.title)
    extra.title_type = shown.title_type
    entry.updated(story.updated_at)
    for name in shown.authors:
        entry.author(name=name)
    entry.content(shown.content or shown.title, type="html" if shown.content else shown.title_type)
    summary = shown.content if shown.stands_alone else shown.summary
    if summary:
        entry.summary(summary, type="html")
    for tag in shown.tags:
        about = {"term": tag.term, "scheme": tag.scheme, "label": tag.label}
        entry.category(**{name: value for name, value in about.items() if value})
    if shown.rights:
        entry.rights(shown.rights)
    extra.language = shown.language
    # Not by feedgen, which to write the same date into RSS sets the process's locale twice.
    dates = [ExtraElement("published", timestamp(shown.published))] if shown.published else []
    extra.elements = [*dates, *_links(shown), *snapshot_times(story), _source(shown)]
    return entry, extra


def _atom(entry: FeedEntry, shown: Shown) -> bytes:
    element = entry.atom_entry()
    if shown.stands_alone:  # feedgen, which does not see our links, insists on a content
        element.remove(element.find("content"))
    updated = element.find("updated")  # with Z, as everywhere else in the documents
    updated.text = updated.text.replace("+00:00", "Z")
    return without_declarations(element, PREFIXES)


def _links(shown: Shown) -> list[ExtraElement]:
    """alternate and via to the original, related to the other carriers, enclosures."""
    links: list[ExtraElement] = []
    if shown.link:
        links += [link("alternate", shown.link), link("via", shown.link)]
    links += [link("related", address, title=title) for address, title in shown.related]
    return links + [
        link(
            "enclosure",
            one.url,
            type=one.type or "",
            length=str(one.length or ""),
            title=one.title or "",
        )
        for one in shown.enclosures
    ]


def snapshot_times(story: PublishedStory) -> list[ExtraElement]:
    """When the first and the latest snapshot were taken, and the latest's digest.

    In elements that feed validators know: dcterms:dateAccepted, app:edited (RFC 5023 10.2) and
    dcterms:provenance. Not dcterms:modified, which feedparser takes for atom:updated: that would
    move for its users with every change of a link.
    """
    digest = f"urn:sha256:{story.snapshot.digest}"
    return [
        ExtraElement(f"{{{DCTERMS}}}dateAccepted", timestamp(story.first_taken_at)),
        ExtraElement(f"{{{APP}}}edited", timestamp(story.snapshot.taken_at)),
        ExtraElement(f"{{{DCTERMS}}}provenance", digest),
    ]


def _source(shown: Shown) -> ExtraElement:
    """atom:source (RFC 4287 4.2.11) with id, title, updated, link, and the source as author."""
    children = [
        ExtraElement("id", shown.source_id),
        ExtraElement("title", shown.source_title),
        ExtraElement("updated", timestamp(shown.source_updated)),
        ExtraElement("author", children=[ExtraElement("name", shown.source_title)]),
    ]
    if shown.source_link:
        children.append(link("alternate", shown.source_link))
    return ExtraElement("source", children=children)


# ---------------------------------------------------------------- RSS 2.0


def _fill_rss(entry: FeedEntry, extra: EntryExtra, story: PublishedStory, shown: Shown) -> None:
    """What an RSS item says otherwise than the Atom entry that `entry` is already."""
    entry.title(shown.plain_title)
    entry.guid(story.atom_id, permalink=False)
    if shown.link:
        entry.link(href=shown.link)
    dates = shown.published or story.updated_at
    extra.rss_elements = [
        ExtraElement("pubDate", format_datetime(dates.replace(microsecond=0), usegmt=True)),
        *(ExtraElement(f"{{{DC}}}creator", name) for name in shown.authors),
        ExtraElement(f"{{{DC}}}publisher", shown.source_title),
        *_rss_enclosures(shown.enclosures),
        ExtraElement(f"{{{DCTERMS}}}dateAccepted", timestamp(story.first_taken_at)),
        ExtraElement(f"{{{DCTERMS}}}modified", timestamp(story.updated_at)),
        ExtraElement(f"{{{DCTERMS}}}provenance", f"urn:sha256:{story.snapshot.digest}"),
    ]


def _rss_enclosures(enclosures: tuple[Enclosure, ...]) -> list[ExtraElement]:
    """The first as `enclosure`, of which an item has one, the others as media:content."""
    elements = []
    for number, one in enumerate(enclosures):
        about = {"url": one.url, "type": one.type or type_by_ending(one.url)}
        if number == 0:
            about["length"] = str(one.length or 0)
            elements.append(ExtraElement("enclosure", attributes=about))
        else:
            elements.append(ExtraElement(f"{{{MEDIA}}}content", attributes=about))
    return elements


def type_by_ending(address: str) -> str:
    """The media type that the ending of an address tells; UNKNOWN_TYPE where it tells none."""
    path = address.partition("?")[0].partition("#")[0]
    return _TYPES_BY_ENDING.get(path.rpartition(".")[2].lower(), UNKNOWN_TYPE)


# ---------------------------------------------------------------- JSON Feed 1.1


def _json(story: PublishedStory, shown: Shown) -> bytes:
    item: dict[str, object] = {"id": story.atom_id}
    if shown.link:
        item["url"] = shown.link
    item["title"] = shown.plain_title
    item["content_html"] = shown.content or shown.title
    if summary := visible_text(shown.summary) if shown.summary else "":
        item["summary"] = summary
    if shown.published is not None:
        item["date_published"] = timestamp(shown.published)
    item["date_modified"] = timestamp(story.updated_at)
    item["authors"] = [{"name": name} for name in shown.authors or (shown.source_title,)]
    if tags := list(dict.fromkeys(tag.label or tag.term for tag in shown.tags)):
        item["tags"] = tags
    if shown.language:
        item["language"] = shown.language
    if shown.enclosures:
        item["attachments"] = [_attachment(one) for one in shown.enclosures]
    item["_aggregator"] = {
        "source": {"id": shown.source_id, "title": shown.source_title, "url": shown.source_link},
        "carriers": [{"url": address, "title": title} for address, title in shown.related],
        "first_snapshot": timestamp(story.first_taken_at),
        "latest_snapshot": timestamp(story.snapshot.taken_at),
        "digest": f"urn:sha256:{story.snapshot.digest}",
        **({"rights": shown.rights} if shown.rights else {}),
    }
    return str(_to_json(item)).encode("utf-8", "replace")


def _attachment(enclosure: Enclosure) -> dict[str, object]:
    about: dict[str, object] = {
        "url": enclosure.url,
        "mime_type": enclosure.type or type_by_ending(enclosure.url),
    }
    if enclosure.title:
        about["title"] = enclosure.title
    if enclosure.length:
        about["size_in_bytes"] = enclosure.length
    if enclosure.duration:
        about["duration_in_seconds"] = enclosure.duration
    return about
