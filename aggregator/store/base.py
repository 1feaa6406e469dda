"""What every part of the SQLite store stands on: the transaction, revisions, stamps and ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from aggregator.store.errors import StoreError
from aggregator.store.times import to_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Rows:
    """A connection with the bookkeeping of its open transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._revision: int | None = None
        self._last_stamp: int | None = None
        self._next_ids: dict[str, int] = {}
        self._touched: set[int] = set()
        self._stirred: set[int] = set()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction: all of it is saved, or (on any exception) none. Not to be nested.

        Raises StoreError when SQLite cannot save (disk full, locked, damaged).
        """
        try:
            self._db.execute("begin immediate")
        except sqlite3.Error as error:
            raise StoreError(f"the store cannot be written: {error}") from error
        self._forget()
        try:
            yield
            self._write_counters()
            self._db.execute("commit")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("rollback")
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"the store could not save: {error}") from error
            raise
        finally:
            self._forget()

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the open transaction that is saved or undone by itself (a savepoint).

        Raises StoreError when SQLite itself fails (disk full, damaged): that costs the whole
        transaction, which SQLite may have ended already. What one row breaks is raised as it is.
        """
        self._db.execute("savepoint part")
        touched, stirred = set(self._touched), set(self._stirred)
        try:
            yield
        except BaseException as error:
            self._touched, self._stirred = touched, stirred
            if not self._db.in_transaction or isinstance(error, sqlite3.OperationalError):
                raise StoreError(f"the store could not save: {error}") from error
            self._db.execute("rollback to part")
            self._db.execute("release part")
            raise
        self._db.execute("release part")

    def _forget(self) -> None:
        self._revision = None
        self._last_stamp = None
        self._next_ids = {}
        self._touched = set()
        self._stirred = set()

    def _counter(self, name: str) -> int:
        row = self._db.execute("select value from counters where name = ?", (name,)).fetchone()
        return int(row[0])

    def current_revision(self) -> int:
        """The number of the last saved change."""
        return self._counter("revision")

    def _new_revision(self) -> int:
        """The revision of this transaction; one for all it changes."""
        if self._revision is None:
            self._revision = self._counter("revision") + 1
        return self._revision

    def _stamp(self, now: datetime) -> datetime:
        """`now`, or the first microsecond after the last stamp given: no two are ever the same."""
        if self._last_stamp is None:
            self._last_stamp = self._counter("stamp")
        moment = max((now - _EPOCH) // _MICROSECOND, self._last_stamp + 1)
        self._last_stamp = moment
        return _EPOCH + moment * _MICROSECOND

    def _next_id(self, table: str, column: str = "id") -> int:
        """The next free number of `table`: rows are numbered before they are written."""
        following = self._next_ids.get(table)
        if following is None:
            row = self._db.execute(
                f"select max(coalesce((select max({column}) from {table}), 0), "
                "coalesce((select value from counters where name = ?), 0))",
                (f"last {table}",),
            ).fetchone()
            following = int(row[0]) + 1
        self._next_ids[table] = following + 1
        return following

    def _keep_ids(self, *tables: str) -> None:
        """See that no number of these tables is given twice, whatever is deleted from them."""
        for table in tables:
            self._db.execute(
                "insert or replace into counters (name, value) select :name, max(coalesce(("
                f"select max(id) from {table}), 0), coalesce((select value from counters "
                "where name = :name), 0))",
                {"name": f"last {table}"},
            )
        self._next_ids = {}

    def _touch(self, output_ids: set[int]) -> None:
        """Mark outputs as visibly changed by this transaction."""
        self._touched |= output_ids

    def _stir(self, output_ids: set[int]) -> None:
        """Mark outputs as changed where only their archives show it."""
        self._stirred |= output_ids

    def _write_counters(self) -> None:
        if self._touched:
            self._touch_outputs(sorted(self._touched))
        if unseen := self._stirred - self._touched:
            self._db.executemany(
                "update outputs set stirred_revision = ? where id = ?",
                [(self._new_revision(), output_id) for output_id in sorted(unseen)],
            )
        for name, value in (("revision", self._revision), ("stamp", self._last_stamp)):
            if value is not None:
                self._db.execute("update counters set value = ? where name = ?", (value, name))

    def _last_moment(self) -> datetime:
        """The time of the last stamp given, by this transaction or one before it."""
        if self._last_stamp is None:
            self._last_stamp = self._counter("stamp")
        return _EPOCH + self._last_stamp * _MICROSECOND

    def _touch_outputs(self, output_ids: list[int]) -> None:
        stamp = to_text(self._last_moment())
        self._db.executemany(
            "update outputs set revision = :revision, stirred_revision = :revision, "
            "updated_at = max(updated_at, :stamp) where id = :id",
            [
                {"revision": self._new_revision(), "stamp": stamp, "id": output_id}
                for output_id in output_ids
            ],
        )
        self._db.executemany(
            "insert or replace into output_changes (output_id, changed_at, revision) "
            "values (?, ?, ?)",
            [(output_id, stamp, self._new_revision()) for output_id in output_ids],
        )
