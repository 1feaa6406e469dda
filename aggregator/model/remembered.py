"""What is remembered of a source between polls: its state, its alarms, its pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from aggregator.model.said import NO_HINTS, UpdateHints


@dataclass(frozen=True, slots=True)
class PollState:
    """What the store remembers of a source between polls; `schedule` makes each from the last.

    `url` is the address the validators and the digest were asked at, `final_url` where redirects
    led from there, `source_url` what feeds.yaml said at the time. `next_poll_at` None means: never
    polled. `failures` counts since the last success; `failing_since` is the first of them.
    `moved_to` is where permanent redirects led, `moved_seen` how many polls in a row said so.
    `plan` holds the times learned for the next polls (seconds since 1970, commas between),
    `silent_after_s` how long without new entries is unusual, `alarms` the kinds now raised.
    `error` says why the last poll failed, `reason` in one word (FetchFailed's).
    """

    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    next_poll_at: datetime | None = None
    last_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    interval: timedelta | None = None
    failures: int = 0
    failing_since: datetime | None = None
    outcome: str | None = None
    status: int | None = None
    error: str | None = None
    gone: bool = False
    moved_to: str | None = None
    moved_seen: int = 0
    hints: UpdateHints = NO_HINTS
    final_url: str | None = None
    source_url: str | None = None
    plan: str | None = None
    silent_after_s: float | None = None
    alarms: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that something is wrong: `what` names a sentence, `facts` are what fills it.

    It is kept so, and made a sentence where it is read, in the reader's language (drift.said).
    """

    what: str
    facts: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong with a source (or a category), from `since` until `ended_at` (None: still).

    `kind` is a short stable name (docs/polling.md).
    """

    alarm_id: int
    source_name: str
    source_title: str
    kind: str
    since: datetime
    evidence: Evidence
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CategoryDay:
    """New entries of one day that came to a category: how many, the sum of a value of each, and of

    its square. The value is how probable the classifier held the category, 0 to 1; with
    `uncategorized` it is 1 for an entry that nothing decided about, and `entries` are all.
    """

    day: date
    entries: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page to capture, as the store holds it, with its own due time.

    `kind` is index (a front page or a page of an edition; `level` counts from the front),
    article, part (a sitemap of an index; `name` is when the index says that it changed), or
    fulltext (the page of the entry `entry_id`; `text_key` is a digest of its text when last had).
    `edition` is the day (ISO 8601) of the edition it belongs to, `place` its order in it, `name`
    and `section` what the link to it said. `listed` False keeps its entries out of the feeds (an
    earlier edition, fetched once). `next_fetch_at` None means: never again.
    """

    page_id: int
    source_name: str
    url: str
    kind: Literal["index", "article", "part", "fulltext"]
    level: int
    place: str
    found_at: datetime
    edition: str | None = None
    name: str | None = None
    section: str | None = None
    listed: bool = True
    next_fetch_at: datetime | None = None
    first_fetched_at: datetime | None = None
    fetched_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    final_url: str | None = None
    failures: int = 0
    outcome: str | None = None
    status: int | None = None
    error: str | None = None
    entry_id: int | None = None
    text_key: str | None = None
