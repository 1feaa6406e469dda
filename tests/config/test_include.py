"""Included OPML lists are living: read where they lie, or from the copy of the day before."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.config import ConfigError, included_lists, load_config
from aggregator.config.include import copy_path, list_name, refresh_includes
from aggregator.fetch.fake import FakeFetcher
from aggregator.model import Fetched, FetchFailed, FetchOutcome, NotModified

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
URL = "https://example.org/friends.opml?key=${KEY}"
FILLED = "https://example.org/friends.opml?key=s3cret"


def opml(*names: str, folder: str = "朋友") -> bytes:
    rows = "".join(f"<outline text='{n}' xmlUrl='https://{n}.org/feed'/>" for n in names)
    return f"<opml><body><outline text='{folder}'>{rows}</outline></body></opml>".encode()


def fetched(body: bytes) -> Fetched:
    return Fetched(FILLED, 200, body, f"digest {len(body)}", etag='"1"')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.yaml"
    path.write_text(
        f"include: ['{URL}']\ncategories: [{{id: friends, title: 朋友}}]\n"
        "sources: [{id: mine, url: 'https://a.org/feed/'}]\n",
        encoding="utf-8",
    )
    return path


def refresh(
    path: Path, answer: FetchOutcome, now: datetime = NOW
) -> tuple[FakeFetcher, tuple[str, ...], tuple[str, ...]]:
    door = FakeFetcher({FILLED: answer})
    environ = {"KEY": "s3cret"}
    config = load_config(path, environ)
    lists = included_lists(path, environ)
    changed, problems = asyncio.run(refresh_includes(config, lists, door, now, environ))
    return door, changed, problems


def names(path: Path) -> list[str]:
    return [source.id for source in load_config(path, {"KEY": "s3cret"}).sources]


def test_a_list_from_the_network_is_read_daily_and_conditionally(path: Path) -> None:
    assert names(path) == ["mine"]
    _, changed, problems = refresh(path, fetched(opml("alpha", "beta")))
    assert (changed, problems) == (("friends",), ())
    assert names(path) == ["mine", "friends-alpha", "friends-beta"]
    config = load_config(path, {"KEY": "s3cret"})
    assert config.sources[1].categories == ("friends",)
    assert len(config.categories) == 1

    door, changed, _ = refresh(path, fetched(opml("x")), NOW + timedelta(hours=23))
    assert (door.requests, changed) == ([], ())
    same = NotModified(FILLED, 304)
    door, changed, _ = refresh(path, same, NOW + timedelta(days=1))
    assert door.requests[0].etag == '"1"'
    assert changed == ()
    _, changed, _ = refresh(path, fetched(opml("gamma", folder="新")), NOW + timedelta(days=2))
    assert changed == ("friends",)
    assert names(path) == ["mine", "friends-gamma"]
    assert [c.title for c in load_config(path, {"KEY": "s3cret"}).categories] == ["朋友", "新"]


def test_an_origin_that_is_down_or_sends_rubbish_takes_nothing_away(path: Path) -> None:
    refresh(path, fetched(opml("alpha")))
    for answer in (FetchFailed(FILLED, "dns", "no such host"), fetched(b"<html>")):
        _, changed, problems = refresh(path, answer, NOW + timedelta(days=9))
        assert changed == ()
        assert problems == () or problems[0].startswith("included list friends: ")
    assert names(path) == ["mine", "friends-alpha"]


def test_no_secret_is_kept_with_the_copy(path: Path) -> None:
    refresh(path, fetched(opml("alpha")))
    config = load_config(path, {"KEY": "s3cret"})
    kept = copy_path(config, URL)
    assert "s3cret" not in kept.read_text() + kept.name


def test_what_is_in_the_file_already_is_left_out(path: Path) -> None:
    refresh(path, fetched(opml("a", "www.a", "b")))
    assert names(path) == ["mine", "friends-b"]


def test_a_spoiled_copy_is_as_none(path: Path) -> None:
    refresh(path, fetched(opml("alpha")))
    copy = copy_path(load_config(path, {"KEY": "s3cret"}), URL)
    for spoiled in ("", "[]", "{}", '{"opml": 1}'):
        copy.write_text(spoiled)
        assert names(path) == ["mine"]


def test_a_local_list_is_read_where_it_lies(path: Path) -> None:
    (path.parent / "lists").mkdir()
    local = path.parent / "lists" / "我的 list.opml"
    local.write_bytes(opml("alpha"))
    path.write_text("include: 'lists/我的 list.opml'\nsources: []\n", encoding="utf-8")
    assert names(path) == ["list-alpha"]
    local.write_bytes(opml("beta"))
    assert names(path) == ["list-beta"]


@pytest.mark.parametrize("content", [None, b"<opml><body>\n<outline></body></opml>", b"<rss/>"])
def test_a_local_list_that_cannot_be_used_is_an_error_with_its_place(
    path: Path, content: bytes | None
) -> None:
    path.write_text("title: t\ninclude: [x.opml]\nsources: []\n", encoding="utf-8")
    if content is not None:
        (path.parent / "x.opml").write_bytes(content)
    with pytest.raises(ConfigError, match="included list cannot be used") as caught:
        load_config(path, {})
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 11)


def test_a_missing_secret_of_a_list_is_an_error(path: Path) -> None:
    with pytest.raises(ConfigError, match="`KEY` is not set"):
        load_config(path, {})


def test_names_of_lists() -> None:
    assert list_name(URL) == "friends"
    assert list_name("./a b/My Feeds.xml") == "my-feeds"
    assert list_name("https://example.org/") == "list"
