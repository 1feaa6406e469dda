"""A store's path → the right to be its one daemon, held as a lock that dies with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from aggregator.store.errors import StoreError, StoreInUse


class DaemonLock:
    """An advisory lock on FILE.lock. The kernel frees it when the process ends, however it ends."""

    def __init__(self, store_path: Path) -> None:
        self._path = store_path.with_name(store_path.name + ".lock")
        self._file: IO[str] | None = None

    def acquire(self, holder: str) -> None:
        """Take the lock and write `holder` (a line for people) into it.

        Raises StoreInUse, which quotes the holder's own line, when another process has it, and
        StoreError when the file cannot be made or locked.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"the store's lock {self._path} cannot be made: {error}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            first = file.read(500).strip() or "a process that has not said its name"
            file.close()
            raise StoreInUse(
                f"another daemon works on this store: {first}. Stop it first, or give this one "
                f"a store of its own (`store:` in feeds.yaml)."
            ) from error
        except OSError as error:  # some network file systems have no locks
            file.close()
            raise StoreError(f"the store's lock {self._path} cannot be taken: {error}") from error
        file.truncate(0)
        file.write(f"{holder}, process {os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock up; harmless when it is not held."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None
