"""`check`: feeds.yaml → every mistake in it; with --probe also what its sources give now."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.idle_rules import idle_rules
from aggregator.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    stop_with_problems,
)
from aggregator.clock import SystemClock
from aggregator.config import ConfigError, config_warnings, load_config
from aggregator.model import Config, Source

if TYPE_CHECKING:
    from aggregator.cli.probe import AnyProbe


def command(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Sources to probe; none means all enabled."),
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Fetch once and show what would be stored.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Validate feeds.yaml and name every mistake. Exit code 2 when there is one."""
    try:
        loaded = load_config(config)
    except ConfigError as error:
        if not as_json:
            stop_with_problems(error)
        problems = [dataclasses.asdict(problem) for problem in error.problems]
        _print_json({"valid": False, "problems": problems, "warnings": []})
        raise typer.Exit(2) from None
    chosen = _chosen(loaded, sources or [], probe)
    warnings = (*config_warnings(loaded), *idle_rules(loaded, SystemClock().now()))
    if not as_json:
        for warning in warnings:
            typer.echo(f"warning: {warning}", err=True)
    probes = _probe(loaded, chosen) if probe else []
    if as_json:
        _print_json(_answer(loaded, warnings, probes if probe else None))
    else:
        _print(loaded, probes)
    if any(result.error for result in probes):
        raise typer.Exit(1)


def _chosen(config: Config, names: list[str], probe: bool) -> list[Source]:
    if names and not probe:
        typer.echo("aggregator: sources are named for --probe only", err=True)
        raise typer.Exit(2)
    known = {source.id: source for source in config.sources}
    for name in names:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            typer.echo(f"aggregator: no source is called {name}{hint}", err=True)
            raise typer.Exit(2)
    return [known[name] for name in names] or [s for s in config.sources if s.enabled]


def _probe(config: Config, sources: list[Source]) -> list[AnyProbe]:
    import asyncio

    return asyncio.run(_probe_all(config, sources))


async def _probe_all(config: Config, sources: list[Source]) -> list[AnyProbe]:
    from aggregator.cli.probe import probe_sources
    from aggregator.clock import SystemClock
    from aggregator.fetch import open_fetcher
    from aggregator.parse import FeedReader

    clock = SystemClock()
    door = open_fetcher(config.fetch, clock, base_url=config.base_url, allow_files=True)
    reader = FeedReader()
    try:
        with _progress(len(sources)) as advance:
            return await probe_sources(config, sources, door, reader, clock, advance)
    finally:
        await door.close()
        await reader.close()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[AnyProbe], None]]:
    """A progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda probe: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("probing"), BarColumn(), MofNCompleteColumn())
    name = TextColumn("{task.description}")
    with Progress(*columns, name, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda probe: bar.update(task, advance=1, description=probe.source)


def _answer(
    config: Config, warnings: tuple[str, ...], probes: list[AnyProbe] | None
) -> dict[str, object]:
    answer: dict[str, object] = {
        "valid": True,
        "problems": [],
        "warnings": list(warnings),
        "sources": len(config.sources),
        "categories": len(config.categories),
    }
    if probes is not None:
        answer["probes"] = [result.as_json() for result in probes]
    return answer


def _print_json(answer: dict[str, object]) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def _print(config: Config, probes: list[AnyProbe]) -> None:
    if probes:
        from zoneinfo import ZoneInfo

        from aggregator.cli.probe import Probe, print_probe
        from aggregator.cli.probe_page import print_page_probe

        zone = ZoneInfo(config.timezone)
        for result in probes:
            if isinstance(result, Probe):
                print_probe(result, zone, typer.echo)
            else:
                print_page_probe(result, zone, typer.echo)
        failed = sum(bool(result.error) for result in probes)
        typer.echo(f"{len(probes)} sources probed, {failed} failed; nothing was stored.")
    typer.echo(_summary(config))


def _summary(config: Config) -> str:
    disabled = sum(not source.enabled for source in config.sources)
    note = f" ({disabled} disabled)" if disabled else ""
    return (
        f"{config.path} is valid: {len(config.sources)} sources{note},"
        f" {len(config.categories)} categories."
    )
