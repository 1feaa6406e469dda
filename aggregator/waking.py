"""What is due and the time → what to start now: after a sleep or a jump of the clock, no storm.

A laptop that wakes finds everything overdue at once. Every source is then polled once, as every due
time is in the past but once; what is left is only to spread them over the hosts and some seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from urllib.parse import urlsplit

from aggregator.model import SourceRecord
from aggregator.store import Store

# Later than this is not a busy moment of the program but a time in which it did not run.
OVERDUE = timedelta(minutes=2)
# So many overdue sources a tick (a second) are no storm; of more, a part at a time.
AT_ONCE = 20
PART_A_TICK = 15
# A clock that was set back by less than this needs no mending: everything is late by as much.
SET_BACK = timedelta(minutes=5)
# Nothing polled under a clock that was ahead waits longer than this.
LONGEST_WAIT = timedelta(hours=1)
# A host never asks to be left alone for longer than a week (docs/fetching.md, rule 11).
LONGEST_REST = timedelta(days=8)


def to_start(due: Mapping[str, SourceRecord], now: datetime) -> dict[str, SourceRecord]:
    """Of what is due (the longest overdue first) what to start at this tick; the rest stays due."""
    overdue, others = [], {}
    for name, record in due.items():
        planned = record.state.next_poll_at
        if planned is not None and now - planned > OVERDUE:
            overdue.append(record)
        else:
            others[name] = record
    room = max(AT_ONCE, len(overdue) // PART_A_TICK)
    chosen = overdue if len(overdue) <= room else _in_turn(overdue)[:room]
    return others | {record.name: record for record in chosen}


def _in_turn(records: Iterable[SourceRecord]) -> list[SourceRecord]:
    """The records by host in turn, each host's in their order."""
    by_host: dict[str, list[SourceRecord]] = {}
    for record in records:
        address = record.state.source_url or record.first_url
        by_host.setdefault(_host(address), []).append(record)
    return [one for one in chain.from_iterable(zip_longest(*by_host.values())) if one]


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return url


def was_set_back(before: datetime | None, now: datetime) -> bool:
    """Whether the clock now tells an earlier time than it did, by more than it is ever adjusted."""
    return before is not None and before - now > SET_BACK


def next_after_set_back(
    source_id: int, planned: datetime | None, interval: timedelta | None, now: datetime
) -> datetime:
    """When to poll a source that was last polled under a clock that was ahead.

    Within its usual interval and LONGEST_WAIT, each source at another moment of them.
    """
    span = min(interval or LONGEST_WAIT, LONGEST_WAIT)
    drawn = int.from_bytes(hashlib.blake2b(str(source_id).encode(), digest_size=4).digest())
    moment = now + span * (drawn / 2**32)
    return min(planned, moment) if planned is not None and planned > now else moment


def mend_after_set_back(store: Store, now: datetime) -> int:
    """Bring the times of sources polled under a clock that was ahead back; how many there were.

    Else they would wait until that clock's time comes: for years, if it was years ahead.
    """
    ahead = store.polled_in_future(now + SET_BACK)
    if ahead:
        nexts = {
            number: next_after_set_back(number, planned, interval, now)
            for number, planned, interval in ahead
        }
        with store.transaction():
            store.mend_times(nexts, now, LONGEST_REST)
    return len(ahead)
