"""A running daemon under 200 random edits: the last valid state in force, nothing lost."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import feedparser

from aggregator.config import ConfigError, parse_config
from tests.acceptance.origin import Origin, rss, serve
from tests.acceptance.program import Program

EDITS = 200
SOURCES = 8
# What is promised is 3 s; a machine that runs other tests beside gets twice as long.
IN_FORCE_S = 6.0


class Editor:
    """A person at feeds.yaml: what it should say, and rude ways of writing it."""

    def __init__(self, program: Program, origin: Origin, seed: int) -> None:
        self.program = program
        self.origin = origin
        self.random = random.Random(seed)
        self.number = 0
        self.categories = {"one": "一", "two": "二"}
        self.was: dict[str, list[str]] = {}
        # Number of the source → its id and category; its address never changes.
        self.sources: dict[int, tuple[str, str]] = {0: ("s0", "one")}
        self.urls = [origin.put(f"/{number}.xml", two_entries(number)) for number in range(SOURCES)]
        self.ever: set[int] = {0}

    def asked(self, number: int) -> int:
        """How often the origin was asked for a source."""
        return len(self.origin.statuses(f"/{number}.xml"))

    def text(self) -> str:
        lines = [
            f"title: state {self.number}",
            f"base_url: {self.program.base}",
            f"listen: 127.0.0.1:{self.program.port}",
            "fetch: {allow_private: [127.0.0.0/8]}",
            "categories:",
            *(f"  - {{id: {name}, title: {title}}}" for name, title in self.categories.items()),
            "sources:",
        ]
        for number, (name, category) in self.sources.items():
            was = f", was: [{', '.join(self.was[name])}]" if self.was.get(name) else ""
            url = self.urls[number]
            lines.append(f"  - {{id: {name}, url: '{url}', category: {category}, every: 1d{was}}}")
        return "\n".join(lines) + "\n"

    def change(self) -> None:
        """One change of what the file should say."""
        self.number += 1
        present = list(self.sources)
        absent = [n for n in range(SOURCES) if n not in self.sources]
        kind = self.random.choice(["add", "add", "remove", "rename", "rename by url", "move"])
        chosen = self.random.choice(present)
        name, category = self.sources[chosen]
        if kind == "add" and absent:
            number = self.random.choice(absent)
            self.sources[number] = (f"s{number}", self.random.choice(list(self.categories)))
        elif kind == "remove" and len(present) > 1:
            del self.sources[chosen]
        elif kind == "move":
            self.sources[chosen] = (name, self.random.choice(list(self.categories)))
        elif kind in ("rename", "rename by url"):
            new = f"s{chosen}-{self.number}"
            self.sources[chosen] = (new, category)
            self.was[new] = [name] if kind == "rename" else []

    def write(self, content: str) -> None:
        """Write as editors do: in place, by rename, after removing, or in two halves."""
        path = self.program.config
        kind = self.random.choice(["in place", "rename", "remove", "halves"])
        if kind == "rename":
            aside = path.with_suffix(".new")
            aside.write_text(content, encoding="utf-8")
            os.replace(aside, path)
            return
        if kind == "remove":
            path.unlink(missing_ok=True)
            pause(0.005)
        if kind == "halves":
            path.write_text(content[: len(content) // 2], encoding="utf-8")
            pause(0.005)
        path.write_text(content, encoding="utf-8")

    def spoil(self) -> None:
        """Leave the file broken, or not there at all."""
        good = self.text()
        broken = [
            good.replace("sources:", "sorces:"),
            good.replace("  - {id", "\t- {id"),
            good[: good.rindex("url:")],
            good + "<<<<<<< HEAD\n",
            "",
            good.replace("1d", "daily"),
        ]
        if self.random.random() < 0.15:
            self.program.config.unlink(missing_ok=True)
        else:
            self.write(self.random.choice(broken))


def two_entries(number: int) -> str:
    items = [(f"{number}-{w}", f"标题{number}{w}", f"正文{number}{w}") for w in "甲乙"]
    return rss(*items)


def pause(seconds: float) -> None:
    select.select([], [], [], seconds)


@contextmanager
def daemon(program: Program) -> Iterator[None]:
    command = [sys.executable, "-m", "aggregator", "run", "-v"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(program.folder / "cache")}
    with (program.folder / "log").open("w") as told:
        process = subprocess.Popen(command, cwd=program.folder, stderr=told, env=environment)
        try:
            program.wait_until(lambda: process.poll() is not None or answers(program))
            assert process.poll() is None, (program.folder / "log").read_text()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=15) == 0


def answers(program: Program) -> bool:
    try:
        return program.get("/healthz")[0] in (200, 503)
    except OSError:
        return False


def in_force(program: Program) -> str:
    page = program.get("/")[2].decode()
    return page.partition("state ")[2].partition("<")[0].strip()


def wait_in_force(program: Program, editor: Editor) -> None:
    begun = time.monotonic()
    while in_force(program) != str(editor.number):
        told = (program.folder / "log").read_text()[-2000:]
        assert time.monotonic() - begun < IN_FORCE_S, f"state {editor.number} not in force\n{told}"
        pause(0.05)
    # What is in force is polled within a few ticks; then it counts as ever having been there.
    wanted = set(editor.sources)
    program.wait_until(lambda: polled(editor) >= wanted)
    editor.ever |= wanted


def polled(editor: Editor) -> set[int]:
    """The sources that were asked at least once."""
    return {number for number in range(SOURCES) if editor.asked(number)}


def test_two_hundred_random_edits(tmp_path: Path) -> None:
    with serve() as origin:
        program = Program(tmp_path)
        editor = Editor(program, origin, seed=3)
        program.config.write_text(editor.text(), encoding="utf-8")
        with daemon(program):
            for number in range(1, EDITS + 1):
                if editor.random.random() < 0.35:
                    editor.spoil()
                else:
                    editor.change()
                    editor.write(editor.text())
                pause(editor.random.random() * 0.02)
                if number % 50 == 0:
                    check(program, editor)
            told = feedparser.parse(program.get("/feeds/all.atom")[2])
        asked = {number: editor.asked(number) for number in range(SOURCES)}
    assert len(editor.ever) >= SOURCES - 1, "the edits should have tried nearly every source"
    titles = {entry.title for entry in told.entries}
    assert titles >= {f"标题{n}{which}" for n in editor.ever for which in "甲乙"}
    assert all(count <= 1 for count in asked.values()), f"polled early: {asked}"


def check(program: Program, editor: Editor) -> None:
    """A valid state comes in force; a broken one after it leaves it there and is told."""
    editor.change()
    editor.write(editor.text())
    wait_in_force(program, editor)
    program.wait_until(lambda: health(program)["status"] == "ok")
    editor.spoil()
    try:
        parse_config(program.config.read_bytes(), program.config, {})
        raise AssertionError("the file should be broken")
    except (ConfigError, FileNotFoundError):
        pass
    program.wait_until(lambda: health(program)["status"] == "degraded")
    assert in_force(program) == str(editor.number)


def health(program: Program) -> dict[str, object]:
    told: dict[str, object] = json.loads(program.get("/healthz")[2])
    return told


def test_a_category_with_subscribers_is_renamed(tmp_path: Path) -> None:
    with serve() as origin:
        program = Program(tmp_path)
        url = origin.put("/a.xml", two_entries(1))
        sources = f"  - {{id: a, url: '{url}', category: old, every: 1d}}"
        program.configure(sources, "  - {id: old, title: 旧}")
        with daemon(program):
            program.wait_until(lambda: "标题1甲" in feed_of(program, "old"))
            before = feedparser.parse(feed_of(program, "old"))
            renamed = sources.replace("category: old", "category: new")
            program.configure(renamed, "  - {id: new, title: 新, was: [old]}")
            program.wait_until(lambda: program.get("/feeds/new.atom")[0] == 200)
            program.wait_until(lambda: "标题1甲" in feed_of(program, "new"))
            after = feedparser.parse(feed_of(program, "new"))
            led = feedparser.parse(feed_of(program, "old"))
    assert [entry.id for entry in after.entries] == [entry.id for entry in before.entries]
    assert [entry.id for entry in led.entries] == [entry.id for entry in before.entries]
    assert after.feed.title != before.feed.title


def feed_of(program: Program, name: str) -> str:
    return program.get(f"/feeds/{name}.atom")[2].decode()
