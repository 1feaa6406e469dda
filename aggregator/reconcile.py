"""feeds.yaml as it is now → sources and outputs of the store brought in step with it.

The rules on when an edit touches what is stored are the design's (section 2): a changed source
`category` re-decides that source's entries at once; rules act on new entries; entries of a
vanished category are decided anew; a removed source's entries stay as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from aggregator.categorize import Decider, Unplaced
from aggregator.config.renames import match_outputs, match_sources
from aggregator.model import (
    Config,
    ConfiguredSource,
    Output,
    PollState,
    Source,
    UndecidedEntry,
)
from aggregator.pages import whole_recipe
from aggregator.schedule import next_cron
from aggregator.store import Store

log = logging.getLogger(__name__)

# Outputs that exist whatever feeds.yaml says: name → (kind, title).
ALWAYS = {"all": ("all", "全部"), "uncategorized": ("uncategorized", "未分类")}


def reconcile(store: Store, config: Config, now: datetime) -> int:
    """Bring `store` in step with `config`, in one transaction; how many stories moved by it.

    Harmless when it is in step already.
    """
    with store.transaction():
        orphaned = _reconcile_outputs(store, config, now)
        changed = _reconcile_sources(store, config, now)
        entries = [entry for name in changed for entry in store.entries_of_source(name)]
        if orphaned:
            entries += store.entries_of_stories(orphaned)
        return decide_anew(store, decider_in_force(store, config), entries, now) if entries else 0


def decider_in_force(store: Store, config: Config) -> Decider:
    """What decides about entries now: the config's rules with the classifier in force, if any.

    A classifier of another version of this program counts as none, until the next training.
    """
    number = store.model_in_force()
    if number is None:
        return Decider.of(config)
    try:
        return Decider.of(config, store.model_body(number), number)
    except ValueError as error:
        log.warning("the classifier in force cannot be read: %s", error)
        return replace(Decider.of(config), number=number)


def decide_anew(
    store: Store, decider: Decider, entries: Iterable[UndecidedEntry], now: datetime
) -> int:
    """Decide the categories of stored entries again; how many stories changed outputs.

    To be called inside a transaction.
    """
    asked = list(entries)
    if not asked:
        return 0
    story_ids = list(dict.fromkeys(entry.story_id for entry in asked))
    corrected = store.corrections(story_ids)
    placed = decider.decide(
        [
            Unplaced(entry.source_name, entry, entry.outlet, corrected.get(entry.story_id))
            for entry in asked
        ]
    )
    for entry, found in zip(asked, placed, strict=True):
        store.replace_decisions(entry.entry_id, entry.story_id, found.categories, now)
    return store.settle_memberships(story_ids, now)


def _reconcile_outputs(store: Store, config: Config, now: datetime) -> list[int]:
    """Outputs as configured; returns the stories of categories that vanished.

    What a saved query matches is looked for later, by `matching`.
    """
    present = {one.name: one for one in store.all_outputs() if one.name not in ALWAYS}
    for old, new in match_outputs(present, config.published):
        store.rename_output(old, new)
    present = {output.name: output for output in store.all_outputs()}
    for name, (kind, title) in ALWAYS.items():
        if name not in present:
            store.put_output(name, kind, title, now)
    orphaned: list[int] = []
    for wanted in config.published:
        query = wanted.query if isinstance(wanted, Output) else None
        kind = "category" if query is None else "query"
        known = present.get(wanted.id)
        if known is not None and known.kind != kind:
            orphaned += store.remove_output(wanted.id, now)
        about = (kind, wanted.title, query, wanted.private)
        if known is None or (known.kind, known.title, known.query, known.private) != about:
            store.put_output(wanted.id, kind, wanted.title, now, query, wanted.private)
    names = {wanted.id for wanted in config.published}
    gone = [name for name in present if name not in names and name not in ALWAYS]
    return orphaned + [story for name in gone for story in store.remove_output(name, now)]


def _reconcile_sources(store: Store, config: Config, now: datetime) -> list[str]:
    """Sources as configured; returns the names of those whose own categories changed."""
    known = store.configured_sources()
    renames = match_sources([(name, one.url) for name, one in known.items()], config)
    for old, new in renames:
        store.rename_source(old, new)
        known[new] = known.pop(old)
    if renames:
        store.match_anew()  # queries may name the source
    changed: list[str] = []
    for source in config.sources:
        before = known.get(source.id)
        wanted = configured(source)
        if before == wanted:
            continue
        store.put_source(wanted, now)
        if before is None:
            continue
        if before.categories != wanted.categories:
            changed.append(source.id)
        if before.reading != wanted.reading:
            store.read_parts_anew(source.id, now)
        if (before.title, before.summary_only) != (wanted.title, wanted.summary_only):
            store.touch_stories_of(source.id)
        if before.schedule != wanted.schedule and before.url == wanted.url:
            _reschedule(store, source, config, now)
    names = {source.id for source in config.sources}
    for name, source_before in known.items():
        if name not in names and not source_before.removed:
            store.remove_source(name, now)
    return changed


def _reschedule(store: Store, source: Source, config: Config, now: datetime) -> None:
    record = store.source_records([source.id]).get(source.id)
    if record is None or record.state.last_poll_at is None:
        return
    moment = _next_poll(source, record.state, now, source.timezone or config.timezone)
    if moment is not None:
        store.set_next_poll(source.id, moment)


def _next_poll(source: Source, state: PollState, now: datetime, timezone: str) -> datetime | None:
    """When a source whose `every` or `at` was edited is due; None leaves what was planned.

    Never earlier than the new rhythm allows, and a source that backs off goes on doing so.
    """
    if state.failures or state.gone or state.last_poll_at is None:
        return None
    if source.at is not None:
        return next_cron(source.at, timezone, max(now, state.last_poll_at))
    if source.every is None:
        return None
    wish = state.hints.interval or timedelta(0)
    return state.last_poll_at + max(source.every, wish)


def configured(source: Source) -> ConfiguredSource:
    """What the store remembers of a source's configuration."""
    every = f"every {source.every.total_seconds():.0f}" if source.every is not None else None
    schedule = f"at {source.at}" if source.at is not None else every
    return ConfiguredSource(
        *(source.id, source.title, source.url, source.enabled, source.categories, schedule),
        reading=_reading(source),
        summary_only=source.content == "summary",
    )


def _reading(source: Source) -> str | None:
    """A digest of what finds a source's entries where it is no feed; None for a feed."""
    recipe: object = source.recipe
    if source.page is not None:
        whole = whole_recipe(source.page)
        recipe = (whole.follow, whole.entries)
    return sha256(repr(recipe).encode()).hexdigest()[:16] if recipe else None
