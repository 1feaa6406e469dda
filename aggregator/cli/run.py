"""`aggregator run`: the daemon, with a first screen that says where to look."""

from __future__ import annotations

import sys
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from aggregator import __version__
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit
from aggregator.clock import SystemClock
from aggregator.model import Config
from aggregator.store import StoreError, open_store
from aggregator.store.lock import DaemonLock
from aggregator.store.open import store_path
from aggregator.web.server import ListenError

ListenOption = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", help="Serve here instead.")
]
LogFormatOption = Annotated[
    str, typer.Option("--log-format", metavar="text|json", help="How log lines look.")
]


def command(
    config: ConfigOption = DEFAULT_CONFIG,
    listen: ListenOption = None,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Say more.")] = 0,
    log_format: LogFormatOption = "text",
) -> None:
    """Poll what is due, publish what changes, serve it; until Ctrl-C or SIGTERM."""
    from aggregator.cli.logs import FORMATS, set_up_logging

    if log_format not in FORMATS:
        typer.echo(f"aggregator: --log-format is {' or '.join(FORMATS)}", err=True)
        raise typer.Exit(2)
    set_up_logging(verbose, log_format)
    in_force = load_or_exit(config)
    address = listen or in_force.listen
    lock = DaemonLock(store_path(in_force.store))
    try:
        lock.acquire(f"aggregator {__version__} serving {address} from {in_force.path}")
        _run(in_force, address, log_format)
    except (StoreError, ListenError, OSError) as error:
        typer.echo(f"aggregator: {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        lock.release()


def _run(config: Config, address: str, log_format: str) -> None:
    import uvloop

    store = open_store(config.store)
    try:
        uvloop.run(_serve(config, store, address, log_format))
    finally:
        store.close()


async def _serve(config: Config, store: Any, address: str, log_format: str) -> None:
    from aggregator.daemon import Daemon, DaemonStatus
    from aggregator.web.app import create_app
    from aggregator.web.server import build_server
    from aggregator.web.state import WebState

    clock = SystemClock()
    daemon = Daemon(config, store, clock)
    state = WebState(config, clock)

    def tell(status: DaemonStatus) -> None:
        if status.config is not state.config:
            state.replace_config(status.config)
        state.config_error = status.config_error
        state.last_publish_error = status.publish_error
        state.last_store_error = status.store_error

    daemon.status.on_change.append(tell)
    server = build_server(create_app(state, daemon.push.answer), address)
    if log_format == "text":
        _first_screen(config, address)
    try:
        await daemon.run(server.run_until_cancelled)
    finally:
        state.close()


def _first_screen(config: Config, address: str) -> None:
    """What a newcomer needs to know, on standard error, where the log goes as well."""
    from aggregator.config import config_warnings

    enabled = sum(source.enabled for source in config.sources)
    base = config.base_url
    home = f"http://{address}" if _is_elsewhere(base, address) else base
    lines = [
        f"aggregator {__version__} · {config.title}",
        f"  polls      {enabled} sources, whenever each is due",
        f"  keeps      every version of every entry in {store_path(config.store)}",
        f"  look       {home}/   (sources and their health: {home}/sources)",
        f"  subscribe  {home}/feeds/all.atom   or one category: {_some_feeds(config)}",
        f"  add one    edit {config.path}; a change is in force within 3 seconds",
        f"  serving    {address} — Ctrl-C ends",
    ]
    if home != base:
        lines.append(f"  note       the feeds say they live at {base} (base_url in feeds.yaml)")
    for warning in config_warnings(config):
        lines.append(f"  note       {warning}")
    print("\n".join(lines), file=sys.stderr)  # noqa: T201


def _is_elsewhere(base_url: str, address: str) -> bool:
    """Whether a loopback base_url has another port than is served, as after --listen."""
    base, served = urlsplit(base_url), urlsplit(f"//{address}")
    loopback = base.hostname in ("127.0.0.1", "localhost", "::1")
    return loopback and (base.port or 80) != served.port


def _some_feeds(config: Config) -> str:
    names = [category.id for category in config.categories if not category.private][:3]
    return ", ".join(f"/feeds/{name}.atom" for name in names) or "/feeds/uncategorized.atom"
