"""`search`: a query → the stories that match, for people or as one JSON object a line."""

from __future__ import annotations

import json
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from aggregator.cli.opened import reader_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_or_exit
from aggregator.query import QueryError, parse_query
from aggregator.web.addresses import Site
from aggregator.web.found import Line, line_of

MOST = 1_000


def command(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As in rules: docs/queries.md.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=MOST, help="How many.")] = 20,
    by_relevance: Annotated[
        bool, typer.Option("--by-relevance", help="The most telling first, not the newest.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Find items by words. Exit code 1 when nothing matches, 2 when the query cannot be read."""
    loaded = load_or_exit(config)
    zone = ZoneInfo(loaded.timezone)
    try:
        asked = parse_query(query, zone)
    except QueryError as error:
        typer.echo(f"the query cannot be read: {error.message}", err=True)
        typer.echo(f"  {query}\n  {' ' * error.position}^", err=True)
        if error.hint:
            typer.echo(f"  {error.hint}", err=True)
        raise typer.Exit(2) from None
    with reader_or_exit(loaded) as reader:
        found = reader.search(asked, limit, by_relevance=by_relevance)
        missing = reader.unindexed()
    if missing:
        typer.echo(f"{missing} texts are not indexed yet; `run` or `poll` does that", err=True)
    site = Site(loaded.base_url)
    for line in [line_of(hit, asked) for hit in found.hits]:
        said = _json(line, site) if as_json else _lines(line, zone)
        typer.echo(said)
    if not found.hits:
        typer.echo("nothing matches", err=True)
        raise typer.Exit(1)
    if found.is_more and not as_json:
        typer.echo(f"… and more; --limit N shows more than {limit}", err=True)


def _lines(line: Line, zone: ZoneInfo) -> str:
    about = line.headline
    at = about.moment.astimezone(zone)
    key = about.path.rpartition("/")[2]
    head = f"{at:%Y-%m-%d %H:%M}  {key[:8]}  {about.title}  ({about.source})"
    return f"{head}\n    {line.plain_passage}" if line.passage else head


def _json(line: Line, site: Site) -> str:
    about = line.headline
    said = {
        "item": about.path.rpartition("/")[2],
        "title": about.title,
        "url": site.full(about.path),
        "published": about.moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": about.source,
        "passage": line.plain_passage,
    }
    return json.dumps(said, ensure_ascii=False)
