"""Fetched documents → feeds, many in one turn of the thread that the store is used on.

Reading a document that brought nothing new takes half a millisecond; handing it to a thread of its
own and back costs as much again. So documents that wait are read together, on the very thread that
will save them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol

from aggregator.model import Document, Known, ParsedFeed
from aggregator.parse import Declined
from aggregator.store import Store

# A turn reads at most this many documents and about this many bytes: some 30 ms.
DOCUMENTS_A_TURN = 16
BYTES_A_TURN = 2 * 2**20

Waiting = tuple[Document, int, "asyncio.Future[ParsedFeed | Declined]"]
Answer = ParsedFeed | Declined | Exception


class Reader(Protocol):
    """What of a FeedReader is needed here."""

    async def read(self, document: Document, known: Known) -> ParsedFeed:
        """Read a document on a thread of the reader's own. Raises ParseError."""
        ...

    def begin(self, document: Document, known: Known) -> ParsedFeed | Declined:
        """Read what can be read plainly, on the calling thread. Raises ParseError."""
        ...

    async def finish(self, read: ParsedFeed | Declined) -> ParsedFeed:
        """Read the rest tolerantly, in a child process. Raises ParseError."""
        ...


class Desk:
    """Where documents wait to be read. One event loop's."""

    def __init__(self, store: Store, reader: Reader, writer: Executor) -> None:
        """`writer` is the one thread on which the store is used."""
        self._store = store
        self._reader = reader
        self._writer = writer
        self._waiting: deque[Waiting] = deque()
        self._turns: asyncio.Task[None] | None = None

    async def read(self, document: Document, source_id: int) -> ParsedFeed:
        """What `document` says beyond the entries known of its source. Raises ParseError."""
        loop = asyncio.get_running_loop()
        if document.recipe is not None:  # JSON and sitemaps may take long: on a thread of their own
            known = await loop.run_in_executor(self._writer, self._store.last_reading, source_id)
            return await self._reader.read(document, known)
        answered: asyncio.Future[ParsedFeed | Declined] = loop.create_future()
        self._waiting.append((document, source_id, answered))
        if self._turns is None:
            self._turns = loop.create_task(self._take_turns())
        return await self._reader.finish(await answered)

    async def _take_turns(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                turn = self._next_turn()
                answers = await loop.run_in_executor(self._writer, self._read, turn)
                for (_, _, answered), answer in zip(turn, answers, strict=True):
                    _tell(answered, answer)
        finally:
            self._turns = None
            while self._waiting:  # only when something went wrong beyond any one document
                self._waiting.popleft()[2].cancel()

    def _next_turn(self) -> list[Waiting]:
        turn: list[Waiting] = []
        size = 0
        while self._waiting and len(turn) < DOCUMENTS_A_TURN and size < BYTES_A_TURN:
            turn.append(self._waiting.popleft())
            size += len(turn[-1][0].body)
        return turn

    def _read(self, turn: Sequence[Waiting]) -> list[Answer]:
        answers: list[Answer] = []
        for document, source_id, _ in turn:
            try:
                known = self._store.last_reading(source_id)
                answers.append(self._reader.begin(document, known))
            except Exception as error:  # each document can only fail by itself
                answers.append(error)
        return answers


def _tell(answered: asyncio.Future[ParsedFeed | Declined], answer: Answer) -> None:
    if answered.done():  # its pass was broken off
        return
    if isinstance(answer, Exception):
        answered.set_exception(answer)
    else:
        answered.set_result(answer)
