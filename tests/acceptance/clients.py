"""Feed readers that people use, as they stand on this machine: told to subscribe and to fetch.

lemon24/reader lives in a venv of its own, beside the project: READER_PYTHON names its Python.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

# What an entry is to a client: (id, title), by the address it subscribed to.
Held = dict[str, Counter[tuple[str, str]]]


class Client(Protocol):
    """A feed reader with a folder of its own, subscribed to some addresses."""

    async def fetch(self) -> None: ...
    def held(self) -> Held: ...
    async def close(self) -> None: ...


async def _run(*command: str, cwd: Path, **environ: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


class Newsboat:
    """newsboat, which keeps what it has read in SQLite: a cache a feed here.

    In one cache it has an article once, whatever number of feeds it stands in.
    """

    name = "newsboat"

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self.folder = folder
        self.urls = {str(number): url for number, url in enumerate(urls)}
        for number, url in self.urls.items():
            (folder / f"{number}.urls").write_text(f"{url}\n")

    @staticmethod
    def is_here() -> bool:
        return shutil.which("newsboat") is not None

    async def fetch(self) -> None:
        for number in self.urls:
            files = ("-C", "config", "-u", f"{number}.urls", "-c", f"{number}.db")
            await _run("newsboat", *files, "-x", "reload", cwd=self.folder, HOME=str(self.folder))

    def held(self) -> Held:
        held: Held = {}
        for number, url in self.urls.items():
            with closing(sqlite3.connect(self.folder / f"{number}.db")) as db:
                held[url] = Counter(db.execute("select guid, title from rss_item").fetchall())
        return held

    async def close(self) -> None:
        """Nothing stays open."""


class Sfeed:
    """sfeed_update, which keeps a line an entry in a file a feed."""

    name = "curl"

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self.folder = folder
        self.urls = {f"feed{number}": url for number, url in enumerate(urls)}
        feeds = "\n".join(f'  feed "{name}" "{url}"' for name, url in self.urls.items())
        settings = f'sfeedpath="{folder}/kept"\nfeeds() {{\n{feeds}\n}}\n'
        # As its manual has it for servers that know ETags: the version that curl kept is asked for.
        kept = f'"{folder}/$1.etag"'
        asked = f'curl -A curl -L -s -f --etag-save {kept} --etag-compare {kept} "$2"'
        (folder / "sfeedrc").write_text(f"{settings}fetch() {{\n  {asked}\n}}\n")
        (folder / "kept").mkdir()

    @staticmethod
    def is_here() -> bool:
        return all(map(shutil.which, ("sfeed_update", "curl")))

    async def fetch(self) -> None:
        await _run("sfeed_update", "./sfeedrc", cwd=self.folder)

    def held(self) -> Held:
        held: Held = {}
        for name, url in self.urls.items():
            lines = (self.folder / "kept" / name).read_text("utf-8").splitlines()
            fields = [line.split("\t") for line in lines]
            held[url] = Counter((one[5], one[1]) for one in fields)
        return held

    async def close(self) -> None:
        """Nothing stays open."""


_READER = """
import json, sys
from reader import make_reader
reader = make_reader("reader.sqlite")
for url in sys.argv[1:]:
    reader.add_feed(url)
for _ in sys.stdin:
    reader.update_feeds(scheduled=False)
    failed = [feed.last_exception.value_str for feed in reader.get_feeds() if feed.last_exception]
    held = [(one.feed.url, one.id, one.title) for one in reader.get_entries()]
    print(json.dumps({"failed": failed, "held": held}), flush=True)
"""


class Reader:
    """lemon24/reader, in one process that is told when to update."""

    name = "python-reader"

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self.folder = folder
        self.urls = urls
        self.process: asyncio.subprocess.Process | None = None
        self.entries: list[tuple[str, str, str]] = []

    @staticmethod
    def is_here() -> bool:
        return bool(os.environ.get("READER_PYTHON"))

    async def fetch(self) -> None:
        if self.process is None:
            self.process = await asyncio.create_subprocess_exec(
                *(os.environ["READER_PYTHON"], "-c", _READER, *self.urls),
                cwd=self.folder,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**24,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"go\n")
        told = json.loads(await self.process.stdout.readline())
        assert told["failed"] == []
        self.entries = [tuple(one) for one in told["held"]]

    def held(self) -> Held:
        held: Held = {url: Counter() for url in self.urls}
        for url, name, title in self.entries:
            held[url][name, title] += 1
        return held

    async def close(self) -> None:
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            await self.process.wait()
