"""`merge`: two items that are one article → one item; the older keeps its id."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.cli.opened import store_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit
from aggregator.cli.show import find_one
from aggregator.clock import SystemClock


def command(
    one: Annotated[str, typer.Argument(metavar="ITEM", help="An item's key, or an address.")],
    other: Annotated[str, typer.Argument(metavar="ITEM", help="The other's.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Merge two items. The correction is remembered; `split` undoes it."""
    loaded = load_or_exit(config)
    with store_or_exit(loaded) as store:
        first, second = (find_one(store, item.strip()).story.key for item in (one, other))
        with store.transaction():
            kept = store.merge_stories(first, second, SystemClock().now())
    typer.echo(f"{second if kept == first else first} is now {kept}")
