"""The corridor from fetched bodies to saved polls: each source can only fail by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aggregator.categorize import Decider
from aggregator.clock import FakeClock
from aggregator.fetch import FakeFetcher
from aggregator.model import (
    Category,
    Config,
    Document,
    Fetched,
    FetchFailed,
    FetchOutcome,
    NotModified,
    ParsedFeed,
    Source,
    Text,
)
from aggregator.parse import FeedReader, ParseError
from aggregator.polled import PollResult
from aggregator.reconcile import decide_anew, reconcile
from aggregator.store import Store, StoreError, open_store
from aggregator.update import Corridor
from tests.builders import LONG, NOW, config, entry, feed, later, source, titles

Said = ParsedFeed | Exception


class ScriptedReader:
    """Reads a body as the script says: body → feed, or an exception to raise."""

    def __init__(self, script: dict[bytes, Said]) -> None:
        self.script = script

    def begin(self, document: Document, known: frozenset[bytes]) -> ParsedFeed:
        said = self.script[document.body]
        if isinstance(said, Exception):
            raise said
        return said

    async def finish(self, read: ParsedFeed) -> ParsedFeed:
        return read


def fetched(name: str, body: bytes, **values: Any) -> Fetched:
    given = {"etag": f'"{body.decode()}"', "last_modified": "then", **values}
    return Fetched(f"https://{name}.example/feed", 200, body, f"digest of {body!r}", **given)


class Corridors:
    """A store, a config and a script of answers; `poll` runs one pass over all sources."""

    def __init__(self, folder: Path, names: str) -> None:
        self.names = names.split()
        self.config: Config = config(
            folder,
            [source(name) for name in self.names],
            [Category("tech", "Tech", ("title:芯片",))],
        )
        self.store: Store = open_store(self.config.store)
        reconcile(self.store, self.config, NOW)
        self.fetcher = FakeFetcher()
        self.clock = FakeClock(NOW)
        self.reader = ScriptedReader({})
        self.writer: Executor = ThreadPoolExecutor(1)

    def answer(self, name: str, body: bytes, said: Said) -> Fetched:
        self.reader.script[body] = said
        outcome = fetched(name, body)
        self.fetcher.answers[outcome.url] = outcome
        return outcome

    def run(self, work: Callable[[Corridor], Coroutine[Any, Any, Any]]) -> Any:
        async def inside() -> Any:
            parts = (self.store, self.fetcher, self.reader, self.clock, self.writer)
            return await work(Corridor(self.config, *parts))  # type: ignore[arg-type]

        return asyncio.run(inside())

    def poll(self) -> dict[str, PollResult]:
        records = self.store.source_records()
        results = self.run(lambda corridor: corridor.poll(records))
        assert sorted(result.source for result in results) == sorted(self.names)
        return {result.source: result for result in results}

    def close(self) -> None:
        self.writer.shutdown()
        self.store.close()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[[str], Corridors]]:
    opened: list[Corridors] = []

    def make(names: str) -> Corridors:
        opened.append(Corridors(tmp_path, names))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_a_pass_saves_entries_with_their_validators(made: Callable[[str], Corridors]) -> None:
    corridors = made("a b")
    corridors.answer("a", b"A", feed(entry(1), entry(2, title=Text("芯片"))))
    corridors.fetcher.answers["https://b.example/feed"] = NotModified("https://b.example/feed", 304)
    results = corridors.poll()
    assert results["a"] == PollResult("a", "ok", 200, new=2)
    assert results["b"] == PollResult("b", "not_modified", 304)
    state = corridors.store.source_records()["a"].state
    assert (state.etag, state.last_modified) == ('"A"', "then")
    assert state.next_poll_at is not None
    assert state.next_poll_at > NOW
    assert titles(corridors.store, "tech") == ["芯片"]
    corridors.poll()
    assert corridors.fetcher.requests[-1].etag or corridors.fetcher.requests[-2].etag


def test_a_body_that_is_no_feed_leaves_no_validators(made: Callable[[str], Corridors]) -> None:
    corridors = made("a b")
    corridors.answer("a", b"A", ParseError("html", "this is a page"))
    corridors.answer("b", b"B", feed(entry(1)))
    results = corridors.poll()
    assert results["a"].outcome == "failed"
    assert results["a"].status == 200
    assert "page" in (results["a"].error or "")
    assert results["b"].new == 1
    state = corridors.store.source_records()["a"].state
    assert (state.etag, state.last_modified, state.body_digest) == (None, None, None)
    # What was good before stays what is asked with, so that the next good body is a 200.
    corridors.answer("a", b"good", feed(entry(5)))
    corridors.poll()
    corridors.answer("a", b"A", ParseError("html", "this is a page"))
    corridors.poll()
    assert corridors.store.source_records()["a"].state.etag == '"good"'


@pytest.mark.parametrize("wrong", [RuntimeError("reader broke"), MemoryError(), RecursionError()])
def test_an_error_while_reading_costs_that_source_only(
    made: Callable[[str], Corridors], wrong: Exception
) -> None:
    corridors = made("a b")
    corridors.answer("a", b"A", wrong)
    corridors.answer("b", b"B", feed(entry(1)))
    results = corridors.poll()
    assert (results["a"].outcome, results["b"].new) == ("failed", 1)


def test_an_error_while_saving_costs_that_source_only(made: Callable[[str], Corridors]) -> None:
    corridors = made("a b c")
    corridors.answer("a", b"A", feed(entry(1)))
    # A lone surrogate cannot be stored; the reader lets none through, so this is an internal error.
    corridors.answer("b", b"B", feed(entry(2), entry(3, title=Text("\ud800"))))
    corridors.answer("c", b"C", feed(entry(4)))
    results = corridors.poll()
    assert [results[name].outcome for name in "abc"] == ["ok", "failed", "ok"]
    assert sorted(titles(corridors.store)) == ["Title 1", "Title 4"]
    state = corridors.store.source_records()["b"].state
    assert (state.etag, state.body_digest, state.failures) == (None, None, 1)
    corridors.answer("b", b"B2", feed(entry(2), entry(3)))
    assert corridors.poll()["b"].new == 2


def test_batch_mates_see_each_other(made: Callable[[str], Corridors]) -> None:
    corridors = made("a b")
    corridors.answer("a", b"A", feed(entry(1)))
    corridors.answer("b", b"B", feed(entry(1, guid="b1")))
    results = corridors.poll()
    assert results["a"].new + results["b"].new == 1
    assert results["a"].duplicate + results["b"].duplicate == 1
    assert len(titles(corridors.store)) == 1


def test_every_body_is_given_back_once(made: Callable[[str], Corridors]) -> None:
    corridors = made("a b c d")
    bodies = [
        corridors.answer("a", b"A", feed(entry(1))),
        corridors.answer("b", b"B", ParseError("html", "page")),
        corridors.answer("c", b"C", RuntimeError()),
        corridors.answer("d", b"D", feed(entry(3, title=Text("\ud800")))),
    ]
    corridors.poll()
    given_back = sorted(one.body for one in corridors.fetcher.released)
    assert given_back == sorted(one.body for one in bodies)


def test_a_store_that_cannot_save_ends_the_pass_and_gives_the_bodies_back(
    made: Callable[[str], Corridors],
) -> None:
    corridors = made(" ".join(f"s{n}" for n in range(6)))
    for n in range(6):
        big = (entry(f"{n}-{i}", text="x" * 3000 + f"{n}-{i}") for i in range(150))
        corridors.answer(f"s{n}", f"S{n}".encode(), feed(*big))
    connection = corridors.store._db  # type: ignore[attr-defined]
    pages = connection.execute("pragma page_count").fetchone()[0]
    connection.execute(f"pragma max_page_count = {pages + 3}")
    with pytest.raises(StoreError, match="full"):
        corridors.poll()
    assert len(corridors.fetcher.released) == 6
    assert titles(corridors.store) == []
    assert all(one.state.etag is None for one in corridors.store.source_records().values())
    connection.execute("pragma max_page_count = 100000")
    assert sum(result.new for result in corridors.poll().values()) == 900


def test_a_pass_that_is_broken_off_gives_every_body_back(
    made: Callable[[str], Corridors],
) -> None:
    corridors = made(" ".join(f"s{n}" for n in range(6)))
    for n in range(6):
        many = (entry(f"{n}-{i}") for i in range(300))
        corridors.answer(f"s{n}", f"S{n}".encode(), feed(*many))

    async def break_off(corridor: Corridor) -> None:
        first = asyncio.Event()
        records = corridors.store.source_records()
        running = asyncio.create_task(corridor.poll(records, lambda _: first.set()))
        await first.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    corridors.run(break_off)
    asked = len(corridors.fetcher.requests)
    assert len(corridors.fetcher.released) == asked


def test_an_unreachable_source_is_told_and_the_rest_goes_on(
    made: Callable[[str], Corridors],
) -> None:
    corridors = made("a b c")
    corridors.answer("b", b"B", feed(entry(1)))
    gone: FetchOutcome = FetchFailed("https://c.example/feed", "http-410", "gone", 410, gone=True)
    corridors.fetcher.answers["https://c.example/feed"] = gone
    results = corridors.poll()
    assert [results[name].outcome for name in "abc"] == ["failed", "ok", "gone"]
    assert "a" not in corridors.store.due_sources(later(0.1))
    health = {one.name: one for one in corridors.store.source_health()}
    assert health["a"].state.error
    assert health["b"].last_poll_new == 1


def test_a_host_that_asks_for_rest_is_remembered(made: Callable[[str], Corridors]) -> None:
    corridors = made("a")
    corridors.fetcher.answers["https://a.example/feed"] = FetchFailed(
        *("https://a.example/feed", "http-429", "later", 429, later(2)),
        host_rests=True,
        host="a.example",
    )
    corridors.poll()
    assert corridors.store.host_rests(NOW) == {"a.example": later(2)}


def test_sources_that_are_no_longer_configured_are_left_out(
    made: Callable[[str], Corridors],
) -> None:
    corridors = made("a")
    records = corridors.store.source_records()
    extra: Source = source("zzz")
    results = corridors.run(lambda corridor: corridor.poll({extra.id: records["a"]}))
    assert results == []
    assert corridors.fetcher.requests == []


def test_with_the_real_reader_a_document_comes_out_as_titles(
    made: Callable[[str], Corridors],
) -> None:
    corridors = made("a")
    body = (
        "<?xml version='1.0'?><rss version='2.0'><channel><title>国内</title>"
        "<item><title>要闻 &amp; 更多</title><guid isPermaLink='false'>1</guid></item>"
        "</channel></rss>"
    ).encode()
    corridors.fetcher.answers["https://a.example/feed"] = Fetched(
        *("https://a.example/feed", 200, body, "d"), content_type="application/rss+xml"
    )

    async def poll(_: Corridor) -> list[PollResult]:
        reader = FeedReader()
        try:
            parts = (corridors.store, corridors.fetcher, reader, corridors.clock, corridors.writer)
            corridor = Corridor(corridors.config, *parts)
            return await corridor.poll(corridors.store.source_records())
        finally:
            await reader.close()

    for expected in (1, 0):
        (result,) = corridors.run(poll)
        assert (result.outcome, result.new) == ("ok", expected)
    assert titles(corridors.store) == ["要闻 & 更多"]


def test_a_source_whose_host_rests_was_not_polled(made: Callable[[str], Corridors]) -> None:
    corridors = made("a b")
    corridors.answer("a", b"A", feed(entry(1)))
    url = "https://b.example/feed"
    resting = {"retry_after": later(2), "host_rests": True, "host": "b.example"}
    corridors.fetcher.answers[url] = FetchFailed(url, "host-rests", "the host rests", **resting)
    assert corridors.poll()["b"] == PollResult("b", "not_due")
    state = corridors.store.source_records()["b"].state
    assert (state.failures, state.last_poll_at) == (0, None)
    assert state.next_poll_at is not None
    assert state.next_poll_at >= later(2)


def test_a_rule_asks_for_the_outlet_that_a_text_credits(
    made: Callable[[str], Corridors],
) -> None:
    parts = made("a")
    parts.config = replace(parts.config, categories=(Category("tech", "T", ("outlet:嘉兴日报",)),))
    credited = Text(f"<p>本文转自：嘉兴日报</p><p>{LONG}</p>", "html")
    told = feed(entry(1, content=credited), entry(2))
    parts.answer("a", b"1", told)
    parts.poll()
    assert titles(parts.store, "tech") == ["Title 1"]
    (stored,) = [one for one in parts.store.entries_since(None) if one.outlet]
    assert stored.outlet == "嘉兴日报"
    # Stored entries are decided again by it too.
    decider = Decider.of(replace(parts.config, categories=(Category("tech", "Tech"),)))
    for rules, moved in ((decider, 1), (Decider.of(parts.config), 1)):
        with parts.store.transaction():
            assert decide_anew(parts.store, rules, [stored], NOW) == moved
    assert titles(parts.store, "tech") == ["Title 1"]
