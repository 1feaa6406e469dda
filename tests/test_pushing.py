"""Pushed documents go through the corridor: decided and saved as polls are, beside their state."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.clock import FakeClock
from aggregator.fetch import FakeFetcher
from aggregator.model import Document, Fetched, PushCallback, Source
from aggregator.parse import FeedReader, ParseError
from aggregator.polled import PollResult
from aggregator.pushes import DISAPPOINTED
from aggregator.reconcile import reconcile
from aggregator.store import open_store
from aggregator.update import Corridor
from tests.builders import NOW, config, source

URL = "https://news.example/feed"
HUB = "https://hub.example/"


def atom(*numbers: int, hub: bool = True) -> bytes:
    """A feed with these entries, which names a hub."""
    link = f'<link rel="hub" href="{HUB}"/><link rel="self" href="{URL}"/>' if hub else ""
    entries = "".join(
        f"<entry><id>urn:example:{n}</id><title>Title {n}</title><updated>2026-11-23T0{n}:00:00Z"
        f"</updated><link href='https://news.example/{n}'/><content>Text {n}</content></entry>"
        for n in numbers
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:example:feed</id><title>N</title>'
        f"{link}<updated>2026-11-23T00:00:00Z</updated>{entries}</feed>"
    ).encode()


class Lane:
    """A corridor over a real store and reader; the network is a script."""

    def __init__(self, folder: Path, source: Source) -> None:
        self.source = source
        self.config = config(folder, [source])
        self.store = open_store(self.config.store)
        reconcile(self.store, self.config, NOW)
        self.clock = FakeClock(NOW)
        self.bodies: list[bytes] = []

    def run(self, body: bytes | None = None, pushed: bytes | None = None) -> PollResult:
        """One poll that brings `body`, or one push."""
        return asyncio.run(self._run(body, pushed))

    async def _run(self, body: bytes | None, pushed: bytes | None) -> PollResult:
        self.clock.advance(timedelta(minutes=10))
        reader = FeedReader()
        fetcher = FakeFetcher()
        if body is not None:
            fetcher.answers[URL] = Fetched(URL, 200, body, f"digest {len(body)}", etag='"e"')
        with ThreadPoolExecutor(1) as writer:
            corridor = Corridor(self.config, self.store, fetcher, reader, self.clock, writer)
            try:
                if pushed is None:
                    (result,) = await corridor.poll(self.store.source_records())
                else:
                    document = Document(pushed, URL, self.clock.now(), "application/atom+xml")
                    digest = str(len(pushed))
                    result = await corridor.pushed.take(self.source, 1, "token", digest, document)
            finally:
                await reader.close()
        return result

    def subscribe(self) -> None:
        """The hub has verified a subscription for ten days."""
        until = self.clock.now() + timedelta(days=10)
        names = ("token", 1, HUB, URL, "secret", "active", self.clock.now(), until)
        with self.store.transaction():
            self.store.put_callback(PushCallback(*names))

    @property
    def standing(self) -> Any:
        return self.store.push_standings([1]).get(1)

    @property
    def state(self) -> Any:
        return self.store.source_records()["news"].state

    @property
    def waits(self) -> timedelta:
        return self.state.next_poll_at - self.clock.now()


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    made = Lane(tmp_path, source("news", every=timedelta(hours=1)))
    yield made
    made.store.close()


def test_a_poll_keeps_which_hub_a_feed_names_and_forgets_it(lane: Lane) -> None:
    lane.run(atom(1))
    assert (lane.standing.hub, lane.standing.topic) == (HUB, URL)
    assert lane.standing.ask_at is not None
    lane.run(atom(1, 2))  # as before
    lane.run(atom(1, 2, hub=False))
    assert lane.standing is None


def test_a_push_is_decided_and_saved_like_a_poll(lane: Lane) -> None:
    lane.run(atom(1))
    lane.subscribe()
    result = lane.run(pushed=atom(2, 1))
    assert (result.outcome, result.new, result.revised) == ("pushed", 1, 0)
    again = lane.run(pushed=atom(2, 1))
    assert (again.new, again.revised) == (0, 0)
    changed = lane.run(pushed=atom(2).replace(b"Text 2", b"Quite another text"))
    assert (changed.new, changed.revised) == (0, 1)
    assert lane.store.count_stories()[1] == 2


def test_a_push_leaves_validators_digest_and_history_of_polls_as_they_are(lane: Lane) -> None:
    lane.run(atom(1))
    lane.subscribe()
    before, reading = lane.state, lane.store.last_reading(1)
    lane.run(pushed=atom(2))
    after = lane.state
    kept = replace(after, next_poll_at=before.next_poll_at, last_new_at=before.last_new_at)
    assert kept == before
    assert after.last_new_at == lane.clock.now()
    assert lane.store.last_reading(1) == reading


def test_after_a_push_with_news_the_source_is_polled_daily(lane: Lane) -> None:
    lane.run(atom(1))
    lane.subscribe()
    lane.run(atom(1))
    assert lane.waits < timedelta(hours=2)  # verified, but nothing has come yet
    lane.run(pushed=atom(2, 1))
    assert lane.waits == timedelta(days=1)
    lane.run(atom(2, 1))  # the daily poll agrees
    assert lane.waits == timedelta(days=1)


def test_a_poll_that_finds_more_than_was_pushed_resumes_polling(lane: Lane) -> None:
    lane.run(atom(1))
    lane.subscribe()
    lane.run(pushed=atom(2, 1))
    lane.run(atom(3, 2, 1))
    assert lane.standing.score == DISAPPOINTED
    assert lane.waits < timedelta(hours=2)
    for number in range(4, 8):
        lane.run(pushed=atom(number))
        assert lane.waits < timedelta(hours=2)
    lane.run(pushed=atom(8))
    assert lane.waits == timedelta(days=1)


def test_a_lease_that_is_over_relaxes_nothing(lane: Lane) -> None:
    lane.run(atom(1))
    lane.subscribe()
    lane.run(pushed=atom(2, 1))
    lane.clock.advance(timedelta(days=11))
    lane.run(atom(2, 1))
    assert lane.waits < timedelta(hours=2)


def test_what_is_no_feed_changes_nothing(lane: Lane) -> None:
    lane.run(atom(1))
    lane.subscribe()
    before = lane.state
    with pytest.raises(ParseError):
        lane.run(pushed=b"<html><p>moved</p></html>")
    assert lane.state == before
    assert lane.store.seen_pushes("token", "x") == (False, 0)
