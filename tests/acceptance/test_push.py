"""Push from end to end, as processes: one aggregator subscribes to another's feed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.acceptance.origin import rss, serve
from tests.acceptance.program import Program

MORE = "websub: {{allow_private: [127.0.0.0/8], callback: '{base}'}}"


def site(folder: Path) -> Program:
    folder.mkdir()
    return Program(folder)


def configure(program: Program, url: str, every: str) -> None:
    program.configure(
        f"  - {{id: origin, url: '{url}', every: {every}}}", more=MORE.format(base=program.base)
    )


def asked(program: Program, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(program.folder / "store.db", timeout=10)) as db:
        return db.execute(sql).fetchall()


def test_one_aggregator_is_told_by_another(tmp_path: Path) -> None:
    with serve() as origin:
        url = origin.put("/a.xml", rss(("1", "一号", "正文一")))
        teller, listener = site(tmp_path / "teller"), site(tmp_path / "listener")
        configure(teller, url, "1s")
        configure(listener, f"{teller.base}/feeds/all.atom", "1h")
        with teller.daemon():
            teller.wait_until(lambda: "一号".encode() in teller.get("/feeds/all.atom")[2])
            with listener.daemon():
                listener.wait_until(lambda: "一号".encode() in listener.get("/feeds/all.atom")[2])
                standing = "select state from push_callbacks"
                listener.wait_until(lambda: asked(listener, standing) == [("active",)])
                assert len(asked(teller, "select 1 from hub_subscriptions")) == 1

                text = rss(("2", "二号", "正文二"), ("1", "一号", "正文一"))
                origin.put("/a.xml", text)
                listener.wait_until(lambda: "二号".encode() in listener.get("/feeds/all.atom")[2])
                outcomes = [row[0] for row in asked(listener, "select outcome from polls")]
                assert outcomes == ["ok", "pushed"]  # nobody polled for it
                told = listener.run("sources", "--json")
                (record,) = map(json.loads, told.stdout.splitlines())
                due = datetime.fromisoformat(record["next_poll"])
                assert due - datetime.now(UTC) > timedelta(hours=23)
