"""What the store holds of a story → what its page shows of it, at present or at an earlier time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.model import (
    CategoryDecision,
    Enclosure,
    OutputRecord,
    PublishedStory,
    Related,
    Snapshot,
    StoryDetails,
)
from aggregator.publish.shown import cleaned, content_of, plausible_date, republished, shows_secret
from aggregator.store import StoreReader
from aggregator.text import fit_for_xml, squeeze
from aggregator.web.addresses import web_link
from aggregator.web.memento import stamp, whole_second
from aggregator.web.view import Headline, headline_of, story_headline

# Of the category, below the article.
LATEST = 8
RELATED = 8
NOTHING_RELATED = Related()


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot of the article: when it was taken, what changed, the address's time."""

    number: int
    taken_at: datetime
    stamp: str
    changed: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class CarriedBy:
    """Another source that carries the article."""

    source: str
    title: str | None
    link: str | None
    published: datetime | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """A story as its page shows it. `content` and `summary` are cleaned HTML, "" for none."""

    key: str
    title: str
    language: str | None
    published: datetime | None
    taken_at: datetime
    source: str
    source_link: str | None
    link: str | None
    authors: tuple[str, ...]
    rights: str | None
    content: str
    summary: str
    own: str
    enclosures: tuple[Enclosure, ...]
    carriers: tuple[CarriedBy, ...]
    digest: str
    versions: tuple[Version, ...]
    categories: tuple[OutputRecord, ...]
    decisions: tuple[CategoryDecision, ...]
    latest: tuple[Headline, ...] = ()
    related: Related = NOTHING_RELATED

    @property
    def stamp(self) -> str:
        """The time in the address of the version that is shown."""
        return stamp(self.taken_at)


def read_item(reader: StoreReader, key: str, at: datetime | None, now: datetime) -> Item | None:
    """The story of `key` with its latest text, or the text it had at `at`; None for none.

    With its latest text go the stories related to it, as of `now`.
    """
    details = reader.story_details(key)
    if details is None:
        return None
    snapshots = lead_snapshots(details)
    shown = next(s for s in reversed(snapshots) if at is None or whole_second(s.taken_at) <= at)
    outputs = {output.name: output for output in reader.outputs()}
    named = [outputs[name] for name in details.outputs if name in outputs]
    categories = [output for output in named if output.kind == "category"]
    categories = categories or [output for output in named if output.kind == "uncategorized"]
    latest: tuple[Headline, ...] = ()
    if at is None and categories:
        others = reader.listed_stories(categories[0].output_id, LATEST + 1)
        latest = tuple(story_headline(one) for one in others if one.key != key)[:LATEST]
    item = _item(details, shown, snapshots, categories, latest, at)
    if at is not None:
        return item
    return replace(item, related=reader.related(details.story.story_id, RELATED, now))


def lead_snapshots(details: StoryDetails) -> list[Snapshot]:
    """The snapshots of the carrier whose text is shown, the first one first, as far as they may
    be shown (`content: summary`).
    """
    lead, summary_only = details.story.snapshot.entry_id, details.story.summary_only
    mine = (one for one in details.snapshots if one.entry_id == lead)
    return [republished(one, summary_only) for one in sorted(mine, key=lambda one: one.number)]


def moments_of(details: StoryDetails) -> list[datetime]:
    """When the versions of a story were taken, in whole seconds, each once, ascending."""
    return sorted({whole_second(one.taken_at) for one in lead_snapshots(details)})


def _item(
    details: StoryDetails,
    shown: Snapshot,
    snapshots: Sequence[Snapshot],
    categories: Sequence[OutputRecord],
    latest: tuple[Headline, ...],
    at: datetime | None,
) -> Item:
    story = details.story
    content, summary = content_of(shown)
    source_link = web_link(story.source_link)
    if source_link and shows_secret(source_link, story.source_first_url):
        source_link = None
    decided = {decision.category: decision for _, decision, _ in details.decisions}
    return Item(
        key=story.key,
        title=headline_of(shown, story.source_title),
        language=shown.language,
        published=plausible_date(shown.published or shown.updated, story.first_taken_at),
        taken_at=shown.taken_at,
        source=story.source_title,
        source_link=source_link,
        link=web_link(shown.link),
        authors=tuple(name for one in shown.authors if (name := squeeze(fit_for_xml(one)))),
        rights=squeeze(fit_for_xml(shown.rights)) if shown.rights else None,
        content=content,
        summary=summary,
        own=cleaned(shown.own),
        enclosures=tuple(one for one in shown.enclosures if web_link(one.url)),
        carriers=_carriers(story, at),
        digest=shown.digest,
        versions=tuple(
            Version(one.number, one.taken_at, stamp(one.taken_at), one.changed, one.digest)
            for one in snapshots
        ),
        categories=tuple(categories),
        decisions=tuple(decided[one.name] for one in categories if one.name in decided),
        latest=latest,
    )


def _carriers(story: PublishedStory, at: datetime | None) -> tuple[CarriedBy, ...]:
    """The carriers beside the one whose text is shown; as of `at`, where that is given."""
    shown = story.snapshot.entry_id
    return tuple(
        CarriedBy(
            one.source_title,
            one.title if one.title and one.link != story.snapshot.link else None,
            web_link(one.link),
            plausible_date(one.published, one.first_seen_at),
            one.first_seen_at,
        )
        for one in story.carriers
        if one.entry_id != shown and (at is None or whole_second(one.first_seen_at) <= at)
    )
