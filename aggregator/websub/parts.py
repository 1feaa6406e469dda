"""What the parts of WebSub share: the config in force, the store's thread, the sender, the time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

from aggregator.clock import Clock
from aggregator.fetch import Sender
from aggregator.model import Config
from aggregator.store import Store

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Parts:
    """One for a process; `config` and `sender` are replaced when feeds.yaml changes.

    `writer` is the one thread on which the store is used.
    """

    config: Config
    store: Store
    clock: Clock
    writer: Executor
    sender: Sender

    async def with_store(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Run a function that uses the store on its thread. Raises StoreError."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.writer, function, *arguments)

    async def in_transaction(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """The same, in one transaction. Raises StoreError."""

        def saved() -> Answer:
            with self.store.transaction():
                return function(*arguments)

        return await self.with_store(saved)


class Tasks:
    """Tasks under way, each ending by itself; `close` cancels what is left."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a coroutine that answers for its own failures."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Cancel what is under way and wait for its end."""
        for task in self._tasks:
            task.cancel()
        await self.settled()
