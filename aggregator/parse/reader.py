"""Documents → feeds, off the event loop: plain work in a thread, the tolerant reader in a child."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from aggregator.model import Document, Known, Note, ParsedFeed
from aggregator.parse.errors import ParseError
from aggregator.parse.ladder import NOTHING_KNOWN, Declined, conclude, read_plainly
from aggregator.parse.raw import RawFeed
from aggregator.parse.wire import from_json

CHILDREN = 2
CPU_SECONDS = 5
WALL_SECONDS = 20.0
START_SECONDS = 30.0
MEMORY_BYTES = 256 * 2**20


class FeedReader:
    """Reads documents as `parse_feed` does, without holding the event loop.

    What is well-formed is read in one worker thread; what is not goes to a child process that
    may use `cpu_seconds` and `wall_seconds` a document and `memory_bytes` in all. A child that
    breaks a limit is replaced; its document is a ParseError `too-expensive`.
    """

    def __init__(
        self,
        *,
        children: int = CHILDREN,
        cpu_seconds: int = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="parse")
        self._places = asyncio.Semaphore(children)
        self._idle: list[asyncio.subprocess.Process] = []
        self._limits = (cpu_seconds, memory_bytes)
        self._wall_seconds = wall_seconds
        self._closed = False

    async def read(self, document: Document, known: Known = NOTHING_KNOWN) -> ParsedFeed:
        """The feed that `document` says; see `parse_feed` for `known`, the result and errors."""
        loop = asyncio.get_running_loop()
        return await self.finish(
            await loop.run_in_executor(self._worker, self.begin, document, known)
        )

    def begin(self, document: Document, known: Known) -> ParsedFeed | Declined:
        """What can be read plainly, on the calling thread, for those who have one of their own.

        Raises ParseError. `finish` does the rest.
        """
        return read_plainly(document, known)

    async def finish(self, read: ParsedFeed | Declined) -> ParsedFeed:
        """The feed of what `begin` read; what it declined is read tolerantly. Raises ParseError."""
        loop = asyncio.get_running_loop()
        while isinstance(read, Declined):
            answer = await self._read_tolerantly(read)
            read = await loop.run_in_executor(self._worker, _conclude, read, answer)
        return read

    async def close(self) -> None:
        """End the children and the thread. Reads under way fail."""
        self._closed = True
        while self._idle:
            await _end(self._idle.pop())
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _read_tolerantly(self, declined: Declined) -> bytes:
        async with self._places:
            child = self._idle.pop() if self._idle else await self._start()
            kept = False
            try:
                question = await asyncio.to_thread(_frame, declined.text)
                answer = await asyncio.wait_for(_ask(child, question), self._wall_seconds)
                kept = not self._closed
                return answer
            except (TimeoutError, OSError, EOFError):
                raise ParseError(
                    "too-expensive", "the document needs more time or memory than one may have"
                ) from None
            finally:
                if kept:
                    self._idle.append(child)
                else:
                    await asyncio.shield(_end(child))

    async def _start(self) -> asyncio.subprocess.Process:
        """A child that has said it is ready, so that no document pays for its start."""
        cpu_seconds, memory_bytes = self._limits
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "aggregator.parse.child",
            str(cpu_seconds),
            str(memory_bytes),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        )
        try:
            await asyncio.wait_for(_frame_from(child), START_SECONDS)
        except (TimeoutError, OSError, EOFError):
            await asyncio.shield(_end(child))
            raise ParseError("no-reader", "the tolerant reader's process does not start") from None
        except BaseException:
            await asyncio.shield(_end(child))
            raise
        return child


def _frame(text: str) -> bytes:
    body = json.dumps(text).encode("ascii")
    return len(body).to_bytes(4, "big") + body


async def _ask(child: asyncio.subprocess.Process, question: bytes) -> bytes:
    """Send one frame and await one. EOFError or OSError when the child breaks."""
    if child.stdin is None:
        raise EOFError
    child.stdin.write(question)
    await child.stdin.drain()
    return await _frame_from(child)


async def _frame_from(child: asyncio.subprocess.Process) -> bytes:
    if child.stdout is None:
        raise EOFError
    head = await child.stdout.readexactly(4)
    return await child.stdout.readexactly(int.from_bytes(head, "big"))


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    await child.wait()


def _conclude(declined: Declined, answer: bytes) -> ParsedFeed | Declined:
    loaded = json.loads(answer)
    if "error" in loaded:
        raise ParseError(*loaded["error"])
    read: tuple[RawFeed, list[Note]] = from_json(loaded["read"])
    return conclude(declined, *read)
