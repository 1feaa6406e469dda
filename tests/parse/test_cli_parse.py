"""`aggregator parse`: the JSON contract, what people are told, and the exit codes."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from aggregator.cli.parse import command

GOLDEN = Path(__file__).parent / "golden"
FEED = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>频道 &amp;amp; 新闻</title><link>https://site.example/</link>
<language>zh-cn</language>
<item><title>&lt;b&gt;粗&lt;/b&gt; &amp;amp; 细</title><link>/1</link>
<guid isPermaLink="false">g1</guid>
<pubDate>Mon, 23 Nov 2026 08:00:00 +0800</pubDate><author>li@x.example (李雷)</author>
<category>国内</category><category>国内</category><category>财经</category>
<description>R & D</description><enclosure url="/a.mp3" type="audio/mpeg" length="5"/></item>
<item><title>无日期</title><pubDate>soon</pubDate></item>
</channel></rss>
"""

app = typer.Typer()
app.command()(command)


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "feed.xml"
    path.write_text(FEED, "utf-8")
    return path


def test_json(feed: Path) -> None:
    result = CliRunner().invoke(app, [str(feed), "--json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["title"], told["link"]) == ("频道 & 新闻", "https://site.example/")
    assert told["language"] == "zh-cn"
    assert told["entries"][0] == {
        "id": "g1",
        "title": "粗 & 细",
        "link": "https://site.example/1",
        "published": "2026-11-23T00:00:00Z",
        "updated": None,
        "authors": ["李雷"],
        "categories": ["国内", "财经"],
        "summary": "R & D",
        "content": None,
        "enclosures": [{"url": "https://site.example/a.mp3", "type": "audio/mpeg", "length": 5}],
    }
    assert told["entries"][1]["published"] is None
    assert {note["code"] for note in told["notes"]} == {"ampersands", "date-unreadable"}


def test_people_are_told_what_was_repaired_and_skipped(feed: Path) -> None:
    told = CliRunner().invoke(app, [str(feed)]).stdout
    assert "plain" in told
    assert "RSS 2.0" in told
    assert "line 8: a bare & is taken as the character" in told
    assert "line 9: entry 2: pubdate “soon” names no date" in told
    assert "粗 & 细" in told


def test_a_file_may_be_gzip_and_what_there_is_of_a_broken_one_is_read(feed: Path) -> None:
    whole = gzip.compress(feed.read_bytes(), mtime=0)
    feed.write_bytes(whole)
    result = CliRunner().invoke(app, [str(feed), "--json"])
    assert len(json.loads(result.stdout)["entries"]) == 2
    feed.write_bytes(gzip.compress(FEED.encode(), 0, mtime=0)[:-60])
    result = CliRunner().invoke(app, [str(feed)])
    assert result.exit_code == 0
    assert "the gzip data stops in the middle" in result.output
    assert "g1" in result.output or "粗 & 细" in result.output
    feed.write_bytes(b"\x1f\x8b\x07" + whole[3:])
    result = CliRunner().invoke(app, [str(feed)])
    assert result.exit_code == 1
    assert "damaged gzip data" in result.output


def test_standard_input_and_time_zone(feed: Path) -> None:
    body = FEED.replace("soon", "2026-11-23 08:00").encode()
    arguments = ["-", "--json", "--timezone", "Asia/Shanghai", "--url", "https://o.example/f"]
    result = CliRunner().invoke(app, arguments, input=body)
    assert json.loads(result.stdout)["entries"][1]["published"] == "2026-11-23T00:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent.xml"], 1, "No such file"),
        ([str(GOLDEN / "refused-html.txt")], 1, "an HTML page in place of a feed"),
        (["-", "--timezone", "Mars/Olympus"], 2, "no time zone is called Mars/Olympus"),
        (["http://127.0.0.1:9/feed"], 1, "127.0.0.1"),
    ],
)
def test_errors(feed: Path, arguments: list[str], code: int, said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_an_address_is_fetched(feed: Path) -> None:
    with _origin(FEED.encode()) as url:
        result = CliRunner().invoke(app, [url, "--json"])
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(result.stdout)["entries"]) == 2


@contextmanager
def _origin(body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/feed.xml"
        finally:
            server.shutdown()
            thread.join()
