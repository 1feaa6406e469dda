"""What a source withdraws by itself is shown for decision, or obeyed where it is to be."""

from __future__ import annotations

import json
from pathlib import Path

import feedparser

from aggregator.parse.tombstones import withdrawn_in
from tests.acceptance.origin import Origin, serve
from tests.acceptance.program import Program

STONE = (
    "<at:deleted-entry xmlns:at='http://purl.org/atompub/tombstones/1.0' "
    "ref='urn:x:a' when='2026-11-23T09:00:00Z'/>"
)


def atom(*titles: str, more: str = "") -> str:
    entries = "".join(
        f"<entry><id>urn:x:{title[0]}</id><title>{title}</title>"
        f"<link href='https://example.com/{title[0]}'/><updated>2026-11-23T08:00:00Z</updated>"
        f"<content>{title} 的正文</content></entry>"
        for title in titles
    )
    return (
        "<feed xmlns='http://www.w3.org/2005/Atom'><id>urn:x:feed</id><title>F</title>"
        f"<updated>2026-11-23T08:00:00Z</updated>{more}{entries}</feed>"
    )


def titles(program: Program) -> set[str]:
    return {entry.title for entry in feedparser.parse(program.document("all.atom")).entries}


def polled(folder: Path, origin: Origin, more: str) -> Program:
    program = Program(folder)
    origin.put("/f.xml", atom("a1", "b2"))
    url = f"{origin.base}/f.xml"
    program.configure(f"  - {{id: one, url: '{url}', category: domestic, every: 1h{more}}}\n")
    program.poll("--force")
    assert titles(program) == {"a1", "b2"}
    origin.put("/f.xml", atom("b2", "c3", more=STONE))
    program.poll("--force")
    return program


def test_a_tombstone_is_shown_for_decision(tmp_path: Path) -> None:
    with serve() as origin:
        program = polled(tmp_path, origin, "")
        assert titles(program) == {"a1", "b2", "c3"}
        (told,) = map(json.loads, program.run("removals", "--json").stdout.splitlines())
        assert (told["source"], told["kind"]) == ("one", "tombstone")
        shown = program.run("removals").stdout
        assert "a1" in shown
        assert "aggregator takedown https://example.com/a" in shown
        assert program.run("removals", "--keep", told["item"]).returncode == 0
        program.poll("--force")
        assert program.run("removals", "--json").stdout == ""
        assert program.run("removals", "--keep", told["item"]).returncode == 1


def test_a_tombstone_is_obeyed_where_it_is_to_be(tmp_path: Path) -> None:
    with serve() as origin:
        program = polled(tmp_path, origin, ", honor_removals: true")
        assert titles(program) == {"b2", "c3"}
        removed = program.document("removed.atom").decode()
        assert "withdrawn by its source" in removed
        assert program.run("removals", "--json").stdout == ""
        assert program.run("verify").returncode == 0


def test_only_tombstones_are_read() -> None:
    assert withdrawn_in(atom("a1", more=STONE).encode()) == ("urn:x:a",)
    assert withdrawn_in(b"<deleted-entry ref='x'/>") == ()
    quoted = STONE.replace("urn:x:a", "https://e.example/?a=1&amp;b=2").replace("at:", "")
    assert withdrawn_in(quoted.encode()) == ("https://e.example/?a=1&b=2",)
