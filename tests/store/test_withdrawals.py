"""What sources withdraw: a page that is gone, since when, and back again; and obeying it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import PageRecord
from aggregator.takedown import obey
from tests.web.builder import START, Site, entry


@pytest.fixture
def paper(tmp_path: Path) -> Site:
    """A source of pages with one article."""
    site = Site(tmp_path)
    site.add_source("paper")
    site.save("paper", entry("a", "标题", link="https://paper.example/a"))
    return site


def answered(site: Site, status: int, first: bool = True) -> None:
    """The article's page answered so, at the site's time."""
    page = PageRecord(0, "paper", "https://paper.example/a", "article", 1, "", START)
    page = replace(page, first_fetched_at=START if first else None, status=status)
    page = replace(page, outcome="ok" if status < 400 else "failed")
    number = site.store.source_records(["paper"])["paper"].source_id
    with site.store.transaction():
        site.store.note_page(number, page, site.now)


def test_a_page_that_is_gone_counts_from_the_first_time(paper: Site) -> None:
    answered(paper, 410)
    answered(after(paper, 5), 404)
    (told,) = paper.store.withdrawals()
    assert (told.kind, told.since, told.link) == ("gone", START, "https://paper.example/a")
    paper.close()


@pytest.mark.parametrize(("status", "first"), [(500, True), (404, False), (200, True)])
def test_what_was_never_there_or_only_fails_is_not_withdrawn(
    paper: Site, status: int, first: bool
) -> None:
    answered(paper, status, first)
    assert paper.store.withdrawals() == []
    paper.close()


def test_one_that_came_back_was_never_gone(paper: Site) -> None:
    answered(paper, 404)
    answered(paper, 200)
    assert paper.store.withdrawals() == []
    paper.close()


def test_it_is_obeyed_after_the_time_that_is_configured(paper: Site) -> None:
    answered(paper, 404)
    config = replace(paper.config, honor_removals=True)
    assert obey(paper.store, paper.config, after(paper, 9).now) == 0
    assert obey(paper.store, config, after(paper, -3).now) == 0
    assert obey(paper.store, config, after(paper, 2).now) == 1
    assert paper.store.count_removals() == 1
    assert paper.store.withdrawals() == []
    paper.close()


def after(site: Site, days: int) -> Site:
    """The site, so many days later."""
    site.now += timedelta(days=days)
    return site
