"""Slots, spacing, rests and the budget of bytes in flight."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.fetch.budget import Budget, Hold
from aggregator.fetch.files import path_of
from aggregator.fetch.lanes import FIRST_REST, LONGEST_REST, Lanes, Rests
from aggregator.model import Fetched, FetchFailed, FetchRequest, NotModified
from tests.fetch.loopback import START, Origin, Request, fetch_once, fetcher, reply, run

# ---------------------------------------------------------------- lanes


def test_slots_are_bounded_per_host_and_in_all_and_handed_on_in_order() -> None:
    async def go() -> None:
        lanes = Lanes(concurrency=3, per_host=2, host_delay=0)
        running: dict[str, int] = {}
        most: dict[str, int] = {}
        order: list[int] = []

        async def one(host: str, number: int) -> None:
            lane = await lanes.enter(host, spaced=True)
            order.append(number)
            for name in (host, "all"):
                running[name] = running.get(name, 0) + 1
                most[name] = max(most.get(name, 0), running[name])
            await asyncio.sleep(0)
            for name in (host, "all"):
                running[name] -= 1
            lanes.leave(host, lane)

        await asyncio.gather(*(one("a", n) for n in range(10)), *(one("b", n) for n in range(10)))
        assert most == {"a": 2, "b": 2, "all": 3}
        await asyncio.gather(*(one("c", 100 + n) for n in range(10)))
        assert order[-10:] == [100 + n for n in range(10)]
        assert lanes._lanes == {}, "nothing is left behind"

    run(go())


@pytest.mark.parametrize("where", ["lane", "queue"])
def test_a_waiter_that_goes_away_leaves_its_slot_to_the_next(where: str) -> None:
    async def go() -> None:
        lanes = Lanes(*((10, 1) if where == "lane" else (1, 10)), 0)
        first = await lanes.enter("a", spaced=False)
        waiting = [asyncio.create_task(lanes.enter("a", spaced=False)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        lanes.leave("a", first)
        waiting[1].cancel()  # the slot was just handed to this one
        await asyncio.sleep(0.01)
        lane = await asyncio.wait_for(waiting[2], 1)
        lanes.leave("a", lane)
        for _ in range(3):
            lane = await asyncio.wait_for(lanes.enter("a", spaced=False), 1)
            lanes.leave("a", lane)

    run(go())


def test_a_host_without_a_word_rests_longer_each_time_up_to_a_day() -> None:
    rests = Rests()
    now = START
    lengths = []
    for _ in range(20):
        until = rests.refuse("h", None, now)
        lengths.append(until - now)
        assert rests.until("h", now) == until
        assert rests.until("other", now) is None
        now = until
        assert rests.until("h", now) is None
    assert lengths[0] == FIRST_REST
    assert lengths[-1] == LONGEST_REST
    assert lengths == sorted(lengths)
    rests.answered("h")
    assert rests.refuse("h", None, now) - now == FIRST_REST


def test_a_shorter_word_does_not_end_a_longer_rest() -> None:
    rests = Rests()
    long = rests.refuse("h", START + timedelta(hours=2), START)
    rests.refuse("h", START + timedelta(hours=1), START)
    assert rests.until("h", START + timedelta(minutes=90)) == long


# ---------------------------------------------------------------- budget


def _budget_game(game: Callable[[Budget], Awaitable[None]], patience: float = 9.0) -> None:
    """A budget of 1,000: 250 for small parts (25 each), 250 for big ones, 500 for one alone."""

    async def go() -> None:
        await game(Budget(1000, 10, patience))

    run(go())


def test_small_bodies_never_wait_for_big_ones() -> None:
    async def game(budget: Budget) -> None:
        big, small = Hold(), Hold()
        assert budget.fits(big, 275)
        assert not budget.fits(Hold(), 100), "no more big ones"
        assert budget.fits(small, 25)
        assert budget.in_flight == 300
        budget.free(big)
        assert budget.fits(Hold(), 100)

    _budget_game(game)


def test_the_first_that_waits_gets_through_and_then_the_next() -> None:
    async def game(budget: Budget) -> None:
        holds = [Hold() for _ in range(4)]
        assert budget.fits(holds[0], 275)
        tasks = [asyncio.create_task(budget.grow(hold, 500)) for hold in holds[1:]]
        await asyncio.sleep(0.01)
        assert [task.done() for task in tasks] == [True, False, False]
        assert budget.in_flight == 775
        budget.free(holds[1])
        await asyncio.sleep(0.01)
        assert [task.done() for task in tasks] == [True, True, False]
        budget.free(holds[2])
        await tasks[2]
        assert budget.in_flight == 775

    _budget_game(game)


def test_where_nothing_moves_the_slowest_big_body_gives_way() -> None:
    async def game(budget: Budget) -> None:
        ended: list[str] = []
        slow = Hold(lambda: ended.append("slow"))
        fast = Hold(lambda: ended.append("fast"))
        done = Hold(lambda: ended.append("done"))
        for hold, size in ((slow, 75), (fast, 125), (done, 100)):
            assert budget.fits(hold, size)
        budget.finish(done)
        reserve = Hold(lambda: ended.append("reserve"))
        await budget.grow(reserve, 300)
        waiting = asyncio.create_task(budget.grow(Hold(), 90))
        await asyncio.sleep(0.08)
        assert ended == ["slow"]
        assert slow.ended
        assert not waiting.done()
        budget.free(slow)
        await asyncio.wait_for(waiting, 1)

    _budget_game(game, patience=0.05)


def test_nobody_is_ended_for_the_slowness_of_the_caller() -> None:
    async def game(budget: Budget) -> None:
        ended: list[str] = []
        holds = [Hold(lambda: ended.append("x")) for _ in range(2)]
        assert budget.fits(holds[0], 275)
        await budget.grow(holds[1], 400)
        for hold in holds:
            budget.finish(hold)
        waiting = asyncio.create_task(budget.grow(Hold(), 100))
        await asyncio.sleep(0.05)
        assert not ended
        budget.free(holds[0])
        await asyncio.wait_for(waiting, 1)

    _budget_game(game, patience=0.01)


def test_a_cancelled_waiter_is_forgotten() -> None:
    async def game(budget: Budget) -> None:
        big, alone = Hold(), Hold()
        budget.fits(big, 275)
        await budget.grow(alone, 275)
        task = asyncio.create_task(budget.grow(Hold(), 500))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        budget.free(big)
        budget.free(alone)
        assert budget.in_flight == 0
        assert not budget._waiting

    _budget_game(game)


MEGABYTE = bytes(2**20)


def test_bodies_in_flight_stay_within_their_bound_until_released() -> None:
    async def go() -> None:
        async with Origin(lambda _: reply(os.urandom(64) + MEGABYTE)) as origin:
            door = fetcher(max_in_flight_bytes=8 * 2**20, per_host=100, concurrency=16)
            budget = door._budget  # type: ignore[attr-defined]
            most = 0
            tasks = [
                asyncio.create_task(door.fetch(FetchRequest(origin.url(f"/{n}"))))
                for n in range(40)
            ]
            for finished in asyncio.as_completed(tasks):
                outcome = await finished
                assert isinstance(outcome, Fetched), outcome
                most = max(most, budget.in_flight)
                door.release(outcome)
                door.release(outcome)  # twice does no harm
            assert most <= 8 * 2**20
            assert budget.in_flight == 0
            await door.close()

    run(go())


def test_a_body_that_is_never_released_stops_others_but_not_for_ever() -> None:
    async def go() -> None:
        async with Origin(lambda _: reply(MEGABYTE)) as origin:
            door = fetcher(max_in_flight_bytes=2 * 2**20, timeout=0.2)
            assert isinstance(await door.fetch(FetchRequest(origin.url("/1"))), Fetched)
            outcome = await door.fetch(FetchRequest(origin.url("/2")))
            assert isinstance(outcome, FetchFailed)
            assert outcome.reason == "in-flight-limit"
            await door.close()

    run(go())


def test_failed_and_unchanged_bodies_give_their_bytes_back() -> None:
    async def go() -> None:
        def answer(request: Request) -> bytes:
            if request.target == "/bomb":
                return reply(gzip.compress(bytes(2**22)), "Content-Encoding: gzip")
            if request.target == "/short":
                return reply(MEGABYTE, length=2**21)
            return reply(MEGABYTE)

        async with Origin(answer) as origin:
            door = fetcher(max_body_bytes=2**21, idle_timeout=0.1)
            digest = ""
            for path in ("/bomb", "/short", "/plain"):
                outcome = await door.fetch(FetchRequest(origin.url(path)))
                if isinstance(outcome, Fetched):
                    digest = outcome.body_digest
                    door.release(outcome)
            again = FetchRequest(origin.url("/plain"), body_digest=digest)
            assert isinstance(await door.fetch(again), NotModified)
            assert door._budget.in_flight == 0  # type: ignore[attr-defined]
            await door.close()

    run(go())


def test_a_kept_connection_that_the_server_closed_is_not_a_failure() -> None:
    async def closing(_: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(reply(b"<rss/>"))  # promises to stay, and goes
        return False

    async def go() -> None:
        async with Origin(closing) as origin:
            door = fetcher(per_host=1)
            requests = [FetchRequest(origin.url(f"/{n}")) for n in range(10)]
            outcomes = await asyncio.gather(*map(door.fetch, requests))
            assert all(isinstance(outcome, Fetched) for outcome in outcomes)
            assert len(origin.requests) == 10
            await door.close()

    run(go())


def test_idle_connections_do_not_pile_up() -> None:
    async def go() -> None:
        origins = [
            Origin(lambda _: reply(b"", status=304), host=f"127.0.1.{n}") for n in range(1, 201)
        ]
        for origin in origins:
            await origin.__aenter__()
        door = fetcher()
        requests = [FetchRequest(origin.url(), etag='"1"') for origin in origins]
        outcomes = await asyncio.gather(*map(door.fetch, requests))
        assert all(isinstance(outcome, NotModified) for outcome in outcomes)
        await asyncio.sleep(0.05)
        assert sum(origin.open_now for origin in origins) == 0
        await door.close()
        for origin in origins:
            await origin.__aexit__()

    run(go())


# ---------------------------------------------------------------- files


def test_a_local_file_is_read_where_that_is_allowed(tmp_path: Path) -> None:
    from aggregator.clock import SystemClock
    from aggregator.fetch import open_fetcher
    from aggregator.model import FetchOutcome, FetchSettings

    feed = tmp_path / "新 feed.xml"
    feed.write_bytes(b"<rss/>")

    async def go(request: FetchRequest, limit: int = 100) -> FetchOutcome:
        settings = FetchSettings(max_body_bytes=limit)
        door = open_fetcher(settings, SystemClock(), allow_files=True)
        outcome = await door.fetch(request)
        if isinstance(outcome, Fetched):
            door.release(outcome)
        await door.close()
        return outcome

    for url in (feed.as_uri(), str(feed), feed.as_uri().replace("file://", "file://localhost")):
        outcome = run(go(FetchRequest(url)))
        assert isinstance(outcome, Fetched)
        assert outcome.body == b"<rss/>"
        again = FetchRequest(url, etag=outcome.etag, body_digest=outcome.body_digest)
        assert run(go(again)) == NotModified(url, 304, etag=outcome.etag)
    touched = outcome.etag
    os.utime(feed, (0, 0))
    same = run(go(FetchRequest(str(feed), etag=touched, body_digest=outcome.body_digest)))
    assert isinstance(same, NotModified)
    assert same.status == 200
    os.mkfifo(tmp_path / "pipe")
    for url in (str(tmp_path), str(tmp_path / "none"), str(tmp_path / "pipe"), "/dev/zero"):
        outcome = run(go(FetchRequest(url)))
        assert isinstance(outcome, FetchFailed)
        assert outcome.reason == "file"
    big = run(go(FetchRequest(str(feed)), limit=3))
    assert isinstance(big, FetchFailed)
    assert big.reason == "too-large"
    closed = run(fetch_once(feed.as_uri()))
    assert isinstance(closed, FetchFailed)
    assert closed.reason == "bad-scheme"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///a/b%20c", "/a/b c"),
        ("file://localhost/a", "/a"),
        ("file://elsewhere/a", None),
        ("file:relative", None),
        ("file:///a%00b", None),
        ("/a/b", "/a/b"),
        ("http://a/b", None),
    ],
)
def test_what_a_file_url_names(url: str, path: str | None) -> None:
    assert path_of(url) == path
