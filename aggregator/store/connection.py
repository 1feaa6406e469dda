"""A path → an SQLite connection set up the one way this program uses it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from aggregator.store.errors import StoreError

# Statements wait this long for another process (a command beside the daemon) to finish writing.
BUSY_TIMEOUT_S = 10.0
# After a checkpoint the write-ahead log is cut back to this, so that one large batch does not
# leave a large file behind for good.
WAL_LIMIT_BYTES = 16 * 2**20
# How often a change to WAL is tried again within BUSY_TIMEOUT_S.
_WAL_TRIES = 500


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection that may write, as yet without WAL: the file may turn out to be none of ours.

    Transactions are begun by hand. Raises StoreError when the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the store {path} cannot be opened: {error}") from error
    pragmas = ("synchronous = full", "foreign_keys = on", "cache_size = -16000")
    return _with_pragmas(connection, path, pragmas)


def _with_pragmas(
    connection: sqlite3.Connection, path: Path, pragmas: tuple[str, ...]
) -> sqlite3.Connection:
    """The connection, set up; closed when the file turns out to be no database."""
    try:
        for pragma in pragmas:
            connection.execute(f"pragma {pragma}")
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"the store {path} cannot be opened: {error}") from error
    return connection


def use_wal(connection: sqlite3.Connection, pause: Callable[[float], object] = time.sleep) -> None:
    """Set the file to WAL (its header remembers it): readers do not wait for the writer.

    `pause` (seconds) waits while another process is in the file. synchronous=FULL stays: what was
    published survives a power cut. Raises sqlite3.Error.
    """
    # Here SQLite asks its busy handler only sometimes: where waiting could become a deadlock it
    # fails at once (sqlite.org/c3ref/busy_handler.html). So the waiting is done here alone.
    connection.execute("pragma busy_timeout = 0")
    try:
        for tries_left in reversed(range(_WAL_TRIES)):
            try:
                connection.execute("pragma journal_mode = wal")
                break
            except sqlite3.OperationalError as error:
                if tries_left == 0 or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                pause(BUSY_TIMEOUT_S / _WAL_TRIES)
    finally:
        connection.execute(f"pragma busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    connection.execute(f"pragma journal_size_limit = {WAL_LIMIT_BYTES}")
    # Pages that many entries touch are copied back once for several batches, not for each.
    connection.execute(f"pragma wal_autocheckpoint = {WAL_LIMIT_BYTES // 4096}")


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises StoreError when there is no such file."""
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise StoreError(f"the store {path} cannot be read: {error}") from error
    return _with_pragmas(connection, path, ("query_only = on", "cache_size = -8000"))
