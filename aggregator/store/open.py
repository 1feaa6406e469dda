"""The `store:` line of feeds.yaml → an open store at the present schema."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from aggregator.store.connection import connect_reader, connect_writer, use_wal
from aggregator.store.errors import StoreError
from aggregator.store.protocols import Store, StoreReader
from aggregator.store.schema import KNOWN_MIGRATIONS, applied_migrations, bring_up_to_date
from aggregator.store.sqlite import SqliteStore


def store_path(address: str) -> Path:
    """The file that `sqlite:PATH` names. Raises StoreError for any other kind of store."""
    kind, _, path = address.partition(":")
    if kind != "sqlite" or not path:
        raise StoreError(f"store: {address} is not a store this version knows; write sqlite:FILE")
    return Path(path)


def open_store(address: str) -> Store:
    """Open `sqlite:PATH` for writing, made or migrated as needed.

    Raises StoreError when it cannot be opened, StoreTooNew when a newer version wrote it.
    """
    path = store_path(address)
    connection = connect_writer(path)
    try:
        bring_up_to_date(connection, path)
        use_wal(connection)
    except (StoreError, sqlite3.Error) as error:
        connection.close()
        if isinstance(error, StoreError) and str(path) in str(error):
            raise
        raise StoreError(f"the store {path} cannot be used: {error}") from error
    except BaseException:
        connection.close()
        raise
    return SqliteStore(connection)


def open_reader(address: str) -> StoreReader:
    """Open an existing `sqlite:PATH` for reading only.

    Raises StoreError when there is none yet, or when it is not at the present schema.
    """
    path = store_path(address)
    if not path.exists():
        raise StoreError(f"there is no store at {path} yet; `aggregator poll` or `run` makes it")
    connection = connect_reader(path)
    try:
        applied = applied_migrations(connection)
        if applied != list(KNOWN_MIGRATIONS):
            raise StoreError(
                f"the store {path} is of another version of this program; "
                "`aggregator run` or `poll` of this version brings it up to date"
            )
    except BaseException:
        connection.close()
        raise
    return SqliteStore(connection)
