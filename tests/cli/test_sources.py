"""`sources`: the broken first, in words for people and in JSON lines for scripts."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from aggregator.model import PollState
from aggregator.rhythm import Rhythm, learn
from tests.builders import text
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
    when = ["2026-11-23", "12:30", "2026-11-23", "13:00"]
    assert lines[3].split()[2:] == ["ok", *when, "2", "2", "–", "–"]
    assert "→ open the address in a browser" in lines[1]
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
        "entries_a_week": 2,
        "duplicates_a_week": 0,
        "uncategorized_a_week": 0,
        "expected_delay_minutes": None,
        "polls_a_day": None,
        "hours": [],
        "alarms": [],
        "advice": None,
    }


def test_an_alarm_and_a_rhythm_are_shown(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.add_source("odd", "嘉兴日报", SECRET)
    site.add_source("well")
    odd, well = (site.store.source_records()[name] for name in ("odd", "well"))
    six = [(site.now - timedelta(days=n, hours=6),) * 2 for n in range(20)]
    known = learn(Rhythm.unknown(site.now), six, six[-1][0], site.now, ZoneInfo("UTC"))
    with site.store.transaction():
        site.store.save_memory(odd.source_id, known.pack(), "{}")
        site.store.save_memory(well.source_id, b"not a rhythm", "junk")
        evidence = text(f"nothing at {SECRET}")
        site.store.change_alarms(odd.source_id, {"silent": evidence}, (), site.now)
        polled = PollState(last_poll_at=site.now, plan="1790000000", alarms="silent")
        site.store.save_states([(odd.source_id, polled), (well.source_id, polled)])
    first, second = (
        json.loads(line) for line in run(site, capsys, "sources", "--json").out.split("\n")[:2]
    )
    assert (first["source"], first["state"]) == ("odd", "odd")
    assert first["alarms"][0]["kind"] == "silent"
    assert first["alarms"][0]["since"] == "2026-11-23T04:30:00Z"
    assert "tok3n123" not in json.dumps(first)
    assert "publishes" in first["advice"]
    assert len(first["hours"]) == 24
    assert 0 < first["expected_delay_minutes"] < 60
    assert 1 < first["polls_a_day"] < 13
    assert (second["state"], second["hours"]) == ("ok", [])
    table = run(site, capsys, "sources").out
    assert "silent since 2026-11-23 12:30" in table
    assert "█" in table
    assert table.splitlines()[-1] == "2 sources, 1 in trouble"


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


def test_a_category_that_drifts_stands_below_the_table(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(site)
    site.drift("domestic")
    last = run(site, capsys, "sources").out.splitlines()[-1]
    assert last.startswith(
        "category domestic is recognised with less confidence since 2026-11-23 12:30: 75 % sure"
    )
    assert "after 95 % of 280 from 2026-10-20 to 2026-11-16; → see its newest" in last
