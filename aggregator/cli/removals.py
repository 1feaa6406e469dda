"""`removals`: what sources have withdrawn themselves → a list to decide on."""

from __future__ import annotations

import json
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from aggregator.cli.opened import store_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_or_exit
from aggregator.cli.show import find_one
from aggregator.clock import SystemClock
from aggregator.model import Withdrawal
from aggregator.store import Store
from aggregator.web.view import headline_of

_SAID = {"tombstone": "its feed says that it is no more", "gone": "its page is gone"}


def command(
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="ITEM", help="Decide that this one stays as it is."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List what sources have withdrawn, for decision: `takedown` it, or `--keep` it."""
    loaded = load_or_exit(config)
    with store_or_exit(loaded) as store:
        if keep is not None:
            key = find_one(store, keep).story.key
            with store.transaction():
                kept = store.keep_withdrawn(key, SystemClock().now())
            if not kept:
                typer.echo(f"nothing of {key} was withdrawn", err=True)
                raise typer.Exit(1)
            typer.echo(f"{key} stays")
            return
        found = store.withdrawals()
        lines = [
            json.dumps(_as_json(one), ensure_ascii=False)
            if as_json
            else _line(store, one, ZoneInfo(loaded.timezone))
            for one in found
        ]
    typer.echo("\n".join(lines) if lines else "" if as_json else "nothing was withdrawn", nl=bool(
        lines or not as_json))  # fmt: skip


def _line(store: Store, one: Withdrawal, zone: ZoneInfo) -> str:
    details = store.story_details(one.story_key)
    title = headline_of(details.story.snapshot, one.source) if details is not None else ""
    since = f"{one.since.astimezone(zone):%Y-%m-%d %H:%M}"
    where = one.link or one.story_key
    return (
        f"{one.story_key[:12]}  {one.source}  {title}\n"
        f"    {_SAID[one.kind]}, since {since}\n"
        f"    aggregator takedown {where} --reason …   or   removals --keep {one.story_key[:12]}"
    )


def _as_json(one: Withdrawal) -> dict[str, str | None]:
    return {
        "item": one.story_key,
        "source": one.source,
        "link": one.link,
        "kind": one.kind,
        "since": f"{one.since:%Y-%m-%dT%H:%M:%SZ}",
    }
