"""An article is taken down beside a running daemon and without one; not a byte of it is left."""

from __future__ import annotations

import gzip
import json
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import brotli
import feedparser
import pytest
import zstandard
from lxml import etree

from tests.acceptance.origin import Origin, rss, serve
from tests.acceptance.program import Program

SECRET = (
    "嘉北街道的张桂芳昨天在文昌苑门口向记者讲述了她家漏水三个月无人维修的经过，物业公司至今没有回应。",
    "她说先后打了十七次报修电话，第三次之后就再也没有人接听，走廊天花板已经脱落了一大块石膏。",
    "社区工作人员表示将在本周五之前安排工程队上门查看，并承诺在月底以前完成全部维修工作。",
)
TITLE = "文昌苑漏水三月无人修张桂芳盼回应"
OTHER = (
    "入冬以来汾湖的水产养殖户迎来捕捞季，今年全镇清水蟹产量预计达到四百六十吨，比去年增加一成多。",
    "养殖户老沈的塘里装上了水质监测仪，溶解氧和水温数据每隔十分钟传到手机上，成活率明显提高。",
)
REASON = "当事人要求撤下"
# What a person would look for: runs of the text, and the title.
TRACES = [TITLE, *(text[at : at + 12] for text in SECRET for at in (0, 15, 30))]


def page(*paragraphs: str) -> str:
    return "".join(f"&lt;p&gt;{text}&lt;/p&gt;" for text in paragraphs)


def unpacked(data: bytes) -> Iterator[bytes]:
    """What may be packed anywhere in some bytes: every zstd frame, and gzip or zlib stream."""
    at = data.find(b"\x28\xb5\x2f\xfd")
    while at >= 0:
        with suppress(zstandard.ZstdError):
            yield zstandard.ZstdDecompressor().decompressobj().decompress(data[at:])
        at = data.find(b"\x28\xb5\x2f\xfd", at + 1)
    for mark, bits in ((b"\x1f\x8b\x08", 31), (b"\x78\x9c", 15)):
        at = data.find(mark)
        while at >= 0:
            with suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(data[at:], 2**22)
            at = data.find(mark, at + 1)


def written(trace: str) -> set[bytes]:
    """How a trace may be written: in UTF-8, UTF-16, GB 18030, with JSON's or XML's escapes."""
    plain = {trace.encode(name) for name in ("utf-8", "utf-16-le", "gb18030", "unicode_escape")}
    return plain | {"".join(f"&#{ord(one)};" for one in trace).encode()}


def traces_in(folder: Path) -> list[str]:
    """The files under a folder in which any trace stands, packed or not; feeds.yaml aside."""
    found = []
    wanted = [form for trace in TRACES for form in written(trace)]
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or "cache" in file.parts:
            continue
        data = file.read_bytes()
        texts = [data, *unpacked(data)]
        if file.suffix == ".br":
            texts.append(brotli.decompress(data))
        if file.suffix == ".gz":
            texts.append(gzip.decompress(data))
        if any(form in text for text in texts for form in wanted):
            found.append(str(file.relative_to(folder)))
    return found


def sources(origin: Origin) -> str:
    return (
        f"  - {{id: one, url: '{origin.base}/one.xml', category: domestic, every: 1h}}\n"
        f"  - {{id: two, url: '{origin.base}/two.xml', category: domestic, every: 1h}}\n"
    )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Program, Origin]]:
    """Two sources, polled: one carries the article, the other another one."""
    with serve() as origin:
        program = Program(tmp_path)
        origin.put("/one.xml", rss(("a", TITLE, page(*SECRET)), ("b", "汾湖蟹肥", page(*OTHER))))
        origin.put("/two.xml", rss(("c", "天气", page("明天阴有小雨，气温六到十一摄氏度。"))))
        program.configure(sources(origin))
        program.poll("--force")
        # An earlier version, whose diff stands in the feed of corrections.
        corrected = (*SECRET[:2], SECRET[2].replace("本周五", "下周一"))
        origin.put("/one.xml", rss(("a", TITLE, page(*corrected)), ("b", "汾湖蟹肥", page(*OTHER))))
        assert program.poll("--force")["one"]["revised"] == 1
        assert TITLE.encode() in program.document("all.atom")
        assert "store.db" in traces_in(tmp_path)
        yield program, origin


def item_of(program: Program, title: str = TITLE) -> str:
    entries = feedparser.parse(program.document("all.atom")).entries
    (entry,) = [one for one in entries if one.title == title]
    shown = program.run("show", entry.link, "--json")
    return str(json.loads(shown.stdout)["item"])


