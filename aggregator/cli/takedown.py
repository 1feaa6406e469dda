"""`takedown`: an article → destroyed with every version of it, barred, and announced as removed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from aggregator.cli.opened import store_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_or_exit
from aggregator.cli.show import find_one
from aggregator.clock import SystemClock
from aggregator.model import Config, Removal
from aggregator.store import Store, StoreError, StoreInUse
from aggregator.store.lock import DaemonLock
from aggregator.store.open import store_path
from aggregator.takedown import Takedown, carry_out, plan_takedown, settle, undo
from aggregator.web.view import headline_of

# How often to look whether the daemon has finished, and for how long.
LOOK_EVERY_S, LOOK_FOR_S = 0.2, 600.0
# Rewriting the file is tried again so often while somebody reads an older state of it.
TRIES = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """One article that is to go, and why."""

    item: str
    reason: str


def command(
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL|ITEM]…", help="Addresses, or first digits of items' keys."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, as /removed and removed.atom will say.")
    ] = "",
    legal: Annotated[
        bool, typer.Option("--legal", help="A legal demand: pages answer 451 instead of 410.")
    ] = False,
    all_carriers: Annotated[
        bool, typer.Option("--all-carriers", help="Whoever carries it, not only the one meant.")
    ] = False,
    listed: Annotated[
        str | None,
        typer.Option(
            "--list", metavar="FILE", help="Read URL|ITEM [TAB reason] line by line; -: stdin."
        ),
    ] = None,
    undoing: Annotated[
        bool, typer.Option("--undo", help="Lift the bar: the next poll may take it in again.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show what would go, ask, and take it down. Exit code 1 when something could not be."""
    wanted = _wanted(items or [], reason.strip(), listed, undoing)
    loaded = load_or_exit(config)
    with store_or_exit(loaded) as store, _alone(loaded) as alone:
        if undoing:
            _undo(store, [one.item for one in wanted])
        else:
            plans = [
                (plan_takedown(store, find_one(store, one.item), one.item, all_carriers), one)
                for one in wanted
            ]
            plans = _each_once(plans)
            if not as_json:
                for plan, one in plans:
                    typer.echo("\n".join(plan_lines(plan, one.reason, legal)))
            if not yes and not _is_confirmed():
                raise typer.Exit(1)
            for plan, one in plans:
                carry_out(store, plan, one.reason, legal, SystemClock().now())
        is_done = _finish(loaded, store) if alone else _await_daemon(store)
    if as_json and not undoing:
        told = [_as_json(plan, one.reason, legal, is_done) for plan, one in plans]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif is_done:
        typer.echo("lifted" if undoing else "done: nothing of it is left in the store's file")
    _tell_rest(loaded, is_done)


def _wanted(items: Sequence[str], reason: str, listed: str | None, undoing: bool) -> list[Wanted]:
    """What was asked for; wrong use ends the command with 2."""
    wanted = [Wanted(item.strip(), reason) for item in items]
    if listed is not None:
        wanted += _read_list(listed, reason)
    if not wanted:
        _stop("say what is to be taken down: an address, an item's key, or --list FILE")
    if not undoing and not all(one.reason for one in wanted):
        _stop('say why, with --reason "…": it is published on /removed and in removed.atom')
    return wanted


def _read_list(listed: str, reason: str) -> list[Wanted]:
    try:
        text = sys.stdin.read() if listed == "-" else Path(listed).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        _stop(f"the list {listed} cannot be read: {error}")
    found = []
    for line in text.splitlines():
        item, _, own = line.partition("\t")
        if item.strip() and not item.lstrip().startswith("#"):
            found.append(Wanted(item.strip(), own.strip() or reason))
    return found


def _stop(message: str) -> Any:
    typer.echo(f"aggregator: {message}", err=True)
    raise typer.Exit(2)


def _each_once(plans: list[tuple[Takedown, Wanted]]) -> list[tuple[Takedown, Wanted]]:
    """Without what an earlier line of a list takes down already."""
    gone: set[int] = set()
    left = []
    for plan, one in plans:
        if not gone.issuperset(plan.entry_ids):
            left.append((plan, one))
        gone |= {*plan.entry_ids}
    return left


