"""Turns what a source is and what its last polls said into the next request and its time.

Pure: no clock, no chance, no I/O. The numbers of the politeness rules stand in docs/fetching.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from aggregator.cron import cron_trigger
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    FetchSettings,
    NotModified,
    PollState,
    Source,
    UpdateHints,
)

__all__ = ["after_poll", "host_rests", "is_due", "next_cron", "poll_url", "request_for"]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SHORTEST = timedelta(minutes=10)  # no learned interval and no back-off is shorter
# Anything longer that a feed or a server states is no wish about polling: it is cut to this …
LONGEST_WISH = WEEK
# … and a max-age beyond that is how static files are cached, so it counts for a day only.
LONGEST_MAX_AGE = DAY
BACK_OFF_CAP = DAY
JITTER_PART = 0.05
JITTER_CAP = timedelta(minutes=5)
CONFIRMATIONS = 2  # sightings in a row after which a permanent redirect is followed at once
MOVED_PATIENCE = 3  # failures in a row after which the configured address is tried again
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)


# ---------------------------------------------------------------- the request


def request_for(source: Source, state: PollState, settings: FetchSettings) -> FetchRequest:
    """The next request of `source`: conditional where the validators belong to its address.

    A confirmed permanent redirect is followed at once. The source's headers, which may be
    secrets, go to the configured origin only.
    """
    url = poll_url(source, state)
    ours = state.url is not None and url in (state.url, state.final_url)
    ours = ours and state.source_url in (None, source.url)
    at_home = url == source.url or _origin(url) == _origin(source.url)
    return FetchRequest(
        url=url,
        etag=state.etag if ours else None,
        last_modified=state.last_modified if ours else None,
        body_digest=state.body_digest if ours else None,
        allow_private=source.allow_private,
        headers=source.headers if at_home else (),
        proxy=source.proxy or settings.proxy,
        validators_url=state.final_url if ours else None,
    )


def poll_url(source: Source, state: PollState) -> str:
    """The address the next poll asks: where the source has moved to, or the configured one."""
    if (
        state.moved_to is not None
        and state.moved_seen >= CONFIRMATIONS
        and state.source_url in (None, source.url)
    ):
        return state.moved_to
    return source.url


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return None


# ---------------------------------------------------------------- when


def is_due(source: Source, state: PollState, now: datetime) -> bool:
    """Whether `source` is to be polled at `now`: enabled, not gone, and its time has come.

    A source whose configured address changed is due at once, gone or not.
    """
    if not source.enabled:
        return False
    if state.next_poll_at is None or state.source_url not in (None, source.url):
        return True
    return not state.gone and _due_at(source, state, state.next_poll_at) <= now


def _due_at(source: Source, state: PollState, planned: datetime) -> datetime:
    """`planned`, or earlier where the person has shortened `every` since it was planned.

    Only where the rhythm alone had set that time: back-off and what the origin asks for stand.
    """
    if source.every is None or state.interval is None or state.last_poll_at is None:
        return planned
    by_rhythm = state.last_poll_at + state.interval * (1 + JITTER_PART)
    if state.failures or source.every >= state.interval or planned > by_rhythm:
        return planned
    asked = _asked_interval(state.hints, None)
    return state.last_poll_at + max(source.every, asked)


def after_poll(
    source: Source,
    state: PollState,
    outcome: FetchOutcome,
    now: datetime,
    *,
    timezone: str,
    hints: UpdateHints | None = None,
    new_entries: int = 0,
    planned: datetime | None = None,
) -> PollState:
    """What is to be remembered after `outcome`, the next poll's time included.

    `timezone` (IANA) is the configuration's, for `at:` of a source without its own. `hints` are
    the document's; None (a 304, a failure) keeps the earlier ones. A body that could not be used
    must come as a FetchFailed: it then leaves validators, digest and redirects as they were.
    `planned` is the time learned from the source's rhythm; `every` and `at` override it.
    """
    if state.source_url not in (None, source.url):
        state = PollState(last_success_at=state.last_success_at, last_new_at=state.last_new_at)
    if isinstance(outcome, FetchFailed):
        return _after_failure(source, state, outcome, now, timezone)
    url = poll_url(source, state)
    etag, last_modified = _validators(state, outcome)
    moved_to, moved_seen = _redirect(source, state, outcome.moved_to, url)
    hints = state.hints if hints is None else hints
    interval = usual_interval(source, etag is not None or last_modified is not None)
    if planned is not None and source.every is None and source.at is None:
        # A server without validators sends everything each time: a day stays the least (rule 8).
        interval = max(planned - now, SHORTEST if interval < DAY else DAY)
    # Built once, not changed step by step: this runs for every source of every pass.
    return PollState(
        url=url,
        etag=etag,
        last_modified=last_modified,
        body_digest=outcome.body_digest if isinstance(outcome, Fetched) else state.body_digest,
        next_poll_at=_next_poll(source, interval, hints, outcome.freshness.max_age, now, timezone),
        last_poll_at=now,
        last_success_at=now,
        last_new_at=now if new_entries else state.last_new_at,
        interval=interval,
        outcome="ok" if isinstance(outcome, Fetched) else "not_modified",
        status=outcome.status,
        moved_to=moved_to,
        moved_seen=moved_seen,
        hints=hints,
        final_url=outcome.url if outcome.url != url else None,
        source_url=source.url,
        plan=state.plan,
        silent_after_s=state.silent_after_s,
        alarms=state.alarms,
    )


def usual_interval(source: Source, has_validators: bool) -> timedelta:
    """The time between two polls as far as the source itself decides it.

    The person's `every`; else a day where the server gives no validators, an hour otherwise.
    """
    if source.every is not None:
        return max(source.every, timedelta(seconds=1))
    return HOUR if has_validators else DAY


def _next_poll(
    source: Source,
    interval: timedelta,
    hints: UpdateHints,
    max_age: timedelta | None,
    now: datetime,
    timezone: str,
) -> datetime:
    """The next time after a success: the rhythm, but not before anything the origin asks for."""
    asked = _asked_interval(hints, max_age)
    if source.at is not None:
        moment = next_cron(source.at, source.timezone or timezone, now + asked)
        return _clear_of_skips(moment, hints)
    wait = max(interval, asked)
    return _clear_of_skips(now + wait + _jitter(source, wait, now), hints)


def _asked_interval(hints: UpdateHints, max_age: timedelta | None) -> timedelta:
    """The longest of what the feed (ttl, sy:updatePeriod) and the server (max-age) ask for."""
    asked = timedelta(0)
    if hints.interval is not None:
        asked = min(hints.interval, LONGEST_WISH)
    if max_age is not None:
        asked = max(asked, max_age if max_age <= LONGEST_WISH else LONGEST_MAX_AGE)
    return asked


def _clear_of_skips(moment: datetime, hints: UpdateHints) -> datetime:
    """`moment`, or the same minute of the first later hour that skipHours and skipDays leave.

    Both are GMT (RSS 2.0). A feed that skips everything has skipped nothing.
    """
    if not hints.skip_hours and not hints.skip_days:
        return moment
    for hours in range(8 * 24):
        later = moment + timedelta(hours=hours)
        if later.hour not in hints.skip_hours and later.weekday() not in hints.skip_days:
            return later
    return moment


def _jitter(source: Source, span: timedelta, now: datetime) -> timedelta:
    """A little time on top, never less than nothing: sources of one rhythm drift apart.

    Drawn from the address and the time, so that sources of one address stay together and share
    their fetch.
    """
    seed = f"{source.url}\n{now.isoformat(timespec='minutes')}".encode()
    part = int.from_bytes(hashlib.blake2b(seed, digest_size=4).digest()) / 2**32
    return min(span * JITTER_PART, JITTER_CAP) * part


# ---------------------------------------------------------------- after a failure


def _after_failure(
    source: Source, state: PollState, outcome: FetchFailed, now: datetime, timezone: str
) -> PollState:
    """Back off, longer each time; stop where the document is gone; leave all else as it was."""
    if outcome.reason == "host-rests":
        # Nothing was asked, so nothing failed: the source waits with its host.
        until = _sane(outcome.retry_after, now) or now + HOUR
        moment = until + _jitter(source, until - now, now)
        return replace(state, source_url=source.url, next_poll_at=moment)
    failures = min(state.failures + 1, 10_000)
    asked_elsewhere = poll_url(source, state) != source.url
    if asked_elsewhere and (outcome.gone or failures >= MOVED_PATIENCE):
        # The new address does not hold: back to the one that the person wrote.
        state = replace(state, moved_to=None, moved_seen=0)
    gone = outcome.gone and not asked_elsewhere
    return replace(
        state,
        source_url=source.url,
        last_poll_at=now,
        failures=failures,
        failing_since=state.failing_since or now,
        outcome="gone" if gone else "failed",
        status=outcome.status,
        error=outcome.message,
        reason=outcome.reason,
        gone=gone,
        next_poll_at=END_OF_TIME if gone else _retry_at(source, failures, outcome, now),
    )


def _retry_at(source: Source, failures: int, outcome: FetchFailed, now: datetime) -> datetime:
    """When to try again: the back-off doubles up to a cap; a Retry-After is waited out."""
    # A source never seen has no validators yet: that alone makes no day of the first wait.
    usual = SHORTEST if source.at is not None else usual_interval(source, has_validators=True)
    base = max(usual, SHORTEST)
    wait = min(base * (1 << min(failures - 1, 10)), max(BACK_OFF_CAP, base))
    moment = now + wait + _jitter(source, wait, now)
    asked = _sane(outcome.retry_after, now)
    return moment if asked is None else max(moment, asked + _jitter(source, wait, now))


def host_rests(outcomes: Iterable[FetchOutcome]) -> dict[str, datetime]:
    """The hosts (with their ports) that asked in these answers to be left alone, and until when.

    What was never asked, because its host rests, says nothing new.
    """
    return {
        outcome.host: outcome.retry_after
        for outcome in outcomes
        if isinstance(outcome, FetchFailed) and outcome.reason != "host-rests"
        if outcome.host_rests and outcome.host and outcome.retry_after
    }


def _sane(moment: datetime | None, now: datetime) -> datetime | None:
    """A time stated by an origin, cut to what can be meant; None if it is past."""
    if moment is None or moment <= now:
        return None
    return min(moment, now + LONGEST_WISH)


# ---------------------------------------------------------------- what a success leaves behind


def _validators(state: PollState, outcome: Fetched | NotModified) -> tuple[str | None, str | None]:
    """The ETag and Last-Modified to send next time.

    A 200 replaces both and drops one no longer sent, also when the body is the same; a 304
    replaces what it repeats and keeps the rest (RFC 9111 4.3.4).
    """
    if isinstance(outcome, NotModified) and outcome.status == 304:
        return outcome.etag or state.etag, outcome.last_modified or state.last_modified
    return outcome.etag, outcome.last_modified


def _redirect(
    source: Source, state: PollState, moved_to: str | None, asked: str
) -> tuple[str | None, int]:
    """Count sightings in a row of one permanent redirect; a confirmed one stays."""
    if moved_to is None and asked != source.url:
        return state.moved_to, state.moved_seen  # asked at the new address, and it answered
    if moved_to is None or moved_to == source.url:
        return None, 0
    seen = state.moved_seen + 1 if moved_to == state.moved_to else 1
    return moved_to, min(seen, 10_000)


# ---------------------------------------------------------------- cron


def next_cron(text: str, timezone: str, after: datetime) -> datetime:
    """The first time later than `after` (aware) that `text` names in `timezone`, in UTC.

    Raises ValueError for what `cron_error` complains of. One that never comes is END_OF_TIME.
    """
    moment: datetime | None = _trigger(text, timezone).get_next_fire_time(
        None, after + timedelta(microseconds=1)
    )
    return END_OF_TIME if moment is None else moment.astimezone(UTC)


@lru_cache(maxsize=1024)
def _trigger(text: str, timezone: str) -> Any:
    return cron_trigger(text, timezone)
