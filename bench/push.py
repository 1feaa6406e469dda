"""How soon a subscriber holds a new entry, and what 10,000 subscriptions cost → a table.

    python -m bench.push [--subscriptions 10000] [--sources 300]

A real daemon polls origins on loopback; one process of its own plays every subscriber and notes
when each delivery came. "Saved" is the commit: the time stored with the entry's snapshot is a
little before it. Polling is watched by how late its polls are, with the wave and without.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import multiprocessing
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.polling import Figure

TOPIC = "feeds/all.atom"
# When a delivery came, its size, and the number of the newest entry in it.
Delivered = tuple[float, int, int]
# A delivery is 100 entries of this size.
TEXT = "这是一条新闻的正文，讲了今天发生的事情，内容不长也不短。" * 30


def rss(first: int, last: int) -> bytes:
    """A feed with the entries of these numbers."""
    items = "".join(
        f"<item><guid isPermaLink='false'>g{n}</guid><title>标题{n}</title>"
        f"<link>https://example.org/{n}</link><description>{n} {TEXT}</description></item>"
        for n in range(last, first, -1)
    )
    return f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()


class Origins(BaseHTTPRequestHandler):
    """One feed that changes when told to, and any number that always say the same."""

    protocol_version = "HTTP/1.1"
    body = rss(0, 100)
    asked: ClassVar[dict[str, list[float]]] = {}

    def do_GET(self) -> None:
        Origins.asked.setdefault(self.path, []).append(time.time())
        body = Origins.body if self.path == "/news" else rss(0, 2)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        """One connection, which the daemon may break off at its end."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def subscribers(port: int, told: multiprocessing.Queue[Delivered]) -> None:
    """A server that confirms everything and tells when each delivery came, and how large."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = 0
                for line in head.lower().split("\r\n"):
                    if line.startswith("content-length:"):
                        length = int(line.split(":")[1])
                body = await reader.readexactly(length)
                if head.startswith("POST"):
                    newest = re.search("标题([0-9]+)".encode(), body)
                    told.put((time.time(), len(body), int(newest[1]) if newest else 0))
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    continue
                query = parse_qs(urlsplit(head.split(" ", 2)[1]).query)
                text = query["hub.challenge"][0].encode()
                start = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n"
                writer.write(start.encode() + text)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "0.0.0.0", port, backlog=1_000)
        await server.serve_forever()

    asyncio.run(run())


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Bench:
    """A daemon under measurement."""

    def __init__(self, work: Path, sources: int) -> None:
        self.work, self.port = work, free_port()
        self._origins = ThreadingHTTPServer(("127.0.0.1", 0), Origins)
        threading.Thread(target=self._origins.serve_forever, daemon=True).start()
        at = f"http://127.0.0.1:{self._origins.server_port}"
        quiet = "".join(f"  - {{id: s{n}, url: '{at}/{n}', every: 3s}}\n" for n in range(sources))
        (work / "feeds.yaml").write_text(
            f"title: bench\nbase_url: http://127.0.0.1:{self.port}\n"
            f"listen: 127.0.0.1:{self.port}\nstore: sqlite:bench.db\n"
            "fetch: {allow_private: [127.0.0.0/8]}\n"
            "websub: {allow_private: [127.0.0.0/8], max_per_host: 100000, "
            "max_subscriptions: 100000}\n"
            f"sources:\n  - {{id: news, url: '{at}/news', every: 1s, initial: 200}}\n{quiet}",
            encoding="utf-8",
        )
        self._daemon = subprocess.Popen(
            [sys.executable, "-m", "aggregator", "run"],
            cwd=work,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "XDG_CACHE_HOME": str(work / "cache")},
        )
        self._until(lambda: self.rows("select count(*) from entries")[0][0] >= 100, 120)

    def rows(self, sql: str) -> list[tuple[int | str, ...]]:
        """What the store holds."""
        try:
            db = sqlite3.connect(self.work / "bench.db", timeout=30)
            try:
                return db.execute(sql).fetchall()
            finally:
                db.close()
        except sqlite3.OperationalError:
            return [(0,)]

    def _until(self, true: Callable[[], bool], patience: float) -> None:
        end = time.time() + patience
        while not true():
            if time.time() > end:
                raise TimeoutError("it did not come true")
            time.sleep(0.1)

    def subscribe(self, port: int, count: int) -> None:
        """Subscribe `count` callbacks, spread over a hundred hosts, and wait until all stand."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        for number in range(count):
            callback = f"http://127.0.{number % 10}.{1 + number // 10 % 10}:{port}/{number}"
            form = {
                "hub.mode": "subscribe",
                "hub.callback": callback,
                "hub.topic": f"http://127.0.0.1:{self.port}/{TOPIC}",
                "hub.secret": f"secret {number}",
            }
            while True:
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                connection.request("POST", "/hub", urlencode(form), headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 202:
                    break
                time.sleep(0.05)  # as many wait as may
        sql = "select count(*) from hub_subscriptions"
        self._until(lambda: self.rows(sql)[0][0] == count, 600)

    def publish(self, last: int) -> float:
        """Let the origin say something new; returns when it was saved."""
        Origins.body = rss(last - 100, last)
        sql = f"select taken_at from snapshots where title = '标题{last}'"
        self._until(lambda: len(self.rows(sql)) > 0, 30)
        return datetime.fromisoformat(str(self.rows(sql)[0][0])).timestamp()

    def lateness(self, since: float, until: float) -> float:
        """The longest pause between two polls of one quiet source, beyond its three seconds."""
        worst = 0.0
        for path, times in Origins.asked.items():
            if path != "/news":
                seen = [t for t in times if since - 4 <= t <= until]
                gaps = (after - before for before, after in pairwise(seen))
                worst = max([worst, *gaps])
        return worst - 3

    def close(self) -> None:
        """End the daemon."""
        self._daemon.terminate()
        self._daemon.wait(20)
        self._origins.shutdown()


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 when a figure is over its target."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--subscriptions", type=int, default=10_000)
    options.add_argument("--sources", type=int, default=200)
    chosen = options.parse_args(argv)
    told: multiprocessing.Queue[Delivered] = multiprocessing.Queue()
    port = free_port()
    listening = multiprocessing.Process(target=subscribers, args=(port, told), daemon=True)
    listening.start()
    with tempfile.TemporaryDirectory(prefix="bench_push_") as folder:
        bench = Bench(Path(folder), chosen.sources)
        try:
            figures = _measure(bench, port, told, chosen.subscriptions)
        finally:
            bench.close()
            listening.terminate()
    print("| what | value | unit | target | met |")
    print("|---|---|---|---|---|")
    for figure in figures:
        print(figure.line())
    return int(any(f.target is not None and f.value > f.target for f in figures))


