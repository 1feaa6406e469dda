"""What is kept, as it is shown: sources, outputs, stories, snapshots, health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.model.decided import CategoryDecision, Likeness
from aggregator.model.remembered import Alarm, PageRecord, PollState
from aggregator.model.said import Enclosure, Tag, Text


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """A source as it was configured when store and feeds.yaml were last brought together.

    `reading` is a digest of how its document is read where that is no feed; `summary_only` says
    that no more than summary and link of its entries is republished.
    """

    name: str
    title: str
    url: str
    enabled: bool
    categories: tuple[str, ...]
    schedule: str | None
    removed: bool = False
    reading: str | None = None
    summary_only: bool = False


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source as the store holds it: its number there and what its schedule remembers."""

    source_id: int
    name: str
    first_url: str
    state: PollState


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """A published feed as the store holds it. `kind`: category, query, all, uncategorized.

    `revision` is that of its last visible change; `stirred_revision` that of any, the archives'
    included. `query` is the saved query it is of. `private`: shown to those who have a token.
    """

    output_id: int
    name: str
    kind: str
    key: str
    title: str
    created_at: datetime
    updated_at: datetime
    revision: int
    stirred_revision: int = 0
    query: str | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """The query of an output: the snapshots up to number `matched_to` it has looked at.

    `is_matched` once it has looked through all that was stored when it was new.
    """

    output_id: int
    name: str
    query: str
    matched_to: int
    is_matched: bool


@dataclass(frozen=True, slots=True)
class Token:
    """What opens a private output; `digest` is its SHA-256 (hex), the token itself is not kept."""

    number: int
    output: str
    name: str
    digest: str
    made_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class OutputFate:
    """What became of an output: it is here, moved to another name, or gone for good."""

    state: Literal["here", "moved", "gone"]
    name: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """An entry of a story, and the source that carries it."""

    entry_id: int
    source_name: str
    source_title: str
    guid: str
    link: str | None
    title: str | None
    published: datetime | None
    first_seen_at: datetime
    authors: tuple[str, ...] = ()
    rights: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One captured version of an entry, with its readable content.

    `own` is the feed's own content, where the text of the entry's page is `content` and the feed
    gave one that is no summary; it is read with the details of a story only.
    """

    snapshot_id: int
    entry_id: int
    number: int
    taken_at: datetime
    digest: str
    changed: tuple[str, ...]
    title: Text | None
    link: str | None
    summary: Text | None
    content: Text | None
    published: datetime | None
    updated: datetime | None
    language: str | None
    authors: tuple[str, ...]
    tags: tuple[Tag, ...]
    enclosures: tuple[Enclosure, ...]
    rights: str | None
    feed_updated: datetime | None
    own: Text | None = None


@dataclass(frozen=True, slots=True)
class PublishedStory:
    """A story as a feed shows it: its lead's latest snapshot, and who carries it.

    `outlet` is whom the text shown credits; `origin` the name of the source that first carried it,
    where a carrier credits that. Where the origin's text is fuller than the lead's, `snapshot` and
    the source are the origin's.
    `summary_only`: of its text no more than a summary may be shown (`content: summary`).
    """

    story_id: int
    key: str
    atom_id: str
    updated_at: datetime
    revision: int
    first_taken_at: datetime
    snapshot: Snapshot
    source_name: str
    source_title: str
    source_link: str | None
    source_feed_id: str | None
    source_first_url: str
    carriers: tuple[Carrier, ...] = ()
    outlet: str | None = None
    origin: str | None = None
    summary_only: bool = False


@dataclass(frozen=True, slots=True)
class KeptLikeness:
    """Why an entry is a carrier of its story: its snapshot, and the one it was verified against."""

    source_name: str
    source_title: str
    likeness: Likeness
    decided_at: datetime
    snapshot: Snapshot | None
    matched: Snapshot | None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A published document: the revision its bytes last changed at, and their SHA-256 (hex)."""

    path: str
    revision: int
    rendered_revision: int
    settings: str
    digest: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source as `/sources` and `aggregator sources` show it."""

    name: str
    title: str
    url: str
    enabled: bool
    removed_at: datetime | None
    categories: tuple[str, ...]
    state: PollState
    entries: int
    last_poll_new: int | None
    alarms: tuple[Alarm, ...] = ()
    rhythm: bytes | None = None
    week_entries: int = 0
    duplicates: int = 0
    uncategorized: int = 0


@dataclass(frozen=True, slots=True)
class StoryDetails:
    """Everything `show` tells of a story."""

    story: PublishedStory
    created_at: datetime
    snapshots: tuple[Snapshot, ...]
    decisions: tuple[tuple[int, CategoryDecision, datetime], ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UndecidedEntry:
    """An entry whose category is to be decided anew. `outlet` is whom its text credits.

    `published` is when it was taken where the entry has no date of its own.
    """

    entry_id: int
    story_id: int
    source_name: str
    title: Text | None
    summary: Text | None
    content: Text | None
    link: str | None
    authors: tuple[str, ...]
    tags: tuple[Tag, ...]
    language: str | None
    outlet: str | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class LabelledEntry:
    """An entry whose category is known since `since`: from its source, or from a person."""

    entry_id: int
    category: str
    corrected: bool
    since: datetime
    source_name: str
    title: Text | None
    text: Text | None
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A learned classifier as the store holds it: counts of labels, and how it came out.

    `remark` says why it is in force or was kept out; `report` is JSON. `number` 0: not kept yet.
    """

    trained_at: datetime
    labels: int
    corrections: int
    in_force: bool
    remark: str
    report: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class KeptPage:
    """An entry with the raw pages (addresses, bytes) that it was last read from.

    `snapshot` is its latest, `origin` whom that names as having carried it first. `lacking` are the
    fields the feed did not give when the entry came. `bodies` is () where a page is damaged;
    `record` is what is remembered of the page, None once that is forgotten.
    """

    entry_id: int
    source_id: int
    guid: str
    capture_id: int
    encoding: str | None
    bodies: tuple[tuple[str, bytes], ...]
    snapshot: Snapshot
    origin: str | None
    lacking: frozenset[str]
    record: PageRecord | None


@dataclass(frozen=True, slots=True)
class CapturedSnapshot:
    """A snapshot that was read from a capture: whose it is, and its digest (hex)."""

    story_key: str
    source_name: str
    guid: str
    link: str | None
    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Capture:
    """Bytes as an origin sent them: a whole body, or (`is_part`) one entry's part of it.

    `digest` is the SHA-256 (hex) of `raw`, which is None when it is damaged. `url` is the address
    it was fetched from and may hold secrets.
    """

    capture_id: int
    is_part: bool
    format: str | None
    encoding: str | None
    url: str | None
    taken_at: datetime
    context_id: int | None
    digest: str
    raw: bytes | None
    snapshots: tuple[CapturedSnapshot, ...] = ()
