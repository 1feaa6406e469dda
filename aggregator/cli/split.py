"""`split`: a carrier that is another article → an item of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.carrying import article_of_texts, marks_of
from aggregator.cli.opened import store_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit
from aggregator.cli.show import find_one
from aggregator.clock import SystemClock
from aggregator.dedupe.links import link_key
from aggregator.model import StoryDetails


def command(
    item: Annotated[
        str,
        typer.Argument(metavar="ITEM", help="A carrier's address, or an item's key with --source."),
    ],
    source: Annotated[
        str | None, typer.Option("--source", help="The source whose entry is another article.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Split a carrier off. The correction is remembered; `merge` undoes it."""
    loaded = load_or_exit(config)
    with store_or_exit(loaded) as store:
        details = find_one(store, item.strip())
        entry_id = _meant(details, item.strip(), source)
        last = [one for one in details.snapshots if one.entry_id == entry_id][-1]
        marks = marks_of(article_of_texts(last.title, last.content or last.summary))
        with store.transaction():
            key = store.split_entry(entry_id, marks, SystemClock().now())
    typer.echo(f"it is now {key}")


def _meant(details: StoryDetails, item: str, source: str | None) -> int:
    """The one entry that is meant; else names the carriers and ends the command with 2."""
    carriers = details.story.carriers
    meant = [one for one in carriers if source == one.source_name]
    if source is None:
        wanted = link_key(item)
        meant = [one for one in carriers if wanted is not None and link_key(one.link) == wanted]
    if not meant and source is None and len(carriers) == 2:
        meant = [carriers[1]]
    if len(meant) == 1:
        return meant[0].entry_id
    typer.echo("say which carrier is meant, by its address or with --source:", err=True)
    for one in carriers:
        typer.echo(f"  {one.source_name}  {one.link or 'no link'}", err=True)
    raise typer.Exit(2)
