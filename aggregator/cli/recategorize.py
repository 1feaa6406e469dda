"""`recategorize`: stored entries → decided again by the rules and classifier of now."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aggregator.cli.opened import store_or_exit
from aggregator.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    load_or_exit,
    moment_or_exit,
)
from aggregator.clock import SystemClock
from aggregator.html import visible_text
from aggregator.model import Config, UndecidedEntry
from aggregator.reconcile import decide_anew, decider_in_force, reconcile
from aggregator.store import Store
from aggregator.text import fit_for_xml, shorten, squeeze

EXAMPLES = 3


class _DryRun(Exception):
    """Undoes the transaction of a preview."""


def command(
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Only entries first seen since (2026-11-01)."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would move; move nothing.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Decide the categories of stored entries again; only what moves is published anew."""
    loaded = load_or_exit(config)
    moment = moment_or_exit(since, ZoneInfo(loaded.timezone))
    with store_or_exit(loaded) as store:
        told = _decide_again(store, loaded, moment, dry_run)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo("\n".join(move_lines(told)))


def _decide_again(
    store: Store, config: Config, since: datetime | None, dry_run: bool
) -> dict[str, Any]:
    now = SystemClock().now()
    reconcile(store, config, now)
    told: dict[str, Any] = {}
    try:
        with store.transaction():
            entries = store.entries_since(since)
            stories = list(dict.fromkeys(entry.story_id for entry in entries))
            # A story's older carriers have their say too.
            entries = store.entries_of_stories(stories)
            before = store.outputs_of_stories(stories)
            decide_anew(store, decider_in_force(store, config), entries, now)
            told = moves(entries, before, store.outputs_of_stories(stories), dry_run)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return told


def moves(
    entries: list[UndecidedEntry],
    before: dict[int, tuple[str, ...]],
    after: dict[int, tuple[str, ...]],
    dry_run: bool,
) -> dict[str, Any]:
    """How many stories moved, from where to where, with titles of some."""
    titles = {entry.story_id: _title(entry) for entry in reversed(entries)}
    ways: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], list[str]] = {}
    for story_id, was in before.items():
        now = after.get(story_id, ())
        if was != now:
            way = (", ".join(was), ", ".join(now))
            ways[way] += 1
            if len(examples.setdefault(way, [])) < EXAMPLES:
                examples[way].append(titles[story_id])
    return {
        "stories": len(before),
        "moved": sum(ways.values()),
        "dry_run": dry_run,
        "moves": [
            {"from": way[0], "to": way[1], "stories": count, "examples": examples[way]}
            for way, count in ways.most_common()
        ],
    }


def _title(entry: UndecidedEntry) -> str:
    if entry.title is None:
        return entry.link or "(no title)"
    title = entry.title
    return fit_for_xml(squeeze(visible_text(title.value) if title.kind == "html" else title.value))


def move_lines(told: dict[str, Any]) -> list[str]:
    """The moves, for people."""
    verb = "would move" if told["dry_run"] else "moved"
    lines = [f"{told['moved']} of {told['stories']} stories {verb}."]
    for one in told["moves"]:
        lines.append(f"  {one['from']} → {one['to']}: {one['stories']}")
        lines += [f"      {shorten(title, 70)}" for title in one["examples"]]
    return lines
