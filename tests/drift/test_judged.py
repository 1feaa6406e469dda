"""Alarms: none in 60 days of healthy sources with ordinary noise, every fault found in time."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from aggregator.drift import (
    KINDS,
    Watch,
    after_count,
    after_reading,
    certificate_judged,
    changes,
    failures_judged,
    kinds_of,
    silence_judged,
)
from aggregator.learning import Lesson, Packed, after_feed, after_nothing
from aggregator.model import Certificate, Entry, Evidence, ParsedFeed, PollState, Text
from bench import rhythm as bench
from tests.builders import NOW, entry, feed, source

ZONE = ZoneInfo("Asia/Shanghai")
CHINESE = "本报讯 昨日全市经济工作会议召开，部署明年重点任务，要求各地各部门抓好落实。"
MOJIBAKE = CHINESE.encode("gb18030").decode("utf-8", "replace")
LATIN = "Über die Höhe der Zölle für Öl aus Übersee, größere Mengen".encode().decode("cp1252")


class Reader:
    """One source, polled by its own plan over what appears; collects the alarms it raises."""

    def __init__(self, arrivals: list[datetime], shown: int = 20) -> None:
        self.arrivals = sorted(arrivals)
        self.shown = shown
        self.state = PollState()
        self.packed: Packed = (None, None)
        self.raised: list[tuple[datetime, str]] = []
        self.read = 0

    def feed(self, now: datetime, noise: random.Random) -> ParsedFeed:
        """What stands in the feed: a number that varies a little, a date left out now and then."""
        out = bisect_right(self.arrivals, now)
        shown = self.arrivals[max(0, out - max(1, self.shown - noise.randrange(4))) : out]
        entries = [
            entry(
                f"{moment:%m%d%H%M%S}",
                published=moment if noise.random() > 0.05 else None,
                text=CHINESE + (" a \ufffd slip" if noise.random() < 0.1 else ""),
            )
            for moment in reversed(shown)
        ]
        return feed(*entries)

    def poll(self, now: datetime, said: ParsedFeed | None, new: list[Entry]) -> None:
        before = self.state
        if said is None:
            lesson = after_nothing(source("a"), before, lambda: self.packed, now, ZONE)
        else:
            lesson = after_feed(source("a"), before, self.packed, said, new, now, ZONE)
        self.packed = lesson.memory or self.packed
        self.raised += [(now, kind) for kind in lesson.begun]
        news = now if new else before.last_new_at
        self.state = lesson.put_into(replace(before, last_success_at=now, last_new_at=news))
        self.lesson: Lesson = lesson

    def live(self, start: datetime, until: datetime, noise: random.Random) -> None:
        now = start
        while now < until:
            out = bisect_right(self.arrivals, now)
            if out > self.read or self.state.last_success_at is None:
                fresh = self.arrivals[self.read : out]
                new = [entry(f"{moment:%m%d%H%M%S}", published=moment) for moment in fresh]
                self.poll(now, self.feed(now, noise), new)
                self.read = out
            else:
                self.poll(now, None, [])
            assert self.lesson.planned is not None
            now = self.lesson.planned


def with_holidays(arrivals: list[datetime], chance: random.Random) -> list[datetime]:
    """A day left out now and then, never two in a row."""
    days = sorted({moment.date() for moment in arrivals})
    out = {day for day in days[5::9] if chance.random() < 0.4}
    return [moment for moment in arrivals if moment.date() not in out]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("draw", [case[1] for case in bench.CASES if case[2]])
def test_no_alarm_in_60_healthy_days(draw: bench.Draw, seed: int) -> None:
    chance = random.Random(seed)
    arrivals = draw(chance)
    if draw is bench.paper:
        arrivals = with_holidays(arrivals, chance)
    end = bench.at(bench.DAYS, 0)
    reader = Reader(arrivals)
    reader.live(bench.START + timedelta(hours=7), end, chance)
    assert reader.raised == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("draw", "rhythm"),
    [
        (bench.paper, timedelta(days=1)),
        (bench.blog, timedelta(days=3)),
        (bench.weekly, timedelta(days=7)),
    ],
)
def test_silence_is_found_within_one_and_a_half_rhythms_of_the_first_entry_missed(
    draw: bench.Draw, rhythm: timedelta, seed: int
) -> None:
    arrivals = draw(random.Random(seed))
    missed = arrivals[-1] + rhythm
    reader = Reader(arrivals)
    reader.live(bench.START, missed + rhythm * 1.5 + timedelta(hours=8), random.Random(seed))
    assert [kind for _, kind in reader.raised] == ["silent"]


def test_a_wire_that_falls_silent_is_found_within_a_day() -> None:
    arrivals = [one for one in bench.wire(random.Random(5)) if one < bench.at(15, 0)]
    reader = Reader(arrivals)
    reader.live(bench.START, arrivals[-1] + timedelta(days=1), random.Random(5))
    assert [kind for _, kind in reader.raised] == ["silent"]


# ---------------------------------------------------------------- faults of one reading


def healthy(number: int = 20, **values: object) -> ParsedFeed:
    return feed(*(entry(n, published=NOW, text=CHINESE, **values) for n in range(number)))


def damaged(text: str) -> ParsedFeed:
    return feed(*(entry(n, published=NOW, text=text) for n in range(20)))


NOTICE = feed(entry("bye", title=Text("This feed has moved to a new address")))
FAULTS = {
    "empty": feed(),
    "collapsed": healthy(3),
    "undated": feed(*(entry(n, text=CHINESE) for n in range(20))),
    "encoding": damaged(MOJIBAKE),
    "moved": NOTICE,
}


def watched(readings: int = 5) -> Watch:
    watch = Watch()
    for _ in range(readings):
        watch, found = after_reading(watch, healthy())
        assert not any(found.values())
    return watch


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_found_at_its_first_reading_and_ends_by_itself(kind: str) -> None:
    watch, found = after_reading(watched(), FAULTS[kind])
    assert found[kind], "evidence, for people"
    _, found = after_reading(watch, healthy())
    assert found[kind] is None


@pytest.mark.parametrize("kind", ["empty", "undated", "encoding", "moved"])
def test_one_healthy_reading_before_is_enough(kind: str) -> None:
    _, found = after_reading(watched(1), FAULTS[kind])
    assert found[kind]


def test_damaged_latin_text_is_found_as_well() -> None:
    watch, _ = after_reading(Watch(), healthy())
    _, found = after_reading(watch, damaged(LATIN))
    assert found["encoding"]


@pytest.mark.parametrize("kind", ["empty", "collapsed", "undated", "encoding"])
def test_what_never_was_otherwise_is_no_drift(kind: str) -> None:
    watch = Watch()
    for _ in range(10):
        watch, found = after_reading(watch, FAULTS[kind])
        assert not found.get(kind)


def test_a_lasting_change_becomes_usual_in_the_end() -> None:
    watch = watched()
    readings, found = 0, after_reading(watch, healthy(3))[1]
    while found["collapsed"]:
        watch, found = after_reading(watch, healthy(3))
        readings += 1
    assert 5 < readings < 150


def test_a_page_of_links_collapses_and_recovers_as_a_feed_does() -> None:
    watch = Watch()
    for links in (40, 42, 40):
        watch, found = after_count(watch, links)
        assert not any(found.values())
    watch, found = after_count(watch, 5)
    assert found["collapsed"] == Evidence("few", {"count": 5, "usual": 41})
    assert after_count(watch, 40)[1]["collapsed"] is None


def test_a_paper_with_few_pages_at_weekends_is_left_alone() -> None:
    watch = Watch()
    for day in range(60):
        watch, found = after_count(watch, 4 if day % 7 in (3, 4) else 16, 8)
        assert not any(found.values()), day


def test_a_feed_that_shows_only_today_may_be_short_at_midnight() -> None:
    watch = Watch()
    for day in range(5):
        for count in (30, 40, 2, 12, 25):
            watch, found = after_reading(watch, healthy(count))
            assert day == 0 or not any(found.values())


@pytest.mark.parametrize(
    "title",
    ["RSS服务已停止，本站已迁移至新地址", "Please update your subscription", "Feed discontinued"],
)
def test_notices_are_recognised(title: str) -> None:
    _, found = after_reading(watched(), feed(entry("x", title=Text(title))))
    assert found["moved"]


def test_an_article_about_a_move_is_no_notice() -> None:
    about = entry("x", title=Text("Twitter says its feed has moved"), published=NOW)
    _, found = after_reading(watched(), replace(healthy(), entries=(about,), unchanged=19))
    assert not any(found.values())


def test_entries_already_known_say_nothing_of_dates_and_text() -> None:
    _, found = after_reading(watched(), replace(feed(), unchanged=20))
    assert "undated" not in found
    assert "encoding" not in found
    assert not any(found.values())


# ---------------------------------------------------------------- the rest


FAILED = PollState(failures=3, reason="timeout", error="no answer")
WHY = Evidence("failed", {"reason": "timeout", "text": "no answer"})


def test_failures_and_silence() -> None:
    assert failures_judged(replace(FAILED, failures=2)) == {}
    assert failures_judged(FAILED) == {"failing": WHY}
    assert failures_judged(replace(FAILED, failures=1, gone=True))["gone"] == WHY
    assert failures_judged(PollState()) == {"gone": None, "failing": None}
    assert silence_judged(NOW, timedelta(days=2), NOW + timedelta(days=1)) == {"silent": None}
    assert silence_judged(None, timedelta(days=2), NOW) == {}


def test_what_is_no_chance_needs_no_second_failure() -> None:
    expired = PollState(failures=1, reason="certificate-expired", error="it has expired")
    assert failures_judged(expired) == {"certificate": Evidence("certificate-expired")}
    barren = PollState(failures=1, reason="selector", error="nothing")
    assert list(failures_judged(barren)) == ["selector"]
    assert "failing" not in failures_judged(replace(barren, failures=9))


@pytest.mark.parametrize(("life", "quiet", "told"), [(90, 15, 13), (365, 15, 13), (6, 2, 0.9)])
def test_a_certificate_is_told_of_before_it_ends_and_later_if_it_is_short_lived(
    life: float, quiet: float, told: float
) -> None:
    def left(days: float) -> Certificate:
        ends = NOW + timedelta(days=days)
        return Certificate(ends - timedelta(days=life), ends)

    assert certificate_judged(None, NOW) == {"certificate": None}
    assert certificate_judged(left(quiet), NOW) == {"certificate": None}
    soon = certificate_judged(left(told), NOW)["certificate"]
    assert soon == Evidence("certificate", {"ends_at": (NOW + timedelta(days=told)).timestamp()})


def test_changes_raise_once_and_end_only_what_was_judged() -> None:
    none = Evidence("undated", {"count": 3})
    begun, ended, raised = changes(["empty", "silent"], {"empty": None, "undated": none})
    assert (begun, ended, raised) == ({"undated": none}, ["empty"], "silent,undated")
    assert changes([], {"empty": None}) == ({}, [], None)
    assert kinds_of(raised) == {"silent", "undated"}
    assert kinds_of(None) == frozenset()


def test_a_watch_survives_its_json_and_unknown_fields() -> None:
    watch = replace(watched(), articles=7, odd={"undated": (1, 2)})
    assert Watch.from_json(watch.to_json()) == watch
    assert Watch.from_json(Watch().to_json()) == Watch()
    assert Watch.from_json('{"readings": 2, "of_later": 1}').readings == 2


def test_the_faults_are_of_known_kinds() -> None:
    assert set(FAULTS) < set(KINDS)
    assert datetime(2026, 1, 4, 16, tzinfo=UTC) == bench.START
