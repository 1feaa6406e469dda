"""What serving costs: CPU of `aggregator serve` a request, and how long 200 readers wait.

    python -m bench.serving [--rounds 3] [--requests 20000]

The server is a process of its own on a folder made for this; the client is here, on loopback, with
connections that are kept. CPU is user and system time of the server's process, from the kernel;
every figure is the least of the rounds. Beside it runs the same uvicorn around a bare application
(bench/bare.py), asked in turn with it: the share that is the server's own, whatever the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from aggregator.model import DocumentRecord
from aggregator.store import open_store
from bench.polling import Figure

CONNECTIONS = 200
FEW_CONNECTIONS = 8
# A feed of 100 entries, with text as real ones have: some 120 KB.
ENTRIES = 100
PATH = "feeds/all.atom"
_TICKS = os.sysconf("SC_CLK_TCK")


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 when a figure is over its target."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--requests", type=int, default=20_000)
    chosen = options.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench_serving_") as folder:
        figures = asyncio.run(_measure(Path(folder), chosen.rounds, chosen.requests))
    print("| what | measured | unit | target | met |\n|---|---|---|---|---|")
    for figure in figures:
        print(figure.line())
    return int(any(f.target is not None and f.value > f.target for f in figures))


async def _measure(folder: Path, rounds: int, requests: int) -> list[Figure]:
    etag = _set_up(folder)
    settings = str(folder / "feeds.yaml")
    ours = "aggregator", "serve", "--listen", "127.0.0.1:0", "--config", settings
    with _serving(*ours) as (server, port), _serving("bench.bare") as (bare, bare_port):
        kinds = {
            "304": f"If-None-Match: {etag}\r\n",
            "feed, plain (120 KB)": "",
            "feed, gzip": "Accept-Encoding: gzip\r\n",
            "feed, br": "Accept-Encoding: br\r\n",
        }
        costs: dict[str, list[float]] = {kind: [] for kind in kinds}
        waits: list[float] = []
        peers = {"304": kinds["304"], "feed, plain (120 KB)": ""}
        of_peer: dict[str, list[float]] = {kind: [] for kind in peers}
        for _ in range(rounds):
            for kind, headers in kinds.items():
                count = requests if kind == "304" else requests // 4
                before = _cpu_of(server.pid)
                await _load(port, [headers], FEW_CONNECTIONS, count)
                costs[kind].append((_cpu_of(server.pid) - before) / count * 1e6)
                if kind in peers:
                    before = _cpu_of(bare.pid)
                    await _load(bare_port, [headers], FEW_CONNECTIONS, count)
                    of_peer[kind].append((_cpu_of(bare.pid) - before) / count * 1e6)
            mixed = [kinds["304"], kinds["feed, gzip"], kinds["304"], kinds["304"]]
            times = await _load(port, mixed, CONNECTIONS, requests)
            waits.append(sorted(times)[int(len(times) * 0.99)] * 1e3)
    targets = {"304": 45.0, "feed, plain (120 KB)": 100.0, "feed, gzip": 100.0, "feed, br": 100.0}
    figures = [Figure(f"{kind}: CPU", min(costs[kind]), "µs", targets[kind]) for kind in kinds]
    figures += [Figure(f"bare ASGI, {kind}: CPU", min(of_peer[kind]), "µs") for kind in peers]
    said = f"{CONNECTIONS} connections, three in four 304, the rest gzip: p99"
    return [*figures, Figure(said, min(waits), "ms", 50.0)]


def _set_up(folder: Path) -> str:
    """A folder with a store and one published feed; returns the feed's ETag."""
    now = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
    (folder / "feeds.yaml").write_text(
        "title: bench\nbase_url: http://127.0.0.1:8000\nstore: sqlite:a.db\n"
        "publish: {directory: public}\ncategories: []\nsources: []\n",
        "utf-8",
    )
    words = [f"词{n * 7919 % 4999}" for n in range(5_000)]
    entries = "".join(
        f"<entry><id>urn:x:{n}</id>{''.join(words[n * 37 : n * 37 + 130])}</entry>"
        for n in range(ENTRIES)
    )
    body = f"<feed>{entries}</feed>".encode()
    file = folder / "public" / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(body)
    store = open_store(f"sqlite:{folder / 'a.db'}")
    with store.transaction():
        store.put_output("all", "all", "全部", now)
        digest = sha256(body).hexdigest()
        record = DocumentRecord(PATH, 1, 1, "settings", digest, len(body), now)
        store.save_documents([record])
    store.close()
    return f'"1-{digest[:12]}"'


class _serving:  # noqa: N801 (read as a verb)
    """A module's server for the time of a `with`, as (process, port)."""

    def __init__(self, *command: str) -> None:
        self._command = command

    def __enter__(self) -> tuple[subprocess.Popen[str], int]:
        command = [sys.executable, "-m", *self._command]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        return self._process, int(first.rstrip().rpartition(":")[2])

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=15)


def _cpu_of(pid: int) -> float:
    """Seconds of user and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class _Reader(asyncio.Protocol):
    """One connection: asks again as soon as it is answered, until `left` of all is used up."""

    def __init__(self, requests: list[bytes], left: list[int], times: list[float]) -> None:
        self._requests, self._left, self._times = requests, left, times
        self._at = 0
        self._missing = 0
        self._head = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if not self._left[0]:
            self._transport.close()
            self.done.set_result(None)
            return
        self._left[0] -= 1
        self._began = time.perf_counter()
        self._transport.write(self._requests[self._at % len(self._requests)])
        self._at += 1

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = b""
            assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 304")), head
            _, named, length = head.partition(b"content-length: ")
            self._missing = int(length.split(b"\r", 1)[0]) - len(rest) if named else 0
        if self._missing <= 0:
            self._times.append(time.perf_counter() - self._began)
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


async def _load(port: int, headers: list[str], connections: int, count: int) -> list[float]:
    """Ask `count` times over so many connections; how long each answer took, in seconds."""
    asked = [f"GET /{PATH} HTTP/1.1\r\nHost: x\r\n{one}\r\n".encode() for one in headers]
    left, times = [count], []
    loop = asyncio.get_running_loop()
    readers = []
    for number in range(connections):
        turned = asked[number % len(asked) :] + asked[: number % len(asked)]
        _, reader = await loop.create_connection(
            lambda turned=turned: _Reader(turned, left, times),  # type: ignore[misc]
            *("127.0.0.1", port),
        )
        readers.append(reader)
    await asyncio.gather(*(reader.done for reader in readers))
    return times


if __name__ == "__main__":
    sys.exit(main())
