"""What became of a page → when it is to be fetched next, if ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from aggregator.model import Fetched, FetchFailed, FetchOutcome, NotModified, PageRecord
from aggregator.pages.parts import ASKED_AGAIN

# After the first fetch a page is looked at again while it may still change: less and less often.
CURVE = (timedelta(hours=3), timedelta(hours=9), timedelta(hours=24), timedelta(hours=72))
# A page that cannot be had is tried again after these waits; then it is left.
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (10, 30, 120, 480, 1440))
# An edition that is not out is asked for again this often, until noon.
MISSING_AGAIN = timedelta(minutes=30)
NOON = 12
_FINAL = frozenset({"robots", "no-page", "too-large"})


def after_fetch(
    record: PageRecord, outcome: FetchOutcome, now: datetime, error: str | None = None
) -> PageRecord:
    """`record` as it is to be kept after `outcome`. A body that could not be used is a FetchFailed.

    `error` is what was odd about a page that could be used (a selector without a match).
    """
    if isinstance(outcome, FetchFailed):
        return _after_failure(record, outcome, now)
    first = record.first_fetched_at or now
    is_repeat = isinstance(outcome, NotModified) and outcome.status == 304
    return replace(
        record,
        next_fetch_at=_next_look(record, first, now),
        first_fetched_at=first,
        fetched_at=now,
        etag=(outcome.etag or record.etag) if is_repeat else outcome.etag,
        last_modified=(outcome.last_modified or record.last_modified)
        if is_repeat
        else outcome.last_modified,
        body_digest=outcome.body_digest if isinstance(outcome, Fetched) else record.body_digest,
        final_url=outcome.url if outcome.url != record.url else None,
        failures=0,
        outcome="ok" if isinstance(outcome, Fetched) else "not_modified",
        status=outcome.status,
        error=error if isinstance(outcome, Fetched) else record.error,
    )


def _next_look(record: PageRecord, first: datetime, now: datetime) -> datetime | None:
    """The next point of the curve; an earlier edition fetched once (`listed` False) has none.

    A sitemap of an index is fetched again when the index says that it changed.
    """
    if record.kind == "part":
        return None if record.name else now + ASKED_AGAIN
    if not record.listed:
        return None
    return next((first + after for after in CURVE if first + after > now), None)


def _after_failure(record: PageRecord, outcome: FetchFailed, now: datetime) -> PageRecord:
    if outcome.reason == "host-rests":
        # Nothing was asked, so nothing failed.
        return replace(record, next_fetch_at=outcome.retry_after or now + RETRIES[0])
    failures = record.failures + 1
    wait = RETRIES[failures - 1] if failures <= len(RETRIES) else None
    # An earlier day without an edition, or a document, was a holiday.
    is_front = record.kind == "index" and record.level == 0
    is_front = is_front or (record.kind == "part" and record.edition is not None)
    holiday = is_front and record.first_fetched_at is None and outcome.status in (404, 410)
    if outcome.reason in _FINAL or holiday or (outcome.gone and failures > 1):
        wait = None
    moment = None if wait is None else now + wait
    if moment is not None and outcome.retry_after is not None:
        moment = max(moment, outcome.retry_after)
    return replace(
        record,
        next_fetch_at=moment,
        fetched_at=now,
        failures=failures,
        outcome="failed",
        status=outcome.status,
        error=outcome.message,
    )


def missing_again(now: datetime, zone: tzinfo, planned: datetime | None) -> datetime | None:
    """When to ask again for an edition that is not out: in half an hour until noon in `zone`.

    After that (a holiday has none) as `planned`, by the source's own schedule.
    """
    again = now + MISSING_AGAIN
    local = now.astimezone(zone)
    if local.hour >= NOON:
        return planned
    return again if planned is None or again < planned else planned
