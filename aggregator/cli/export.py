"""`export`: what is configured, or what was captured → a file of a standard format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from aggregator.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    load_or_exit,
    moment_or_exit,
    stop_with_problems,
)
from aggregator.config import ConfigError

FORMATS = ("opml", "warc")


def command(
    form: Annotated[str, typer.Argument(metavar="opml|warc", help="The format.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The file; `-`, the default: to stdout.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file, named by an option.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="warc: what was taken since (2026-11-01)."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write the sources, by category, as OPML; or all captured bytes as WARC 1.1.

    Secrets stay out: of OPML, where `${NAME}` is written as it is, and of WARC's addresses.
    """
    if form not in FORMATS:
        there = ", ".join(FORMATS)
        _stop(f"there is no format {form}; there is: {there}")
    if file is not None and output is not None:
        _stop(f"two files are named, {file} and {output}; name one")
    target = file or output
    if target == Path("-"):
        target = None
    if form == "opml":
        if since is not None:
            _stop("--since is for `export warc`; OPML has no dates")
        _export_opml(config, target)
        return
    from aggregator.cli.export_warc import export_warc

    if target is None and sys.stdout.isatty():
        _stop("a WARC file is no text for a terminal; name a FILE, such as captures.warc.gz")
    loaded = load_or_exit(config)
    export_warc(loaded, target, moment_or_exit(since, ZoneInfo(loaded.timezone)))


def _stop(message: str) -> None:
    typer.echo(f"aggregator: {message}", err=True)
    raise typer.Exit(2)


def _export_opml(config: Path, output: Path | None) -> None:
    from aggregator.config.load import load_as_written
    from aggregator.config.opml import write_opml
    from aggregator.config.secrets import shown_url

    try:
        loaded = load_as_written(config)
    except ConfigError as error:
        stop_with_problems(error)
    urls = {source.id: shown_url(source.url) for source in loaded.sources}
    content = write_opml(loaded.title, loaded.categories, loaded.sources, urls)
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        typer.echo(f"aggregator: {output}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from error
