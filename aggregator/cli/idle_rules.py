"""Rules of feeds.yaml and the entries of a month → the rules that match none of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from aggregator.categorize import Rules, item_fields
from aggregator.model import Config
from aggregator.query import matches, prepare
from aggregator.store import StoreError, open_reader
from aggregator.store.open import store_path

IDLE = timedelta(days=30)


def idle_rules(config: Config, now: datetime) -> Iterator[str]:
    """A sentence for each rule that matched nothing in 30 days; none while the store is younger.

    A source's own category comes before every rule, but does not make a rule idle.
    """
    rules = Rules.of(config.categories).rules
    if not rules or not _exists(config):
        return
    try:
        reader = open_reader(config.store)
    except StoreError:  # of another version: `run` says what to do about it
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
        item = prepare(item_fields(entry.source_name, entry))
        for rule in [one for one in left if matches(one[2], item)]:
            del left[rule]
        if not left:
            return
    for category, text, _ in left:
        yield f"category {category}: the rule {text!r} matched nothing in {IDLE.days} days"


def _exists(config: Config) -> bool:
    try:
        return store_path(config.store).exists()
    except StoreError:
        return False
