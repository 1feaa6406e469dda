"""`sources`: the broken first, in words for people and in JSON lines for scripts."""

import json

import pytest

from tests.cli.commands import run
from tests.web.builder import Site, entry

SECRET = "https://u5er:pa55w0rd@bad.example/rss?token=tok3n123"


def fill(site: Site) -> None:
    site.add_source("good", "嘉兴日报·要闻")
    site.add_source("new", "新来源")
    site.add_source("bad", "坏[red]来源", SECRET)
    site.save("good", entry("e1"), entry("e2", link="https://origin.example/2"))
    site.fail("bad", f"no answer from {SECRET}", 4)


def test_the_table_shows_the_broken_first(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    fill(site)
    ran = run(site, capsys, "sources")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert [line.split()[0] for line in lines[1:4]] == ["bad", "new", "good"]
    assert "坏[red]来源" in lines[1]
    assert "failing (4×)" in lines[1]
    assert "no answer from https://bad.example/…" in lines[1]
    assert "2026-11-23 12:30" in lines[1]
    assert "not polled yet" in lines[2]
    assert lines[3].split()[2:] == ["ok", "2026-11-23", "12:30", "2026-11-23", "13:00", "2"]
    assert lines[-1] == "3 sources, 1 in trouble"


def test_json_is_one_object_a_line(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    fill(site)
    lines = [json.loads(line) for line in run(site, capsys, "sources", "--json").out.splitlines()]
    assert [(line["source"], line["state"]) for line in lines] == [
        ("bad", "failing"),
        ("new", "new"),
        ("good", "ok"),
    ]
    assert lines[0]["url"] == "https://bad.example/rss"
    assert lines[0]["failing_since"] == "2026-11-23T00:30:00Z"
    assert lines[1]["last_poll"] is None
    assert lines[2] == {
        "source": "good",
        "title": "嘉兴日报·要闻",
        "url": "https://good.example/rss.xml",
        "state": "ok",
        "enabled": True,
        "categories": [],
        "last_poll": "2026-11-23T04:30:00Z",
        "outcome": "ok",
        "status": 200,
        "last_success": "2026-11-23T04:30:00Z",
        "next_poll": "2026-11-23T05:00:00Z",
        "failures": 0,
        "failing_since": None,
        "error": None,
        "entries": 2,
    }


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_secret_is_shown(
    site: Site, capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    fill(site)
    ran = run(site, capsys, "sources", *form)
    for secret in ("u5er", "pa55w0rd", "tok3n123"):
        assert secret not in ran.out + ran.err


def test_without_a_store_it_says_what_makes_one(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.close()
    (site.folder / "aggregator.db").unlink()
    ran = run(site, capsys, "sources")
    assert ran.code == 1
    assert "no store at" in ran.err
