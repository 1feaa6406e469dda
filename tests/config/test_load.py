"""feeds.yaml → Config: values, paths, secrets, and the cache of what was valid."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.config import (
    ConfigError,
    config_warnings,
    load_config,
    parse_config,
    secrets_of,
    shown_url,
)
from aggregator.config.document import KEYS
from aggregator.config.models import FeedsFile
from aggregator.config.validate import keys_of, model_at
from aggregator.model import Config, FetchSettings

SMALLEST = b"sources:\n  - {id: news, url: https://example.org/feed.xml}\n"
SHIPPED = Path(__file__).parents[2] / "feeds.yaml"


def parsed(text: str, **environ: str) -> Config:
    return parse_config(text.encode(), Path("/somewhere/feeds.yaml"), environ)


def problems(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parsed(text, **environ)
    return [problem.message for problem in caught.value.problems]


def test_the_smallest_file_has_every_default() -> None:
    config = parse_config(SMALLEST, Path("/somewhere/feeds.yaml"), {})
    assert config.base_url == "http://127.0.0.1:8000"
    assert config.store == "sqlite:/somewhere/aggregator.db"
    assert config.publish.directory == "/somewhere/public"
    assert config.fetch == FetchSettings()
    (source,) = config.sources
    assert (source.id, source.title, source.initial, source.enabled) == ("news", "news", 20, True)
    assert source.every is None
    assert source.categories == ()


def test_the_shipped_file_is_valid_and_warns_of_nothing() -> None:
    config = load_config(SHIPPED, {})
    assert config_warnings(config) == ()
    assert {source.id: source.enabled for source in config.sources}["jiaxing-daily"] is True
    assert all(source.every or source.at for source in config.sources if source.enabled)
    used = {name for source in config.sources for name in source.categories}
    assert used == {category.id for category in config.categories}


def test_every_key_reaches_the_config() -> None:
    config = parsed(
        """
title: 我的订阅
base_url: https://news.example.org/
timezone: Asia/Shanghai
store: sqlite:/var/lib/news.db
listen: "[::1]:8080"
publish: {directory: /srv/www, entries: 50}
fetch: {allow_private: 127.0.0.0/8, user_agent: me/1, proxy: "http://127.0.0.1:3128",
  per_host: 3, host_delay: 250ms, concurrency: 9, timeout: 1m30s, idle_timeout: 5s,
  max_wire_bytes: 1MiB, max_body_bytes: 2 MB, max_header_bytes: 32768, max_redirects: 0,
  max_in_flight_bytes: 1GiB}
categories:
  - {id: world, title: 国际, rules: 'title:联合国', was: earth}
  - {id: local}
sources:
  - id: "163"
    title: 163
    url: http://example.org/x.xml
    category: [world, local, world]
    enabled: no
    at: "0 6 * * 1-5"
    timezone: Asia/Tokyo
    language: ja
    initial: 0
    was: [netease]
    allow_private: [10.1.2.3]
    headers: {X-Key: "${KEY}"}
    proxy: http://proxy.example.org:8080
    map: {国际新闻: world}
