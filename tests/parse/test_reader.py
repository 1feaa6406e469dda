"""FeedReader: the same answers off the event loop, and a child that may break but harms nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from aggregator.model import Document
from aggregator.parse import FeedReader, ParseError, parse_feed

FETCHED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden"
Answer = TypeVar("Answer")

# The tolerant reader has to read it: an entry within an entry.
NESTED = b'<rss version="2.0"><channel><item><title>a</title><item><title>b</title></item></item>'
PLAIN = b'<rss version="2.0"><channel><item><title>p</title></item></channel></rss>'
# Ill-formed, and so many tags that feedparser needs a good part of a second.
COSTLY = b'<rss version="2.0"><channel>' + b"<item><title>a</title><b></item>" * 12_000


def _document(body: bytes) -> Document:
    return Document(body, "https://origin.example/feed", FETCHED_AT)


def _run(work: Callable[[FeedReader], Awaitable[Answer]], **limits: float) -> Answer:
    async def main() -> Answer:
        reader = FeedReader(**limits)  # type: ignore[arg-type]
        try:
            return await work(reader)
        finally:
            await reader.close()

    return asyncio.run(main())


def test_answers_as_parse_feed_does() -> None:
    async def all_of(reader: FeedReader) -> None:
        for path in sorted(GOLDEN.glob("*.*")):
            document = _document(path.read_bytes())
            expected: object
            try:
                expected = parse_feed(document)
            except ParseError as error:
                expected = (error.reason, error.message, error.line)
            try:
                found: object = await reader.read(document)
            except ParseError as error:
                found = (error.reason, error.message, error.line)
            assert found == expected, path.name

    _run(all_of)


def test_known_chunks_go_through() -> None:
    async def twice(reader: FeedReader) -> tuple[int, int]:
        first = await reader.read(_document(PLAIN))
        second = await reader.read(_document(PLAIN), first.known)
        return len(second.entries), second.unchanged

    assert _run(twice) == (0, 1)


def test_a_document_over_its_time_is_its_own_error_and_the_child_is_replaced() -> None:
    async def work(reader: FeedReader) -> tuple[str, int]:
        with pytest.raises(ParseError) as raised:
            await reader.read(_document(COSTLY))
        after = await reader.read(_document(NESTED))
        return raised.value.reason, len(after.entries)

    assert _run(work, wall_seconds=0.2) == ("too-expensive", 2)


def test_a_child_out_of_memory_is_its_documents_error() -> None:
    large = NESTED + b"<item><description>" + b"x" * 8_000_000

    async def work(reader: FeedReader) -> str:
        with pytest.raises(ParseError) as raised:
            await reader.read(_document(large))
        after = await reader.read(_document(NESTED))
        assert len(after.entries) == 2
        return raised.value.reason

    assert _run(work, memory_bytes=68 * 2**20) == "too-expensive"


def test_a_child_that_cannot_start_is_said_to_be_so() -> None:
    async def work(reader: FeedReader) -> str:
        with pytest.raises(ParseError) as raised:
            await reader.read(_document(NESTED))
        return raised.value.reason

    assert _run(work, memory_bytes=2**20) == "no-reader"


def test_nobody_waits_for_a_costly_document() -> None:
    async def work(reader: FeedReader) -> bool:
        costly = asyncio.create_task(reader.read(_document(COSTLY)))
        await asyncio.sleep(0)
        for _ in range(20):
            await reader.read(_document(PLAIN))
        waited = costly.done()
        await costly
        return waited

    assert _run(work) is False


def test_the_loop_is_never_held() -> None:
    held: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            held.append(time.perf_counter() - before)

    async def work(reader: FeedReader) -> None:
        watcher = asyncio.create_task(watch())
        await asyncio.gather(reader.read(_document(COSTLY)), reader.read(_document(NESTED)))
        watcher.cancel()

    _run(work)
    # A thread at work takes the interpreter's lock for 5 ms at a time; the machine may be busy.
    assert sorted(held)[len(held) * 9 // 10] < 0.05


def test_closing_ends_the_children() -> None:
    async def main() -> tuple[int | None, str]:
        reader = FeedReader()
        await reader.read(_document(NESTED))
        (child,) = reader._idle
        await reader.close()
        with pytest.raises(RuntimeError) as raised:
            await reader.read(_document(PLAIN))
        return child.returncode, str(raised.value)

    code, message = asyncio.run(main())
    assert code is not None
    assert "shutdown" in message
