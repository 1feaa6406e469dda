"""`relabel`: a person's word on where a story belongs → remembered, and in force at once."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from aggregator.categorize import UNCATEGORIZED
from aggregator.cli.opened import store_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit
from aggregator.cli.show import ItemArgument, find_one
from aggregator.clock import SystemClock
from aggregator.model import Config
from aggregator.reconcile import decide_anew, decider_in_force, reconcile


def command(
    item: ItemArgument,
    categories: Annotated[
        list[str] | None,
        typer.Argument(metavar="CATEGORY...", help="Where it belongs; `uncategorized`: nowhere."),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take the correction back; let the program decide.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Put an item into exactly these categories, with all entries of its story, for good.

    The next classifier learns from it.
    """
    loaded = load_or_exit(config)
    chosen = _checked(loaded, list(dict.fromkeys(categories or [])), undo)
    with store_or_exit(loaded) as store:
        details = find_one(store, item.strip())
        story_id, now = details.story.story_id, SystemClock().now()
        reconcile(store, loaded, now)
        before = store.outputs_of_stories([story_id]).get(story_id, ())
        with store.transaction():
            if not undo:
                store.correct(story_id, chosen, now)
            elif not store.forget_correction(story_id):
                typer.echo("nobody had corrected it: nothing to take back", err=True)
                raise typer.Exit(1)
            entries = store.entries_of_stories([story_id])
            decide_anew(store, decider_in_force(store, loaded), entries, now)
        after = store.outputs_of_stories([story_id]).get(story_id, ())
    typer.echo(f"{details.story.key}: {', '.join(before)} → {', '.join(after)}")


def _checked(config: Config, chosen: list[str], undo: bool) -> list[str]:
    """The categories as given, or the end of the command with 2 and the way out."""
    if undo == bool(chosen):
        said = "--undo takes no category" if undo else "say which category it belongs to"
        typer.echo(f"aggregator: {said}", err=True)
        raise typer.Exit(2)
    known = [category.id for category in config.categories]
    for name in chosen:
        if name not in (*known, UNCATEGORIZED):
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            typer.echo(f"aggregator: there is no category {name}; {hint}", err=True)
            raise typer.Exit(2)
    if UNCATEGORIZED in chosen and len(chosen) > 1:
        typer.echo("aggregator: uncategorized stands alone", err=True)
        raise typer.Exit(2)
    return chosen
