"""A source whose document has the day in its address (`{date:FORMAT}`) → the source of one day.

What is remembered of it goes from one day's document to the next, but for its validators. Of JSON
answers and sitemaps; an edition's front page is read by `crawl`. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aggregator.model import FetchFailed, FetchOutcome, NotModified, PollState, Source, SourceRecord
from aggregator.pages.days import dated, is_dated, local_day


def at_day(
    source: Source, record: SourceRecord, now: datetime, zone: str
) -> tuple[Source, SourceRecord]:
    """The source with today's address (in `zone`, IANA), `template` being the one configured, and
    what is remembered as of that; both as they are where the address has no day.
    """
    if not is_dated(source.url):
        return source, record
    template, state = source.url, record.state
    url = dated(template, local_day(now, ZoneInfo(zone)))
    source = replace(source, url=url, template=template)
    if state.source_url not in (None, template):
        return source, record  # the person wrote another address: nothing of it holds
    if state.url != url:
        state = replace(
            state,
            url=None,
            etag=None,
            last_modified=None,
            body_digest=None,
            final_url=None,
            moved_to=None,
            moved_seen=0,
        )
    return source, replace(record, state=replace(state, source_url=url))


def not_out_yet(source: Source, outcome: FetchOutcome) -> FetchOutcome:
    """The outcome, where a day's document that is not there (yet) is no failure."""
    if source.template is None or not isinstance(outcome, FetchFailed):
        return outcome
    if outcome.status in (404, 410):
        return NotModified(outcome.url, outcome.status)
    return outcome


def is_missing(source: Source, outcome: FetchOutcome) -> bool:
    """Whether a day's document was not there."""
    return source.template is not None and outcome.status in (404, 410)


def as_configured(source: Source, state: PollState) -> PollState:
    """The state as it is to be kept: of the address configured. Redirects are of one day only."""
    if source.template is None:
        return state
    return replace(state, source_url=source.template, moved_to=None, moved_seen=0)
