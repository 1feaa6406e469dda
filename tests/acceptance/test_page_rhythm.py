"""Sources without a feed over days of a fake clock: their rhythm is learned, their faults told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aggregator.drift import said
from aggregator.model import PageRecipe, PollState, Source
from tests.acceptance.epaper import Paper, edition
from tests.acceptance.origin import Origin, serve
from tests.acceptance.test_epaper import DAY, MONDAY, Days, at, source

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        running.put("/robots.txt", "", content_type="text/plain")
        yield running


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Callable[..., Days]]:
    opened: list[Days] = []

    def start(*sources: Source, start: datetime) -> Days:
        opened.append(Days(tmp_path, *sources, start=start))
        return opened[-1]

    yield start
    for one in opened:
        one.store.close()


def alarms(running: Days) -> list[str]:
    return [alarm.kind for alarm in running.store.alarms()]


def ever(running: Days) -> list[str]:
    return [alarm.kind for alarm in running.store.alarms(100)]


def state(running: Days, name: str) -> PollState:
    return running.store.source_records()[name].state


def test_an_epaper_is_asked_by_its_day_at_its_hour(
    origin: Origin, days: Callable[..., Days]
) -> None:
    paper = Paper(origin)
    running = days(source(paper, at=None), start=at(MONDAY, 0.1))
    asked: list[int] = []
    for number in range(14):
        day = MONDAY + number * DAY
        running.until(at(day, 6.3))
        paper.publish(edition(day, per_page=1))
        running.until(at(day, 23.9))
        asked.append(sum(path == paper.layout(day, 1) for path, _, _ in origin.requests))
        statuses = origin.statuses(paper.layout(day, 1))
        assert 200 in statuses, f"the edition of day {number} was never had"
    # The pages of an edition are looked at again by themselves; the polls before it is out count.
    early = [origin.statuses(paper.layout(MONDAY + n * DAY, 1)).count(404) for n in range(14)]
    assert early[0] >= 10, "each half-hour, while nothing is known"
    assert max(early[4:]) <= 6
    assert ever(running) == []
    assert state(running, "jiaxing-daily").plan is not None


def test_an_epaper_that_ends_is_told_of_after_its_third_missing_day(
    origin: Origin, days: Callable[..., Days]
) -> None:
    paper = Paper(origin)
    running = days(source(paper, at=None), start=at(MONDAY, 0.1))
    for number in range(9):
        paper.publish(edition(MONDAY + number * DAY, per_page=1))
        running.until(at(MONDAY + number * DAY, 23.9))
    last = MONDAY + 8 * DAY
    running.until(at(last + 1 * DAY, 23.9))
    assert alarms(running) == [], "a day without an edition is a holiday"
    running.until(at(last + 3 * DAY, 12))
    assert alarms(running) == ["silent"]
    paper.publish(edition(last + 4 * DAY, per_page=1))
    running.until(at(last + 4 * DAY, 23.9))
    assert alarms(running) == []
    assert ever(running) == ["silent"]


class Lists:
    """A page that lists articles, one more each morning at nine."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.known: list[date] = []
        self.list_class = "news"
        self.text_class = "text"

    @property
    def source(self) -> Source:
        recipe = PageRecipe(
            entries=".news a", title="h1", content=".text", published=".time", base=None
        )
        return Source("town", "镇上", f"{self.origin.base}/list", page=recipe)

    def put_list(self, shown: int = 10) -> None:
        links = "".join(
            f'<li><a href="/a/{day:%Y%m%d}">{day} 的消息</a></li>'
            for day in reversed(self.known[-shown:])
        )
        page = f'<html><body><ul class="{self.list_class}">{links}</ul></body></html>'
        self.origin.put("/list", page, content_type="text/html; charset=utf-8")

    def publish(self, day: date) -> None:
        self.known.append(day)
        text = f"{day} 镇上的事情，说来话长，一共有好几件，每天都不一样。" * 3
        page = (
            f'<html><body><h1>{day} 的消息</h1><p class="time">{day} 09:00</p>'
            f'<div class="{self.text_class}"><p>{text}</p></div></body></html>'
        )
        self.origin.put(f"/a/{day:%Y%m%d}", page, content_type="text/html; charset=utf-8")
        self.put_list()


