"""A story → what a feed shows of it, cleaned and checked once for every format.

A function of the story alone: no clock and no library's version enters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from aggregator.dedupe.links import fit_atom_id
from aggregator.html import clean_html, clean_title, text_to_html, visible_text
from aggregator.model import Carrier, Enclosure, PublishedStory, Snapshot, Tag, Text
from aggregator.publish.iri import usable_iri
from aggregator.text import fit_for_xml, shorten, squeeze

# A title made from the text of an entry that has none is cut here.
MADE_TITLE_LENGTH = 80
# An origin's clock or zone may be this far ahead; what lies further is no date of publication.
AHEAD = timedelta(days=1)
# A part of an address this long (in characters) may be a token.
TOKEN_IN_PATH, TOKEN_IN_QUERY = 16, 6
# A republished title is cut here: a "title" of a megabyte is an attack or a mistake.
LONGEST_TITLE = 4_000
LONGEST_RIGHTS = 1_000
# What is more than this, in characters, is no summary, whatever a feed calls it.
SUMMARY_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a story. Texts are fit for XML, HTML is cleaned, addresses are usable.

    `content` and `summary` are HTML, "" for none; `related` are (address, title) of the other
    carriers; enclosures have a usable address and a media type or "". `stands_alone`: the content
    is but a summary, beside the link to what it is of.
    """

    title: str
    title_type: str
    content: str
    summary: str
    authors: tuple[str, ...]
    published: datetime | None
    tags: tuple[Tag, ...]
    rights: str | None
    language: str | None
    link: str | None
    related: tuple[tuple[str, str], ...]
    enclosures: tuple[Enclosure, ...]
    source_id: str
    source_title: str
    source_link: str | None
    source_updated: datetime
    stands_alone: bool = False

    @property
    def plain_title(self) -> str:
        """The title without markup."""
        if self.title_type == "html":
            return visible_text(self.title) or self.title
        return self.title


def show(story: PublishedStory) -> Shown:
    """What a feed shows of a story."""
    shown = republished(story.snapshot, story.summary_only)
    title, title_type = title_of(shown, story.source_title)
    content, summary = content_of(shown)
    link = usable_iri(shown.link)
    language = shown.language if shown.language and _fit_language(shown.language) else None
    rights = shown.rights and squeeze(fit_for_xml(visible_text(shown.rights)))
    updated = shown.feed_updated
    if updated is None or updated > shown.taken_at or updated.year < 1971:
        updated = shown.taken_at
    return Shown(
        title=title,
        title_type=title_type,
        content=content,
        summary=summary,
        authors=tuple(fit for name in shown.authors if (fit := squeeze(fit_for_xml(name)))),
        published=plausible_date(shown.published or shown.updated, story.first_taken_at),
        tags=_tags(shown),
        rights=shorten(rights, LONGEST_RIGHTS) if rights else None,
        language=language.replace("_", "-") if language else None,
        link=link,
        related=_related(story, link),
        enclosures=tuple(
            usable for one in shown.enclosures if (usable := _usable_enclosure(one)) is not None
        ),
        source_id=source_id(story.source_feed_id, story.source_first_url),
        source_title=squeeze(fit_for_xml(story.source_title)) or story.source_name,
        source_link=_source_link(story.source_link, story.source_first_url),
        source_updated=updated,
        # Without a link to what it is about an entry must have a content (RFC 4287 4.1.2).
        stands_alone=story.summary_only and link is not None,
    )


def republished(shown: Snapshot, summary_only: bool) -> Snapshot:
    """A snapshot as far as it may be shown: of a source with `content: summary` no text beyond
    the origin's own summary, or the beginning of the text; no enclosures.
    """
    if not summary_only:
        return shown
    summary = shown.summary
    if summary is None or len(_plain(summary)) > SUMMARY_LENGTH:
        text = shorten(squeeze(_plain(summary or shown.content)), SUMMARY_LENGTH)
        summary = Text(text) if text else None
    return replace(shown, content=None, summary=summary, own=None, enclosures=())


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
    content, summary = cleaned(shown.content), cleaned(shown.summary)
    if not content:
        return summary, ""
    return content, summary if summary != content else ""


