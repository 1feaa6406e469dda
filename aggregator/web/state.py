"""What the web side knows: the config in force, the store, the time, and the daemon's troubles."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from zoneinfo import ZoneInfo

from aggregator.clock import Clock
from aggregator.config.secrets import secrets_of
from aggregator.model import Config
from aggregator.store import StoreError, StoreReader, open_reader
from aggregator.web.addresses import Site

Answer = TypeVar("Answer")


class WebState:
    """One for a process. Made and changed on the event loop; the store is read on a thread.

    The store is opened when first read, and anew after a failure: serving may start before there
    is one and outlives its replacement. `config_error`, `last_publish_error` and `last_store_error`
    are set by the daemon; None means that all is well.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        open_store: Callable[[str], StoreReader] = open_reader,
    ) -> None:
        self._store_address = config.store
        self._open_store = open_store
        self._reader: StoreReader | None = None
        # One thread: an SQLite connection serves one query at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="web-store")
        self.clock = clock
        self.config_error: str | None = None
        self.last_publish_error: str | None = None
        self.last_store_error: str | None = None
        self.replace_config(config)

    def replace_config(self, config: Config) -> None:
        """Take another config in force. A new `store:` counts from the next start only."""
        self.config = config
        self.site = Site(config.base_url)
        self.zone = ZoneInfo(config.timezone)
        self.secrets = secrets_of(config)

    async def read(self, query: Callable[[StoreReader], Answer]) -> Answer:
        """Run `query` with the store's reader on the thread that may use it.

        Raises StoreError when the store is absent, damaged, or of another version.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._read, query)

    def _read(self, query: Callable[[StoreReader], Answer]) -> Answer:
        try:
            if self._reader is None:
                self._reader = self._open_store(self._store_address)
            return query(self._reader)
        except (StoreError, sqlite3.Error) as error:
            self._close_reader()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"the store cannot be read: {error}") from error

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def close(self) -> None:
        """Close the store; to be called once, when nothing is served any more."""
        self._thread.submit(self._close_reader)
        self._thread.shutdown(wait=True)
