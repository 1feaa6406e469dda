"""The feed of alarms: valid Atom, one entry an event, ids that stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser

from aggregator.clock import FakeClock
from aggregator.model import Alarm, Category, Evidence, OutputRecord
from aggregator.publish import Publisher
from aggregator.publish.health import render_health, without_addresses
from aggregator.reconcile import reconcile
from aggregator.store import open_store
from tests.builders import NOW, config, later, source, text
from tests.publish.atom_rules import broken_rules

ALL = OutputRecord(1, "all", "all", "0" * 32, "全部", NOW, NOW, 1)
BROKEN = Alarm(1, "news", "News <b>", "empty", later(1), Evidence("none", {"usual": 20}))
SILENT = Alarm(2, "other", "Other", "silent", later(1), text("nothing new"), ended_at=later(5))


def render(*alarms: Alarm, **changes: object) -> bytes:
    return render_health(ALL, alarms, config(Path("/nowhere"), **changes))  # type: ignore[arg-type]


def test_each_alarm_is_an_entry_and_its_end_another() -> None:
    parsed = feedparser.parse(render(BROKEN, SILENT))
    assert [entry.title for entry in parsed.entries] == [
        "恢复：Other（异常沉默已结束）",
        "故障：Other 异常沉默",
        "故障：News <b> 不再有条目",
    ]
    said = parsed.entries[2].content[0].value
    assert said.startswith("News <b> 不再有条目：一条也没有，平时有 20 条。→ 打开这个订阅看看")
    assert len({entry.id for entry in parsed.entries}) == 3
    assert len({entry.updated for entry in parsed.entries}) == 3


def test_it_speaks_the_language_of_the_titles_in_feeds_yaml() -> None:
    english = feedparser.parse(render(BROKEN, SILENT, title="My feeds"))
    assert english.feed.title == "Health of the sources - My feeds"
    assert [entry.title for entry in english.entries] == [
        "Recovered: Other (unusually silent)",
        "Trouble: Other has been silent for unusually long",
        "Trouble: News <b> is empty",
    ]
    assert "there are none; 20 are usual" in english.entries[2].content[0].value
    categories = [Category("local", "地方")]
    chinese = feedparser.parse(render(BROKEN, title="Jiaxing", categories=categories))
    assert chinese.entries[0].title.startswith("故障")
    japanese = feedparser.parse(render(BROKEN, title="私のニュース"))
    assert japanese.entries[0].title.startswith("Trouble")


def test_ids_stay_when_the_alarm_ends_and_the_site_moves() -> None:
    begun = {e.title: e.id for e in feedparser.parse(render(BROKEN)).entries}
    ended = render(
        replace(BROKEN, ended_at=later(9)), title="别的", base_url="https://other.example"
    )
    assert begun.items() <= {e.title: e.id for e in feedparser.parse(ended).entries}.items()


def test_it_keeps_the_rules_of_atom_with_and_without_alarms() -> None:
    for body in (
        render(),
        render(BROKEN, SILENT),
        render(replace(BROKEN, evidence=text("\x00<&"))),
        render(BROKEN, SILENT, title="My feeds"),
    ):
        assert broken_rules(body, "http://127.0.0.1:8000/feeds/health.atom") == []


def test_no_token_of_an_address_is_published() -> None:
    told = without_addresses("no answer from https://u:p@news.example/s3cret?token=t0k, again")
    assert told.startswith("no answer from https://news.example/…")
    assert "s3cret" not in told
    assert "u:p" not in told
    assert "t0k" not in told


def test_it_is_published_and_follows_the_alarms(tmp_path: Path) -> None:
    settings = config(tmp_path, [source("news")])
    store = open_store(settings.store)
    reconcile(store, settings, NOW)
    clock = FakeClock(NOW)
    publisher = Publisher(store, settings, clock)
    assert "feeds/health.atom" in publisher.publish().written
    path = tmp_path / "public" / "feeds" / "health.atom"
    first = path.read_bytes()
    number = store.source_records()["news"].source_id
    with store.transaction():
        store.change_alarms(number, {"empty": text("no entries")}, (), later(1))
    assert publisher.publish().written == ("feeds/health.atom",)
    assert publisher.publish().written == ()
    assert len(feedparser.parse(path.read_bytes()).entries) == 1
    clock.advance(timedelta(hours=1))
    path.unlink()
    again = Publisher(store, settings, clock)
    again.publish()
    assert path.exists()
    assert path.read_bytes() != first
    store.close()
