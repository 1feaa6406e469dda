"""`/metrics` and `/readyz`: what Prometheus and a supervisor read."""

from __future__ import annotations

import json
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from tests.web.builder import Site, entry
from tests.web.client import Served


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Every sample: its name and label values → its value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counters_follow_the_history_and_gauges_the_state(site: Site) -> None:
    site.add_source("good")
    site.add_source("bad", url="https://u:s3cret@bad.example/rss")
    site.save("good", entry("e1"))
    with Served(site) as served:
        first = figures(served.ask("/metrics").text)
        assert ("aggregator_polls_total", "ok") not in first
        site.save("good", entry("e1"), entry("e2"))
        site.fail("bad", "no answer")
        site.now += timedelta(seconds=5)
        answer = served.ask("/metrics")
    second = figures(answer.text)
    assert second["aggregator_polls_total", "ok"] == 1
    assert second["aggregator_polls_total", "failed"] == 1
    assert second["aggregator_entries_total", "new"] == 1
    assert second["aggregator_entries_total", "revised"] == 1
    assert second["aggregator_poll_duration_seconds_count",] == 2
    assert second["aggregator_sources", "ok"] == 1
    assert second["aggregator_store_bytes",] > 10_000
    assert second["aggregator_event_loop_lag_seconds",] >= 0
    assert "s3cret" not in answer.text
    assert "bad" not in answer.text


def test_ready_until_the_schedule_is_behind(site: Site) -> None:
    site.add_source("good")
    site.save("good", entry("e1"))
    with Served(site) as served:
        ready = served.ask("/readyz")
        assert (ready.status, json.loads(ready.text)["status"]) == (200, "ok")
    record = site.store.source_records()["good"]
    with site.store.transaction():
        site.store.set_next_poll("good", site.now - timedelta(hours=2))
    assert record.state.last_poll_at is not None
    with Served(site) as served:
        late = served.ask("/readyz")
    assert late.status == 503
    assert json.loads(late.text)["problems"] == ["the schedule is behind: 1 overdue"]
