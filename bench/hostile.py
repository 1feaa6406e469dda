"""Every hostile path at once beside 100 healthy sources → their lateness, and the memory.

    python -m bench.hostile [--copies 1] [--timeout 60] [--idle 30] [--daemon 200]

The origin runs in a process of its own: each path on an address of its own, each healthy source
as well. `aggregator poll` asks all of them in one pass at the default caps. Lateness is the time
from the pass's first request to that of each healthy source; memory is the peak of the polling
process (its children apart) over that of a poll of one healthy source. `--daemon` runs
`aggregator run` as well, the healthy sources once a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import multiprocessing
import resource
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

from bench.polling import Figure
from bench.run_peers import measure

HEALTHY = 100
EVERY_S = 60
JITTER = 0.05  # what the schedule may add to an interval
Writer = asyncio.StreamWriter
Script = Callable[[Writer], Awaitable[None]]


def _head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def _feed(entries: int = 30, title: str = "T", guid: str = "g{n}") -> bytes:
    items = "".join(
        f"<item><title>{title} {n}</title><guid>{guid.format(n=n)}</guid>"
        f"<description>{'words and words ' * 40}{n}</description></item>"
        for n in range(entries)
    )
    return f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()


def _whole(body: bytes, *lines: str, status: str = "200 OK") -> Script:
    data = _head(f"Content-Length: {len(body)}", *lines, status=status) + body

    async def script(writer: Writer) -> None:
        writer.write(data)
        await writer.drain()

    return script


def _raw(data: bytes) -> Script:
    async def script(writer: Writer) -> None:
        writer.write(data)
        await writer.drain()

    return script


def _endless(start: bytes, piece: bytes, pause: float = 0.0) -> Script:
    async def script(writer: Writer) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return script


def _scripts() -> dict[str, Script]:
    """The hostile paths. Bodies are as big as the default caps allow, and bigger."""
    chunked = _head("Transfer-Encoding: chunked")
    megabytes = 15 * 2**20
    bomb = gzip.compress(bytes(2**30), 1)
    deep = b"<rss><channel>" + b"<a>" * 300_000
    return {
        "silent": _endless(b"", b"", 5),
        "dripping head": _endless(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", 1),
        "dripping body": _endless(_head("Content-Length: 99999"), b"x", 1),
        "big, then dripping": _endless(
            _head(f"Content-Length: {megabytes + 99999}") + b"x" * megabytes, b"x", 1
        ),
        "half a megabyte, then dripping": _endless(_head() + b"x" * 2**19, b"x", 1),
        "header flood": _endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: zzzzzzzz\r\n" * 100),
        "interim flood": _endless(b"", b"HTTP/1.1 102 P\r\n\r\n" * 100),
        "endless body": _endless(_head(), b"x" * 65536),
        "tiny chunks": _endless(chunked, b"1\r\nx\r\n" * 4000),
        "gzip bomb": _whole(bomb, "Content-Encoding: gzip"),
        "nested bomb": _whole(gzip.compress(bomb), "Content-Encoding: gzip, gzip"),
        "deflate bomb": _whole(zlib.compress(bytes(2**28)), "Content-Encoding: deflate"),
        "short body": _raw(_head("Content-Length: 99999999") + b"x" * 1000),
        "cut gzip": _raw(
            _head("Content-Encoding: gzip", "Content-Length: 500") + gzip.compress(_feed())[:500]
        ),
        "loop": _raw(_head("Location: /", "Content-Length: 0", status="302 Found")),
        "to the metadata address": _raw(
            _head("Location: http://169.254.169.254/", "Content-Length: 0", status="302 Found")
        ),
        "no HTTP": _raw(b"\x00\x01\x02" * 100),
        "600": _whole(b"x", status="600 Odd"),
        "unsolicited 304": _raw(_head(status="304 Not Modified")),
        "max-age": _whole(_feed(), "Cache-Control: max-age=" + "9" * 60),
        "Retry-After": _whole(b"", "Retry-After: " + "9" * 60, status="503 X"),
        "captive portal": _whole(b"<!DOCTYPE html><html><body>Log in</body></html>" * 20),
        "100,000 entries": _whole(
            b'<rss version="2.0"><channel><title>x</title>'
            + b"".join(
                b"<item><guid>%d</guid><title>t %d</title></item>" % (n, n) for n in range(100_000)
            )
            + b"</channel></rss>"
        ),
        "one guid": _whole(_feed(guid="same")),
        "huge title": _whole(_feed(3, title="t" * 3_000_000)),
        "deeply nested": _whole(deep),
        "entities": _whole(
            b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 10) for c in range(98, 108))
            + b"]><rss><channel><title>&k;</title></channel></rss>"
        ),
        "comments": _whole(b"<rss><channel>" + b"<!--" * 500_000),
        "control characters": _whole(_feed(title="\x01\x08\x0b&#xd800;&#0;")),
    }


async def _serve(pipe: Connection, copies: int) -> None:
    """Every path on an address of its own; times of the healthy requests go through the pipe."""
    times: dict[str, list[float]] = {}
    healthy = _whole(_feed(), 'ETag: "1"')
    plan: list[tuple[str, Script]] = [(f"healthy {n}", healthy) for n in range(HEALTHY)]
    plan += [(f"{name} {n}", s) for name, s in _scripts().items() for n in range(copies)]
    urls = {}

    def handler(name: str, script: Script) -> Callable[[asyncio.StreamReader, Writer], Awaitable]:
        async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                times.setdefault(name, []).append(time.monotonic())
                await script(writer)
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        return serve

    for number, (name, script) in enumerate(plan):
        host = f"127.2.{number >> 8}.{number & 255}" if number else "127.2.1.250"
        server = await asyncio.start_server(handler(name, script), host, 0)
        urls[name] = f"http://{host}:{server.sockets[0].getsockname()[1]}/"
    pipe.send(urls)
    await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    pipe.send(times)


def _origin(pipe: Connection, copies: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    asyncio.run(_serve(pipe, copies))


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 when a figure is over its target."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--copies", type=int, default=1, help="sources of each hostile path")
    options.add_argument("--timeout", type=float, default=60)
    options.add_argument("--idle", type=float, default=30)
    options.add_argument("--daemon", type=float, default=0, help="seconds of `aggregator run`")
    options.add_argument("--only", help="hostile paths whose name holds one of these, by comma")
    options.add_argument("--keep", type=Path, help="leave the outcome of every source here")
    chosen = options.parse_args(argv)
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    origin = context.Process(target=_origin, args=(there, chosen.copies), daemon=True)
    origin.start()
    try:
        urls = here.recv()
        with tempfile.TemporaryDirectory(prefix="bench_hostile_") as work:
            figures = _measure(Path(work), urls, here, chosen)
    finally:
        origin.terminate()
        origin.join()
    print("| what | measured | unit | target | met |\n|---|---|---|---|---|")
    print("\n".join(figure.line() for figure in figures))
    return int(any(f.target is not None and f.value > f.target for f in figures))


def _measure(
    work: Path, urls: dict[str, str], pipe: Connection, chosen: argparse.Namespace
) -> list[Figure]:
    limits = f", timeout: {chosen.timeout:g}s, idle_timeout: {chosen.idle:g}s"
    one = {name: url for name, url in urls.items() if name == "healthy 0"}
    alone = _poll(work / "alone", one, limits)
    hostile = {name: url for name, url in urls.items() if not name.startswith("healthy")}
    if chosen.only:
        wanted = chosen.only.split(",")
        hostile = {n: url for n, url in hostile.items() if any(part in n for part in wanted)}
    # The hostile ones come first in the file, so that they are asked first.
    everyone = hostile | {n: url for n, url in urls.items() if n.startswith("healthy")}
    began = time.monotonic()
    everything = _poll(work / "all", everyone, limits)
    ended = time.monotonic()
    outcomes = (work / "all" / "log.txt").read_text()
    if chosen.keep is not None:
        chosen.keep.write_text(outcomes)
    peak = _run_daemon(work / "daemon", everyone, limits, chosen.daemon) if chosen.daemon else None
    pipe.send("stop")
    times: dict[str, list[float]] = pipe.recv()
    asked = {name: [at for at in all_ if began <= at <= ended] for name, all_ in times.items()}
    first = min(at for all_ in asked.values() for at in all_)
    late = [asked[name][0] - first for name in asked if name.startswith("healthy ")]
    lines = [json.loads(line) for line in outcomes.splitlines() if line.startswith("{")]
    good = sum(line["outcome"] == "ok" for line in lines if line["source"].startswith("healthy"))
    figures = [
        Figure(f"hostile sources beside {HEALTHY} healthy ones", len(hostile), "sources"),
        Figure("healthy sources that were not read", HEALTHY - good, "sources", 0),
        Figure("lateness of the healthy, p99", _p99(late), "s", 10),
        Figure("peak memory over a poll of one", everything["rss_mb"] - alone["rss_mb"], "MB", 256),
        Figure("the pass as a whole", everything["wall"], "wall s"),
        Figure("its CPU, children included", everything["cpu"], "CPU s"),
    ]
    if peak is not None:
        gaps = [
            later - earlier - EVERY_S * (1 + JITTER)
            for name, all_ in times.items()
            if name.startswith("healthy ")
            for earlier, later in pairwise([at for at in all_ if at > ended])
        ]
        figures += [
            Figure("daemon: polls of the healthy after their first", len(gaps), "polls"),
            Figure("daemon: lateness behind the minute and its jitter, p99", _p99(gaps), "s", 10),
            Figure("daemon: peak memory over a poll of one", peak - alone["rss_mb"], "MB", 256),
        ]
    return figures


def _p99(values: list[float]) -> float:
    return sorted(values)[max(int(len(values) * 0.99) - 1, 0)]


def _run_daemon(folder: Path, urls: dict[str, str], limits: str, seconds: float) -> float:
    """`aggregator run` for a while, the healthy once a minute; its peak memory in MB."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"listen: 127.0.0.1:{free.getsockname()[1]}\n"
    _write_config(folder, urls, limits, listen, f", every: {EVERY_S}s")
    command = [sys.executable, "-m", "aggregator", "run", "--config", str(folder / "feeds.yaml")]
    with (folder / "log.txt").open("w") as log:
        daemon = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            time.sleep(seconds)
            status = Path(f"/proc/{daemon.pid}/status").read_text()
        finally:
            daemon.terminate()
            daemon.wait(30)
    (peak,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def _poll(folder: Path, urls: dict[str, str], limits: str) -> dict[str, float]:
    _write_config(folder, urls, limits)
    command = [sys.executable, "-m", "aggregator", "poll", "--json"]
    command += ["--config", str(folder / "feeds.yaml")]
    result: dict[str, float] = measure(command, folder, log=folder / "log.txt")
    if result["rc"] not in (0, 1):
        raise subprocess.CalledProcessError(int(result["rc"]), command)
    return result


def _write_config(
    folder: Path, urls: dict[str, str], limits: str, listen: str = "", every: str = ""
) -> None:
    folder.mkdir()
    sources = "".join(
        f"  - {{id: {_identifier(name)}, url: '{url}'"
        f"{every if name.startswith('healthy') else ''}}}\n"
        for name, url in urls.items()
    )
    (folder / "feeds.yaml").write_text(
        f"title: bench\nbase_url: http://127.0.0.1:8000\n{listen}store: sqlite:aggregator.db\n"
        f"publish: {{directory: public}}\nfetch: {{allow_private: [127.0.0.0/8]{limits}}}\n"
        f"sources:\n{sources}"
    )


def _identifier(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")


if __name__ == "__main__":
    sys.exit(main())
