"""The schedule as pure functions: requests, due times, cron, edits of feeds.yaml, and laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cron import cron_error
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchSettings,
    Freshness,
    NotModified,
    PollState,
    Source,
    UpdateHints,
)
from aggregator.schedule import (
    END_OF_TIME,
    after_poll,
    is_due,
    next_cron,
    poll_url,
    request_for,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SOURCE = Source("a", "A", "https://a.org/feed")
OK = Fetched("https://a.org/feed", 200, b"x", "d1", etag='"1"', last_modified="lm")


def after(
    state: PollState, outcome: FetchOutcome, source: Source = SOURCE, **more: object
) -> PollState:
    return after_poll(source, state, outcome, NOW, timezone="UTC", **more)  # type: ignore[arg-type]


def test_a_source_never_polled_is_due_unless_it_is_disabled() -> None:
    assert is_due(SOURCE, PollState(), NOW)
    assert not is_due(replace(SOURCE, enabled=False), PollState(), NOW)


def test_the_request_merges_the_source_s_permissions_headers_and_proxy() -> None:
    source = replace(SOURCE, allow_private=("10.0.0.0/8",), headers=(("X-Key", "k"),))
    request = request_for(source, PollState(), FetchSettings(proxy="http://p:1"))
    assert request.url == source.url
    assert request.allow_private == ("10.0.0.0/8",)
    assert request.headers == (("X-Key", "k"),)
    assert request.proxy == "http://p:1"
    own = request_for(replace(source, proxy="http://q:2"), PollState(), FetchSettings(proxy="x"))
    assert own.proxy == "http://q:2"


def test_headers_of_the_configuration_do_not_move_with_the_source() -> None:
    source = replace(SOURCE, headers=(("Authorization", "secret"),))
    state = after(PollState(), OK, source)
    for address, kept in (("https://a.org/new", True), ("https://b.org/feed", False)):
        moved = replace(state, moved_to=address, moved_seen=2)
        request = request_for(source, moved, FetchSettings())
        assert request.url == address
        assert bool(request.headers) is kept


def test_validators_follow_a_confirmed_move_and_not_an_edit() -> None:
    moving = replace(OK, url="https://b.org/feed", moved_to="https://b.org/feed")
    state = after(after(PollState(), moving), moving)
    assert state.moved_seen == 2
    request = request_for(SOURCE, state, FetchSettings())
    assert (request.url, request.etag, request.body_digest) == ("https://b.org/feed", '"1"', "d1")
    edited = replace(SOURCE, url="https://a.org/other")
    assert poll_url(edited, state) == edited.url
    request = request_for(edited, state, FetchSettings())
    assert (request.etag, request.last_modified, request.body_digest) == (None, None, None)
    fresh = after(state, replace(OK, url=edited.url, etag=None), edited)
    assert (fresh.moved_to, fresh.etag, fresh.source_url) == (None, None, edited.url)


def test_a_second_sighting_must_be_of_the_same_address_and_in_a_row() -> None:
    first = replace(OK, moved_to="https://b.org/")
    other = replace(OK, moved_to="https://c.org/")
    state = after(after(PollState(), first), other)
    assert (state.moved_to, state.moved_seen) == ("https://c.org/", 1)
    state = after(state, OK)
    assert (state.moved_to, state.moved_seen) == (None, 0)
    failed = FetchFailed("https://a.org/feed", "timeout", "m")
    state = after(after(after(PollState(), first), failed), first)
    assert state.moved_seen == 2, "a failure says nothing about it"


def test_a_200_with_the_same_bytes_drops_a_validator_no_longer_sent() -> None:
    state = after(after(PollState(), OK), NotModified(OK.url, 200, etag='"2"'))
    assert (state.etag, state.last_modified, state.body_digest) == ('"2"', None, "d1")
    assert state.outcome == "not_modified"


def test_a_shorter_every_takes_effect_at_once_but_not_against_the_origin() -> None:
    daily = replace(SOURCE, every=DAY)
    state = after(PollState(), OK, daily)
    quick = replace(SOURCE, every=10 * MINUTE)
    assert not is_due(daily, state, NOW + 10 * MINUTE)
    assert not is_due(quick, state, NOW + 9 * MINUTE)
    assert is_due(quick, state, NOW + 10 * MINUTE)
    waiting = after(PollState(), replace(OK, freshness=Freshness(max_age=2 * DAY)), daily)
    assert not is_due(quick, waiting, NOW + DAY)
    failing = after(state, FetchFailed(OK.url, "dns", "m"), daily)
    assert not is_due(quick, failing, NOW + HOUR)
    hinted = after(PollState(), OK, daily, hints=UpdateHints(interval=HOUR))
    assert not is_due(quick, hinted, NOW + 59 * MINUTE)
    assert is_due(quick, hinted, NOW + HOUR)


def test_times_of_success_and_of_news_are_remembered() -> None:
    state = after(PollState(), OK, new_entries=3)
    assert (state.last_poll_at, state.last_success_at, state.last_new_at) == (NOW, NOW, NOW)
    later = after_poll(SOURCE, state, NotModified(OK.url, 304), NOW + HOUR, timezone="UTC")
    assert (later.last_success_at, later.last_new_at) == (NOW + HOUR, NOW)
    failed = FetchFailed(OK.url, "http-404", "not there", status=404)
    broken = after_poll(SOURCE, later, failed, NOW + 2 * HOUR, timezone="UTC")
    assert (broken.outcome, broken.status, broken.error) == ("failed", 404, "not there")
    assert (broken.last_success_at, broken.failing_since) == (NOW + HOUR, NOW + 2 * HOUR)
    assert (broken.etag, broken.body_digest) == ('"1"', "d1")
    back = after_poll(SOURCE, broken, OK, NOW + 3 * HOUR, timezone="UTC")
    assert (back.failures, back.failing_since, back.error, back.outcome) == (0, None, None, "ok")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("0 6 * * *", "UTC", "2026-11-24 6:0"),
        ("0 6 * * *", "Asia/Shanghai", "2026-11-23 22:0"),
        ("0 9 * * 1", "UTC", "2026-11-23 9:0"),
        ("0 9 * * 0", "UTC", "2026-11-29 9:0"),
        ("0 9 * * 7", "UTC", "2026-11-29 9:0"),
        ("0 9 * * sun", "UTC", "2026-11-29 9:0"),
        ("0 6 * * 1-5", "UTC", "2026-11-24 6:0"),
        ("0 9 * * 6,7", "UTC", "2026-11-28 9:0"),
        ("0 9 * * 5-7", "UTC", "2026-11-27 9:0"),
        ("*/15 * * * *", "UTC", "2026-11-23 8:15"),
    ],
)
def test_cron_counts_weekdays_from_sunday_in_the_source_s_zone(
    text: str, zone: str, expected: str
) -> None:
    assert f"{next_cron(text, zone, NOW):%Y-%m-%d %-H:%-M}" == expected
    assert cron_error(text) is None


def test_weekday_cron_never_fires_on_a_weekend() -> None:
    moment = NOW
    for _ in range(50):
        moment = next_cron("30 6 * * 1-5", "Asia/Shanghai", moment)
        assert (moment + 8 * HOUR).weekday() < 5


@pytest.mark.parametrize("text", ["", "x", "* * * *", "61 * * * *", "0 0 * * 8", "0 0 * * mon-xyz"])
def test_a_bad_cron_says_so(text: str) -> None:
    assert cron_error(text)


def test_at_keeps_its_minute() -> None:
    source = replace(SOURCE, at="0 6 * * *", timezone="Asia/Shanghai")
    state = after(PollState(), OK, source)
    assert state.next_poll_at == datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


def test_a_gone_source_is_never_due_but_may_come_back() -> None:
    state = after(PollState(), FetchFailed(OK.url, "http-410", "gone", status=410, gone=True))
    assert state.next_poll_at == END_OF_TIME
    assert not is_due(SOURCE, state, END_OF_TIME - DAY)
    assert not after(state, OK).gone


DURATIONS = st.timedeltas(timedelta(0), timedelta(days=30_000))
TIMES = st.datetimes(timezones=st.just(UTC))
OUTCOMES = st.one_of(
    st.builds(
        FetchFailed,
        st.just(OK.url),
        st.sampled_from(["http-429", "host-rests", "dns"]),
        st.just("m"),
        retry_after=st.none() | TIMES,
        gone=st.just(False),
    ),
    st.builds(
        lambda age, etag: replace(OK, freshness=Freshness(max_age=age), etag=etag),
        st.none() | DURATIONS,
        st.none() | st.just('"1"'),
    ),
    st.builds(lambda age: NotModified(OK.url, 304, freshness=Freshness(max_age=age)), DURATIONS),
)
HINTS = st.builds(
    UpdateHints,
    st.none() | DURATIONS,
    st.frozensets(st.integers(0, 23)),
    st.frozensets(st.integers(0, 6)),
)
SOURCES = st.builds(
    lambda every, at: replace(SOURCE, every=every if at is None else None, at=at),
    st.none() | st.timedeltas(MINUTE, 30 * DAY),
    st.none() | st.sampled_from(["0 6 * * *", "*/5 * * * 1-5"]),
)


@given(SOURCES, st.lists(OUTCOMES, min_size=1, max_size=5), HINTS)
def test_whatever_comes_the_next_poll_lies_ahead_and_within_reach(
    source: Source, outcomes: list[FetchOutcome], hints: UpdateHints
) -> None:
    state = PollState()
    now = NOW
    for outcome in outcomes:
        state = after_poll(source, state, outcome, now, timezone="UTC", hints=hints)
        assert state.next_poll_at is not None
        assert now < state.next_poll_at
        longest = max(source.every or DAY, timedelta(days=7)) * 2 + timedelta(days=8)
        assert state.next_poll_at - now <= longest
        now = state.next_poll_at


@given(st.integers(0, 10**6))
def test_the_same_past_gives_the_same_future(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    states = [after_poll(SOURCE, PollState(), OK, now, timezone="UTC") for _ in range(2)]
    assert states[0] == states[1]
