"""RSS and JSON Feed of a store with everything in it keep the rules of their specifications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from lxml import etree

from aggregator.matching import Matcher
from aggregator.model import Category, Enclosure, Output, Snapshot, Tag, Text
from aggregator.publish.entry import render_story
from aggregator.publish.feed import Place, render_json, render_rss
from aggregator.reconcile import reconcile
from tests.builders import NOW, entry, later, save
from tests.publish import json_rules, rss_rules
from tests.publish.test_entry import OUTPUT, SNAPSHOTS, snapshot, story
from tests.publish.test_publisher import Site

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "one")
    made.config = replace(
        made.config,
        title="A & B <i>",
        categories=(Category("tech", "科技 <b>&"), Category("world", "World")),
        outputs=(Output("query", "Q", "Title"),),
    )
    reconcile(made.store, made.config, NOW)
    made.publisher.replace_config(made.config)
    made.fill()
    rich = entry(
        70,
        title=Text("x < y &amp; <b>z</b>", "html"),
        language="zh_CN",
        authors=("甲", "B & C"),
        tags=(Tag("a&b", None, "标签"), Tag("a&b", "http://s.example/", None)),
        enclosures=(
            Enclosure("https://news.example/a.mp3", "audio/mpeg", 10, "t", 61),
            Enclosure("https://news.example/b.jpg", None, None, None, None),
        ),
    )
    plain = entry(71, title=Text("a < b && c </x> &#x41;"), text=None, link=None)
    save(made.store, "b", rich, plain, now=later(4), categories=["tech"])
    Matcher(made.store).finish(later(5))
    made.publisher.publish()
    yield made
    made.close()


def test_every_rss_document_keeps_the_rules(site: Site) -> None:
    documents = {name: body for name, body in site.documents().items() if name.endswith(".rss")}
    assert len(documents) == 5
    for name, body in documents.items():
        assert rss_rules.broken_rules(body, f"{BASE}/feeds/{name}") == []


def test_every_json_feed_keeps_the_specification(site: Site) -> None:
    documents = {name: body for name, body in site.documents().items() if name.endswith(".json")}
    assert len(documents) == 9  # with the archives of those that hold anything
    for name, body in documents.items():
        assert json_rules.broken_points(body, f"{BASE}/feeds/{name}") == []


def test_json_says_what_the_specification_has_a_place_for(site: Site) -> None:
    feed = json.loads(site.documents()["tech.json"])
    assert feed["hubs"] == [{"type": "WebSub", "url": f"{BASE}/hub"}]
    assert feed["next_url"] == f"{BASE}/feeds/tech/2026-11.json"
    assert feed["authors"] == [{"name": "A & B <i>"}]
    rich = next(item for item in feed["items"] if item["id"] == "urn:example:70")
    assert rich["title"] == "x < y & z"
    assert rich["language"] == "zh-CN"
    assert rich["authors"] == [{"name": "甲"}, {"name": "B & C"}]
    assert rich["attachments"] == [
        {
            "url": "https://news.example/a.mp3",
            "mime_type": "audio/mpeg",
            "title": "t",
            "size_in_bytes": 10,
            "duration_in_seconds": 61,
        },
        {"url": "https://news.example/b.jpg", "mime_type": "image/jpeg"},
    ]


def test_the_language_of_a_feed_is_that_of_all_its_entries() -> None:
    entries = [render_story(story(snapshot=snapshot(language="zh-CN"))).json]
    feed = json.loads(render_json(OUTPUT, "Site", BASE, entries, Place(language="zh-CN")))
    assert feed["language"] == "zh-CN"
    assert "language" not in json.loads(render_json(OUTPUT, "Site", BASE, entries))


def test_a_title_in_rss_is_a_text_to_every_reader(site: Site) -> None:
    body = site.documents()["tech.rss"]
    assert "<title>科技 &#x3C;b&gt;&#x26; - A &#x26; B &#x3C;i&gt;</title>".encode() in body
    titles = [one.text for one in etree.fromstring(body).iter("title")]
    assert titles[0] == "科技 <b>& - A & B <i>"
    assert set(titles[1:3]) == {"a < b && c </x> &#x41;", "x < y & z"}


@settings(max_examples=200, deadline=None)
@given(SNAPSHOTS)
def test_any_snapshot_makes_good_rss_and_json(shown: Snapshot) -> None:
    made = render_story(story(snapshot=shown))
    rss = render_rss(OUTPUT, "Site", BASE, [made.rss])
    assert rss_rules.broken_rules(rss, f"{BASE}/feeds/{OUTPUT.name}.rss") == []
    feed = render_json(OUTPUT, "Site", BASE, [made.json])
    assert json_rules.broken_points(feed, f"{BASE}/feeds/{OUTPUT.name}.json") == []