@pytest.fixture
def town(origin: Origin, days: Callable[..., Days]) -> tuple[Lists, Days]:
    """A list with ten days of articles, polled over a week."""
    lists = Lists(origin)
    for number in range(-10, 1):
        lists.publish(MONDAY + number * DAY)
    running = days(lists.source, start=at(MONDAY, 12))
    for number in range(1, 8):
        running.until(at(MONDAY + number * DAY, 8.9))
        lists.publish(MONDAY + number * DAY)
    running.until(at(MONDAY + 7 * DAY, 12))
    return lists, running


def test_a_list_without_every_learns_from_the_dates_and_the_hours_of_its_articles(
    origin: Origin, town: tuple[Lists, Days]
) -> None:
    lists, running = town
    before = len(origin.statuses("/list"))
    running.until(at(MONDAY + 8 * DAY, 8.9))
    lists.publish(MONDAY + 8 * DAY)
    running.until(at(MONDAY + 8 * DAY, 12))
    assert 2 <= len(origin.statuses("/list")) - before <= 12
    number = running.store.source_records()["town"].source_id
    page = running.store.page_of(number, f"{origin.base}/a/{MONDAY + 8 * DAY:%Y%m%d}")
    assert page is not None
    assert page.first_fetched_at is not None
    assert ever(running) == []
    assert state(running, "town").plan is not None


def test_a_list_that_was_rebuilt_is_told_at_the_first_poll(town: tuple[Lists, Days]) -> None:
    lists, running = town
    lists.list_class = "latest"
    lists.put_list()
    polled = len(running.results)
    while len(running.results) == polled:
        running.until(running.clock.now())
    assert alarms(running) == ["selector"]
    (alarm,) = running.store.alarms()
    told = said(alarm.evidence, "zh", ZONE)
    assert "没有与 `entries: .news a` 匹配的内容" in told
    assert ".latest" in told, "what is like it on the page"
    lists.list_class = "news"
    lists.put_list()
    running.until(running.clock.now() + DAY)
    assert alarms(running) == []


def test_a_list_that_lost_most_of_its_links_is_told_at_the_first_poll(
    town: tuple[Lists, Days],
) -> None:
    lists, running = town
    lists.put_list(shown=1)
    running.until(running.clock.now() + DAY)
    assert alarms(running) == ["collapsed"]
    lists.put_list()
    running.until(running.clock.now() + DAY)
    assert alarms(running) == []


def test_article_pages_that_were_rebuilt_are_told_at_the_second_article(
    town: tuple[Lists, Days],
) -> None:
    lists, running = town
    lists.text_class = "body"
    for number in (8, 9):
        assert alarms(running) == []
        running.until(at(MONDAY + number * DAY, 8.9))
        lists.publish(MONDAY + number * DAY)
        running.until(at(MONDAY + number * DAY, 11))
    assert alarms(running) == ["selector"]
    (alarm,) = running.store.alarms()
    assert alarm.evidence.facts["key"] == "content"
    running.until(at(MONDAY + 9 * DAY, 23))
    assert alarms(running) == ["selector"], "that its list can be read does not end it"
    lists.text_class = "text"
    running.until(at(MONDAY + 10 * DAY, 8.9))
    lists.publish(MONDAY + 10 * DAY)
    running.until(at(MONDAY + 10 * DAY, 11))
    assert alarms(running) == []


def test_a_list_on_which_nothing_new_comes_is_silent_in_the_end(town: tuple[Lists, Days]) -> None:
    _, running = town
    running.until(at(MONDAY + 9 * DAY, 8))
    assert alarms(running) == []
    running.until(at(MONDAY + 9 * DAY, 8) + timedelta(days=1.5))
    assert alarms(running) == ["silent"]
