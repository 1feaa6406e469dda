"""The main job, end to end, as processes: an origin, feeds.yaml, the Atom file, and a 304 back."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import feedparser
import pytest

from tests.acceptance.origin import Origin, rss, serve
from tests.acceptance.program import Program


@pytest.fixture
def origin():
    with serve() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def source(name: str, url: str, more: str = "") -> str:
    return f"  - {{id: {name}, title: 来源{name}, url: '{url}'{more}}}\n"


def test_from_a_server_to_the_file_on_disk_and_back_through_a_304(
    origin: Origin, program: Program
) -> None:
    url = origin.put("/a.xml", rss(("1", "一号", "正文一"), ("2", "二号", "正文二")))
    program.configure(source("a", url, ", category: domestic"))

    assert program.poll() == {
        "a": {
            "source": "a",
            "outcome": "ok",
            "status": 200,
            "new": 2,
            "revised": 0,
            "duplicate": 0,
            "error": None,
        }
    }
    feed = feedparser.parse(program.document("domestic.atom"))
    assert not feed.bozo
    assert {(e.title, e.link) for e in feed.entries} == {
        ("一号", "https://example.com/1"),
        ("二号", "https://example.com/2"),
    }

    before = (program.folder / "public/feeds/domestic.atom").stat()
    assert program.poll()["a"]["outcome"] == "not_due"
    assert program.poll("--force")["a"]["outcome"] == "not_modified"
    after = (program.folder / "public/feeds/domestic.atom").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert origin.statuses("/a.xml") == [200, 304]


def test_a_revised_entry_gains_a_snapshot_and_keeps_its_id(
    origin: Origin, program: Program
) -> None:
    url = origin.put("/a.xml", rss(("1", "一号", "正文一")))
    program.configure(source("a", url, ", category: domestic"))
    program.poll()
    first = feedparser.parse(program.document("all.atom")).entries[0]

    origin.put("/a.xml", rss(("1", "一号", "正文改了")))
    assert program.poll("--force")["a"]["revised"] == 1
    second = feedparser.parse(program.document("all.atom")).entries[0]
    assert second.id == first.id
    assert second.updated > first.updated
    assert "正文改了" in second.content[0].value
    shown = program.run("show", first.id).stdout
    assert "正文改了" in shown


def test_one_bad_source_is_its_own_error_and_the_others_go_on(
    origin: Origin, program: Program
) -> None:
    many = rss(*((str(n), f"第{n}号", f"正文 {n}") for n in range(10_000)))
    sources = [
        source("good", origin.put("/good.xml", rss(("1", "好", "正文")))),
        source("missing", origin.base + "/missing.xml"),
        source(
            "html", origin.put("/page", "<html><body>登录</body></html>", content_type="text/html")
        ),
        source("empty", origin.put("/empty.xml", b"")),
        source(
            "cut", origin.put("/cut.xml", rss(("1", "剩下的", "正文"), ("2", "没了", "x"))[:330])
        ),
        source("many", origin.put("/many.xml", many)),
        source("nowhere", "http://127.0.0.1:9/feed.xml"),
        source("noname", "http://does-not-exist.invalid/feed.xml"),
    ]
    program.configure("".join(sources))
    results = program.poll()

    outcomes = {name: result["outcome"] for name, result in results.items()}
    assert outcomes["good"] == "ok"
    assert outcomes["many"] == "ok"
    assert results["many"]["new"] == 10_000
    for name in ("missing", "html", "empty", "nowhere", "noname"):
        assert outcomes[name] == "failed", name
        assert results[name]["error"], name
    assert results["missing"]["status"] == 404
    titles = [e.title for e in feedparser.parse(program.document("uncategorized.atom")).entries]
    assert "好" in titles
    # Only `initial` of the 10,000 reach the feed at once; the rest is kept.
    assert sum(title.startswith("第") for title in titles) == 20


def test_a_source_that_renames_every_title_is_nothing_special(
    origin: Origin, program: Program
) -> None:
    url = origin.put("/a.xml", rss(*((str(n), f"旧{n}", f"正文 {n}") for n in range(9))))
    program.configure(source("a", url))
    program.poll()
    origin.put("/a.xml", rss(*((str(n), f"新{n}", f"正文 {n}") for n in range(9))))
    assert program.poll("--force")["a"] | {"status": 0} == {
        "source": "a",
        "outcome": "ok",
        "status": 0,
        "new": 0,
        "revised": 9,
        "duplicate": 0,
        "error": None,
    }
    assert len(feedparser.parse(program.document("all.atom")).entries) == 9


def test_a_local_file_is_a_source(program: Program) -> None:
    (program.folder / "本地.xml").write_text(rss(("1", "一号", "正文")), encoding="utf-8")
    program.configure(source("a", "本地.xml"))
    assert program.poll()["a"]["new"] == 1


def test_a_broken_config_ends_with_2_and_names_the_place(program: Program) -> None:
    program.configure("  - {id: a, title: A, ulr: 'http://x.example/'}")
    done = program.run("check")
    assert done.returncode == 2
    assert "ulr" in done.stderr + done.stdout
    assert program.run("poll").returncode == 2


def test_the_daemon_polls_serves_and_follows_an_edit_and_ends_in_time(
    origin: Origin, program: Program
) -> None:
    url = origin.put("/a.xml", rss(("1", "一号", "正文一")))
    program.configure(source("a", url, ", category: domestic, every: 1h"))
    with program.daemon() as process:
        program.wait_until(lambda: "一号".encode() in program.get("/feeds/domestic.atom")[2])
        status, headers, body = program.get("/feeds/domestic.atom")
        assert (status, headers["content-type"].split(";")[0]) == (200, "application/atom+xml")
        assert body == program.document("domestic.atom")
        assert program.get("/feeds/domestic.atom", If_None_Match=headers["etag"])[0] == 304

        other = origin.put("/b.xml", rss(("9", "九号", "正文九")))
        program.configure(
            source("a", url, ", category: local, every: 1h") + source("b", other),
            categories="  - {id: domestic, title: 国内}\n  - {id: local, title: 地方}",
        )
        edited = time.monotonic()
        program.wait_until(lambda: "一号".encode() in program.get("/feeds/local.atom")[2])
        assert time.monotonic() - edited < 5, "an edit is in force within 3 s, and 2 s to publish"
        assert "一号".encode() not in program.get("/feeds/domestic.atom")[2]
        program.wait_until(lambda: "九号".encode() in program.get("/feeds/all.atom")[2])
        assert origin.statuses("/a.xml") == [200], "no source is polled early by an edit"

        program.config.write_text("title: [", encoding="utf-8")
        program.wait_until(lambda: b"degraded" in program.get("/healthz")[2])
        assert "一号".encode() in program.get("/feeds/local.atom")[2]

        second = program.run("run")
        assert second.returncode != 0

        process.send_signal(signal.SIGTERM)
        ended = time.monotonic()
        assert process.wait(timeout=15) == 0
        assert time.monotonic() - ended < 10


def test_a_second_daemon_on_the_store_is_refused_by_naming_the_first(
    origin: Origin, program: Program
) -> None:
    program.configure(source("a", origin.put("/a.xml", rss(("1", "一号", "正文")))))
    with program.daemon() as process:
        refused = program.run("run", "--listen", "127.0.0.1:0")
        assert refused.returncode == 1
        assert str(process.pid) in refused.stderr


def test_without_any_network_the_daemon_runs_and_says_which_it_could_not_reach(
    program: Program,
) -> None:
    program.configure(source("a", "http://does-not-exist.invalid/feed.xml"))
    with program.daemon():
        program.wait_until(lambda: "来源a".encode() in program.get("/sources")[2])
        program.wait_until(lambda: program.get("/feeds/all.atom")[0] == 200)
        assert not feedparser.parse(program.get("/feeds/all.atom")[2]).bozo


def test_a_restart_polls_nothing_early(origin: Origin, program: Program) -> None:
    program.configure(source("a", origin.put("/a.xml", rss(("1", "一号", "正文"))), ", every: 1h"))
    for _ in range(2):
        with program.daemon():
            program.wait_until(lambda: "一号".encode() in program.get("/feeds/all.atom")[2])
    assert origin.statuses("/a.xml") == [200]