""",
        KEY="s3cret",
    )
    assert config.base_url == "https://news.example.org"
    assert config.store == "sqlite:/var/lib/news.db"
    assert config.publish.directory == "/srv/www"
    fetch = config.fetch
    assert fetch.allow_private == ("127.0.0.0/8",)
    assert (fetch.host_delay, fetch.timeout, fetch.idle_timeout) == (0.25, 90.0, 5.0)
    assert fetch.max_wire_bytes == 2**20
    assert fetch.max_body_bytes == 2 * 2**20
    assert fetch.max_header_bytes == 32768
    assert fetch.max_redirects == 0
    world, local = config.categories
    assert (world.rules, world.was, local.title) == (("title:联合国",), ("earth",), "local")
    (source,) = config.sources
    assert (source.id, source.title, source.enabled) == ("163", "163", False)
    assert source.categories == ("world", "local")
    assert source.at == "0 6 * * 1-5"
    assert source.allow_private == ("10.1.2.3/32",)
    assert source.headers == (("X-Key", "s3cret"),)
    assert source.map == (("国际新闻", "world"),)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86400), ("1h30m", 5400), ("1w", 604800)],
)
def test_time_spans(text: str, seconds: int) -> None:
    config = parsed(f"sources: [{{id: a, url: a.xml, every: {text}}}]")
    assert config.sources[0].every == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("feed.xml", "file:///somewhere/feed.xml"),
        ("./a/b.xml", "file:///somewhere/a/b.xml"),
        ("../b.xml", "file:///b.xml"),
        ("/srv/新闻.xml", "file:///srv/%E6%96%B0%E9%97%BB.xml"),
        ("file:///srv/a.xml", "file:///srv/a.xml"),
        ("file:a.xml", "file:///somewhere/a.xml"),
        ("https://example.org/a?b=%20#c", "https://example.org/a?b=%20#c"),
    ],
)
def test_paths_become_absolute_file_urls(written: str, url: str) -> None:
    assert parsed(f"sources: [{{id: a, url: '{written}'}}]").sources[0].url == url


def test_what_only_looks_odd_is_taken_as_written() -> None:
    config = parsed(
        "\ufefftitle: no\r\nsources:\r\n  - {id: no, title: 2024-01-01, url: a.xml, was: 07}\r\n"
    )
    assert config.title == "no"
    assert config.sources[0].id == "no"
    assert config.sources[0].title == "2024-01-01"
    assert config.sources[0].was == ("07",)


def test_anchors_and_merges_save_typing() -> None:
    config = parsed(
        "sources:\n"
        "  - &daily {id: a, url: a.xml, every: 1d, language: zh-CN}\n"
        "  - {<<: *daily, id: b, url: b.xml}\n"
    )
    assert config.sources[1].language == "zh-CN"
    assert config.sources[1].every == timedelta(days=1)
    assert config.sources[1].id == "b"


def test_a_secret_comes_from_the_environment_and_is_never_told() -> None:
    text = "sources: [{id: a, url: 'https://example.org/?k=${KEY}', proxy: '${PROXY}'}]"
    config = parsed(text, KEY="s3cret", PROXY="http://127.0.0.1:1")
    assert config.sources[0].url == "https://example.org/?k=s3cret"
    assert config.sources[0].proxy == "http://127.0.0.1:1"
    told = problems(text, KEY="s3cret", PROXY="s3cret-without-scheme")
    assert told == ["the value cannot be used once the environment is filled in"]
    assert problems(text) == [
        "the environment variable `KEY` is not set",
        "the environment variable `PROXY` is not set",
    ]


def test_what_must_not_be_shown_is_known() -> None:
    config = parsed(
        "fetch: {proxy: 'http://u5er:passw0rd@127.0.0.1:1'}\n"
        "sources: [{id: a, url: 'https://example.org/${PATH_KEY}/x', headers: {K: v4lue}}]",
        PATH_KEY="in-the-path",
    )
    assert {"in-the-path", "v4lue", "passw0rd", "u5er"} <= set(secrets_of(config))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@example.org/x", "https://***@example.org/x"),
        ("https://example.org/x?a=1&token=abc&b=2", "https://example.org/x?a=1&token=***&b=2"),
        ("https://example.org/x?api_key=abc#f", "https://example.org/x?api_key=***#f"),
        ("https://example.org/x?page=2", "https://example.org/x?page=2"),
        ("http://[bad", "***"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_a_line_break_in_a_secret_header_is_refused() -> None:
    text = "sources: [{id: a, url: a.xml, headers: {Cookie: '${C}'}}]"
    assert problems(text, C="a\r\nX: y")


def test_problems_of_all_kinds_come_together_and_in_order() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed("titel: x\nsources:\n  - {id: a, url: a.xml, every: 5, category: x}\n  - {id: a}\n")
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places)
    assert len(places) == 5


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(ConfigError, match=words):
            load_config(path, {})


# ---------------------------------------------------------------- the cache


def in_a_new_process(path: Path, **environ: str) -> str:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from aggregator.config import load_config\n"
        f"config = load_config(Path({str(path)!r}))\n"
        "print(config.sources[0].url, 'pydantic' in sys.modules, 'yaml' in sys.modules)\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ.get("PATH", ""), **environ},
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return outcome.stdout.strip()


def test_a_second_start_reads_neither_yaml_nor_models(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("sources: [{id: a, url: 'https://example.org/${KEY}'}]\n")
    cache = tmp_path / "cache"
    first = in_a_new_process(path, XDG_CACHE_HOME=str(cache), KEY="one-secret")
    assert first == "https://example.org/one-secret True True"
    second = in_a_new_process(path, XDG_CACHE_HOME=str(cache), KEY="two-secret")
    assert second == "https://example.org/two-secret False False"
    kept = [file.read_bytes() for file in cache.rglob("*") if file.is_file()]
    assert len(kept) == 1
    assert b"secret" not in kept[0]


def test_the_cache_is_no_way_round_a_missing_variable(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("sources: [{id: a, url: 'https://example.org/${KEY}'}]\n")
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    load_config(path, {**environ, "KEY": "x"})
    with pytest.raises(ConfigError, match="`KEY` is not set"):
        load_config(path, environ)


def test_a_spoiled_or_unwritable_cache_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_bytes(SMALLEST)
    cache = tmp_path / "cache"
    environ = {"XDG_CACHE_HOME": str(cache)}
    wanted = load_config(path, environ)
    (kept,) = (file for file in cache.rglob("*") if file.is_file())
    for spoiled in (b"", b"[]", b'{"sources": [{}]}', b'{"sources": []}', b"\xff"):
        kept.write_bytes(spoiled)
        assert load_config(path, environ) == wanted
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, so no folder can be made in it")
    assert load_config(path, {"XDG_CACHE_HOME": str(blocked)}) == wanted
    assert load_config(path, {}) == wanted


def test_a_cached_load_equals_a_fresh_one(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    fresh = load_config(SHIPPED, {})
    assert load_config(SHIPPED, environ) == fresh
    assert load_config(SHIPPED, environ) == fresh


# ---------------------------------------------------------------- warnings, and the tables of keys


def test_warnings_name_what_is_probably_not_meant() -> None:
    config = parsed(
        "listen: 0.0.0.0:8000\n"
        "categories: [{id: c, rules: ['source:nobody']}]\n"
        "sources:\n"
        "  - {id: a, url: 'https://example.org/a', every: 1m}\n"
        "  - {id: b, url: 'https://example.org/a'}\n"
    )
    told = "\n".join(config_warnings(config))
    for words in ("base_url", "every 1m", "same address", "nobody"):
        assert words in told
    for literal in (
        "url: 'https://me:literal@x/'",
        "url: a.xml, headers: {Authorization: literal}",
    ):
        config = parsed(f"sources: [{{id: a, {literal}}}]")
        assert any("password in the file" in told for told in config_warnings(config))
    config = parsed("sources: [{id: a, url: 'https://me:${PW}@x/'}]", PW="s3cret-enough")
    assert config_warnings(config) == ()
    assert config_warnings(parsed("base_url: https://x.example\nlisten: '[::]:80'\nsources: []"))


def test_the_keys_watched_for_unsound_colons_exist() -> None:
    known = set(keys_of(FeedsFile))
    for place in ("publish", "fetch", "categories", "sources"):
        model = model_at((place,))
        assert model is not None
        known.update(keys_of(model))
    assert known >= KEYS


def test_a_path_of_somebody_unknown_is_taken_as_written() -> None:
    config = parsed(
        "store: sqlite:~nobody-here/x.db\npublish: {directory: ~nobody-here}\nsources: []"
    )
    assert config.store == "sqlite:/somewhere/~nobody-here/x.db"
    assert config.publish.directory == "/somewhere/~nobody-here"
    assert problems('publish: {directory: "a\\0b"}\nsources: []') == ["the path holds a NUL"]
