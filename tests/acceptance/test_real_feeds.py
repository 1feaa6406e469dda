"""Real feeds, many formats and encodings, through the whole program and back through feedparser.

What feedparser reads in the source, it must read in the output: each entry once, with the same
title, link, categories and date. Where the two may differ, the reason stands below.
"""

from __future__ import annotations

import functools
import http.server
import re
import threading
from calendar import timegm
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import feedparser
import pytest

from aggregator.dedupe import link_key
from aggregator.html import visible_text
from tests.acceptance.program import Program

FEEDS = Path(__file__).resolve().parents[3] / "shared" / "feeds"
needs_feeds = pytest.mark.skipif(
    not (FEEDS / "manifest.tsv").exists(), reason="the folder of real feeds is not here"
)


# Entries that say to the letter what another of their feed says, guid and link included.
REPEATED = {
    "world/rometools--sample1.xml": 9,
    "zh/WuCoding--techweb.xml": 1,
}
# Origins' names for a tag that are no category: media:keywords here numbers the entries.
NOT_TAGS = {"world/kagisearch--f9c17f360c71def1.xml"}


def manifest() -> list[tuple[str, str, int]]:
    """(file, format, number of entries) of every real feed."""
    lines = (FEEDS / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [(row[0], row[1], int(row[4])) for row in rows]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, dict]]:
    """All real feeds polled twice, with everything published."""
    handler = functools.partial(Quiet, directory=str(FEEDS))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    program = Program(tmp_path_factory.mktemp("real"))
    base = f"http://127.0.0.1:{server.server_port}/"
    program.configure(
        "".join(
            f"  - {{id: s{number}, title: 'S{number}', url: '{base}{quote(name)}', "
            "initial: 20000, timezone: UTC}\n"
            for number, (name, _, _) in enumerate(manifest())
        ),
        more="publish: {entries: 20000}",
    )
    try:
        results = program.poll()
        yield program, results
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files over HTTP, without a log."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@needs_feeds
def test_no_feed_is_lost(published: tuple[Program, dict]) -> None:
    _, results = published
    failed = {
        (name, results[f"s{number}"]["error"])
        for number, (name, _, _) in enumerate(manifest())
        if results[f"s{number}"]["outcome"] != "ok"
    }
    assert failed == set()


@needs_feeds
def test_a_second_pass_brings_nothing_and_touches_no_document(
    published: tuple[Program, dict],
) -> None:
    program, _ = published
    before = program.document("all.atom")
    again = program.poll("--force")
    assert {(r["new"], r["revised"], r["duplicate"]) for r in again.values()} == {(0, 0, 0)}
    assert program.document("all.atom") == before


@needs_feeds
def test_every_entry_is_published_exactly_once(published: tuple[Program, dict]) -> None:
    program, results = published
    feed = feedparser.parse(program.document("all.atom"))
    assert not feed.bozo, feed.bozo_exception
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)
    assert len(feed.entries) == sum(result["new"] for result in results.values())
    for number, (name, _, entries) in enumerate(manifest()):
        if feedparser.parse((FEEDS / name).read_bytes()).bozo:
            continue  # cut in the middle of an entry: that one is not taken
        result = results[f"s{number}"]
        repeated = REPEATED.get(name, 0)
        assert result["new"] + result["duplicate"] == entries - repeated, name


@needs_feeds
def test_feedparser_reads_in_the_output_what_it_reads_in_the_source(
    published: tuple[Program, dict],
) -> None:
    program, _ = published
    output = feedparser.parse(program.document("all.atom"))
    by_link: dict[str, list] = {}
    by_title: dict[str, list] = {}
    for entry in output.entries:
        by_title.setdefault(comparable(entry.title), []).append(entry)
        for link in entry.get("links", ()):
            by_link.setdefault(link_key(link.href) or link.href, []).append(entry)
    wrong: Counter[str] = Counter()
    compared = 0
    for name, _, _ in manifest():
        data = (FEEDS / name).read_bytes()
        source = feedparser.parse(data, sanitize_html=False)
        if source.bozo:
            continue  # feedparser itself is in doubt: no reference
        for entry in source.entries:
            compared += 1
            title = comparable(entry.get("title", ""))
            found = by_link.get(link_key(entry.get("link")) or "", []) if entry.get("link") else []
            found = found or by_title.get(title, [])
            if not title and not entry.get("link"):
                continue  # nothing to find it by
            wrong.update(
                f"{name}: {what}"
                for what in differences(entry, title, found)
                if not (what == "categories" and name in NOT_TAGS)
            )
    assert compared > 900
    assert wrong == {}, wrong.most_common(20)


def differences(entry, title: str, found: list) -> list[str]:
    """What none of the published candidates has as the source has it."""
    if not found:
        return ["lost"]
    wrong = []
    if title and not any(comparable(one.title) == title for one in found):
        wrong.append(f"title {title[:30]}")
    tags = {comparable(tag.get("term") or "") for tag in entry.get("tags", ())} - {""}
    if tags and not any(
        {comparable(tag.term) for tag in one.get("tags", ())} == tags for one in found
    ):
        wrong.append("categories")
    when = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    if (
        when
        and plausible(when)
        and has_zone(entry)
        and not any(
            one.get("published_parsed") and timegm(one.published_parsed) == timegm(when)
            for one in found
        )
    ):
        wrong.append("date")
    return wrong


def plausible(when) -> bool:
    """Dates near 1970 or in the future are no dates (shared facts on feedparser)."""
    return 2 * 86400 < timegm(when) < datetime.now(UTC).timestamp() + 86400


def has_zone(entry) -> bool:
    """A date without a zone, or with CST, is read by the source's zone, not as UTC or US."""
    text = dict.get(entry, "published") or dict.get(entry, "updated") or ""
    return bool(re.search(r"(Z|GMT|UTC|[+-]\d\d:?\d\d)\s*$", text))


def comparable(text: str) -> str:
    """Visible text without white space.

    Unreadable characters are published as □; the wave dash of Japanese encodings is read by its
    WHATWG mapping (U+FF5E), which feedparser does not follow (U+301C).
    """
    shown = re.sub(r"\s+", "", visible_text(visible_text(text)))
    return shown.replace("\ufffd", "□").replace("\u301c", "\uff5e")
