"""A source that was fetched → its place in a batch for the writer, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest
from urllib.parse import urlsplit

from aggregator.crawl import Front
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchOutcome,
    ParsedFeed,
    PollUpdate,
    SavedPoll,
    Source,
    SourceRecord,
)
from aggregator.parse import ParseError

# A step of the writer: small enough that a thread holds the interpreter for some 50 ms only.
ENTRIES_A_BATCH = 200
POLLS_A_BATCH = 200


@dataclass(frozen=True, slots=True)
class PollResult:
    """What became of one source in a pass. `outcome`: ok, not_modified, not_due, failed, gone."""

    source: str
    outcome: str
    status: int | None = None
    new: int = 0
    revised: int = 0
    duplicate: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Polled:
    """A source that has been fetched and parsed, on its way to the writer."""

    source: Source
    record: SourceRecord
    outcome: FetchOutcome
    feed: ParsedFeed | None
    polled_at: datetime
    duration_ms: int
    front: Front | None = None

    @property
    def weight(self) -> int:
        """How many entries the writer will have to look at."""
        return len(self.feed.entries) if self.feed is not None else 0


def unusable(outcome: FetchOutcome, error: ParseError) -> FetchFailed:
    """A body that is no feed is a failure like any other, and leaves no validators behind."""
    status = outcome.status if isinstance(outcome, Fetched) else None
    return FetchFailed(outcome.url, error.reason, str(error), status=status)


def not_asked(outcome: FetchOutcome) -> bool:
    """Whether nothing was sent, because the host wants to be left alone: no poll at all."""
    return isinstance(outcome, FetchFailed) and outcome.reason == "host-rests"


def result_of(name: str, poll: PollUpdate, saved: SavedPoll) -> PollResult:
    """The result of a source's poll that was saved, `name` being the source's id."""
    state = poll.state
    counts = (saved.new, saved.revised, saved.duplicate)
    return PollResult(name, state.outcome or "ok", state.status, *counts, state.error)


def spread_over_hosts(
    pairs: Sequence[tuple[Source, SourceRecord]],
) -> Iterable[tuple[Source, SourceRecord]]:
    """The sources in turn by host, so that one host's many do not hold up the rest."""
    by_host: dict[str, list[tuple[Source, SourceRecord]]] = {}
    for pair in pairs:
        by_host.setdefault(urlsplit(pair[0].url).netloc, []).append(pair)
    return [pair for pair in chain.from_iterable(zip_longest(*by_host.values())) if pair]


async def next_batch(queue: asyncio.Queue[Polled | None]) -> list[Polled]:
    """What is ready, at least one and at most a batch; [] at the end."""
    batch: list[Polled] = []
    weight = 0
    while not batch or not queue.empty():
        done = await queue.get()
        if done is None:
            if batch:
                queue.put_nowait(None)
            break
        batch.append(done)
        weight += done.weight
        if weight >= ENTRIES_A_BATCH or len(batch) >= POLLS_A_BATCH:
            break
    return batch
