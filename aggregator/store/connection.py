"""A path → an SQLite connection set up the one way this program uses it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from aggregator.store.errors import StoreError

# Statements wait this long for another process (a command beside the daemon) to finish writing.
BUSY_TIMEOUT_S = 10.0
# After a checkpoint the write-ahead log is cut back to this, so that one large batch does not
# leave a large file behind for good.
WAL_LIMIT_BYTES = 16 * 2**20


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection that may write: WAL, synchronous=FULL (what was published survives a power cut).

    Transactions are begun by hand. Raises StoreError when the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        connection.execute(f"pragma journal_size_limit = {WAL_LIMIT_BYTES}")
        connection.execute("pragma cache_size = -16000")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the store {path} cannot be opened: {error}") from error
    return connection


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
        connection.execute("pragma query_only = on")
        connection.execute("pragma cache_size = -8000")
    except sqlite3.Error as error:
        raise StoreError(f"the store {path} cannot be read: {error}") from error
    return connection
