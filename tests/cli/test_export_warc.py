"""`export warc`: other archive tools read back, digest by digest, what an origin served."""

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner
from warcio.archiveiterator import ArchiveIterator

from aggregator.cli.app import app
from tests.builders import NOW, entry, later, save
from tests.cli.commands import write_config
from tests.cli.test_verify import tamper
from tests.config.site import site as serving
from tests.web.builder import Site

ITEM = "<item><guid>{0}</guid><title>标题{0}</title><description>{1}</description></item>"
TEXT = "南湖上的第一艘船在清晨出发，岸上的人们目送它远去，直到看不见为止。"
FEED = (
    '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>南湖</title>'
    f"<link>https://a.example/</link>{ITEM.format('a', TEXT)}{ITEM.format('b', TEXT[::-1])}"
    "</channel></rss>"
)
PAGE_OF_JSON = '[{"id": 1, "title": "一", "body": "' + TEXT + '"}]'


@dataclass(frozen=True)
class Read:
    kind: str
    headers: dict[str, str]
    block: bytes


def read_back(content: bytes) -> list[Read]:
    """Every record, after warcio has checked its digests."""
    records = []
    for record in ArchiveIterator(io.BytesIO(content), check_digests="raise"):
        headers = dict(record.rec_headers.headers)
        records.append(Read(record.rec_type, headers, record.content_stream().read()))
        assert record.digest_checker.passed, headers
        assert record.rec_headers.protocol == "WARC/1.1"
    return records


def polled(folder: Path, origin: str, query: str = "") -> Path:
    """feeds.yaml of two sources at `origin`, polled once by the real command."""
    path = folder / "feeds.yaml"
    path.write_text(
        f"store: sqlite:{folder / 'a.db'}\npublish: {{directory: {folder / 'public'}}}\n"
        "fetch: {allow_private: [127.0.0.0/8], host_delay: 0s}\n"
        f"sources:\n  - {{id: rss, url: '{origin}/feed.xml{query}'}}\n"
        f"  - {{id: list, url: '{origin}/list.json', json: "
        "{entries: '@', id: id, title: title, content: body}}\n",
        encoding="utf-8",
    )
    ran = CliRunner().invoke(app, ["poll", "--config", str(path)])
    assert ran.exit_code == 0, ran.output
    return path


def export(path: Path, *arguments: str) -> bytes:
    ran = CliRunner().invoke(app, ["export", "warc", *arguments, "--config", str(path)])
    assert ran.exit_code == 0, ran.stderr
    return ran.stdout_bytes


@pytest.fixture
def paper(site: Site) -> Site:
    site.add_source("paper", "嘉兴日报")
    return site


SERVED = {
    "/feed.xml": ("application/rss+xml", FEED.encode()),
    "/list.json": ("application/json", PAGE_OF_JSON.encode()),
}


def test_the_bytes_are_those_that_were_served(tmp_path: Path) -> None:
    target = tmp_path / "captures.warc.gz"
    with serving({**SERVED}) as origin:
        path = polled(tmp_path, origin)
    export(path, str(target))
    first, *records = read_back(target.read_bytes())
    assert first.kind == "warcinfo"
    assert first.headers["WARC-Filename"] == "captures.warc.gz"
    parts = [one for one in records if one.kind == "conversion"]
    items = [one for one in parts if one.block.startswith(b"<item>")]
    assert sorted(one.block for one in items) == sorted(
        ITEM.format(*of).encode() for of in (("a", TEXT), ("b", TEXT[::-1]))
    )
    assert {one.headers["WARC-Target-URI"] for one in items} == {f"{origin}/feed.xml"}
    assert {one.headers["Content-Type"] for one in items} == {"application/xml; charset=utf-8"}
    told = [one for one in records if one.kind == "metadata"]
    ids = {one.headers["WARC-Record-ID"] for one in records}
    assert len(ids) == len(records)
    assert {one.headers["WARC-Refers-To"] for one in told} <= ids
    about = next(one for one in told if b"entry: a\r\n" in one.block).block.decode()
    assert "source: rss\r\n" in about
    assert "version: 1\r\n" in about
    context = next(line for line in about.splitlines() if line.startswith("context: "))
    around = next(p for p in parts if p.headers["WARC-Record-ID"] == context[9:])
    assert b"<channel>" in around.block
    assert all(one.block in FEED.encode() + PAGE_OF_JSON.encode() for one in items)


