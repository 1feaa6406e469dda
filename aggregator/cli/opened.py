"""A Config → its store for the length of a block; what is wrong with it ends the command with 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import typer

from aggregator.model import Config
from aggregator.store import Store, StoreError, StoreReader, open_reader, open_store
from aggregator.store.open import store_path


@contextmanager
def store_or_exit(config: Config) -> Iterator[Store]:
    """The store, to be written. A StoreError, of opening it or in the block, is told."""
    with _said(), closing(open_store(config.store)) as store:
        yield store


@contextmanager
def reader_or_exit(config: Config) -> Iterator[StoreReader]:
    """The same of a store that is only read."""
    with _said(), closing(open_reader(config.store)) as reader:
        yield reader


def reader_if_there(config: Config) -> StoreReader | None:
    """The store, to be read and closed; None where there is none yet, or one of another version.

    For commands that can do without: `run` says what to do about an unreadable one.
    """
    try:
        return open_reader(config.store) if store_path(config.store).exists() else None
    except StoreError:
        return None


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
