"""`add`: from an address to a line in feeds.yaml that is otherwise untouched."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aggregator.cli.app import app
from aggregator.config import load_config
from tests.config.site import feed, page, site

START = """# my feeds
title:   "我的订阅"     # keep this

categories:
  - {id: domestic, title: 国内}
  - {id: local,    title: 地方}
sources:
  # ---- 国内
  - id: a
    url: 'https://example.org/a.xml'   # first
    category: domestic

  # ---- 地方
  - id: b
    url: https://example.org/b.xml
    category: local
    # every: 1h
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.yaml"
    path.write_text(START, encoding="utf-8")
    return path


def run(path: Path, *arguments: str, answers: str = "") -> tuple[int, str]:
    outcome = CliRunner().invoke(app, ["add", *arguments, "--config", str(path)], input=answers)
    return outcome.exit_code, outcome.output


def test_a_feed_is_added_behind_its_category_and_nothing_else_changes(path: Path) -> None:
    with site({"/feed.xml": feed()}) as address:
        code, output = run(path, f"{address}/feed.xml", "--yes", "--category", "domestic")
    assert code == 0, output
    assert "全国新闻" in output
    assert "2026-11-22 08:00" in output
    added = path.read_text(encoding="utf-8")
    before, after = START.split("\n  # ---- 地方")
    assert added.startswith(before)
    assert added.endswith(f"\n  # ---- 地方{after}")
    new = load_config(path, {}).sources[1]
    assert (new.title, new.url, new.categories) == (
        "南湖新闻",
        f"{address}/feed.xml",
        ("domestic",),
    )
    assert new.allow_private == ("127.0.0.1/32",)


def test_a_site_is_asked_for_its_feed(path: Path) -> None:
    head = (
        '<link rel="alternate" type="application/rss+xml" title="评论" href="/comments/feed/">'
        '<link rel="alternate" type="application/atom+xml" href="main.xml">'
    )
    paths = {"/news/": page(head), "/news/main.xml": feed(), "/comments/feed/": feed("评论")}
    with site(paths) as address:
        code, output = run(path, f"{address}/news/", "--yes", "--id", "nanhu")
    assert code == 0, output
    assert load_config(path, {}).sources[-1].url == f"{address}/news/main.xml"
    assert load_config(path, {}).sources[-1].id == "nanhu"


def test_a_link_header_names_a_feed(path: Path) -> None:
    kind, body, *_ = page()
    headers = {"Link": '</x.json>; rel="alternate"; type="application/feed+json"'}
    json_feed = b'{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": []}'
    paths = {"/": (kind, body, headers), "/x.json": ("application/feed+json", json_feed)}
    with site(paths) as address:
        code, output = run(path, address, "--yes")
    assert code == 0, output
    assert load_config(path, {}).sources[-1].url == f"{address}/x.json"


def test_common_paths_are_tried_last(path: Path) -> None:
    with site({"/": page(), "/rss.xml": feed()}) as address:
        code, _ = run(path, address, "--yes")
    assert code == 0
    assert load_config(path, {}).sources[-1].url == f"{address}/rss.xml"


def test_nothing_found_says_what_was_tried(path: Path) -> None:
    with site({"/": page()}) as address:
        code, output = run(path, address, "--yes")
    assert code == 1
    assert f"{address}/feed (common path)" in output
    assert f"{address} (as typed): " in output
    assert path.read_text(encoding="utf-8") == START


@pytest.mark.parametrize(
    "spelling",
    [
        "https://example.org/a.xml",
        "http://www.example.org/a.xml#top",
        "HTTPS://EXAMPLE.org:443/a.xml/",
        "feed://example.org/a.xml",
        "example.org/a.xml",
        "https://example.org/%61.xml",
    ],
)
def test_what_is_there_under_another_spelling_is_refused(path: Path, spelling: str) -> None:
    code, output = run(path, spelling, "--yes")
    assert code == 1
    assert "there already: a" in output


def test_a_file_is_a_source_too(path: Path) -> None:
    (path.parent / "feed.xml").write_bytes(feed()[1])
    code, output = run(path, str(path.parent / "feed.xml"), "--yes", "--category", "local")
    assert code == 0, output
    assert load_config(path, {}).sources[-1].url == (path.parent / "feed.xml").as_uri()


def test_wrong_use_and_a_wrong_file_end_with_2(path: Path) -> None:
    assert run(path, "https://example.org/x", "--yes", "--category", "nope")[0] == 2
    assert run(path, "https://example.org/x", "--yes", "--id", "a")[0] == 2
    assert run(path, "ftp://example.org/x", "--yes")[0] == 2
    path.write_text("titel: x\n", encoding="utf-8")
    code, output = run(path, "https://example.org/x", "--yes")
    assert code == 2
    assert "did you mean `title`?" in output


def test_a_bad_interval_writes_nothing(path: Path) -> None:
    with site({"/feed.xml": feed()}) as address:
        code, output = run(path, f"{address}/feed.xml", "--yes", "--every", "30")
    assert code == 2
    assert "has no unit" in output
    assert path.read_text(encoding="utf-8") == START


def test_without_anybody_to_ask_nothing_is_written(path: Path) -> None:
    with site({"/feed.xml": feed()}) as address:
        code, output = run(path, f"{address}/feed.xml")
    assert code == 1
    assert "--yes" in output
    assert path.read_text(encoding="utf-8") == START
