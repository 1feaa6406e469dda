"""A story → the bytes of its Atom entry, a function of the story alone.

No clock and no library's version enters: the same store gives the same bytes on any host.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from feedgen.entry import FeedEntry
from lxml import etree

from aggregator.dedupe.links import fit_atom_id
from aggregator.html import clean_html, clean_title, text_to_html, visible_text
from aggregator.model import Carrier, Enclosure, PublishedStory, Snapshot, Text
from aggregator.publish.feedgen_extension import APP, DCTERMS, PREFIXES, EntryExtra, ExtraElement
from aggregator.publish.iri import usable_iri
from aggregator.text import fit_for_xml, shorten, squeeze

# A title made from the text of an entry that has none is cut here.
MADE_TITLE_LENGTH = 80
# What is more than this, in characters, is no summary, whatever a feed calls it.
SUMMARY_LENGTH = 300
# An origin's clock or zone may be this far ahead; what lies further is no date of publication.
AHEAD = timedelta(days=1)
# A part of an address this long (in characters) may be a token.
TOKEN_IN_PATH, TOKEN_IN_QUERY = 16, 6
# A republished title is cut here: a "title" of a megabyte is an attack or a mistake.
LONGEST_TITLE = 4_000


def render_entry(story: PublishedStory) -> bytes:
    """The `<entry>` of a story, in UTF-8, to stand in a feed that declares PREFIXES."""
    story = replace(story, snapshot=republished(story))
    shown = story.snapshot
    entry = FeedEntry()
    entry.register_extension("extra", EntryExtra)
    extra: EntryExtra = entry.extra
    entry.id(story.atom_id)
    title, extra.title_type = title_of(shown, story.source_title)
    entry.title(title)
    entry.updated(story.updated_at)
    published = plausible_date(shown.published or shown.updated, story.first_taken_at)
    if published is not None:
        entry.published(published)
    for name in shown.authors:
        if fit := squeeze(fit_for_xml(name)):
            entry.author(name=fit)
    content, summary = content_of(shown)
    # Without a link to what it is about an entry must have a content (RFC 4287 4.1.2).
    is_linked = story.summary_only and usable_iri(shown.link) is not None
    entry.content(content or title, type="html" if content else extra.title_type)
    if is_linked:
        summary = content
    if summary:
        entry.summary(summary, type="html")
    for tag in _tags(shown):
        entry.category(**tag)
    if shown.rights:
        entry.rights(fit_for_xml(visible_text(shown.rights)))
    if shown.language and _fit_language(shown.language):
        extra.language = shown.language.replace("_", "-")
    extra.elements = [*_links(story), *_snapshot_times(story), _source(story)]
    element = entry.atom_entry()
    if is_linked:  # feedgen, which does not see our links, insists on a content
        element.remove(element.find("content"))
    _without_stray_times(element)
    return _declared_once(element)


def republished(story: PublishedStory) -> Snapshot:
    """The snapshot as far as it may be shown: of a source with `content: summary` no text beyond
    the origin's own summary, or the beginning of the text; no enclosures.
    """
    shown = story.snapshot
    if not story.summary_only:
        return shown
    summary = shown.summary
    if summary is None or len(_plain(summary)) > SUMMARY_LENGTH:
        text = shorten(squeeze(_plain(summary or shown.content)), SUMMARY_LENGTH)
        summary = Text(text) if text else None
    return replace(shown, content=None, summary=summary, enclosures=())


def _plain(text: Text | None) -> str:
    if text is None:
        return ""
    return visible_text(text.value) if text.kind == "html" else text.value


def title_of(shown: Snapshot, source_title: str) -> tuple[str, str]:
    """The title and its type (RFC 4287 3.1.1). Never empty: the text or the source stands in."""
    if shown.title is not None:
        value, kind = shown.title.value[:LONGEST_TITLE], shown.title.kind
        if kind == "html":
            cleaned = clean_title(value)
            if visible_text(cleaned):
                return cleaned, "html"
        elif fit := squeeze(fit_for_xml(value)):
            return fit, "text"
    for text in (shown.content, shown.summary):
        if text is not None:
            plain = visible_text(text.value) if text.kind == "html" else text.value
            if fit := squeeze(fit_for_xml(plain[: 4 * LONGEST_TITLE])):
                return shorten(fit, MADE_TITLE_LENGTH), "text"
    return squeeze(usable_iri(shown.link) or fit_for_xml(source_title)) or "…", "text"


def content_of(shown: Snapshot) -> tuple[str, str]:
    """The cleaned content and, where it says something else, the cleaned summary; "" for none."""
    content, summary = _cleaned(shown.content), _cleaned(shown.summary)
    if not content:
        return summary, ""
    return content, summary if summary != content else ""


def _cleaned(text: Text | None) -> str:
    if text is None:
        return ""
    html = text.value if text.kind == "html" else text_to_html(text.value)
    return clean_html(html, text.base)


def plausible_date(moment: datetime | None, taken_at: datetime) -> datetime | None:
    """The origin's own date, in whole seconds; None where it cannot be true (RFC 4287 3.3)."""
    if moment is None or moment.year < 1971 or moment > taken_at + AHEAD:
        return None
    return moment.astimezone(UTC).replace(microsecond=0)


def _tags(shown: Snapshot) -> list[dict[str, str]]:
    tags: dict[tuple[str, str | None], dict[str, str]] = {}
    for tag in shown.tags:
        term = squeeze(fit_for_xml(tag.term))
        if not term:
            continue
        scheme = _tag_scheme(tag.scheme)
        written = {"term": term}
        if scheme:
            written["scheme"] = scheme
        if tag.label and (label := squeeze(fit_for_xml(tag.label))):
            written["label"] = label
        tags.setdefault((term, scheme), written)
    return list(tags.values())