def _deliveries(
    told: multiprocessing.Queue[Delivered], number: int, count: int
) -> list[tuple[float, int]]:
    """When the first `count` deliveries with entry `number` came, and how large they were."""
    found: list[tuple[float, int]] = []
    while len(found) < count:
        came, size, newest = told.get(timeout=120)
        if newest >= number:
            found.append((came, size))
    return found


def _measure(
    bench: Bench, port: int, told: multiprocessing.Queue[Delivered], count: int
) -> list[Figure]:
    bench.subscribe(port, 1)
    waits = []
    for number in range(101, 106):
        saved = bench.publish(number)
        came, size = _deliveries(told, number, 1)[0]
        waits.append(came - saved)
    quiet_from = time.time()
    time.sleep(10)
    usual = bench.lateness(quiet_from, time.time())
    bench.subscribe(port, count)
    saved = bench.publish(200)
    times = sorted(came for came, _ in _deliveries(told, 200, count))
    wave = bench.lateness(saved, time.time())
    return [
        Figure("one subscriber holds a new entry after (worst of 5)", max(waits), "s", 2),
        Figure("size of a delivery", size / 1e6, "MB"),
        Figure(f"{count} subscriptions: the first holds it after", times[0] - saved, "s", 2),
        Figure("the last holds it after", times[-1] - saved, "s"),
        Figure("deliveries a second", count / (times[-1] - times[0]), "1/s"),
        Figure("polls late, worst, without the wave", usual, "s"),
        Figure("polls late, worst, during the wave", wave, "s"),
    ]


if __name__ == "__main__":
    sys.exit(main())
