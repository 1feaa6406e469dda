"""`add`: the address of a feed or a site → a source in feeds.yaml."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from aggregator.cli.finding import Finder, Search
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit, stop_with_problems
from aggregator.cli.reading import ReadFeed, entry_line, newest, typed_networks
from aggregator.clock import SystemClock
from aggregator.config import ConfigError, shown_url
from aggregator.config.addresses import address_key, typed_address
from aggregator.config.names import source_id
from aggregator.model import Config
from aggregator.text import shorten, squeeze


def command(
    url: Annotated[str, typer.Argument(metavar="URL", help="A feed, a site, or a file.")],
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Its category (may be repeated).")
    ] = None,
    name: Annotated[str | None, typer.Option("--id", help="Its id; by default from the title.")] = (
        None
    ),
    title: Annotated[str | None, typer.Option("--title", help="Its title.")] = None,
    every: Annotated[str | None, typer.Option("--every", help="Its interval, such as 30m.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, take the first.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Find the feed of a site, show it, and write it into feeds.yaml."""
    in_force = load_or_exit(config)
    _check_options(in_force, category or [], name)
    address = _address(url)
    _refuse_known(in_force, address)
    search = asyncio.run(_search(in_force, address))
    if not search.found:
        _tell_nothing_found(search)
    for found in search.found:
        _show(found)
    chosen = _choose(search.found, yes)
    _refuse_known(in_force, chosen.url)
    item = _item(in_force, chosen, category, name, title, every, ask=not yes)
    if not yes and not typer.confirm(f"Write {item['id']} into {config}?", default=True):
        _fail("nothing was written")
    _write(config, item)


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(f"aggregator: {message}", err=True)
    raise typer.Exit(code)


def _check_options(config: Config, categories: list[str], name: str | None) -> None:
    known = [category.id for category in config.categories]
    for category in categories:
        if category not in known:
            there = ", ".join(known) or "none"
            _fail(f"there is no category {category}; there are: {there}", 2)
    if name is not None and any(source.id == name for source in config.sources):
        _fail(f"a source {name} is there already", 2)


def _address(text: str) -> str:
    """What was typed as a URL; a path that exists, or looks like one, is a file."""
    if text.startswith(("/", "./", "../", "~")) or (":" not in text and Path(text).is_file()):
        return Path(text).expanduser().resolve().as_uri()
    address = typed_address(text)
    if not address.lower().startswith(("http://", "https://", "file:")):
        _fail(f"{text} cannot be fetched: only http, https and files", 2)
    return address


def _refuse_known(config: Config, url: str) -> None:
    key = address_key(url)
    for source in config.sources:
        if address_key(source.url) == key:
            _fail(f"it is there already: {source.id} ({source.title}), {shown_url(source.url)}")


async def _search(config: Config, url: str) -> Search:
    from aggregator.fetch import open_fetcher
    from aggregator.parse import FeedReader

    clock = SystemClock()
    door = open_fetcher(config.fetch, clock, base_url=config.base_url, allow_files=True)
    reader = FeedReader()
    try:
        return await Finder(door, reader, clock, config.timezone).find(url)
    finally:
        await door.close()
        await reader.close()


def _tell_nothing_found(search: Search) -> NoReturn:
    typer.echo("aggregator: no feed was found. Tried:", err=True)
    for url, how, outcome in search.tried:
        typer.echo(f"  {shown_url(url)} ({how}): {outcome}", err=True)
    hint = "If you know the feed's address, add that; many sites name it at the foot of the page."
    typer.echo(hint, err=True)
    raise typer.Exit(1)


def _show(found: ReadFeed) -> None:
    feed = found.feed
    typer.echo(f"{squeeze(feed.title or '') or '(no title)'}")
    typer.echo(f"  {shown_url(found.url)}")
    typer.echo(f"  {feed.format}, {len(feed.entries)} entries, {feed.encoding}")
    for entry in newest(feed):
        typer.echo(f"    {entry_line(entry)}")


def _choose(found: list[ReadFeed], yes: bool) -> ReadFeed:
    if yes or (len(found) == 1 and sys.stdin.isatty()):
        return found[0]
    if not sys.stdin.isatty():
        _fail("nothing was written: nobody is there to ask; --yes takes the first")
    number: int = typer.prompt(f"Which one? 1 to {len(found)}", default=1, type=int)
    if not 1 <= number <= len(found):
        _fail("nothing was written")
    return found[number - 1]


def _item(
    config: Config,
    chosen: ReadFeed,
    categories: list[str] | None,
    name: str | None,
    title: str | None,
    every: str | None,
    ask: bool,
) -> dict[str, Any]:
    """The source as it will be written: keys in the order of the shipped file."""
    told = title or shorten(squeeze(chosen.feed.title or ""), 100)
    taken = {source.id for source in config.sources}
    item: dict[str, Any] = {"id": name or source_id(told, chosen.url, taken)}
    if ask:
        item["id"] = typer.prompt("Id", default=item["id"])
        categories = categories or _ask_category(config)
    if told:
        item["title"] = told
    item["url"] = chosen.url
    if categories:
        item["category"] = categories[0] if len(categories) == 1 else list(categories)
    if every:
        item["every"] = every
    networks = [net for net in typed_networks(chosen.url) if net not in config.fetch.allow_private]
    if networks and not _covered(networks, config.fetch.allow_private):
        item["allow_private"] = networks
    return item


def _covered(networks: list[str], allowed: tuple[str, ...]) -> bool:
    from ipaddress import ip_network

    wide = [ip_network(text) for text in allowed]
    return any(
        outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]
        for inner in map(ip_network, networks)
        for outer in wide
    )


def _ask_category(config: Config) -> list[str]:
    known = [category.id for category in config.categories]
    if not known:
        return []
    typer.echo("Categories: " + ", ".join(f"{c.id} ({c.title})" for c in config.categories))
    while True:
        answer = typer.prompt("Category (empty: decided by rules)", default="", show_default=False)
        wanted = [part for part in answer.replace(",", " ").split() if part]
        unknown = [part for part in wanted if part not in known]
        if not unknown:
            return wanted
        typer.echo(f"There is no category {unknown[0]}.")


def _write(path: Path, item: dict[str, Any]) -> None:
    from aggregator.config.edit import EditError, add_items
    from aggregator.config.write import update_file

    try:
        update_file(path, lambda content: add_items(content, [], [item]))
    except ConfigError as error:
        stop_with_problems(error)
    except (EditError, OSError) as error:
        _fail(f"nothing was written: {error}")
    typer.echo(f"Added {item['id']} to {path}.")