def _tag_scheme(scheme: str | None) -> str | None:
    """The scheme of a tag where it is a web address in ASCII: validators refuse any other."""
    fit = usable_iri(scheme)
    plain = fit is not None and fit.isascii() and "[" not in fit
    return fit if fit is not None and plain and fit.lower().startswith("http") else None


def _links(story: PublishedStory) -> list[ExtraElement]:
    """alternate and via to the original, related to the other carriers, enclosures."""
    links: list[ExtraElement] = []
    link = usable_iri(story.snapshot.link)
    if link:
        links.append(_link("alternate", link))
        links.append(_link("via", link))
    others: dict[str | None, Carrier] = {}
    for carrier in story.carriers:
        others.setdefault(usable_iri(carrier.link), carrier)
    links += [
        _link("related", address, title=_carrier_title(carrier))
        for address, carrier in others.items()
        if address and address != link
    ]
    return links + [
        element for e in story.snapshot.enclosures if (element := _enclosure(e)) is not None
    ]


def _carrier_title(carrier: Carrier) -> str:
    """The carrier's source and when it brought the article."""
    brought = plausible_date(carrier.published, carrier.first_seen_at) or carrier.first_seen_at
    name = squeeze(fit_for_xml(carrier.source_title))
    return f"{name} {timestamp(brought.replace(microsecond=0))}"


def _enclosure(enclosure: Enclosure) -> ExtraElement | None:
    address = usable_iri(enclosure.url)
    if address is None:
        return None
    attributes = {"type": _media_type(enclosure.type)}
    if enclosure.length is not None and enclosure.length > 0:
        attributes["length"] = str(enclosure.length)
    if enclosure.title and (title := squeeze(fit_for_xml(enclosure.title))):
        attributes["title"] = title
    return _link("enclosure", address, **{k: v for k, v in attributes.items() if v})


def _media_type(text: str | None) -> str:
    """The type when it is one (RFC 6838), else ""."""
    kind, _, subtype = (text or "").strip().lower().partition("/")
    names = kind, subtype.partition(";")[0].strip()
    fit = all(
        name
        and name.isascii()
        and name.replace("-", "").replace("+", "").replace(".", "").replace("_", "").isalnum()
        for name in names
    )
    return "/".join(names) if fit else ""


def _link(rel: str, href: str, **attributes: str) -> ExtraElement:
    return ExtraElement("link", attributes={"rel": rel, "href": href, **attributes})


def _snapshot_times(story: PublishedStory) -> list[ExtraElement]:
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


def _source(story: PublishedStory) -> ExtraElement:
    """atom:source (RFC 4287 4.2.11) with id, title, updated, link, and the source as author."""
    title = squeeze(fit_for_xml(story.source_title)) or story.source_name
    updated = story.snapshot.feed_updated
    if updated is None or updated > story.snapshot.taken_at or updated.year < 1971:
        updated = story.snapshot.taken_at
    children = [
        ExtraElement("id", source_id(story)),
        ExtraElement("title", title),
        ExtraElement("updated", timestamp(updated)),
        ExtraElement("author", children=[ExtraElement("name", title)]),
    ]
    link = usable_iri(story.source_link)
    if link and not shows_secret(link, story.source_first_url):
        children.append(_link("alternate", link))
    return ExtraElement("source", children=children)


def source_id(story: PublishedStory) -> str:
    """The source feed's own id where it is an address or URN, else one made of its address.

    The address itself is not shown: it may hold a secret.
    """
    own = story.source_feed_id
    if own and fit_atom_id(own) and not shows_secret(own, story.source_first_url):
        return own
    return f"urn:uuid:{uuid5(NAMESPACE_URL, story.source_first_url)}"


def shows_secret(address: str, polled: str) -> bool:
    """Whether an address repeats a part of the polled one that may be a secret (a token).

    Some feeds build their id or link from the address they are asked at. Parts that are long
    enough to be a token count, of the path too; a false alarm only costs a plainer id.
    """
    try:
        parts = urlsplit(polled)
    except ValueError:
        return False
    tokens = [piece for piece in re.split(r"[/.]", parts.path) if len(piece) >= TOKEN_IN_PATH]
    tokens += [value for _, value in parse_qsl(parts.query) if len(value) >= TOKEN_IN_QUERY]
    tokens += [parts.username or "", parts.password or ""]
    shown = unquote(address)
    return any(token and unquote(token) in shown for token in tokens)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, with microseconds where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _fit_language(language: str) -> bool:
    """Whether it has the shape of a language tag (RFC 5646; no language has 4 letters or more)."""
    parts = language.replace("_", "-").split("-")
    return (
        2 <= len(parts[0]) <= 3
        and parts[0].isalpha()
        and all(p.isascii() and p.isalnum() and len(p) <= 8 for p in parts)
    )


def _without_stray_times(element: etree._Element) -> None:
    """Write times with Z, as everywhere else in the documents."""
    for name in ("updated", "published"):
        child = element.find(name)
        if child is not None and child.text:
            child.text = child.text.replace("+00:00", "Z")


def _declared_once(element: etree._Element) -> bytes:
    """The entry's bytes without the declarations of prefixes, which the feed element has."""
    etree.cleanup_namespaces(element, top_nsmap=PREFIXES)
    opening, rest = etree.tostring(element, encoding="utf-8").split(b">", 1)
    for prefix, namespace in PREFIXES.items():
        opening = opening.replace(f' xmlns:{prefix}="{namespace}"'.encode(), b"")
    return opening + b">" + rest
