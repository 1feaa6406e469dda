"""A watched file tells each change once, however it is made."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from aggregator.config.watch import READ_EVERY, ConfigWatch


def looks(watch: ConfigWatch, count: int) -> list[bool]:
    return [watch.has_changed() for _ in range(count)]


def test_a_change_is_told_once_and_within_two_looks(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("a")
    watch = ConfigWatch(path)
    assert not any(looks(watch, 3))
    path.write_text("bb")
    assert looks(watch, 5) == [False, True, False, False, False]


def test_a_rename_a_removal_and_a_restoring_are_changes(tmp_path: Path) -> None:
    path, aside = tmp_path / "feeds.yaml", tmp_path / "aside"
    path.write_text("a")
    watch = ConfigWatch(path)
    aside.write_text("b")
    os.replace(aside, path)
    assert any(looks(watch, 2))
    path.unlink()
    assert any(looks(watch, 2))
    path.write_text("b")
    assert any(looks(watch, 2))
    assert not any(looks(watch, READ_EVERY))


def test_the_same_content_written_again_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("a")
    watch = ConfigWatch(path)
    os.utime(path, (1, 1))
    assert not any(looks(watch, 3))


def test_a_change_that_the_file_system_hides_is_found_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("a")
    watch = ConfigWatch(path)
    watch._look = lambda: (0,)  # type: ignore[method-assign]
    looks(watch, 1)
    path.write_text("b")
    assert any(looks(watch, READ_EVERY + 2))


def test_a_file_that_is_being_written_is_waited_for_but_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("0")
    watch = ConfigWatch(path)
    told = []
    for number in range(1, 7):
        path.write_text("0" * (number + 1))
        told.append(watch.has_changed())
    assert told == [False, False, True, False, False, True]


def test_an_edit_before_the_watch_began_is_told(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("new")
    assert any(looks(ConfigWatch(path, hashlib.sha256(b"old").hexdigest()), 2))
    assert not any(looks(ConfigWatch(path, hashlib.sha256(b"new").hexdigest()), 2))


def test_waking_tells_at_once(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("a")

    async def one() -> None:
        watch = ConfigWatch(path, interval=60)
        changes = watch.changes()
        watch.wake()
        await asyncio.wait_for(anext(changes), 5)
        assert not watch.has_changed()

    asyncio.run(one())


def test_changes_come_without_events(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("a")

    async def one() -> None:
        watch = ConfigWatch(path, interval=0.001)
        path.write_text("bb")
        await asyncio.wait_for(anext(watch.changes()), 5)

    asyncio.run(one())


def test_now_and_then_it_tells_although_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("a")

    async def one() -> None:
        watch = ConfigWatch(path, interval=0.001, tell_every=0.005)
        await asyncio.wait_for(anext(watch.changes()), 5)

    asyncio.run(one())
