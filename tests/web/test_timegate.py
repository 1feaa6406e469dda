"""Feeds as they stood at an earlier time (RFC 7089)."""

import json
from datetime import timedelta

import feedparser
import pytest

from aggregator.web import timegate
from tests.web.builder import START, Site
from tests.web.client import Reply
from tests.web.test_deltas import PATH, Living, titles_in
from tests.web.test_items import links_of

ROOT = "http://127.0.0.1:8000"


@pytest.fixture
def aged(site: Site) -> Living:
    """At START one, a minute later a second, then the first one's text is another."""
    made = Living(site)
    made.say("一", text="<p>死亡3人</p>")
    made.say("二")
    made.say("一", text="<p>死亡5人</p>")
    return made


def stamp_of(minutes: int, seconds: int = 0) -> str:
    return f"{START + timedelta(minutes=minutes, seconds=seconds):%Y%m%d%H%M%S}"


def date_of(minutes: int, seconds: int = 0) -> str:
    return f"{START + timedelta(minutes=minutes, seconds=seconds):%a, %d %b %Y %H:%M:%S GMT}"


@pytest.mark.parametrize(
    ("minutes", "seconds", "version"),
    [(0, 0, 0), (0, 59, 0), (1, 0, 1), (1, 30, 1), (2, 0, 2), (500, 0, 2), (-5000, 0, None)],
)
def test_a_time_leads_to_the_feed_as_it_stood(
    aged: Living, minutes: int, seconds: int, version: int | None
) -> None:
    with aged.served:
        reply = aged.served.ask(PATH, Accept_Datetime=date_of(minutes, seconds))
        there = aged.served.ask(reply.headers["location"].removeprefix(ROOT))
    assert reply.status == 302
    assert reply.headers["location"].startswith(f"{ROOT}/feeds/domestic/")
    if version is not None:
        assert reply.headers["location"].endswith(f"/{stamp_of(version)}.atom")
    assert "Accept-Datetime" in reply.headers["vary"]
    assert links_of(reply)["original timegate"][0] == ROOT + PATH
    assert there.status == 200


def past(aged: Living, version: int, kind: str = "atom") -> Reply:
    return aged.served.ask(f"/feeds/domestic/{stamp_of(version)}.{kind}")


def test_each_version_has_what_stood_there_then(aged: Living) -> None:
    with aged.served:
        first, second, third = (past(aged, version) for version in range(3))
        now = aged.served.ask(PATH)
    assert titles_in(first) == ["一"]
    assert titles_in(second) == titles_in(third) == titles_in(now) == ["二", "一"]
    assert "死亡3人" in first.text
    assert "死亡3人" in second.text
    assert "死亡5人" in third.text
    found = feedparser.parse(first.body)
    address = f"{ROOT}/feeds/domestic/{stamp_of(0)}.atom"
    assert [one.href for one in found.feed.links if one.rel == "self"] == [address]
    assert found.feed.id == feedparser.parse(now.body).feed.id


def test_the_headers_of_a_version(aged: Living) -> None:
    with aged.served:
        reply = past(aged, 1)
        again = aged.served.ask(
            f"/feeds/domestic/{stamp_of(1)}.atom", If_None_Match=reply.headers["etag"]
        )
    assert reply.headers["memento-datetime"] == date_of(1)
    assert reply.headers["content-type"] == "application/atom+xml; charset=utf-8"
    links = links_of(reply)
    assert links["original timegate"][0] == ROOT + PATH
    assert links["timemap"][0] == f"{ROOT}/timemap{PATH}"
    assert links["memento"][0].endswith(f"{stamp_of(1)}.atom")
    assert any(
        relation.startswith("next") and address.endswith(f"{stamp_of(2)}.atom")
        for relation, (address, _) in links.items()
    )
    assert again.status == 304


