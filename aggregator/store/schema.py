"""An SQLite file → one at the schema this version knows, backed up first, or a refusal by name.

sqlite-utils is imported only when a migration is pending: it costs a fifth of a second.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aggregator.store.errors import StoreError, StoreTooNew

MIGRATION_SET = "aggregator"

# The names of the migrations in migrations.py, in order; a test holds the two together.
KNOWN_MIGRATIONS = (
    "m0001_first_schema",
    "m0002_rhythms_and_alarms",
    "m0003_pages",
    "m0004_entries_as_one",
    "m0005_reading",
    "m0006_hub",
    "m0007_stories",
    "m0008_push",
    "m0009_manifests",
    "m0010_categories",
    "m0011_extent",
    "m0012_fulltext",
    "m0013_publishing",
    "m0014_earlier_versions",
    "m0015_saved_queries",
    "m0016_removals",
    "m0017_private",
    "m0018_category_drift",
    "m0019_withdrawals",
    "m0020_own_content",
    "m0021_search",
    "m0022_text_index",
)


def applied_migrations(connection: sqlite3.Connection) -> list[str]:
    """The names of the migrations this file has had; [] for an empty file.

    Raises StoreError when the file is no SQLite database or holds another program's tables.
    """
    try:
        tables = {row[0] for row in connection.execute("select name from sqlite_master")}
    except sqlite3.DatabaseError as error:
        raise StoreError(f"this file is not an SQLite database ({error})") from error
    if not tables:
        return []
    if "_sqlite_migrations" not in tables:
        raise StoreError("this SQLite file belongs to another program: it has tables, but not ours")
    rows = connection.execute(
        "select name from _sqlite_migrations where migration_set = ? order by id", (MIGRATION_SET,)
    )
    return [row[0] for row in rows]


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Apply what is pending and return the names applied.

    A file that holds anything is copied first, to FILE.before-MIGRATION. Raises StoreTooNew when
    a newer version of the program has migrated it.
    """
    if not _pending(connection, path):
        return []
    with _alone(path.parent):
        pending = _pending(connection, path)  # another process may have been at it meanwhile
        if not pending:
            return []
        if applied_migrations(connection):
            _back_up(connection, path.with_name(f"{path.name}.before-{pending[0]}"))
        _apply(connection)
    return pending


def _pending(connection: sqlite3.Connection, path: Path) -> list[str]:
    applied = applied_migrations(connection)
    unknown = [name for name in applied if name not in KNOWN_MIGRATIONS]
    if unknown:
        raise StoreTooNew(
            f"{path} was written by a newer version of aggregator: it has had "
            f"{', '.join(unknown)}, and this version knows up to {KNOWN_MIGRATIONS[-1]}. "
            f"Update the program, or go back to the copy made before that migration."
        )
    return [name for name in KNOWN_MIGRATIONS if name not in applied]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process migrates a store of this folder, and keep others waiting."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _back_up(connection: sqlite3.Connection, copy: Path) -> None:
    partial = copy.with_name(copy.name + ".partial")
    partial.unlink(missing_ok=True)
    target = sqlite3.connect(partial)
    try:
        connection.backup(target)
    finally:
        target.close()
    partial.replace(copy)


def _apply(connection: sqlite3.Connection) -> None:
    from sqlite_utils import Database

    from aggregator.store.migrations import migrations

    migrations.apply(Database(connection))
