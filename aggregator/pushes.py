"""What a feed says of its hub, and what pushes brought → when to poll beside them. Pure.

A hub that pushes is relied on: its source is polled once a day, to see that nothing was missed.
A poll that finds what no push had brought ends that; several pushes with news, one after the
other, bring it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator.model import ParsedFeed, PollState, PushStanding, Source

BESIDE_PUSHES = timedelta(days=1)
RELIED_ON = 1
# After a poll that knew better so many pushes with news are needed, and one more.
DISAPPOINTED = -4
_MAX_URL = 2_048


def advertised(
    links: Sequence[tuple[str, str]], feed: ParsedFeed, url: str
) -> tuple[str, str] | None:
    """The hub and the topic (WebSub 4): of the Link headers, and only without them of the feed.

    `url` is where the feed came from: the topic, if it does not name itself. None without a hub.
    """
    hubs = [target for rel, target in links if rel == "hub"]
    own = next((target for rel, target in links if rel == "self"), None)
    if not hubs:
        hubs, own = list(feed.hubs), feed.self_link or own
    hubs = [hub for hub in hubs if _is_http(hub)]
    if not hubs:
        return None
    hub = next((hub for hub in hubs if hub.lower().startswith("https:")), hubs[0])
    topic = own if own is not None and _is_http(own) else url
    return (hub, topic) if _is_http(topic) else None


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and len(url) <= _MAX_URL


def is_relied_on(standing: PushStanding | None, now: datetime) -> bool:
    """Whether what is new comes by push, so that polling need only look after it."""
    if standing is None or standing.active_until is None or standing.active_until <= now:
        return False
    return standing.score >= RELIED_ON


def relaxed(
    state: PollState, source: Source, standing: PushStanding | None, now: datetime
) -> PollState:
    """`state` with the next poll a day off where pushes are relied on; a person's `at` stands."""
    if source.at is not None or not is_relied_on(standing, now) or state.failures:
        return state
    daily = now + BESIDE_PUSHES
    if state.next_poll_at is not None and state.next_poll_at >= daily:
        return state
    return replace(state, next_poll_at=daily)


def score_after_poll(standing: PushStanding, new: int, now: datetime) -> int:
    """The score after a poll that brought `new` entries: none, if pushes are to be relied on."""
    return DISAPPOINTED if new and is_relied_on(standing, now) else standing.score


def score_after_push(standing: PushStanding, new: int) -> int:
    """The score after a push that brought `new` entries."""
    return min(standing.score + 1, RELIED_ON) if new else standing.score


def after_push(state: PollState, new: int, now: datetime) -> PollState:
    """What is remembered of a source after a push: polls' validators and plans are not touched."""
    return replace(state, last_new_at=now) if new else state