def cleaned(text: Text | None) -> str:
    """A text as HTML that is safe to show; "" for none."""
    if text is None:
        return ""
    html = text.value if text.kind == "html" else text_to_html(text.value)
    return clean_html(html, text.base)


def plausible_date(moment: datetime | None, taken_at: datetime) -> datetime | None:
    """The origin's own date, in whole seconds; None where it cannot be true (RFC 4287 3.3)."""
    if moment is None or moment.year < 1971 or moment > taken_at + AHEAD:
        return None
    return moment.astimezone(UTC).replace(microsecond=0)


def _tags(shown: Snapshot) -> tuple[Tag, ...]:
    tags: dict[tuple[str, str | None], Tag] = {}
    for tag in shown.tags:
        term = squeeze(fit_for_xml(tag.term))
        if not term:
            continue
        scheme = _tag_scheme(tag.scheme)
        label = squeeze(fit_for_xml(tag.label)) if tag.label else ""
        tags.setdefault((term, scheme), Tag(term, scheme, label or None))
    return tuple(tags.values())


def _tag_scheme(scheme: str | None) -> str | None:
    """The scheme of a tag where it is a web address in ASCII: validators refuse any other."""
    fit = usable_iri(scheme)
    plain = fit is not None and fit.isascii() and "[" not in fit
    return fit if fit is not None and plain and fit.lower().startswith("http") else None


def _related(story: PublishedStory, link: str | None) -> tuple[tuple[str, str], ...]:
    """The other carriers with an address of their own, and what is known of each."""
    found: dict[str, str] = {}
    for carrier in story.carriers:
        address = usable_iri(carrier.link)
        if address and address != link:
            found.setdefault(address, _carrier_title(carrier, story.snapshot))
    return tuple(found.items())


def _carrier_title(carrier: Carrier, lead: Snapshot) -> str:
    """The carrier's source and when it brought the article; its title, byline and rights where
    they are others than those shown."""
    brought = plausible_date(carrier.published, carrier.first_seen_at) or carrier.first_seen_at
    parts = [f"{carrier.source_title} {timestamp(brought.replace(microsecond=0))}"]
    if carrier.title and (lead.title is None or carrier.title != lead.title.value):
        parts.append(visible_text(carrier.title[:LONGEST_TITLE]))
    if carrier.authors and carrier.authors != lead.authors:
        parts.append(", ".join(carrier.authors))
    if carrier.rights and carrier.rights != lead.rights:
        parts.append(shorten(visible_text(carrier.rights), LONGEST_RIGHTS))
    return " · ".join(fit for part in parts if (fit := squeeze(fit_for_xml(part))))


def _usable_enclosure(enclosure: Enclosure) -> Enclosure | None:
    address = usable_iri(enclosure.url)
    if address is None:
        return None
    length = enclosure.length if enclosure.length is not None and enclosure.length > 0 else None
    title = squeeze(fit_for_xml(enclosure.title)) if enclosure.title else None
    return Enclosure(address, _media_type(enclosure.type), length, title, enclosure.duration)


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


@lru_cache(maxsize=4096)
def source_id(feed_id: str | None, first_url: str) -> str:
    """The source feed's own id where it is an address or URN, else one made of its address.

    The address itself is not shown: it may hold a secret.
    """
    if feed_id and fit_atom_id(feed_id) and not shows_secret(feed_id, first_url):
        return feed_id
    return f"urn:uuid:{uuid5(NAMESPACE_URL, first_url)}"


@lru_cache(maxsize=4096)
def _source_link(link: str | None, first_url: str) -> str | None:
    fit = usable_iri(link)
    return fit if fit and not shows_secret(fit, first_url) else None


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
