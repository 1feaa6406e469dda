"""The store's history of polls and the state of the sources → figures in Prometheus' text format.

Counters follow the history from the first scrape on, so that they only grow, whichever process
polls. No name of a source is a label: with thousands of them that would be the scraper's burden.
"""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from aggregator.drift import KINDS
from aggregator.model import SourceHealth
from aggregator.web.state import WebState
from aggregator.web.view import STATES, state_of

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
BYTES = (1_000, 10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000, 20_000_000)
LAG_EVERY_S = 0.25


class Metrics:
    """One for a process; made at the first scrape, on the event loop."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._polls = Counter(
            "aggregator_polls", "Polls by outcome.", ["outcome"], registry=registry
        )
        self._entries = Counter(
            "aggregator_entries", "Entries saved by polls.", ["kind"], registry=registry
        )
        self._seconds = Histogram(
            "aggregator_poll_duration_seconds",
            "Time a poll took, waiting for its host included.",
            buckets=SECONDS,
            registry=registry,
        )
        self._bytes = Histogram(
            "aggregator_poll_body_bytes",
            "Size of the documents read, inflated.",
            buckets=BYTES,
            registry=registry,
        )
        gauges = {
            "success": ("last_success_age_seconds", "Time since any source was polled well."),
            "queue": ("sources_due", "Sources whose time has come."),
            "behind": ("schedule_behind_seconds", "How late the longest overdue source is."),
            "lag": ("event_loop_lag_seconds", "The longest hold-up since the last scrape."),
            "size": ("store_bytes", "Size of the store."),
        }
        self._gauges = {
            key: Gauge(f"aggregator_{name}", said, registry=registry)
            for key, (name, said) in gauges.items()
        }
        self._sources = Gauge(
            "aggregator_sources", "Sources by state.", ["state"], registry=registry
        )
        self._alarms = Gauge(
            "aggregator_alarms", "Alarms now raised, by kind.", ["kind"], registry=registry
        )
        self._last_poll: int | None = None
        self._worst_lag = 0.0
        self._collecting = asyncio.Lock()
        self._watching = asyncio.create_task(self._watch_lag())

    async def collect(self, state: WebState, sources: Sequence[SourceHealth]) -> bytes:
        """The figures of now, as text. Raises StoreError."""
        async with self._collecting:
            seen = self._last_poll
            self._last_poll, polls = await state.read(lambda reader: reader.polls_since(seen))
            for outcome, milliseconds, size, new, revised, duplicate in polls:
                self._polls.labels(outcome).inc()
                self._seconds.observe(milliseconds / 1000)
                if size:
                    self._bytes.observe(size)
                counts = (("new", new), ("revised", revised), ("duplicate", duplicate))
                for kind, count in counts:
                    self._entries.labels(kind).inc(count)
            self._gauges["size"].set(await state.read(lambda reader: reader.size()))
            self._gauges["lag"].set(self._worst_lag)
            self._worst_lag = 0.0
            self._tell_sources(sources, state.clock.now())
            return generate_latest(self._registry)

    def _tell_sources(self, sources: Sequence[SourceHealth], now: datetime) -> None:
        states = Tally(state_of(source) for source in sources)
        for name in STATES:
            self._sources.labels(name).set(states[name])
        raised = Tally(alarm.kind for source in sources for alarm in source.alarms)
        for kind in KINDS:
            self._alarms.labels(kind).set(raised[kind])
        good = [s.state.last_success_at for s in sources if s.state.last_success_at]
        age = (now - max(good)).total_seconds() if good else float("nan")
        self._gauges["success"].set(age)
        waiting = [s.state for s in sources if s.enabled and not s.state.gone]
        late = [
            (now - one.next_poll_at).total_seconds() if one.next_poll_at else 0.0
            for one in waiting
            if one.next_poll_at is None or one.next_poll_at <= now
        ]
        self._gauges["queue"].set(len(late))
        self._gauges["behind"].set(max(late, default=0.0))

    async def _watch_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LAG_EVERY_S)
            self._worst_lag = max(self._worst_lag, loop.time() - before - LAG_EVERY_S)