def test_a_stream_is_the_same_records_and_a_second_export_the_same_ids(tmp_path: Path) -> None:
    with serving({**SERVED}) as origin:
        path = polled(tmp_path, origin)
    export(path, str(tmp_path / "c.warc.gz"))
    streamed = read_back(export(path, "-"))
    filed = read_back((tmp_path / "c.warc.gz").read_bytes())
    assert streamed[1:] == filed[1:]
    assert len(read_back(export(path, "-", "--since", "2999-01-01"))) == 1


def test_a_whole_body_is_a_resource_and_since_leaves_out_the_older(paper: Site) -> None:
    save(paper.store, "paper", entry(1), now=NOW, format="page")
    save(paper.store, "paper", entry(2), now=later(48), format="RSS 2.0")
    path = Path(write_config(paper))
    blocks = [(one.kind, one.block) for one in read_back(export(path))]
    assert [b for k, b in blocks if k == "resource"] == [b"<feed/>", b"<feed/>"]
    since = read_back(export(path, "--since", "2026-11-25"))
    assert [one.kind for one in since] == ["warcinfo", "resource", "metadata"]
    assert since[1].headers["WARC-Target-URI"] == "https://paper.example/feed"
    assert since[1].headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    digest = base64.b32encode(hashlib.sha256(b"<feed/>").digest()).decode()
    assert since[1].headers["WARC-Payload-Digest"] == f"sha256:{digest}"
    assert b"entry: urn:example:2\r\n" in since[2].block
    assert since[1].headers["WARC-Date"] == "2026-11-25T08:00:00.000000Z"


def test_no_secret_of_an_address_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_MINE", "s3cret/value")
    telling = FEED.replace("标题a", "标题a?k=s3cret/value")
    path = "/feed.xml?token=hunter2&k=s3cret/value"
    with serving({**SERVED, path: ("application/rss+xml", telling.encode())}) as origin:
        file = polled(tmp_path, origin, "?token=hunter2&k=${KEY_OF_MINE}")
    ran = CliRunner().invoke(app, ["export", "warc", "--config", str(file)])
    assert "left out for a secret of feeds.yaml in their bytes: 1" in ran.stderr
    content = ran.stdout_bytes
    assert b"s3cret" not in content
    assert b"hunter2" not in content
    assert f"{origin}/feed.xml?token=***&k=***".encode() in content
    told = [r.block for r in read_back(content) if b"source: rss" in r.block]
    assert [b"entry: b" in one for one in told] == [True], "the bytes of `a` repeat the secret"


def test_what_is_damaged_is_left_out_and_named(paper: Site, tmp_path: Path) -> None:
    save(paper.store, "paper", entry(1))
    save(paper.store, "paper", entry(2), now=later(1))
    tamper(paper, "update captures set body = x'00' where id = 1")
    ran = CliRunner().invoke(
        app,
        ["export", "warc", "--config", write_config(paper), str(tmp_path / "d.warc")],
    )
    assert ran.exit_code == 1
    assert "capture 1 is damaged" in ran.stderr
    left = [r.block for r in read_back((tmp_path / "d.warc").read_bytes()) if r.kind == "resource"]
    assert left == [b"<feed/>"]


def test_nothing_half_written_stays(paper: Site, tmp_path: Path) -> None:
    path = Path(write_config(paper))
    ran = CliRunner().invoke(
        app, ["export", "warc", str(tmp_path / "no" / "x.warc"), "--config", str(path)]
    )
    assert ran.exit_code == 1
    assert "no/x.warc: No such file or directory" in ran.stderr
    ran = CliRunner().invoke(app, ["export", "opml", "--since", "2026-11-01"])
    assert ran.exit_code == 2


def test_the_further_pages_of_an_article_name_what_was_read_from_them(site: Site) -> None:
    site.add_source("paper", "嘉兴日报")
    save(site.store, "paper", entry("e1"), now=NOW)
    columns = "digest, codec, body, size, encoding, format, url, context_id, taken_at"
    for number in (2, 3):
        tamper(
            site,
            f"insert into captures (id, kind, {columns}) select {number}, 'page+', {columns} "
            "from captures where id = 1",
        )
    first, second, third = site.store.captures()
    assert [one.number for one in first.snapshots] == [1]
    assert first.snapshots == second.snapshots == third.snapshots
