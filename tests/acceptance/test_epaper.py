"""Three simulated days of a replica e-paper: each article once, in order, corrections kept."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import feedparser
import pytest

from aggregator.model import PageRecipe, Source
from aggregator.update import Corridor
from tests.acceptance.days import Days
from tests.acceptance.epaper import Edition, Paper, edition
from tests.acceptance.origin import Origin, serve
from tests.acceptance.program import Program

MONDAY = date(2026, 11, 23)
DAY = timedelta(days=1)


def at(day: date, hour: float) -> datetime:
    """So many hours into `day` in 嘉兴, in UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    return midnight + timedelta(hours=hour)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
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


def source(paper: Paper, **values: Any) -> Source:
    given = {"at": "0 6 * * *", "page": PageRecipe(base="founder"), "categories": ("local",)}
    return Source("jiaxing-daily", "嘉兴日报", paper.url, **{**given, **values})


def titles_of(*editions: Edition) -> list[str]:
    """Titles as they stand in the paper, the newest edition first."""
    newest = sorted(editions, key=lambda one: one.day, reverse=True)
    return [a.title for one in newest for page in one.pages for a in page]


def pages_asked(origin: Origin) -> Counter[tuple[str, int]]:
    return Counter((path, status) for path, _, status in origin.requests)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_three_days_of_an_epaper(origin: Origin, days: Callable[..., Days], encoding: str) -> None:
    paper = Paper(origin, encoding=encoding)
    origin.put("/robots.txt", "User-agent: *\nDisallow: /private/\n", content_type="text/plain")
    monday, wednesday = edition(MONDAY), edition(MONDAY + 2 * DAY)
    paper.publish(monday)
    # The paper of Monday is out late on the first day; Tuesday is a holiday.
    held_back = dict(origin.pages)
    origin.pages.clear()
    origin.pages["/robots.txt"] = held_back["/robots.txt"]
    running = days(source(paper), start=at(MONDAY, 5.5))

    running.until(at(MONDAY, 7))
    assert running.feed().entries == []
    assert {result.outcome for result in running.results} == {"not_modified"}
    assert running.store.source_records()["jiaxing-daily"].state.failures == 0
    origin.pages.update(held_back)
    running.until(at(MONDAY, 9))
    assert [e.title for e in running.feed().entries] == titles_of(monday)

    corrected = monday.pages[0][1]
    corrected.paragraphs = (corrected.paragraphs[0], "更正后的第二段,数字改为三千元。")
    paper.publish(monday)
    running.until(at(MONDAY + DAY, 23))
    paper.publish(wednesday)
    running.until(at(MONDAY + 2 * DAY, 23.5))

    feed = running.feed()
    assert [e.title for e in feed.entries] == titles_of(monday, wednesday)
    entry = next(e for e in feed.entries if e.title == corrected.title)
    assert "三千元" in entry.content[0].value
    story = running.details(entry.id)
    assert [snapshot.changed for snapshot in story.snapshots] == [(), ("text",)]
    assert story.snapshots[0].published == at(MONDAY, 0)
    assert story.snapshots[0].tags[0].term == "要闻"
    assert story.snapshots[0].tags[0].label == "第 01 版:要闻"
    first = next(e for e in feed.entries if e.title == monday.pages[0][0].title)
    assert [link.href for link in first.links if link.rel == "enclosure"] == [
        f"{origin.base}/jxrbPaper/pc/images/pic_1.jpg"
    ]
    others = [e.id for e in feed.entries if e.id != entry.id]
    assert all(len(running.details(one).snapshots) == 1 for one in others)
    assert_polite(origin, paper, [monday, wednesday], corrected)


