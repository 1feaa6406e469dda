"""`serve`: what is published and the pages → HTTP, without polling anything."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from dataclasses import replace
from typing import Annotated

import typer

from aggregator.cli.logs import set_up_logging
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit
from aggregator.clock import SystemClock
from aggregator.config import config_warnings
from aggregator.model import Config
from aggregator.web.addresses import Site
from aggregator.web.app import create_app
from aggregator.web.server import ListenError, Server, WrongListen, build_server
from aggregator.web.state import WebState

ListenOption = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", help="Serve here instead.")
]
VerboseOption = Annotated[
    int, typer.Option("-v", "--verbose", count=True, help="Log each request.")
]


def command(
    config: ConfigOption = DEFAULT_CONFIG,
    listen: ListenOption = None,
    verbose: VerboseOption = 0,
) -> None:
    """Serve what is published; poll nothing. Exit code 1 when it cannot listen, 2 for wrong use."""
    loaded = load_or_exit(config)
    loaded = replace(loaded, listen=listen or loaded.listen)
    set_up_logging(verbose, "text")
    if verbose:
        logging.getLogger("uvicorn.access").setLevel(logging.INFO)
    state = WebState(loaded, SystemClock())
    try:
        server = build_server(create_app(state), loaded.listen, access_log=bool(verbose))
    except ListenError as error:
        state.close()
        typer.echo(f"aggregator: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, WrongListen) else 1) from None
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(loaded, server))
    finally:
        state.close()


def opening_lines(config: Config, server: Server) -> list[str]:
    """What to open, as the server says it at its start."""
    site = Site(config.base_url)
    heard = ", ".join(server.addresses)
    return [
        f"{config.title}: listening on {heard}",
        f"  pages   {site.full('')}",
        f"  feed    {site.full('feeds/all.atom')}",
        f"  health  {site.full('healthz')}",
        "Nothing is polled; `aggregator run` does both. End with Ctrl+C.",
    ]


async def _serve(config: Config, server: Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    for line in opening_lines(config, server):
        typer.echo(line)
    for warning in config_warnings(config):
        typer.echo(f"note: {warning}", err=True)
    sys.stdout.flush()
    await server.run_until_cancelled()


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # it does not exist on every platform
        return None
    loop: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return loop
