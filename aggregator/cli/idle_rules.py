"""Rules of feeds.yaml and the entries of a month → the rules that match none of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from aggregator.categorize import Rules, Unplaced, item_fields
from aggregator.cli.opened import reader_if_there
from aggregator.model import Config
from aggregator.query import matches, prepare

IDLE = timedelta(days=30)


def idle_rules(config: Config, now: datetime) -> Iterator[str]:
    """A sentence for each rule that matched nothing in 30 days; none while the store is younger.

    A source's own category comes before every rule, but does not make a rule idle.
    """
    rules = Rules.of(config.categories).rules
    reader = reader_if_there(config) if rules else None
    if reader is None:
        return
    try:
        first = reader.first_seen()
        if first is None or first > now - IDLE:
            return
        entries = reader.entries_since(now - IDLE)
    finally:
        reader.close()
    left = dict.fromkeys(rules)
    for entry in entries:
        item = prepare(item_fields(Unplaced(entry.source_name, entry, entry.outlet)))
        for rule in [one for one in left if matches(one[2], item)]:
            del left[rule]
        if not left:
            return
    for category, text, _ in left:
        yield f"category {category}: the rule {text!r} matched nothing in {IDLE.days} days"
