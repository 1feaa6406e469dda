"""`aggregator poll`: one pass over what is due, published, then the end."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields, replace
from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit
from aggregator.clock import SystemClock
from aggregator.model import Config, SavedPoll, SourceRecord
from aggregator.polled import PollResult
from aggregator.schedule import is_due
from aggregator.store import Store, StoreError, open_store
from aggregator.update import Corridor

OnResult = Callable[[PollResult], None]


def command(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Ids of sources; none means all."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Poll what is not yet due as well.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line a source.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Say more.")] = 0,
) -> None:
    """Poll what is due once, publish, and exit. Exit code 1 when a polled source failed."""
    from aggregator.cli.logs import set_up_logging

    set_up_logging(verbose, "text")
    in_force = load_or_exit(config)
    wanted = _known_or_exit(in_force, sources or [])
    try:
        results = _run(in_force, wanted, force)
    except StoreError as error:
        typer.echo(f"aggregator: {error}", err=True)
        raise typer.Exit(1) from error
    except OSError as error:
        typer.echo(f"aggregator: publishing failed: {error}", err=True)
        raise typer.Exit(1) from error
    _print(results, as_json)
    if any(result.outcome in ("failed", "gone") and result.error for result in results):
        raise typer.Exit(1)


def _known_or_exit(config: Config, names: list[str]) -> list[str]:
    known = {source.id for source in config.sources}
    unknown = [name for name in names if name not in known]
    if unknown:
        from difflib import get_close_matches

        for name in unknown:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            typer.echo(f"aggregator: no source is called {name} in {config.path}{hint}", err=True)
        raise typer.Exit(2)
    return names


def _run(config: Config, names: list[str], force: bool) -> list[PollResult]:
    import uvloop

    store = open_store(config.store)
    try:
        return uvloop.run(_poll(config, store, names, force))
    finally:
        store.close()


async def _poll(config: Config, store: Store, names: list[str], force: bool) -> list[PollResult]:
    from aggregator.fetch import open_fetcher
    from aggregator.fingerprinting import Fingerprinter
    from aggregator.indexing import Indexer
    from aggregator.matching import Matcher
    from aggregator.parse import FeedReader
    from aggregator.publish import Publisher
    from aggregator.reconcile import reconcile
    from aggregator.takedown import obey, settle

    clock = SystemClock()
    now = clock.now()
    reconcile(store, config, now)
    everything = store.source_records(names or None)
    chosen = _chosen(config, everything, now, force)
    settings = (config.fetch, clock)
    rests = store.host_rests(now)
    fetcher = open_fetcher(*settings, base_url=config.base_url, allow_files=True, rests=rests)
    reader = FeedReader()
    with ThreadPoolExecutor(1, thread_name_prefix="store") as writer, _progress(len(chosen)) as bar:
        corridor = Corridor(config, store, fetcher, reader, clock, writer)
        try:
            in_writer = partial(asyncio.get_running_loop().run_in_executor, writer)
            with _progress_of("taking fingerprints") as seen:
                await in_writer(Fingerprinter(store).finish, now, seen)
            results = await corridor.poll(chosen, bar)
            captured = await corridor.crawl.crawl_due(names or None)
            results = _with_captured(results, captured)
            publisher = Publisher(store, config, clock)
            with _progress_of("looking for saved queries") as seen:
                await in_writer(Matcher(store).finish, clock.now(), seen)
            await in_writer(obey, store, config, clock.now())
            await in_writer(settle, publisher, store, config.publish.directory, clock)
            with _progress_of("indexing for searches") as seen:
                await in_writer(Indexer(store).finish, seen)
        finally:
            await fetcher.close()
            await reader.close()
    told = {result.source for result in results}
    rest = _not_polled(config, everything, chosen)
    return results + [result for result in rest if result.source not in told]


def _with_captured(
    results: list[PollResult], captured: Mapping[str, SavedPoll]
) -> list[PollResult]:
    """Results with what was captured of pages; a source of which only pages were due joins them."""
    polled = {result.source for result in results}
    results = results + [PollResult(name, "ok") for name in captured if name not in polled]
    return [
        replace(
            result,
            new=result.new + saved.new,
            revised=result.revised + saved.revised,
            duplicate=result.duplicate + saved.duplicate,
        )
        if (saved := captured.get(result.source)) is not None
        else result
        for result in results
    ]


def _chosen(
    config: Config,
    everything: dict[str, SourceRecord],
    now: datetime,
    force: bool,
) -> dict[str, SourceRecord]:
    return {
        source.id: everything[source.id]
        for source in config.sources
        if source.id in everything and source.enabled
        if force or is_due(source, everything[source.id].state, now)
    }


def _not_polled(
    config: Config, everything: dict[str, SourceRecord], chosen: dict[str, SourceRecord]
) -> list[PollResult]:
    """A line for every source that was asked for and not polled."""
    enabled = {source.id for source in config.sources if source.enabled}
    rest = [record for name, record in everything.items() if name not in chosen]
    return [
        PollResult(
            record.name,
            "gone" if record.state.gone else "not_due",
            record.state.status if record.state.gone else None,
        )
        for record in rest
        if record.name in enabled
    ]


def _progress(total: int) -> AbstractContextManager[OnResult | None]:
    """A progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty() or total == 0:
        return nullcontext()
    return _bar(total)


@contextmanager
def _progress_of(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar for what goes through what is stored, on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("")
        yield lambda reached, last: progress.update(task, completed=reached, total=last)


@contextmanager
def _bar(total: int) -> Iterator[OnResult]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("polling"), BarColumn(), MofNCompleteColumn())
    name = TextColumn("{task.description}")
    with Progress(*columns, name, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda result: progress.update(task, advance=1, description=result.source)


_FIELDS = [field.name for field in fields(PollResult)]
_WORDS = {
    "ok": "read",
    "not_modified": "unchanged",
    "not_due": "not due yet",
    "failed": "FAILED",
    "gone": "gone for good",
}


def _print(results: list[PollResult], as_json: bool) -> None:
    if as_json:
        for result in results:
            said = {name: getattr(result, name) for name in _FIELDS}
            typer.echo(json.dumps(said, ensure_ascii=False))
        return
    for result in sorted(results, key=lambda result: result.outcome in ("failed", "gone")):
        line = f"{result.source:<28} {_WORDS.get(result.outcome, result.outcome)}"
        if result.outcome == "ok":
            line += f": {result.new} new, {result.revised} revised"
            line += f", {result.duplicate} carried already" if result.duplicate else ""
        elif result.error:
            line += f": {result.error}"
        typer.echo(line)
    _print_sum(results)


def _print_sum(results: list[PollResult]) -> None:
    polled = [result for result in results if result.outcome != "not_due"]
    failed = sum(result.outcome in ("failed", "gone") for result in polled)
    new = sum(result.new for result in polled)
    typer.echo(
        f"{len(polled)} of {len(results)} sources polled, {failed} failed, {new} new entries"
    )