def assert_polite(origin: Origin, paper: Paper, editions: list[Edition], corrected: Any) -> None:
    """Each article once and then conditionally, a few times in three days; nothing else asked."""
    asked = pages_asked(origin)
    expected = {"/robots.txt"}
    for one in editions:
        expected |= {paper.layout(one.day, at + 1) for at in range(len(one.pages))}
        for page in one.pages:
            for article in page:
                path = paper.content(one.day, article)
                expected.add(path)
                assert asked[path, 200] == (2 if article is corrected else 1), path
                assert asked[path, 304] <= 4, path
    missing = {path for (path, status) in asked if status == 404}
    assert missing <= {paper.layout(MONDAY + shift * DAY, 1) for shift in (0, 1)}
    assert {path for path, _ in asked} - missing <= expected
    # Every half hour until noon, and once more with the next edition.
    assert 10 <= asked[paper.layout(MONDAY + DAY, 1), 404] <= 14
    seen: set[str] = set()
    for path, headers, status in origin.requests:
        if path in seen and path != "/robots.txt" and path not in missing:
            assert "If-None-Match" in headers, f"{path} was asked for again unconditionally"
        if status in (200, 304):
            seen.add(path)
        assert not {"Cookie", "Referer"} & headers.keys()
    # Once a day and once more for each process of this test.
    assert sum(count for (path, _), count in asked.items() if path == "/robots.txt") <= 3 + 5