def check_gone(program: Program, item: str) -> None:
    """Nothing of it stands in any file; the other article and the chain of digests do."""
    assert traces_in(program.folder) == []
    feed = feedparser.parse(program.document("all.atom"))
    assert {entry.title for entry in feed.entries} == {"汾湖蟹肥", "天气"}
    removed = etree.fromstring(program.document("removed.atom"))
    (stone,) = removed.iter("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert stone.findtext("{http://purl.org/atompub/tombstones/1.0}comment") == REASON
    verified = program.run("verify")
    assert verified.returncode == 0, verified.stdout
    assert "removed: 2 captures and 2 versions" in verified.stdout
    assert program.run("show", item).returncode == 1


def test_taken_down_without_a_daemon(site: tuple[Program, Origin]) -> None:
    program, origin = site
    item = item_of(program)
    asked = program.run("takedown", item, "--reason", REASON)
    assert asked.returncode == 1
    assert TITLE in asked.stdout
    assert "store.db" in traces_in(program.folder)  # nobody said yes
    done = program.run("takedown", item, "--reason", REASON, "--yes")
    assert done.returncode == 0, done.stderr
    check_gone(program, item)
    check_kept_out(program, origin)
    check_undone(program, origin, item)


def check_kept_out(program: Program, origin: Origin) -> None:
    """Not again under its guid, its address or its text, from any source, nor edited."""
    edited = ("本文转自：晚报", SECRET[0], SECRET[1], "更多精彩请关注本报公众号", SECRET[2][:30])
    origin.put("/one.xml", rss(
        ("a", "换个标题", page("完全不同的内容，但还是那个编号。" * 3)),
        ("b", "汾湖蟹肥", page(*OTHER)),
        ("d", "另一篇", page("另外一篇毫不相干的新文章，讲的是图书馆延长开放时间。" * 2)),
    ))  # fmt: skip
    origin.put("/two.xml", rss(
        ("a", "同一个地址", page("别的内容，同样的地址，来自另一个来源，也不应该收进来。" * 2)),
        ("x", "同样的正文", page(*SECRET)),
        ("y", "改过的正文", page(*edited)),
        ("z", "无关的正文", page("县里昨天召开了关于农村公路养护的会议，部署了下一步工作。" * 2)),
    ))  # fmt: skip
    polled = program.poll("--force")
    assert {name: line["new"] for name, line in polled.items()} == {"one": 1, "two": 1}
    titles = {entry.title for entry in feedparser.parse(program.document("all.atom")).entries}
    assert titles == {"汾湖蟹肥", "天气", "另一篇", "无关的正文"}
    assert traces_in(program.folder) == []


def check_undone(program: Program, origin: Origin, item: str) -> None:
    """Undoing lifts the bar; the next poll takes it in again, under the same key."""
    origin.put("/one.xml", rss(("a", TITLE, page(*SECRET)), ("b", "汾湖蟹肥", page(*OTHER))))
    program.poll("--force")
    assert TITLE.encode() not in program.document("all.atom")
    assert program.run("takedown", "--undo", item).returncode == 0
    assert TITLE.encode() not in program.document("all.atom")
    assert program.poll()["one"]["new"] == 1
    assert item_of(program) == item
    assert REASON.encode() not in program.document("removed.atom")


def test_taken_down_beside_the_daemon(site: tuple[Program, Origin]) -> None:
    program, _ = site
    item = item_of(program)
    with program.daemon():
        shown = json.loads(program.run("show", item, "--json").stdout)["snapshots"]
        version = "".join(filter(str.isdigit, shown[0]["taken"]))[:14]
        assert program.get(f"/items/{item}/{version}")[0] == 200
        assert program.get(f"/items/{item}")[0] == 200
        done = program.run("takedown", item, "--reason", REASON, "--yes", "--legal")
        assert done.returncode == 0, done.stderr
        check_gone(program, item)
        status, headers, body = program.get(f"/items/{item}")
        assert status == 451
        assert headers["link"] == f'<{program.base}/>; rel="blocked-by"'
        assert TITLE not in body.decode()
        assert program.get(f"/items/{item}/{version}")[0] == 451
        assert program.get(f"/timemap/items/{item}")[0] == 451
        status, _, listed = program.get("/removed", Accept_Language="en")
        assert status == 200
        assert item in listed.decode()
        assert REASON in listed.decode()
        assert "legal demand" in listed.decode()
        assert TITLE not in program.get("/feeds/all.atom")[2].decode()
    assert traces_in(program.folder) == []


def test_one_carrier_only(site: tuple[Program, Origin]) -> None:
    """The story goes on, under its id, with the carrier that was left to it."""
    program, origin = site
    item = item_of(program)
    origin.put("/two.xml", rss(("r", "漏水三月盼回应", page("转自晚报", *SECRET))))
    assert program.poll("--force")["two"]["duplicate"] == 1
    done = program.run("takedown", "https://example.com/a", "--reason", REASON, "--yes", "--json")
    (told,) = json.loads(done.stdout)
    assert [one["source"] for one in told["stays"]] == ["two"]
    titles = {entry.title for entry in feedparser.parse(program.document("all.atom")).entries}
    assert titles == {"汾湖蟹肥", "漏水三月盼回应", "天气"}
    shown = json.loads(program.run("show", item, "--json").stdout)
    assert [one["source"] for one in shown["carriers"]] == ["two"]
    # Its own source may correct it; nobody else brings it.
    origin.put("/two.xml", rss(("r", "漏水三月盼回应（更正）", page("转自晚报", *SECRET))))
    origin.put("/one.xml", rss(("n", TITLE, page(*SECRET))))
    polled = program.poll("--force")
    assert polled["two"]["revised"] == 1
    assert polled["one"]["new"] == polled["one"]["duplicate"] == 0
    assert program.run("verify").returncode == 0
    rest = program.run("takedown", item, "--reason", REASON, "--yes", "--all-carriers")
    assert rest.returncode == 0, rest.stderr
    assert traces_in(program.folder) == []


def test_a_list(site: tuple[Program, Origin]) -> None:
    program, _ = site
    item = item_of(program)
    (program.folder / "list.txt").write_text(
        f"# two\nhttps://example.com/b\t版权\n{item[:12]}\n{item}\n", encoding="utf-8"
    )
    done = program.run("takedown", "--list", "list.txt", "--reason", REASON, "--yes")
    assert done.returncode == 0, done.stderr
    feed = feedparser.parse(program.document("all.atom"))
    assert {entry.title for entry in feed.entries} == {"天气"}
    removed = program.document("removed.atom").decode()
    assert "版权" in removed
    assert REASON in removed
    assert traces_in(program.folder) == []


def test_a_document_of_several_entries_is_redacted(tmp_path: Path) -> None:
    """Of a document that could not be cut only the article goes: the others keep what was taken."""
    with serve() as origin:
        program = Program(tmp_path)
        body = rss(("a", TITLE, page(*SECRET)), ("b", "汾湖蟹肥", page(*OTHER)))
        origin.put("/one.xml", body.replace("</description></item>", "</item>", 1).encode("gb18030")
                   .replace(b"'utf-8'", b"'gb18030'"))  # fmt: skip
        origin.put("/two.xml", rss(("c", "天气", page("明天阴有小雨，气温六到十一摄氏度。"))))
        program.configure(sources(origin))
        program.poll("--force")
        item = item_of(program)
        done = program.run("takedown", item, "--reason", REASON, "--yes")
        assert done.returncode == 0, done.stderr
        assert traces_in(tmp_path) == []
        verified = program.run("verify")
        assert verified.returncode == 0, verified.stdout
        exported = program.run("export", "warc", "out.warc")
        assert exported.returncode == 0, exported.stderr


# Where the process dies, and whether the takedown has begun by then.
STEPS = [
    ("ErasingRows._destroy", 1, False),
    ("ErasingRows.erase:end", 1, False),
    ("Publisher.publish", 1, True),
    ("write_document:end", 2, True),
    ("ErasingRows.scrub", 1, True),
    ("vacuum", 1, True),
    ("ErasingRows.scrub:end", 1, True),
    ("RemovalRows.finish_removals:end", 1, True),
]


def test_killed_at_any_moment(site: tuple[Program, Origin], tmp_path: Path) -> None:
    """Either nothing was done, or the next start completes it."""
    program, _ = site
    item = item_of(program)
    before = tmp_path.with_name(f"{tmp_path.name}-before")
    shutil.copytree(tmp_path, before)
    for step, number, has_begun in STEPS:
        shutil.rmtree(tmp_path)
        shutil.copytree(before, tmp_path)
        arguments = ["takedown", item, "--reason", REASON, "--yes"]
        killed = subprocess.run(
            [
                *(sys.executable, "-m", "tests.acceptance.killed", step, str(number)),
                *(*arguments, "--config", str(program.config)),
            ],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert killed.returncode == -signal.SIGKILL, (step, killed.stderr)
        if step == "vacuum":
            with program.daemon():
                program.wait_until(lambda: traces_in(tmp_path) == [])
        else:
            program.poll()
        if has_begun:
            check_gone(program, item)
        else:
            assert TITLE.encode() in program.document("all.atom"), step
            assert program.run("verify").returncode == 0
