"""`reextract`: raw pages that are kept → the texts of their articles, by the recipes of now."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aggregator.carrying import Carrying
from aggregator.changes import changes_between, marked
from aggregator.cli.opened import store_or_exit
from aggregator.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    load_or_exit,
    moment_or_exit,
)
from aggregator.cli.versions import CONTEXT, readable, text_of
from aggregator.clock import SystemClock
from aggregator.crawl import Reextraction, Reread
from aggregator.model import Config, Source
from aggregator.provenance import learn_outlets
from aggregator.reconcile import reconcile
from aggregator.store import Store
from aggregator.text import fit_for_xml, shorten, squeeze

# Articles read and saved together: a transaction is short, a daemon beside waits for none.
AT_ONCE = 20
EXAMPLES = 3
LONGEST_EXAMPLE = 600


@dataclass(slots=True)
class Told:
    """What came of one source: counts by what changed, and the first examples."""

    articles: int = 0
    changed: int = 0
    what: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, reread: Reread) -> None:
        """Count one article that was read."""
        self.articles += 1
        if reread.problem is not None:
            self.problems[fit_for_xml(reread.problem)] += 1
        elif reread.changed:
            self.changed += 1
            self.what.update(reread.changed)
            if len(self.examples) < EXAMPLES:
                self.examples.append(_example(reread))


def command(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Ids of sources; all without one."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Only articles first seen since."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; change nothing.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Read articles anew from their kept pages, by the selectors and the extraction of now."""
    loaded = load_or_exit(config)
    chosen = _chosen(loaded, sources or [])
    moment = moment_or_exit(since, ZoneInfo(loaded.timezone))
    with store_or_exit(loaded) as store:
        told = _read_anew(store, loaded, chosen, moment, dry_run)
    if as_json:
        found = {name: _as_json(one) for name, one in told.items()}
        typer.echo(json.dumps({"dry_run": dry_run, "sources": found}, ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(told, dry_run)))


def _chosen(config: Config, names: list[str]) -> dict[str, Source]:
    """The sources of pages, or those named; ends with 2 at a name that is none of them."""
    known = {one.id: one for one in config.sources}
    with_pages = {name: one for name, one in known.items() if one.page or one.fulltext is not None}
    for name in names:
        if name not in with_pages:
            why = "takes no articles from pages" if name in known else "is no source of feeds.yaml"
            typer.echo(f"aggregator: {name} {why}; there are {', '.join(with_pages)}", err=True)
            raise typer.Exit(2)
    return {name: with_pages[name] for name in names} if names else with_pages


def _read_anew(
    store: Store,
    config: Config,
    chosen: dict[str, Source],
    since: datetime | None,
    dry_run: bool,
) -> dict[str, Told]:
    clock = SystemClock()
    if not dry_run:
        reconcile(store, config, clock.now())
    outlets = learn_outlets((one.id, one.title, one.url) for one in config.sources)
    reextraction = Reextraction(store, Carrying(store, outlets).recognise)
    entries = store.entries_with_pages(chosen, since)
    told = {name: Told() for name in chosen}
    with typer.progressbar(
        length=len(entries), label="articles", hidden=not sys.stderr.isatty(), file=sys.stderr
    ) as bar:
        for at in range(0, len(entries), AT_ONCE):
            batch = entries[at : at + AT_ONCE]
            read: list[tuple[Source, Reread]] = []
            for entry_id, name in batch:
                zone = ZoneInfo(chosen[name].timezone or config.timezone)
                reread = reextraction.read(chosen[name], entry_id, zone)
                if reread is not None:
                    read.append((chosen[name], reread))
                    told[name].add(reread)
            if not dry_run and any(reread.changed for _, reread in read):
                with store.transaction():
                    for source, reread in read:
                        reextraction.save(source, reread, clock.now())
            bar.update(len(batch))
    return told


def _example(reread: Reread) -> dict[str, Any]:
    """An article that came out differently, and what is different."""
    before = reread.kept.snapshot
    assert reread.whole is not None
    entry = reread.whole.entry
    example: dict[str, Any] = {
        "link": entry.link,
        "title": readable(before.title) or readable(entry.title),
        "changed": list(reread.changed),
        "differences": {},
    }
    pairs = {
        "title": (readable(before.title), readable(entry.title)),
        "text": (text_of(before), readable(entry.content)),
    }
    for name in reread.changed:
        was, now = pairs.get(name, ("", ""))
        if was != now:
            pieces = changes_between(was, now)
            example["differences"][name] = shorten(
                fit_for_xml(marked(pieces, CONTEXT)), LONGEST_EXAMPLE
            )
        elif name == "text":
            example["differences"][name] = "the same words, in another form"
    return example


def _as_json(told: Told) -> dict[str, Any]:
    return {
        "articles": told.articles,
        "changed": told.changed,
        "what": dict(told.what),
        "left_alone": sum(told.problems.values()),
        "problems": dict(told.problems),
        "examples": told.examples,
    }


def _lines(told: dict[str, Told], dry_run: bool) -> list[str]:
    """What came of it, for people."""
    verb = "would come out differently" if dry_run else "came out differently"
    lines: list[str] = []
    for name, one in told.items():
        what = ", ".join(f"{key} {count}" for key, count in one.what.most_common())
        lines.append(
            f"{name}: {one.changed} of {one.articles} articles {verb}"
            + (f" ({what})" if what else "")
        )
        for example in one.examples:
            lines.append(f"    {shorten(squeeze(example['title']), 70)}  {example['link'] or ''}")
            lines += [
                f"        {key}: {line}"
                for key, difference in example["differences"].items()
                for line in difference.splitlines()
            ]
        if left := sum(one.problems.values()):
            lines.append(f"    {left} left as they are:")
            lines += [f"        {count} × {why}" for why, count in one.problems.most_common(3)]
    return lines or ["no source takes articles from pages"]