def test_a_crash_in_the_middle_of_an_edition_resumes_where_it_was(
    origin: Origin, days: Callable[..., Days]
) -> None:
    paper, today = Paper(origin), edition(MONDAY, per_page=6)
    paper.publish(today)
    running = days(source(paper), start=at(MONDAY, 6))

    async def crash(corridor: Corridor) -> None:
        loop = asyncio.get_running_loop()
        await corridor.poll(running.store.due_sources(running.clock.now()))
        task = asyncio.create_task(corridor.crawl.crawl_due())
        origin_reached = asyncio.Event()
        origin.on_request = lambda path: (
            loop.call_soon_threadsafe(origin_reached.set) if path.endswith("_23204.html") else None
        )
        await asyncio.wait_for(origin_reached.wait(), timeout=30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        origin.on_request = lambda path: None

    running.run(crash)
    assert 0 < len(running.feed().entries) < 12
    running.until(at(MONDAY, 6.5))
    assert [e.title for e in running.feed().entries] == titles_of(today)
    asked = Counter(path for path, _, _ in origin.requests if "content_" in path)
    assert sum(count - 1 for count in asked.values()) <= 1, "at most the page under way is again"


def test_the_front_page_of_another_day_is_no_edition(
    origin: Origin, days: Callable[..., Days]
) -> None:
    """A holiday: the server answers with the last edition at the address of today's."""
    paper, sunday = Paper(origin), edition(MONDAY - DAY)
    paper.publish(sunday)
    stale = origin.pages[paper.layout(sunday.day, 1)]
    moved = stale.body.replace(b'href="node_', f'href="{_folder(paper, sunday.day)}node_'.encode())
    origin.pages[paper.layout(MONDAY, 1)] = replace(stale, body=moved)
    running = days(source(paper), start=at(MONDAY, 6))
    running.until(at(MONDAY, 8))
    assert running.feed().entries == []
    assert {result.outcome for result in running.results} == {"not_modified"}
    today = edition(MONDAY)
    paper.publish(today)
    running.until(at(MONDAY, 9))
    assert [e.title for e in running.feed().entries] == titles_of(today)


def _folder(paper: Paper, day: date) -> str:
    return paper.layout(day, 1).rpartition("/")[0] + "/"


def test_backfill_fetches_earlier_editions_once_and_floods_nobody(
    origin: Origin, days: Callable[..., Days]
) -> None:
    paper = Paper(origin)
    editions = [edition(MONDAY - back * DAY) for back in (0, 1, 3)]
    for one in editions:
        paper.publish(one)
    running = days(source(paper, backfill=timedelta(days=4)), start=at(MONDAY, 6))
    running.until(at(MONDAY + DAY, 5))
    assert [e.title for e in running.feed().entries] == titles_of(editions[0])
    kept = running.store.entries_of_source("jiaxing-daily")
    assert len(kept) == 18, "kept, though not listed"
    asked = pages_asked(origin)
    for path in (paper.content(one.day, one.pages[0][0]) for one in editions[1:]):
        assert (asked[path, 200], asked[path, 304]) == (1, 0)


def test_an_edition_that_was_late_or_missed_comes_with_the_next(
    origin: Origin, days: Callable[..., Days]
) -> None:
    paper = Paper(origin)
    editions = [edition(MONDAY + shift * DAY) for shift in (0, 1, 3)]
    paper.publish(editions[0])
    running = days(source(paper), start=at(MONDAY, 6))
    running.until(at(MONDAY, 7))
    running.until(at(MONDAY + DAY, 15))
    paper.publish(editions[1])  # in the afternoon of its day
    running.until(at(MONDAY + 2 * DAY, 23))
    paper.publish(editions[2])
    running.until(at(MONDAY + 3 * DAY, 8))
    assert [e.title for e in running.feed().entries] == titles_of(*editions)


def test_a_crawl_delay_is_kept(origin: Origin, days: Callable[..., Days]) -> None:
    paper, today = Paper(origin), edition(MONDAY)
    paper.publish(today)
    origin.put("/robots.txt", "User-agent: *\nCrawl-delay: 20\n", content_type="text/plain")
    running = days(source(paper), start=at(MONDAY, 6))
    starts: list[datetime] = []
    origin.on_request = lambda path: starts.append(running.clock.now())

    async def sleep(seconds: float) -> None:
        running.clock.advance(timedelta(seconds=seconds))

    async def crawl(corridor: Corridor) -> None:
        corridor.crawl.wait_by(sleep)
        await corridor.poll(running.store.due_sources(running.clock.now()))
        await corridor.crawl.crawl_due()

    running.run(crawl)
    assert len(running.feed().entries) == 6
    pages = starts[1:]  # after robots.txt itself
    gaps = [later - earlier for earlier, later in pairwise(pages)]
    assert gaps
    assert min(gaps) >= timedelta(seconds=20)


def test_robots_txt_is_obeyed(origin: Origin, days: Callable[..., Days]) -> None:
    paper, today = Paper(origin), edition(MONDAY)
    paper.publish(today)
    rules = f"User-agent: *\nDisallow: {paper.content(MONDAY, today.pages[1][0])}\n"
    origin.put("/robots.txt", rules, content_type="text/plain")
    running = days(source(paper), start=at(MONDAY, 6))
    running.until(at(MONDAY, 7))
    forbidden = today.pages[1][0].title
    assert [e.title for e in running.feed().entries] == [
        title for title in titles_of(today) if title != forbidden
    ]
    assert paper.content(MONDAY, today.pages[1][0]) not in {path for path, _, _ in origin.requests}


def test_a_selector_without_a_match_is_named_with_what_is_near(
    origin: Origin, days: Callable[..., Days]
) -> None:
    paper = Paper(origin)
    paper.publish(edition(MONDAY))
    recipe = PageRecipe(follow=("#lists li a",), entries="#articles .clearfix a")
    running = days(source(paper, page=recipe), start=at(MONDAY, 6))
    running.until(at(MONDAY, 6))
    (result,) = running.results
    assert result.outcome == "failed"
    assert "`follow: #lists li a` matches nothing" in (result.error or "")
    assert "#list" in (result.error or "")
    assert "#articlelist" in (result.error or "")


def test_the_program_captures_an_epaper_as_processes(origin: Origin, tmp_path: Path) -> None:
    paper = Paper(origin)
    today = datetime.now(UTC).astimezone().date()
    editions = [edition(today + shift * DAY) for shift in (-1, 0, 1)]  # whatever day it is there
    for one in editions:
        paper.publish(one)
    program = Program(tmp_path)
    program.configure(
        f"  - {{id: paper, title: 嘉兴日报, url: '{paper.url}', category: domestic, "
        "epaper: founder}"
    )
    said = program.poll()["paper"]
    assert (said["outcome"], said["new"]) == ("ok", 6)
    feed = feedparser.parse(program.document("domestic.atom"))
    assert [e.title for e in feed.entries] in [titles_of(one) for one in editions]
    assert program.poll()["paper"]["outcome"] == "not_due"
    with program.daemon():
        assert program.get("/feeds/domestic.atom")[2] == program.document("domestic.atom")
