"""What polls teach: a scripted origin over weeks of a fake clock, through corridor and store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from aggregator.learning import after_nothing
from aggregator.model import Entry, FetchFailed, NotModified, PollState, Text
from aggregator.rhythm import Rhythm
from tests.builders import NOW, entry, feed, later, source
from tests.test_update import Corridors

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
URL = "https://a.example/feed"


class Origin:
    """A feed of one source, polled whenever it is due; entries appear as scheduled."""

    def __init__(self, corridors: Corridors, appear: list[datetime], shown: int = 10) -> None:
        self.corridors = corridors
        self.appear = sorted(appear)
        self.shown = shown
        self.seen = 0
        self.delays: list[timedelta] = []
        self.polls: list[datetime] = []

    def entries(self, now: datetime) -> list[Entry]:
        out = [moment for moment in self.appear if moment <= now][-self.shown :]
        return [entry(f"{moment:%d%H%M}", published=moment) for moment in reversed(out)]

    def poll(self) -> None:
        now = self.corridors.clock.now()
        out = sum(moment <= now for moment in self.appear)
        if out > self.seen or not self.polls:
            new = self.appear[self.seen : out]
            self.delays += [now - moment for moment in new] if self.polls else []
            self.corridors.answer("a", f"{out}".encode(), feed(*self.entries(now)))
        else:
            self.corridors.fetcher.answers[URL] = NotModified(URL, 304)
        self.seen = out
        self.polls.append(now)
        self.corridors.poll()

    def live(self, until: datetime) -> None:
        """Poll at every due time."""
        while True:
            due = self.state.next_poll_at or self.corridors.clock.now()
            if due > until:
                break
            self.corridors.clock.set(max(due, self.corridors.clock.now()))
            self.poll()
        self.corridors.clock.set(until)

    @property
    def state(self) -> PollState:
        return self.corridors.store.source_records(["a"])["a"].state

    @property
    def alarms(self) -> list[str]:
        return [alarm.kind for alarm in self.corridors.store.alarms()]


@pytest.fixture
def corridors(tmp_path: Path) -> Iterator[Corridors]:
    opened = Corridors(tmp_path, "a")
    yield opened
    opened.close()


def mornings(first: int, last: int) -> list[datetime]:
    """06:00 in Shanghai on the days from `first` to `last` around NOW's."""
    six = NOW.astimezone(ZONE).replace(hour=6, minute=2)
    return [six + timedelta(days=n) for n in range(first, last)]


def test_a_daily_paper_is_found_soon_with_few_polls(corridors: Corridors) -> None:
    origin = Origin(corridors, mornings(-10, 15))
    origin.live(NOW + 14 * DAY)
    assert median(origin.delays) <= timedelta(minutes=15)
    assert len(origin.polls) <= 12 * 14
    gaps = [b - a for a, b in zip(origin.polls, origin.polls[1:], strict=False)]
    assert min(gaps) >= timedelta(minutes=10)
    assert origin.alarms == []


def test_an_interval_of_the_person_overrides_what_was_learned(corridors: Corridors) -> None:
    every = timedelta(minutes=20)
    corridors.config = replace(corridors.config, sources=(source("a", every=every),))
    origin = Origin(corridors, mornings(-10, 3))
    origin.poll()
    assert origin.state.plan is None
    assert origin.state.interval == every
    packed, _ = corridors.store.source_memory(1)
    assert packed is not None
    assert Rhythm.unpack(packed).events > 3, "it is learned all the same, to be shown"


def test_a_server_without_validators_is_asked_daily_whatever_the_rhythm(
    corridors: Corridors,
) -> None:
    origin = Origin(corridors, mornings(-10, 3))
    answer = corridors.answer("a", b"x", feed(*origin.entries(NOW)))
    corridors.fetcher.answers[URL] = replace(answer, etag=None, last_modified=None)
    corridors.poll()
    due = origin.state.next_poll_at
    assert due is not None
    assert due >= NOW + DAY


def test_a_poll_without_news_reads_no_memory_while_the_plan_lasts() -> None:
    plan = ",".join(str(int(later(hours).timestamp())) for hours in (1, 2, 3))
    state = PollState(last_success_at=NOW, last_new_at=NOW, plan=plan, silent_after_s=1e6)

    def load() -> tuple[bytes | None, str | None]:
        raise AssertionError("the memory was read")

    lesson = after_nothing(source("a"), state, load, later(1), ZONE)
    assert lesson.planned == later(2)
    assert lesson.memory is None
    ran_out = after_nothing(source("a"), state, lambda: (None, None), later(4), ZONE)
    assert ran_out.planned == later(5)


def test_a_plan_of_a_clock_that_was_ahead_is_made_anew() -> None:
    plan = str(int((NOW + 4000 * DAY).timestamp()))
    state = PollState(last_success_at=NOW, plan=plan)
    lesson = after_nothing(source("a"), state, lambda: (b"junk", "junk"), NOW, ZONE)
    assert lesson.planned == later(1)


def test_silence_is_found_and_ends_with_the_next_entry(corridors: Corridors) -> None:
    origin = Origin(corridors, [*mornings(-10, 6), *mornings(12, 14)])
    last = mornings(5, 6)[0]
    origin.live(last + DAY * 2)
    assert origin.alarms == [], "one edition left out is ordinary"
    origin.live(last + DAY * 2.6)
    assert origin.alarms == ["silent"]
    alarm = corridors.store.alarms()[0]
    assert alarm.since <= last + DAY * 2.5
    assert alarm.evidence.what == "silent"
    assert alarm.evidence.facts["last_at"] == last.timestamp()
    origin.live(mornings(13, 14)[0])
    assert origin.alarms == []
    assert origin.state.alarms is None


def test_an_empty_document_is_an_alarm_that_ends_by_itself(corridors: Corridors) -> None:
    origin = Origin(corridors, mornings(-10, 3))
    origin.poll()
    corridors.answer("a", b"nothing", feed())
    corridors.poll()
    assert origin.alarms == ["empty"]
    corridors.fetcher.answers[URL] = NotModified(URL, 304)
    corridors.poll()
    assert origin.alarms == ["empty"], "a 304 says that it still is"
    corridors.answer("a", b"again", feed(entry(1), entry(2)))
    corridors.poll()
    assert "empty" not in origin.alarms


def test_failures_in_a_row_are_an_alarm_and_a_success_ends_it(corridors: Corridors) -> None:
    origin = Origin(corridors, mornings(-10, 3))
    origin.poll()
    corridors.fetcher.answers[URL] = FetchFailed(URL, "http-500", "it broke")
    for failures in range(3):
        assert origin.alarms == []
        corridors.poll()
        assert origin.state.failures == failures + 1
    assert [(a.kind, a.evidence.facts) for a in corridors.store.alarms()] == [
        ("failing", {"reason": "http-500", "text": "it broke"})
    ]
    corridors.fetcher.answers[URL] = NotModified(URL, 304)
    corridors.poll()
    assert origin.alarms == []


def test_a_feed_that_only_says_it_has_moved(corridors: Corridors) -> None:
    origin = Origin(corridors, mornings(-10, 3))
    origin.poll()
    corridors.answer("a", b"bye", feed(entry("bye", title=Text("This feed has moved"))))
    corridors.poll()
    assert "moved" in origin.alarms
