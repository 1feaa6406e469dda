"""`import`: an OPML file → sources and categories in feeds.yaml."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit, stop_with_problems
from aggregator.config import ConfigError
from aggregator.config.merge import Merge, merge_outlines
from aggregator.config.opml import OpmlError, read_opml


def command(
    file: Annotated[str, typer.Argument(metavar="FILE.opml", help="An OPML file, - for input.")],
    category: Annotated[
        str | None, typer.Option("--category", help="Put all into this one; by default by folder.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be added, write nothing.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Add the feeds of an OPML file to feeds.yaml; folders become categories."""
    in_force = load_or_exit(config)
    if category is not None and category not in {known.id for known in in_force.categories}:
        there = ", ".join(known.id for known in in_force.categories) or "none"
        _fail(f"there is no category {category}; there are: {there}", 2)
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        merge = merge_outlines(in_force, read_opml(content), category)
    except OpmlError as error:
        _fail(f"{file}: {error}; nothing was imported")
    except OSError as error:
        _fail(f"{file}: {error.strerror or error}")
    for line in merge.skipped:
        typer.echo(f"skipped: {line}", err=True)
    if not dry_run and merge.sources:
        _write(config, merge)
    _tell(merge, config, dry_run)


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(f"aggregator: {message}", err=True)
    raise typer.Exit(code)


def _write(path: Path, merge: Merge) -> None:
    from aggregator.config.edit import EditError, add_items
    from aggregator.config.write import update_file

    try:
        update_file(path, lambda content: add_items(content, merge.categories, merge.sources))
    except ConfigError as error:
        stop_with_problems(error)
    except (EditError, OSError) as error:
        _fail(f"nothing was written: {error}")


def _tell(merge: Merge, path: Path, dry_run: bool) -> None:
    for item in merge.categories:
        typer.echo(f"+ output {item['id']} ({item['title']})")
    if dry_run or len(merge.sources) <= 20:
        for item in merge.sources:
            typer.echo(f"+ source {item['id']}")
    done = "would be added to" if dry_run else "added to"
    typer.echo(
        f"{len(merge.sources)} sources and {len(merge.categories)} categories {done} {path},"
        f" {len(merge.skipped)} skipped."
    )
