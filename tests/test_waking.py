"""Sleep and jumping clocks: no storm, no starvation, each source once, spread over the hosts."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.model import PollState, SourceRecord
from aggregator.reconcile import reconcile
from aggregator.store import Store, open_store
from aggregator.waking import mend_after_set_back, next_after_set_back, to_start, was_set_back
from tests.builders import NOW, config, later, source

HOSTS = 30


def record(number: int, due: datetime | None) -> SourceRecord:
    url = f"https://host{number % HOSTS}.example/{number}"
    return SourceRecord(number, f"s{number}", url, PollState(next_poll_at=due, source_url=url))


@pytest.mark.parametrize("count", [1, 20, 300, 5000])
def test_after_a_night_each_is_started_once_over_some_seconds(count: int) -> None:
    waiting = {f"s{n}": record(n, later(-8)) for n in range(count)}
    started: Counter[str] = Counter()
    ticks = []
    while waiting:
        chosen = to_start(waiting, NOW)
        assert chosen
        ticks.append(chosen)
        started.update(chosen.keys())
        waiting = {name: one for name, one in waiting.items() if name not in chosen}
    assert len(ticks) <= 120
    assert set(started.values()) == {1}
    assert len(started) == count
    assert max(map(len, ticks)) <= max(20, count / 15)
    hosts = Counter(one.first_url.split("/")[2] for one in ticks[0].values())
    assert max(hosts.values()) <= max(1, -(-len(ticks[0]) // HOSTS))


def test_what_is_due_on_time_or_new_never_waits_for_the_overdue() -> None:
    due = {f"s{n}": record(n, later(-8)) for n in range(1000)}
    due |= {"new": record(2001, None), "now": record(2002, NOW)}
    assert {"new", "now"} <= to_start(due, NOW).keys()
    fresh = {f"n{n}": record(n, None) for n in range(3000)}
    assert to_start(fresh, NOW).keys() == fresh.keys()


def test_only_a_clear_jump_back_counts() -> None:
    assert not was_set_back(None, NOW)
    assert not was_set_back(NOW, later(1))
    assert not was_set_back(NOW, NOW - timedelta(minutes=1))
    assert was_set_back(NOW, later(-1))


def test_times_after_a_jump_back_are_spread_within_the_interval() -> None:
    span = timedelta(minutes=20)
    times = [next_after_set_back(n, later(90_000), span, NOW) for n in range(100)]
    assert all(NOW <= moment <= NOW + span for moment in times)
    assert len(set(times)) > 90
    soon = NOW + timedelta(seconds=1)
    assert next_after_set_back(1, soon, span, NOW) <= soon


def fill(folder: Path, names: list[str]) -> Store:
    wanted = config(folder, [source(name) for name in names])
    store = open_store(wanted.store)
    reconcile(store, wanted, NOW)
    return store


def test_a_clock_that_was_years_ahead_starves_nobody(tmp_path: Path) -> None:
    store = fill(tmp_path, ["ahead", "gone", "well", "backwards"])
    records = store.source_records()
    ahead = NOW + timedelta(days=4000)
    hour = timedelta(hours=1)
    states = {
        "ahead": PollState(
            last_poll_at=ahead, last_new_at=ahead, next_poll_at=ahead + hour, interval=hour
        ),
        "gone": PollState(last_poll_at=ahead, next_poll_at=later(60_000_000), gone=True),
        "well": PollState(last_poll_at=NOW, next_poll_at=NOW + hour),
        "backwards": PollState(last_poll_at=NOW - hour, next_poll_at=NOW + hour),
    }
    with store.transaction():
        store.save_states((records[name].source_id, state) for name, state in states.items())
        store.save_host_rests({"news.example": ahead, "busy.example": NOW + hour}, NOW)
    assert mend_after_set_back(store, NOW) == 1
    after = {name: one.state for name, one in store.source_records().items()}
    due = after["ahead"].next_poll_at
    assert due is not None
    assert NOW <= due <= NOW + hour
    assert after["ahead"].last_poll_at == after["ahead"].last_new_at == NOW
    for name in ("gone", "well", "backwards"):
        assert after[name] == states[name]
    assert store.host_rests(NOW).keys() == {"busy.example"}
    assert mend_after_set_back(store, NOW) == 0
    store.close()
