"""Opening a store: made, migrated, refused, locked, read."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.store import StoreError, StoreInUse, StoreTooNew, open_reader, open_store
from aggregator.store.connection import BUSY_TIMEOUT_S, connect_writer, use_wal
from aggregator.store.lock import DaemonLock
from aggregator.store.migrations import migrations
from aggregator.store.schema import KNOWN_MIGRATIONS, MIGRATION_SET, applied_migrations
from aggregator.store.schema import bring_up_to_date as bring_up
from tests.builders import entry, save, settle, titles


def address(folder: Path) -> str:
    return f"sqlite:{folder / 'aggregator.db'}"


def test_the_known_migrations_are_those_registered() -> None:
    assert tuple(one.name for one in migrations._migrations) == KNOWN_MIGRATIONS
    assert migrations.name == MIGRATION_SET


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "aggregator.db").touch()
    open_store(address(tmp_path)).close()
    connection = sqlite3.connect(tmp_path / "aggregator.db")
    assert applied_migrations(connection) == list(KNOWN_MIGRATIONS)
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()
    assert list(tmp_path.glob("*.before-*")) == [], "there was nothing to copy"


def test_missing_folders_are_made(tmp_path: Path) -> None:
    open_store(f"sqlite:{tmp_path / 'a' / 'b' / 'x.db'}").close()
    assert (tmp_path / "a" / "b" / "x.db").exists()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    store = open_store(address(tmp_path))
    settle(store, "news")
    save(store, "news", entry(1))
    store.close()
    store = open_store(address(tmp_path))
    assert titles(store) == ["Title 1"]
    store.close()
    store.close()


def test_an_older_file_is_copied_before_it_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "aggregator.db"
    open_store(address(tmp_path)).close()
    monkeypatch.setattr("aggregator.store.schema.KNOWN_MIGRATIONS", (*KNOWN_MIGRATIONS, "m2"))
    (tmp_path / "aggregator.db.before-m2.partial").write_text("left by a crash")
    connection = sqlite3.connect(path, isolation_level=None)
    assert bring_up(connection, path) == ["m2"]
    connection.close()
    copy = sqlite3.connect(tmp_path / "aggregator.db.before-m2")
    assert applied_migrations(copy) == list(KNOWN_MIGRATIONS)
    assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
    copy.close()
    assert sorted(p.name for p in tmp_path.glob("*.before-*")) == ["aggregator.db.before-m2"]


def test_a_newer_schema_is_refused_by_name_and_left_alone(tmp_path: Path) -> None:
    open_store(address(tmp_path)).close()
    path = tmp_path / "aggregator.db"
    connection = sqlite3.connect(path)
    connection.execute(
        "insert into _sqlite_migrations (migration_set, name, applied_at) values (?, ?, ?)",
        (MIGRATION_SET, "m9999_from_the_future", "2030"),
    )
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match=r"aggregator\.db.*m9999_from_the_future"):
        open_store(address(tmp_path))
    with pytest.raises(StoreError, match=r"another version"):
        open_reader(address(tmp_path))
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    connection = sqlite3.connect(path)
    connection.execute("create table bookmarks (url text)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"aggregator\.db.*another program"):
        open_store(address(tmp_path))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["aggregator.db"]


@pytest.mark.parametrize("body", [b"title: x\n" * 500, b"SQLite format 3\x00" + b"x" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "aggregator.db"
    path.write_bytes(body)
    with pytest.raises(StoreError, match=r"aggregator\.db"):
        open_store(address(tmp_path))
    with pytest.raises(StoreError):
        open_reader(address(tmp_path))
    assert path.read_bytes() == body


@pytest.mark.parametrize("wrong", ["sqlite:", "mysql:x", "aggregator.db", ""])
def test_an_address_of_another_kind_is_refused(wrong: str) -> None:
    with pytest.raises(StoreError, match="sqlite:FILE"):
        open_store(wrong)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "aggregator.db").mkdir()
    with pytest.raises(StoreError, match=r"aggregator\.db"):
        open_store(address(tmp_path))


def test_reading_a_store_that_is_not_there_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="poll"):
        open_reader(address(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_reader_sees_what_is_saved_and_cannot_write(tmp_path: Path) -> None:
    store = open_store(address(tmp_path))
    settle(store, "news")
    reader = open_reader(address(tmp_path))
    save(store, "news", entry(1))
    assert titles(reader) == ["Title 1"]  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="cannot be written"):
        save(reader, "news", entry(2))  # type: ignore[arg-type]
    reader.close()
    store.close()


def test_a_path_with_odd_characters_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "a b?c#d%41 订阅"
    folder.mkdir()
    store = open_store(address(folder))
    settle(store, "news")
    reader = open_reader(address(folder))
    assert list(reader.source_records()) == ["news"]
    reader.close()
    store.close()


_OPEN = """
import sys
from aggregator.store import open_store
open_store(sys.argv[1]).close()
"""


def test_processes_that_open_a_new_store_at_once_all_get_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _OPEN, address(tmp_path)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(one.communicate()[1], one.returncode) for one in running] == [("", 0)] * 4
    connection = sqlite3.connect(tmp_path / "aggregator.db")
    assert applied_migrations(connection) == list(KNOWN_MIGRATIONS)
    connection.close()


def test_the_change_to_wal_waits_for_whoever_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("create table t(x)")
    connection = connect_writer(path)
    other.execute("begin")
    other.execute("select * from t").fetchall()
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            other.execute("commit")

    use_wal(connection, pause)
    assert len(waits) == 3
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()
    other.close()


def test_the_change_to_wal_gives_up_when_nobody_leaves(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    other = sqlite3.connect(path, isolation_level=None)
    connection = connect_writer(path)
    other.execute("begin exclusive")
    waits: list[float] = []
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        use_wal(connection, waits.append)
    assert sum(waits) == pytest.approx(BUSY_TIMEOUT_S, rel=0.01)
    connection.close()
    other.close()


_HOLD = """
import sys
from pathlib import Path
from aggregator.store.connection import BUSY_TIMEOUT_S, connect_writer, use_wal
from aggregator.store.lock import DaemonLock
lock = DaemonLock(Path(sys.argv[1]))
lock.acquire("aggregator run on feeds.yaml")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_daemon_is_refused_by_naming_the_first(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    expected = rf"aggregator run on feeds\.yaml, process {holder.pid}\b"
    for _ in range(2):
        with pytest.raises(StoreInUse, match=expected):
            DaemonLock(path).acquire("the second")
    holder.kill()
    holder.communicate()
    lock = DaemonLock(path)
    lock.acquire("the second")
    with pytest.raises(StoreInUse, match="the second"):
        DaemonLock(path).acquire("the third")
    lock.release()
    lock.release()
    again = DaemonLock(path)
    again.acquire("the third")
    again.release()


def test_a_full_disk_costs_the_whole_transaction_and_says_so(tmp_path: Path) -> None:
    store = open_store(address(tmp_path))
    settle(store, "news", "other")
    connection = store._db  # type: ignore[attr-defined]
    pages = connection.execute("pragma page_count").fetchone()[0]
    connection.execute(f"pragma max_page_count = {pages + 2}")
    revision = store.current_revision()
    big = [entry(n, text="x" * 50_000 + str(n)) for n in range(50)]
    with pytest.raises(StoreError, match="full"), store.transaction():
        fill_in_parts(store, big)
    assert not connection.in_transaction
    assert store.current_revision() == revision
    assert titles(store) == []
    connection.execute(f"pragma max_page_count = {pages + 10_000}")
    assert save(store, "news", *big).new == 50
    store.close()


def fill_in_parts(store, entries) -> None:  # type: ignore[no-untyped-def]
    """As the corridor: a part a source; what the store cannot do is not the source's failure."""
    from tests.builders import save_inside

    with store.part():
        save_inside(store, "other", entry("small"))
    with store.part():
        save_inside(store, "news", *entries)
