"""`add` on a terminal: what it asks, and that a slip of the finger costs nothing."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from aggregator.config import load_config
from tests.config.site import feed, page, site

START = """categories: [{id: local, title: 地方}]
sources: []
"""


def talk(arguments: list[str], answers: list[tuple[str, str]]) -> str:
    """Run `add` on a terminal of its own; each answer is typed when its question has appeared."""
    command = [sys.executable, "-m", "aggregator", "add", *arguments]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said, asked, end = b"", 0, time.monotonic() + 20
    try:
        while time.monotonic() < end:
            ready, _, _ = select.select([ours], [], [], 0.1)
            if ready:
                try:
                    said += os.read(ours, 4096)
                except OSError:  # the other side is closed: it has ended
                    break
            if answers and answers[0][0] in said[asked:].decode(errors="ignore"):
                asked = len(said)
                os.write(ours, answers.pop(0)[1].encode() + b"\n")
    finally:
        os.close(ours)
        process.wait(timeout=10)
    return said.decode()


def test_it_asks_which_one_and_where(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(START, encoding="utf-8")
    kind = 'rel="alternate" type="application/rss+xml"'
    head = f'<link {kind} href="/a.xml"><link {kind} href="/b.xml">'
    with site({"/": page(head), "/a.xml": feed("甲报"), "/b.xml": feed("乙报")}) as address:
        said = talk(
            [address, "--config", str(path)],
            [
                ("Which one?", "2"),
                ("Id", "yibao"),
                ("Category", "locl"),
                ("Category", "local"),
                ("Write yibao", "y"),
            ],
        )
        assert "There is no category locl" in said
        (source,) = load_config(path, {}).sources
        assert (source.id, source.title, source.categories) == ("yibao", "乙报", ("local",))
        before = path.read_bytes()
        said = talk(
            [f"{address}/a.xml", "--config", str(path)],
            [("Id", ""), ("Category", ""), ("Write", "n")],
        )
    assert "nothing was written" in said
    assert path.read_bytes() == before
