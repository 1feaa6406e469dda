"""Archives hold all that was ever in an output (RFC 5005, 4); RSS and JSON say what Atom says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from aggregator.model import PublishSettings
from tests.builders import entry, later, save
from tests.publish.test_publisher import Site

BASE = "http://127.0.0.1:8000/feeds/"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """130 stories over three months, of which the subscription document shows ten."""
    made = Site(tmp_path / "one")
    settings = PublishSettings(directory=made.config.publish.directory, entries=10)
    made.config = replace(made.config, publish=settings)
    made.publisher.replace_config(made.config)
    for month, many in enumerate((70, 5, 55)):
        for n in range(many):
            hours = month * 31 * 24 + n
            save(made.store, "a", entry(f"{month}-{n}", text=f"第{month}-{n}条"), now=later(hours))
        made.publisher.publish()
    yield made
    made.close()


def link(document: etree._Element, rel: str) -> str | None:
    """The address of the feed's own link of a relation."""
    found = document.find(f"{ATOM}link[@rel='{rel}']")
    return None if found is None else found.get("href")


def test_who_follows_the_archives_misses_nothing(site: Site) -> None:
    documents = site.documents()
    seen: list[str] = []
    addresses = []
    address: str | None = BASE + "all.atom"
    while address is not None:
        addresses.append(address)
        document = etree.fromstring(documents[address.removeprefix(BASE)])
        seen += [str(one.findtext(f"{ATOM}id")) for one in document.iterfind(f"{ATOM}entry")]
        if len(addresses) > 1:
            assert link(document, "current") == BASE + "all.atom"
        address = link(document, "prev-archive")
        assert address not in addresses
    assert len(set(seen)) == 130
    # The newest stand in the subscription document and in an archive, the others only once.
    assert len(seen) == 140
    assert len(addresses) > 4


def test_sealed_archives_are_not_touched_by_what_comes_later(site: Site) -> None:
    before = site.documents()
    sealed = sorted(name for name in before if name.startswith("all/"))[0]
    save(site.store, "a", entry("new", text="新来的"), now=later(100 * 24))
    written = site.publisher.publish().written
    assert "feeds/all.atom" in written
    assert f"feeds/{sealed}" not in written
    assert site.documents()[sealed] == before[sealed]


def test_rss_and_json_hold_what_atom_holds(site: Site) -> None:
    documents = site.documents()
    atom, rss = feedparser.parse(documents["all.atom"]), feedparser.parse(documents["all.rss"])
    told = json.loads(documents["all.json"])
    assert not rss.bozo
    titles = [one.title for one in atom.entries]
    assert len(titles) == 10
    assert [one.title for one in rss.entries] == titles
    assert [one["title"] for one in told["items"]] == titles
    assert [one["id"] for one in told["items"]] == [one.id for one in atom.entries]
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    following = json.loads(documents[told["next_url"].removeprefix(BASE)])
    assert following["items"]
