"""`export warc`: the kept captures → a WARC 1.1 file that other archive tools read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO
from urllib.parse import quote

import typer

from aggregator import __version__
from aggregator.cli.opened import reader_or_exit
from aggregator.clock import SystemClock
from aggregator.config.secrets import secrets_in_bytes, secrets_of, shown_url
from aggregator.model import Config
from aggregator.store import StoreReader
from aggregator.warc import CaptureWriter


def export_warc(loaded: Config, output: Path | None, since: datetime | None) -> None:
    """Write the captures taken at `since` or later; None: to standard output.

    Exit code 1 when something cannot be read or written, or a capture is damaged.
    """
    try:
        with reader_or_exit(loaded) as reader, _file(output) as file:
            damaged, withheld = _write(reader, loaded, file, output, since)
    except OSError as error:
        where = output or "standard output"
        typer.echo(f"aggregator: {where}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
    if withheld:
        typer.echo(f"left out for a secret of feeds.yaml in their bytes: {withheld}", err=True)
    for one in damaged:
        typer.echo(f"left out: capture {one} is damaged; see `aggregator verify`", err=True)
    if damaged:
        raise typer.Exit(1)


def _write(
    reader: StoreReader, loaded: Config, file: BinaryIO, output: Path | None, since: datetime | None
) -> tuple[list[int], int]:
    """The damaged captures, and how many were withheld for a secret in their bytes."""
    secrets, telling = secrets_of(loaded), secrets_in_bytes(loaded)

    def shown(text: str) -> str:
        text = shown_url(text)
        for secret in secrets:
            text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
        return text

    def tells(raw: bytes) -> bool:
        return any(secret in raw for secret in telling)

    damaged: list[int] = []
    withheld = 0
    writer = CaptureWriter(file, output is not None and output.suffix == ".gz", shown)
    writer.begin(output.name if output else None, f"aggregator/{__version__}", SystemClock().now())
    with typer.progressbar(
        reader.captures(since), length=reader.count_captures(since), label="captures",
        hidden=not sys.stderr.isatty(), file=sys.stderr,
    ) as bar:  # fmt: skip
        for capture in bar:
            if capture.raw is None:
                damaged.append(capture.capture_id)
            elif tells(capture.raw):
                withheld += 1
            else:
                context = b"" if capture.context_id is None else reader.context(capture.context_id)
                writer.write(capture, capture.raw, b"" if tells(context) else context)
    return damaged, withheld


@contextmanager
def _file(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that is there whole or not at all."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as aside:
        partial = Path(aside.name)
        try:
            yield aside  # type: ignore[misc]
            aside.flush()
            os.fsync(aside.fileno())
            partial.replace(output)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
