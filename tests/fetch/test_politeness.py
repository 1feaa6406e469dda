"""The twenty rules of a good guest, each played by an origin over simulated time.

The schedule says when, the fetcher asks, the clock is moved to whenever the next poll is due.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import pytest

from aggregator import schedule
from aggregator.clock import FakeClock
from aggregator.fetch import Fetcher
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    PollState,
    Source,
    UpdateHints,
)
from tests.fetch.loopback import START, Origin, Request, fetcher, reply, run, settings

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SLACK = timedelta(minutes=5)  # jitter's most
FEED = b"<rss/>" * 20


class Guest:
    """One source polled whenever it is due, against one origin, as the daemon would."""

    def __init__(self, source: Source, **changes: Any) -> None:
        self.source = source
        self.clock = FakeClock(START)
        self.settings = settings(**changes)
        self.door: Fetcher = fetcher(self.clock, **changes)
        self.state = PollState()
        self.times: list[datetime] = []
        self.outcomes: list[FetchOutcome] = []
        self.hints: UpdateHints | None = None
        self.usable = True

    async def poll(self) -> FetchOutcome:
        """Move the clock to the next due time and poll."""
        due = self.state.next_poll_at
        if due is not None:
            just_before = due - timedelta(microseconds=1)
            assert not schedule.is_due(self.source, self.state, just_before)
            self.clock.set(due)
        now = self.clock.now()
        assert schedule.is_due(self.source, self.state, now)
        request = schedule.request_for(self.source, self.state, self.settings)
        outcome = await self.door.fetch(request)
        if isinstance(outcome, Fetched):
            self.door.release(outcome)
            if not self.usable:
                outcome = FetchFailed(outcome.url, "not-a-feed", "an HTML page")
        self.state = schedule.after_poll(
            self.source, self.state, outcome, now, timezone="UTC", hints=self.hints
        )
        self.times.append(now)
        self.outcomes.append(outcome)
        return outcome

    async def polls(self, count: int) -> None:
        for _ in range(count):
            await self.poll()

    @property
    def gaps(self) -> list[timedelta]:
        return [later - earlier for earlier, later in pairwise(self.times)]


def play(
    answer: Callable[[Request], bytes], scene: Callable[[Guest, Origin], Any], **source: Any
) -> Origin:
    """Run `scene` with a guest of an origin that answers by `answer`; gives the origin back."""

    async def go() -> Origin:
        async with Origin(answer) as origin:
            path = source.pop("path", "/feed.xml")
            guest = Guest(Source("a", "A", origin.url(path), **source))
            await scene(guest, origin)
            await guest.door.close()
        return origin

    result: Origin = run(go())
    return result


def with_etag(request: Request) -> bytes:
    if request.headers.get("if-none-match") == '"1"':
        return reply(b"", 'ETag: "1"', status=304)
    return reply(FEED, 'ETag: "1"')


def near(gap: timedelta, expected: timedelta) -> bool:
    return expected <= gap <= expected + min(expected * 0.05, SLACK)


def test_rule_01_the_first_fetch_is_unconditional_every_later_one_conditional() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(24 * 14)

    first, *later = play(with_etag, scene).requests
    assert not {"if-none-match", "if-modified-since"} & set(first.headers)
    assert len(later) == 24 * 14 - 1
    assert all(request.headers["if-none-match"] == '"1"' for request in later)


@pytest.mark.parametrize(
    "etag",
    ['"a"', 'W/"a b"', "unquoted", 'w/"x"', '"caf\u00e9-\u4e16"', '"a","b"', '""', "*", '"%20"'],
)
def test_rule_02_the_etag_comes_back_byte_for_byte(etag: str) -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(2)

    origin = play(lambda _: reply(FEED, f"ETag: {etag}"), scene)
    assert origin.requests[1].headers["if-none-match"].encode("latin-1") == etag.encode()


@pytest.mark.parametrize(
    "date",
    ["Mon, 23 Nov 2026 07:00:00 GMT", "Mon, 23 Nov 2026 07:00:00 +0000", "yesterday", "0", "-1"],
)
def test_rule_03_last_modified_comes_back_byte_for_byte(date: str) -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(2)

    origin = play(lambda _: reply(FEED, f"Last-Modified: {date}"), scene)
    assert origin.requests[1].headers["if-modified-since"] == date
    assert "if-none-match" not in origin.requests[1].headers


@pytest.mark.parametrize(
    "lines", [(), ('ETag: "1"',), ("Last-Modified: x",), ('ETag: "1"', "Last-Modified: x")]
)
def test_rule_04_both_validators_if_both_are_held_and_none_invented(lines: tuple[str, ...]) -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(2)

    headers = play(lambda _: reply(FEED, *lines), scene).requests[1].headers
    assert ("if-none-match" in headers) == any(line.startswith("ETag") for line in lines)
    assert ("if-modified-since" in headers) == any(line.startswith("Last") for line in lines)


def test_rule_05_every_usable_200_replaces_both_and_drops_one_no_longer_sent() -> None:
    said = iter(
        [
            reply(FEED, 'ETag: "1"', "Last-Modified: a"),
            reply(FEED, 'ETag: "2"', "Last-Modified: b"),  # the same body, other validators
            reply(FEED, "Last-Modified: c"),  # the ETag is gone
            reply(FEED + b"!", 'ETag: "4"'),
            reply(FEED),
            reply(FEED),
        ]
    )

    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(6)

    sent = [
        (request.headers.get("if-none-match"), request.headers.get("if-modified-since"))
        for request in play(lambda _: next(said), scene).requests
    ]
    assert sent == [
        (None, None),
        ('"1"', "a"),
        ('"2"', "b"),
        (None, "c"),
        ('"4"', None),
        (None, None),
    ]


def test_rule_05_a_body_that_could_not_be_used_changes_no_validator() -> None:
    count = iter(range(10))

    async def scene(guest: Guest, _: Origin) -> None:
        await guest.poll()
        guest.usable = False
        await guest.poll()
        guest.usable = True
        assert guest.state.error == "an HTML page"
        await guest.poll()
        assert isinstance(guest.outcomes[-1], Fetched), "not taken for the body already used"

    def answer(_: Request) -> bytes:
        number = next(count)
        return reply(b"%d" % number if number != 2 else b"1", f'ETag: "{number}"')

    sent = [r.headers.get("if-none-match") for r in play(answer, scene).requests]
    assert sent == [None, '"0"', '"0"']


def test_rule_06_a_304_keeps_what_it_leaves_out_and_stores_what_it_says() -> None:
    said = iter(
        [
            reply(FEED, 'ETag: "1"', "Last-Modified: a"),
            reply(b"", status=304),
            reply(b"", 'ETag: "2"', "Cache-Control: max-age=7200", status=304),
            reply(b"", "Last-Modified: b", status=304),
            reply(b"", status=304),
        ]
    )

    async def scene(guest: Guest, _: Origin) -> None:
        digests = set()
        for _poll in range(5):
            await guest.poll()
            digests.add(guest.state.body_digest)
        assert len(digests) == 1
        assert near(guest.gaps[2], 2 * HOUR), "the 304's max-age"
        assert near(guest.gaps[3], HOUR)

    sent = [
        (request.headers.get("if-none-match"), request.headers.get("if-modified-since"))
        for request in play(lambda _: next(said), scene).requests[1:]
    ]
    assert sent == [('"1"', "a"), ('"1"', "a"), ('"2"', "a"), ('"2"', "b")]


def test_rule_07_validators_go_when_the_address_changes() -> None:
    async def scene(guest: Guest, origin: Origin) -> None:
        await guest.polls(2)
        guest.source = replace(guest.source, url=origin.url("/other.xml"))
        assert schedule.is_due(guest.source, guest.state, guest.clock.now()), "at once"
        guest.state = replace(guest.state, next_poll_at=None)
        await guest.polls(2)

    sent = [r.headers.get("if-none-match") for r in play(with_etag, scene).requests]
    assert sent == [None, '"1"', None, '"1"']


def test_rule_07_validators_do_not_follow_a_redirect_to_somewhere_new() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(3)

    targets = iter(["/x", "/x", "/y"])

    def answer(request: Request) -> bytes:
        if request.target == "/feed.xml":
            return reply(b"", f"Location: {next(targets)}", status=302)
        return with_etag(request)

    origin = play(answer, scene)
    sent = [(r.target, r.headers.get("if-none-match")) for r in origin.requests]
    assert sent == [
        ("/feed.xml", None),
        ("/x", None),
        ("/feed.xml", '"1"'),
        ("/x", '"1"'),
        ("/feed.xml", '"1"'),
        ("/y", None),
    ]


def test_rule_08_hourly_at_first_daily_without_validators_the_person_overrides() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(24 * 7)

    async def hourly(guest: Guest, origin: Origin) -> None:
        await scene(guest, origin)
        assert all(near(gap, HOUR) for gap in guest.gaps)

    async def daily(guest: Guest, _: Origin) -> None:
        await guest.polls(14)
        assert all(near(gap, DAY) for gap in guest.gaps)

    async def every_quarter(guest: Guest, origin: Origin) -> None:
        await scene(guest, origin)
        assert all(near(gap, 15 * MINUTE) for gap in guest.gaps)

    play(with_etag, hourly)
    play(lambda _: reply(FEED), daily)
    play(lambda _: reply(FEED), every_quarter, every=15 * MINUTE)
    play(with_etag, every_quarter, every=15 * MINUTE)


def test_rule_09_the_next_poll_time_survives_a_restart() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(2)
        await guest.door.close()
        guest.door = fetcher(guest.clock)  # a new process has the stored state and nothing else
        assert guest.state.next_poll_at is not None
        assert not schedule.is_due(guest.source, guest.state, guest.clock.now() + 59 * MINUTE)
        await guest.poll()
        assert near(guest.gaps[-1], HOUR)

    assert play(with_etag, scene).requests[2].headers["if-none-match"] == '"1"'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("Cache-Control: max-age=10800",), 3 * HOUR),
        (("Cache-Control: public,MAX-AGE=10800 , s-maxage=5",), 3 * HOUR),
        (('Cache-Control: max-age="10800"',), 3 * HOUR),
        (("Cache-Control: public", "Cache-Control: max-age=10800"), 3 * HOUR),
        (("Cache-Control: max-age=10800", "Age: 3600"), 2 * HOUR),
        (("Cache-Control: max-age=60",), HOUR),
        (("Cache-Control: no-cache, max-age=10800",), HOUR),
        (("Cache-Control: max-age=172800",), 2 * DAY),
        (("Cache-Control: max-age=31536000",), DAY),
        (("Cache-Control: max-age=" + "9" * 50,), DAY),
        (("Expires: " + format_datetime(START + 3 * HOUR, usegmt=True),), 3 * HOUR),
        (
            (
                "Date: Fri, 01 Jan 2016 00:00:00 GMT",  # the origin's clock is off: it tells both
                "Expires: Fri, 01 Jan 2016 03:00:00 GMT",
            ),
            3 * HOUR,
        ),
        (("Expires: 0",), HOUR),
        (("Cache-Control: max-age=60", "Expires: Fri, 31 Dec 9999 23:59:59 GMT"), HOUR),
    ],
)
def test_rule_10_max_age_and_expires_are_waited_out(
    lines: tuple[str, ...], expected: timedelta
) -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(2)
        assert near(guest.gaps[0], expected)

    play(lambda _: reply(FEED, 'ETag: "1"', *lines), scene)


def test_rule_10_max_age_is_waited_out_whatever_the_person_wants() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(3)
        assert all(near(gap, 2 * HOUR) for gap in guest.gaps)

    play(lambda _: reply(FEED, "Cache-Control: max-age=7200"), scene, every=10 * MINUTE)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_rule_11_retry_after_is_waited_out(status: int, form: str) -> None:
    value = "18000" if form == "seconds" else format_datetime(START + 5 * HOUR, usegmt=True)

    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(2)
        assert 5 * HOUR <= guest.gaps[0] <= 5 * HOUR + SLACK
        assert guest.state.failures == 0

    said = iter([reply(b"", f"Retry-After: {value}", status=status), reply(FEED)])
    play(lambda _: next(said), scene)


def test_rule_11_a_host_that_answers_429_rests_as_a_whole() -> None:
    async def go() -> None:
        async with Origin(lambda _: reply(b"", "Retry-After: 600", status=429)) as origin:
            clock = FakeClock(START)
            door = fetcher(clock, per_host=1)
            others = [FetchRequest(origin.url(f"/{n}")) for n in range(5)]
            first, *rest = await asyncio.gather(*map(door.fetch, others))
            assert isinstance(first, FetchFailed)
            assert first.reason == "http-429"
            assert first.host_rests
            assert len(origin.requests) == 1
            source = Source("b", "B", others[1].url)
            for outcome in rest:
                assert isinstance(outcome, FetchFailed)
                assert outcome.reason == "host-rests"
                assert outcome.retry_after == START + 10 * MINUTE
                state = schedule.after_poll(source, PollState(), outcome, START, timezone="UTC")
                assert state.failures == 0, "it did nothing wrong"
                assert state.next_poll_at is not None
                assert state.next_poll_at >= START + 10 * MINUTE
            await door.close()
            # What the failures said can be given to the next process.
            assert first.host is not None
            assert first.retry_after is not None
            from aggregator.fetch import open_fetcher

            again = open_fetcher(settings(), clock, rests={first.host: first.retry_after})
            outcome = await again.fetch(others[0])
            assert isinstance(outcome, FetchFailed)
            assert outcome.reason == "host-rests"
            clock.advance(10 * MINUTE)
            outcome = await again.fetch(others[0])
            assert isinstance(outcome, FetchFailed)
            assert outcome.reason == "http-429"
            await again.close()

    run(go())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 502])
def test_rule_12_back_off_grows_is_capped_and_recovers_at_the_first_success(status: int) -> None:
    broken = True

    async def scene(guest: Guest, _: Origin) -> None:
        nonlocal broken
        await guest.polls(20)
        assert all(a <= b + SLACK for a, b in pairwise(guest.gaps))
        assert guest.gaps[0] >= 10 * MINUTE
        assert guest.gaps[3] > 4 * guest.gaps[0]
        assert max(guest.gaps) <= DAY + SLACK
        assert guest.state.failing_since == START
        assert guest.state.failures == 20
        broken = False
        await guest.polls(3)
        assert guest.state.failures == 0
        assert near(guest.gaps[-1], HOUR)

    play(lambda r: reply(b"", status=status) if broken else with_etag(r), scene)


def test_rule_12_a_person_s_short_interval_backs_off_too_and_a_cron_is_tried_again_soon() -> None:
    async def short(guest: Guest, _: Origin) -> None:
        await guest.polls(12)
        assert guest.gaps[0] >= 10 * MINUTE
        assert guest.gaps[-1] >= DAY

    async def cron(guest: Guest, _: Origin) -> None:
        await guest.polls(4)
        assert all(gap < 2 * HOUR for gap in guest.gaps), "not a whole day lost"

    play(lambda _: reply(b"", status=500), short, every=MINUTE)
    play(lambda _: reply(b"", status=500), cron, at="0 6 * * *")


@pytest.mark.parametrize(
    ("status", "stored"), [(301, True), (308, True), (302, False), (303, False), (307, False)]
)
def test_rule_13_only_permanent_redirects_are_stored_after_a_second_sighting(
    status: int, stored: bool
) -> None:
    async def scene(guest: Guest, origin: Origin) -> None:
        await guest.polls(4)
        assert guest.state.moved_to == (origin.url("/new") if stored else None)

    def answer(request: Request) -> bytes:
        if request.target == "/feed.xml":
            return reply(b"", "Location: /new", status=status)
        return with_etag(request)

    origin = play(answer, scene)
    asked = [request.target for request in origin.requests]
    twice = ["/feed.xml", "/new"] * 2
    assert asked == twice + (["/new"] * 2 if stored else twice)
    new = [r.headers.get("if-none-match") for r in origin.requests if r.target == "/new"]
    assert new == [None, '"1"', '"1"', '"1"']


def test_rule_13_a_chain_with_one_temporary_hop_is_not_permanent() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(3)
        assert guest.state.moved_to is None

    def answer(request: Request) -> bytes:
        to = {"/feed.xml": ("/b", 301), "/b": ("/c", 302)}.get(request.target)
        return reply(b"", f"Location: {to[0]}", status=to[1]) if to else with_etag(request)

    play(answer, scene)


def test_rule_13_a_new_address_that_does_not_hold_is_given_up() -> None:
    alive = True

    async def scene(guest: Guest, _: Origin) -> None:
        nonlocal alive
        await guest.polls(3)
        alive = False
        await guest.poll()
        assert not guest.state.gone, "the person's address has not said so"
        await guest.poll()
        assert guest.outcomes[-1].status == 200

    def answer(request: Request) -> bytes:
        if request.target == "/feed.xml" and alive:
            return reply(b"", "Location: /new", status=301)
        return (
            with_etag(request) if alive or request.target == "/feed.xml" else reply(b"", status=410)
        )

    assert play(answer, scene).requests[-1].target == "/feed.xml"


def test_rule_14_410_stops_polling_until_the_person_changes_the_address() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.poll()
        assert guest.state.gone
        assert guest.state.outcome == "gone"
        for years in (1, 10, 100):
            later = START + years * 365 * DAY
            assert not schedule.is_due(guest.source, guest.state, later)
        edited = replace(guest.source, url=guest.source.url + "?new")
        assert schedule.is_due(edited, guest.state, START)

    play(lambda _: reply(b"", status=410), scene)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_rule_14_other_refusals_are_reported_and_tried_again(status: int) -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.poll()
        assert guest.state.outcome == "failed"
        assert guest.state.status == status
        assert str(status) in (guest.state.error or "")
        await guest.poll()

    assert len(play(lambda _: reply(b"", status=status), scene).requests) == 2


def test_rule_15_gzip_is_asked_for_and_understood() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        outcome = await guest.poll()
        assert isinstance(outcome, Fetched)
        assert outcome.body == FEED

    origin = play(lambda _: reply(gzip.compress(FEED), "Content-Encoding: gzip"), scene)
    assert "gzip" in origin.requests[0].headers["accept-encoding"].split(", ")


def test_rule_16_one_stable_user_agent_that_names_the_product() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(10)

    def answer(request: Request) -> bytes:
        if request.target == "/feed.xml":
            return reply(b"", "Location: /b", status=302)
        return with_etag(request)

    agents = {request.headers["user-agent"] for request in play(answer, scene).requests}
    (agent,) = agents
    assert agent.startswith("aggregator/")
    assert "Mozilla" not in agent


def test_rule_17_no_cookies_no_referer_no_added_parameters() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(5)

    def answer(request: Request) -> bytes:
        cookie = "Set-Cookie: id=1; Path=/; Max-Age=99999999"
        if request.target == "/feed.xml?a=%7e&b=+c":
            return reply(b"", "Location: /b?x=%2F", cookie, status=302)
        return reply(FEED, 'ETag: "1"', cookie, "Set-Cookie: other=2")

    origin = play(answer, scene, path="/feed.xml?a=%7e&b=+c")
    for request in origin.requests:
        assert not {"cookie", "referer", "origin"} & set(request.headers)
        assert request.target in ("/feed.xml?a=%7e&b=+c", "/b?x=%2F")


@pytest.mark.parametrize(
    ("hints", "least"),
    [
        (UpdateHints(interval=3 * HOUR), 3 * HOUR),
        (UpdateHints(interval=20 * MINUTE), HOUR),
        (UpdateHints(interval=2 * DAY), 2 * DAY),
        (UpdateHints(interval=timedelta(days=4000)), 7 * DAY),
    ],
)
def test_rule_18_ttl_and_update_period_are_lower_bounds(
    hints: UpdateHints, least: timedelta
) -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        guest.hints = hints
        await guest.poll()
        guest.hints = None  # a 304 has no document: the earlier hints stay
        await guest.polls(3)
        assert all(near(gap, least) for gap in guest.gaps)

    play(with_etag, scene)


def test_rule_18_hours_and_days_to_skip_are_skipped() -> None:
    skipping = UpdateHints(skip_hours=frozenset(range(7)), skip_days=frozenset((5, 6)))

    async def scene(guest: Guest, _: Origin) -> None:
        guest.hints = skipping
        await guest.polls(17 * 5 * 3)
        assert all(time.hour >= 7 and time.weekday() < 5 for time in guest.times)
        assert guest.times[-1] - START >= timedelta(days=18)

    async def cron(guest: Guest, _: Origin) -> None:
        guest.hints = skipping
        await guest.polls(10)
        assert all(time.hour >= 7 and time.weekday() < 5 for time in guest.times[1:])

    async def everything(guest: Guest, _: Origin) -> None:
        guest.hints = UpdateHints(skip_hours=frozenset(range(24)))
        await guest.polls(5)
        assert all(near(gap, HOUR) for gap in guest.gaps)

    play(with_etag, scene)
    play(with_etag, cron, at="0 6,12 * * *")
    play(with_etag, everything)


def test_rule_19_one_fetch_for_sources_of_one_address_and_they_stay_together() -> None:
    async def go() -> None:
        async with Origin(with_etag) as origin:
            door = fetcher()
            sources = [Source(name, name, origin.url()) for name in ("a", "b", "c")]
            states = [PollState()] * 3
            now = START
            for poll in range(50):
                requests = [
                    schedule.request_for(source, state, settings())
                    for source, state in zip(sources, states, strict=True)
                ]
                outcomes = await asyncio.gather(*map(door.fetch, requests))
                for outcome in outcomes:
                    if isinstance(outcome, Fetched):
                        door.release(outcome)
                states = [
                    schedule.after_poll(source, state, outcome, now, timezone="UTC")
                    for source, state, outcome in zip(sources, states, outcomes, strict=True)
                ]
                assert len(origin.requests) == poll + 1
                (due,) = {state.next_poll_at for state in states}
                assert due is not None
                now = due
            await door.close()

    run(go())


def test_rule_19_a_host_has_few_connections_at_a_time() -> None:
    async def slow(_: Request, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(0.01)
        writer.write(reply(FEED))
        return True

    async def most(per_host: int) -> tuple[int, int]:
        async with Origin(slow) as origin:
            door = fetcher(per_host=per_host)
            requests = [FetchRequest(origin.url(f"/{n}")) for n in range(20)]
            await asyncio.gather(*map(door.fetch, requests))
            await door.close()
            return origin.most_open, origin.connections

    assert run(most(2)) == (2, 2), "kept alive, not opened anew"
    assert run(most(5))[0] == 5


def test_rule_19_requests_to_a_public_host_are_spaced_and_never_in_lockstep() -> None:
    from aggregator.fetch.lanes import Lanes

    async def go() -> list[float]:
        lanes = Lanes(100, 2, 0.02)
        loop = asyncio.get_running_loop()
        times: list[float] = []

        async def one(host: str) -> None:
            lane = await lanes.enter(host, spaced=True)
            times.append(loop.time())
            lanes.leave(host, lane)

        await asyncio.gather(*(one("example.org") for _ in range(8)))
        began = loop.time()
        await asyncio.gather(*(one(f"{n}.example.org") for n in range(50)))
        assert loop.time() - began < 0.5, "hosts do not wait for each other"
        return times[:8]

    times = run(go())
    gaps = [b - a for a, b in pairwise(times)]
    assert min(gaps) >= 0.0199
    assert max(gaps) - min(gaps) > 0.0005


def test_rule_19_sources_of_one_rhythm_drift_apart() -> None:
    outcome = Fetched("http://a/", 200, b"", "", etag='"1"')
    times = {
        schedule.after_poll(
            Source(f"s{n}", "", f"http://h{n}/"), PollState(), outcome, START, timezone="UTC"
        ).next_poll_at
        for n in range(500)
    }
    assert len(times) > 490
    assert None not in times
    spread = [time - START - HOUR for time in times if time is not None]
    assert min(spread) >= timedelta(0)
    assert timedelta(minutes=2) < max(spread) <= timedelta(minutes=3)


def test_rule_20_a_poll_is_one_get_and_nothing_else() -> None:
    async def scene(guest: Guest, _: Origin) -> None:
        await guest.polls(24 * 3)

    requests = play(with_etag, scene).requests
    assert len(requests) == 24 * 3
    assert {(request.method, request.target) for request in requests} == {("GET", "/feed.xml")}


def test_all_times_are_aware_and_in_utc() -> None:
    state = schedule.after_poll(
        Source("a", "A", "http://a/", at="0 6 * * *", timezone="Asia/Shanghai"),
        PollState(),
        Fetched("http://a/", 200, b"", ""),
        START,
        timezone="UTC",
    )
    assert state.next_poll_at == datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    assert state.next_poll_at.tzinfo is UTC
