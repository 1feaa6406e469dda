"""A process killed while it saves leaves whole polls behind, or none."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from aggregator.store import open_store

_SAVE = """
import sys
from tests.builders import entry, later, save_inside, settle
from aggregator.model import PollState
from aggregator.store import open_store

store = open_store(sys.argv[1])
start = int(sys.argv[2])
settle(store, "a", "b")
print("ready", flush=True)
for poll in range(start, start + 10_000):
    with store.transaction():
        for name in ("a", "b"):
            entries = [entry(f"{name}-{poll}-{n}", link=None) for n in range(5)]
            state = PollState(url="u", etag=f'"{poll}"', body_digest=str(poll))
            save_inside(store, name, *entries, now=later(poll), state=state)
    print(poll, flush=True)
"""


def test_killed_while_saving(tmp_path: Path) -> None:
    address = f"sqlite:{tmp_path / 'aggregator.db'}"
    chance = random.Random(7)
    start = 0
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", _SAVE, address, str(start)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for _ in range(chance.randrange(1, 12)):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        told = child.communicate()[0].split()
        start = _check(address, int(told[-1]) if told else start - 1) + 1


def _check(address: str, last_told: int) -> int:
    """Every poll is whole, and its validators stand with it; returns the last one saved."""
    store = open_store(address)
    connection = store._db  # type: ignore[attr-defined]
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert connection.execute("pragma foreign_key_check").fetchall() == []
    saved = []
    for name, record in store.source_records().items():
        guids = [
            row[0]
            for row in connection.execute(
                "select guid from entries where source_id = ?", (record.source_id,)
            )
        ]
        polls = {int(guid.split("-")[1]) for guid in guids}
        last = max(polls, default=-1)
        assert polls == set(range(last + 1))
        assert len(guids) == 5 * len(polls), name
        assert record.state.etag == (f'"{last}"' if polls else None)
        saved.append(last)
    assert len(set(saved)) == 1, "both sources of a transaction, or neither"
    assert saved[0] >= last_told, "what was told as saved is saved"
    stamps = [row[0] for row in connection.execute("select updated_at from stories")]
    assert len(set(stamps)) == len(stamps)
    store.close()
    return saved[0]