@pytest.mark.parametrize("kind", ["rss", "json"])
def test_in_the_other_formats(aged: Living, kind: str) -> None:
    with aged.served:
        reply = aged.served.ask(f"/feeds/domestic.{kind}", Accept_Datetime=date_of(1))
        there = past(aged, 1, kind)
    assert reply.headers["location"] == f"{ROOT}/feeds/domestic/{stamp_of(1)}.{kind}"
    if kind == "json":
        said = json.loads(there.body)
        assert said["feed_url"] == reply.headers["location"]
        assert [one["title"] for one in said["items"]] == ["二", "一"]
    else:
        assert titles_in(there) == ["二", "一"]
        assert reply.headers["location"] in there.text


def test_a_time_between_versions_leads_to_the_one_in_force(aged: Living) -> None:
    with aged.served:
        reply = aged.served.ask(f"/feeds/domestic/{stamp_of(1, 20)}.atom")
    assert reply.status == 302
    assert reply.headers["location"].endswith(f"{stamp_of(1)}.atom")


def test_what_left_is_still_there_at_its_time(aged: Living) -> None:
    story = aged.site.store.entries_of_source("paper")[0].story_id
    with aged.site.store.transaction():
        for one in aged.site.store.entries_of_stories([story]):
            aged.site.store.replace_decisions(one.entry_id, story, (), aged.site.now)
        aged.site.store.settle_memberships([story], aged.site.now)
    aged.publish()
    with aged.served:
        assert titles_in(aged.served.ask(PATH)) == ["二"]
        assert titles_in(past(aged, 2)) == ["二", "一"]


@pytest.mark.parametrize("wanted", ["", "now", "2026-11-23", "Mon, 23 Nov 2026 25:00:00 GMT"])
def test_what_is_no_date_is_a_400(aged: Living, wanted: str) -> None:
    with aged.served:
        assert aged.served.ask(PATH, Accept_Datetime=wanted).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/nothing/20261123043000.atom",
        "/feeds/domestic/20261399999999.atom",
        "/feeds/domestic/20261123043000.opml",
        "/feeds/domestic/2026112304300.atom",
        "/timemap/feeds/nothing.atom",
        "/timemap/feeds/domestic.opml",
        "/timemap/feeds/domestic.atom?part=0",
        "/timemap/feeds/domestic.atom?part=99",
        "/timemap/feeds/domestic.atom?part=-1",
        "/timemap/nothing",
    ],
)
def test_what_is_not_there_is_a_404(aged: Living, path: str) -> None:
    with aged.served:
        assert aged.served.ask(path).status == 404


def test_the_timemap_lists_every_version(aged: Living) -> None:
    with aged.served:
        reply = aged.served.ask(f"/timemap{PATH}")
    assert reply.headers["content-type"] == "application/link-format"
    for version in range(3):
        assert f'<{ROOT}/feeds/domestic/{stamp_of(version)}.atom>; rel="' in reply.text
    assert reply.text.startswith(f'<{ROOT}{PATH}>; rel="original timegate",\n')
    assert reply.text.count("memento") == reply.text.count("datetime=")


def test_a_long_timemap_comes_in_parts(aged: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timegate, "TIMEMAP_PART", 2)
    with aged.served:
        first = aged.served.ask(f"/timemap{PATH}").text
        second = aged.served.ask(f"/timemap{PATH}?part=2").text
    assert f'<{ROOT}/timemap{PATH}?part=2>; rel="timemap"' in first
    assert f'<{ROOT}/timemap{PATH}>; rel="timemap"' in second
    listed = [part.count("memento") for part in (first, second)]
    assert listed[0] == 2
    assert 'rel="first memento"' in first
    assert "last memento" in second
    assert f"{stamp_of(2)}.atom" in second


def test_the_feed_of_health_has_no_earlier_versions(aged: Living) -> None:
    with aged.served:
        assert aged.served.ask("/feeds/health.atom", Accept_Datetime=date_of(1)).status == 200
