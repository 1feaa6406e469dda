"""`verify`: every digest of the store recomputed, and the chain of daily manifests checked."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from aggregator.cli.opened import reader_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, load_or_exit
from aggregator.dedupe import has_its_digest


def command(
    config: ConfigOption = DEFAULT_CONFIG,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say only what is wrong.")] = False,
) -> None:
    """Check the store. Exit code 1 when anything was changed or is missing."""
    loaded = load_or_exit(config)
    wrong: list[str] = []
    with reader_or_exit(loaded) as reader:
        count, versions = reader.count_captures(), reader.count_snapshots()
        with typer.progressbar(
            length=count + versions, label="digests", hidden=quiet or not sys.stderr.isatty(),
            file=sys.stderr,
        ) as bar:  # fmt: skip
            for found in reader.damaged_captures():
                bar.update(1)
                if found is not None:
                    wrong.append(found)
            for snapshot in reader.every_snapshot():
                bar.update(1)
                if not has_its_digest(snapshot):
                    wrong.append(
                        f"snapshot {snapshot.snapshot_id} was changed: its words, link or "
                        "enclosures are not those of its digest"
                    )
        wrong += reader.broken_manifests()
        captures, snapshots, parts = reader.count_erased()
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise typer.Exit(1)
    if not quiet:
        typer.echo(
            f"{count} captures and {versions} versions are as they were taken; "
            "the manifests hold together"
        )
        if captures or snapshots or parts:
            typer.echo(
                f"removed: {captures} captures and {snapshots} versions by takedowns, and a part "
                f"of {parts} captures; their digests stand in the manifests"
            )