def plan_lines(plan: Takedown, reason: str, legal: bool) -> list[str]:
    """What a takedown will do, for a person."""
    story = plan.details.story
    lines = [
        f"{story.key}  {headline_of(story.snapshot, story.source_title)}",
        f"  reason     {reason}{'  (legal: pages answer 451)' if legal else ''}",
    ]
    for one in plan.going:
        lines.append(f"  goes       {one.source_name}  {one.link or one.guid}")
    lines.append(f"             {len(plan.snapshots)} versions, with their captures")
    if plan.staying:
        lines += [f"  stays      {one.source_name}  {one.link or one.guid}" for one in plan.staying]
        lines.append("             decide on these: --all-carriers takes them down as well,")
        lines.append("             each address by itself one of them; the item stays with them")
    else:
        status = "451" if legal else "410"
        lines.append(f"  the item   answers {status}, with every version; a tombstone says so")
    lines.append(f"  outputs    written anew: {', '.join(plan.details.outputs) or 'archives only'}")
    for address in plan.shared:
        lines.append(f"  note       other entries have the address {address}: it is not barred")
    if not plan.bars.prints:
        lines.append("  note       too short to be recognised in an edited repost")
    return lines


def _is_confirmed() -> bool:
    typer.echo("This cannot be undone: --undo only lets a source tell it again.")
    if not sys.stdin.isatty():
        typer.echo("Nothing was done. Say --yes where nobody can be asked.", err=True)
        return False
    return typer.confirm("Take it down?")


def _undo(store: Store, items: Sequence[str]) -> None:
    """Lift the removals that are meant, or end the command with 1 before any is."""
    meant: list[Removal] = []
    for item in items:
        found = store.find_removals(item)
        if not found:
            typer.echo(f"nothing that was taken down has a key beginning with {item!r}", err=True)
            raise typer.Exit(1)
        if len({one.story_key for one in found}) > 1:
            typer.echo(f"{item!r} means several; say which by more digits:", err=True)
            for one in found:
                typer.echo(f"  {one.story_key}  {one.reason}", err=True)
            raise typer.Exit(2)
        meant += found
    for one in meant:
        undo(store, one.number, SystemClock().now())
        typer.echo(f"{one.story_key} may be taken in again: by the next poll of its sources")


# ---------------------------------------------------------------- to the end


@contextmanager
def _alone(config: Config) -> Iterator[bool]:
    """Whether no daemon works on the store; then none starts before the end of the block."""
    lock = DaemonLock(store_path(config.store))
    try:
        lock.acquire("aggregator takedown")
    except StoreInUse:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _finish(config: Config, store: Store) -> bool:
    """Write the documents anew and the file; whether that could be done."""
    from aggregator.publish import Publisher
    from aggregator.reconcile import reconcile

    clock = SystemClock()
    publisher = Publisher(store, config, clock)
    try:
        reconcile(store, config, clock.now())
        for _ in range(TRIES):
            if settle(publisher, store, config.publish.directory, clock):
                return True
            time.sleep(LOOK_EVERY_S)
    except OSError as error:
        typer.echo(f"the documents could not be written: {error}", err=True)
    except StoreError as error:
        typer.echo(str(error), err=True)
    return False


def _await_daemon(store: Store) -> bool:
    """Wait for the daemon, which writes documents and file anew; whether it has."""
    if sys.stderr.isatty():
        typer.echo("the daemon writes documents and file anew …", err=True)
    end = time.monotonic() + LOOK_FOR_S
    while store.unfinished_removals():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def _tell_rest(config: Config, is_done: bool) -> None:
    """What is left to a person: copies this program made of the store, and what did not work."""
    file = store_path(config.store)
    for copy in sorted(file.parent.glob(f"{file.name}.before-*")):
        typer.echo(
            f"note: {copy} is a copy made before a migration and may still hold it", err=True
        )
    if not is_done:
        typer.echo(
            "it is barred and out of the store's tables; documents or the file are still to be "
            "rewritten: the daemon, or the next `poll`, goes on with that",
            err=True,
        )
        raise typer.Exit(1)


def _as_json(plan: Takedown, reason: str, legal: bool, is_done: bool) -> dict[str, Any]:
    story = plan.details.story
    return {
        "item": story.key,
        "reason": reason,
        "legal": legal,
        "whole": not plan.staying,
        "removed": [{"source": c.source_name, "link": c.link} for c in plan.going],
        "stays": [{"source": c.source_name, "link": c.link} for c in plan.staying],
        "versions": len(plan.snapshots),
        "done": is_done,
    }
