"""`export`: what is configured → a file of a standard format on standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, stop_with_problems
from aggregator.config import ConfigError

FORMATS = ("opml",)


def command(
    form: Annotated[str, typer.Argument(metavar="opml", help="The format.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; by default standard output.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write the sources, by category, as OPML. Secrets stay out: `${NAME}` is written as it is."""
    if form not in FORMATS:
        there = ", ".join(FORMATS)
        typer.echo(f"aggregator: there is no format {form}; there is: {there}", err=True)
        raise typer.Exit(2)
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
