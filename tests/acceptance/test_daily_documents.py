"""JSON answers and sitemaps with the day in their address: each day's once its day has come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.model import JsonRecipe, SitemapRecipe, Source
from tests.acceptance.days import Days
from tests.acceptance.origin import Origin, serve
from tests.acceptance.program import Program

MONDAY = date(2026, 11, 23)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RECIPE = JsonRecipe(entries="list", title="title", link="url", published="at")


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


def at(day: date, hour: float) -> datetime:
    """So many hours into `day` in Shanghai, in UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    return midnight + timedelta(hours=hour)


def path_of(day: date) -> str:
    return f"/api/{day:%Y%m%d}.json"


def put(origin: Origin, day: date, count: int) -> None:
    """The day's answer, with this many articles; the newest first."""
    listed = [
        {"title": f"{day:%d}日第{n}篇", "url": f"/a/{day:%d}-{n}.html", "at": f"{day} 0{n}:00"}
        for n in range(count, 0, -1)
    ]
    origin.put(path_of(day), json.dumps({"list": listed}), content_type="application/json")


def source(origin: Origin, **values: Any) -> Source:
    given = {"categories": ("local",), "every": HOUR, "json": RECIPE, **values}
    return Source("api", "接口", f"{origin.base}/api/{{date:%Y%m%d}}.json", **given)


def titles(days: Days) -> list[str]:
    return [entry.title for entry in days.feed().entries]


def test_each_days_answer_is_asked_for_on_its_day(origin: Origin, tmp_path: Path) -> None:
    put(origin, MONDAY, 2)
    with Days(tmp_path, source(origin), start=at(MONDAY, 8)) as days:
        days.until(at(MONDAY, 10))
        assert titles(days) == ["23日第2篇", "23日第1篇"]
        put(origin, MONDAY, 3)
        days.until(at(MONDAY, 22.9))
        assert origin.statuses(path_of(MONDAY)).count(200) == 2, "conditional requests else"
        put(origin, MONDAY, 5)  # after the last poll of its day
        days.until(at(MONDAY + DAY, 6))
        assert {one.outcome for one in days.results[-3:]} == {"not_modified"}
        assert days.store.source_records()["api"].state.failures == 0, "a day not there yet"
        put(origin, MONDAY + DAY, 1)
        days.until(at(MONDAY + DAY, 9))
        assert set(titles(days)) == {"24日第1篇", *(f"23日第{n}篇" for n in range(1, 6))}
        assert not days.store.source_health()[0].alarms, "a day's answer begins small"


def test_days_that_were_missed_come_with_the_next(origin: Origin, tmp_path: Path) -> None:
    put(origin, MONDAY, 2)
    with Days(tmp_path, source(origin), start=at(MONDAY, 8)) as days:
        days.until(at(MONDAY, 9))
        for back in (1, 3):
            put(origin, MONDAY + back * DAY, 1)
        days.clock.advance(at(MONDAY + 3 * DAY, 8) - days.clock.now())  # the machine was off
        days.until(at(MONDAY + 3 * DAY, 9))
        assert set(titles(days)) == {"23日第1篇", "23日第2篇", "24日第1篇", "26日第1篇"}
        assert origin.statuses(path_of(MONDAY + 2 * DAY)) == [404], "asked for once"


def test_backfill_fetches_earlier_days_once_and_floods_nobody(
    origin: Origin, tmp_path: Path
) -> None:
    for back in range(4):
        put(origin, MONDAY - back * DAY, 2)
    one = source(origin, backfill=3 * DAY)
    with Days(tmp_path, one, start=at(MONDAY, 8)) as days:
        days.until(at(MONDAY, 20))
        assert titles(days) == ["23日第2篇", "23日第1篇"]
        assert len(days.store.entries_of_source("api")) == 8, "kept, though not listed"
        for back in (1, 2, 3):
            assert origin.statuses(path_of(MONDAY - back * DAY)) == [200]


def test_the_days_of_an_edited_address_are_the_new_ones(origin: Origin, tmp_path: Path) -> None:
    put(origin, MONDAY, 1)
    with Days(tmp_path, source(origin), start=at(MONDAY, 8)) as days:
        days.until(at(MONDAY, 9))
        state = days.store.source_records()["api"].state
        assert state.source_url == days.config.sources[0].url, "as it is configured"
        assert state.url == f"{origin.base}{path_of(MONDAY)}"


def test_a_sitemap_a_month(origin: Origin, tmp_path: Path) -> None:
    def put_map(month: str, *names: str) -> None:
        urls = "".join(
            f"<url><loc>{origin.base}/{name}.html</loc>"
            f"<news:news xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'>"
            f"<news:publication_date>{month}-30T08:00:00+08:00</news:publication_date>"
            f"<news:title>{name}</news:title></news:news></url>"
            for name in names
        )
        head = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        origin.put(f"/map-{month}.xml", f"{head}{urls}</urlset>")

    put_map("2026-11", "a", "b")
    url = f"{origin.base}/map-{{date:%Y-%m}}.xml"
    one = replace(source(origin), url=url, json=None, sitemap=SitemapRecipe())
    with Days(tmp_path, one, start=at(date(2026, 11, 30), 9)) as days:
        days.until(at(date(2026, 11, 30), 10))
        assert sorted(titles(days)) == ["a", "b"]
        put_map("2026-11", "a", "b", "c")
        put_map("2026-12", "d")
        days.clock.advance(at(date(2026, 12, 1), 9) - days.clock.now())
        days.until(at(date(2026, 12, 1), 10))
        assert sorted(titles(days)) == ["a", "b", "c", "d"], "and a last look at November"


def test_a_probe_shows_the_latest_day(origin: Origin, tmp_path: Path) -> None:
    day = datetime.now(UTC).astimezone().date() - 2 * DAY
    put(origin, day, 2)
    program = Program(tmp_path)
    program.configure(
        f"  - {{id: api, title: 接口, url: '{source(origin).url}', "
        "json: {entries: list, title: title, link: url}, backfill: 3d}"
    )
    done = program.run("check", "--probe", "--json")
    (probe,) = json.loads(done.stdout)["probes"]
    assert (probe["error"], probe["entries"]) == (None, 2)
    assert any("not there (yet)" in text for text in probe["odd"])
