"""Names are resolved beside the event loop, and what cannot be resolved is an OSError."""

from __future__ import annotations

import asyncio
import threading

import pytest

from aggregator.fetch.resolver import MAX_THREADS, Resolver
from tests.fetch.loopback import run


def test_names_and_literals_become_numeric_rows() -> None:
    async def go() -> None:
        resolver = Resolver()
        for host in ("127.0.0.1", "localhost", "2130706433"):
            rows = await resolver.resolve(host, 80)
            assert {"127.0.0.1", "::1"} >= {row["host"] for row in rows}
            assert rows[0]["port"] == 80
        resolver.stop()

    run(go())


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 300, "a..b", "\udcff", "x\0y"])
def test_what_is_no_name_is_an_oserror(host: str) -> None:
    async def go() -> None:
        resolver = Resolver()
        with pytest.raises(OSError):  # noqa: PT011 - the system's words differ
            await resolver.resolve(host)
        resolver.stop()

    run(go())


def _dns_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "dns"}


def test_threads_are_few_reused_and_end() -> None:
    before = _dns_threads()

    async def go() -> set[threading.Thread]:
        resolver = Resolver()
        for _ in range(5):
            await resolver.resolve("127.0.0.1")
        assert len(_dns_threads() - before) == 1
        await asyncio.gather(*(resolver.resolve("127.0.0.1") for _ in range(200)))
        started = _dns_threads() - before
        assert 1 <= len(started) <= MAX_THREADS
        assert all(thread.daemon for thread in started), "the program ends without them"
        resolver.stop()
        return started

    for thread in run(go()):
        thread.join(5)
        assert not thread.is_alive()
