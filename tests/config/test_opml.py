"""OPML in and out: folders are categories, duplicates are named, secrets stay at home."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from aggregator.cli.app import app
from aggregator.config import load_config
from aggregator.config.opml import OpmlError, Outline, read_opml, write_opml
from aggregator.model import Category, Source

OPML = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>mine</title></head><body>
<outline text="科技">
  <outline text="深入">
    <outline type="rss" text="IT之家" xmlUrl="https://www.ithome.com/rss/" language="zh-cn"/>
  </outline>
  <outline text="少数派" xmlurl=" https://sspai.com/feed "/>
</outline>
<outline text="国内"><outline title="又一" text="x" XMLURL="http://EXAMPLE.org/a.xml/"/></outline>
<outline text="无" xmlUrl="https://example.org/none.xml"/>
<outline text="无" xmlUrl="feed://www.example.org/none.xml#x"/>
<outline text="ftp" xmlUrl="ftp://example.org/x"/>
<outline text="a link" type="link" url="https://example.org"/>
<outline text="by attribute" xmlUrl="https://example.org/c.xml" category="/时事/国内,/x"/>
</body></opml>
"""
START = """# mine
categories:
  - {id: domestic, title: 国内}   # kept
sources:
  - id: a
    url: https://example.org/a.xml
    category: domestic
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.yaml"
    path.write_text(START, encoding="utf-8")
    (tmp_path / "in.opml").write_text(OPML, encoding="utf-8")
    return path


def run(command: str, path: Path, *arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(app, [command, *arguments, "--config", str(path)])
    return outcome.exit_code, outcome.output


def test_folders_become_categories_and_duplicates_are_named(path: Path) -> None:
    code, output = run("import", path, str(path.parent / "in.opml"))
    assert code == 0, output
    config = load_config(path, {})
    assert [(c.id, c.title) for c in config.categories] == [
        ("domestic", "国内"),
        ("category", "深入"),
        ("technology", "科技"),
    ]
    told = {source.url: (source.title, source.categories) for source in config.sources}
    assert told == {
        "https://example.org/a.xml": ("a", ("domestic",)),
        "https://example.org/c.xml": ("by attribute", ("domestic",)),
        "https://www.ithome.com/rss/": ("IT之家", ("category",)),
        "https://sspai.com/feed": ("少数派", ("technology",)),
        "https://example.org/none.xml": ("无", ()),
    }
    assert "line 9: 又一: there already as a" in output
    assert "line 11: 无: there already as " in output
    assert "line 12: ftp: addresses of the kind `ftp:`" in output
    assert "4 sources and 2 categories added" in output
    assert "3 skipped" in output
    text = path.read_text(encoding="utf-8")
    assert all(line in text.splitlines() for line in START.splitlines())
    code, output = run("import", path, str(path.parent / "in.opml"))
    assert "0 sources and 0 categories" in output


def test_a_dry_run_writes_nothing(path: Path) -> None:
    code, output = run("import", path, str(path.parent / "in.opml"), "--dry-run")
    assert code == 0
    assert "+ source ithome" in output
    assert path.read_text(encoding="utf-8") == START


def test_one_category_for_all(path: Path) -> None:
    arguments = (str(path.parent / "in.opml"), "--category", "domestic")
    assert run("import", path, *arguments)[0] == 0
    config = load_config(path, {})
    assert len(config.categories) == 1
    assert all(source.categories == ("domestic",) for source in config.sources)
    assert run("import", path, arguments[0], "--category", "nope")[0] == 2


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", 1, "not well-formed"),
        ("hello", 1, "not well-formed"),
        ("<opml><body>\n<outline text='a>\n</body></opml>", 3, "not well-formed"),
        ("<opml><body>\n<outline>\n</body></opml>", 3, "not well-formed"),
        ("\n\n<rss version='2.0'><channel/></rss>", 3, "no OPML"),
        ("<opml><head/></opml>", 1, "no <body>"),
        ("<opml><body><outline text='a'/></body></opml>", 0, "no feed is listed"),
        ("<opml><body>\n&undefined;<outline xmlUrl='http://a/'/></body></opml>", 2, "well-formed"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(
    content: str, line: int, words: str, path: Path
) -> None:
    with pytest.raises(OpmlError, match=words) as caught:
        read_opml(content.encode())
    assert caught.value.line == line
    (path.parent / "bad.opml").write_text(content)
    code, output = run("import", path, str(path.parent / "bad.opml"))
    assert code == 1
    assert "nothing was imported" in output
    assert path.read_text(encoding="utf-8") == START


def test_entities_are_neither_files_nor_bombs(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    bomb = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10 if n else 'x'}'>" for n in range(9))
    content = (
        f"<!DOCTYPE opml [<!ENTITY f SYSTEM '{secret.as_uri()}'>{bomb}]>"
        "<opml><body><outline text='&e8;' xmlUrl='https://a.org/'>&f;</outline></body></opml>"
    )
    begun = time.process_time()
    try:
        told = repr(read_opml(content.encode()))
    except OpmlError as error:
        told = str(error)
    assert "hunter2" not in told
    assert len(told) < 1000
    assert time.process_time() - begun < 1


def test_five_thousand_outlines_take_seconds(path: Path) -> None:
    rows = [f"<outline text='源 {n}: x' xmlUrl='https://e{n}.org/feed'/>" for n in range(5000)]
    folders = "".join(
        f"<outline text='分类 {number}'>{''.join(rows[number::10])}</outline>"
        for number in range(10)
    )
    (path.parent / "in.opml").write_text(f"<opml><body>{folders}</body></opml>", encoding="utf-8")
    begun = time.process_time()
    code, output = run("import", path, str(path.parent / "in.opml"))
    assert code == 0, output
    assert time.process_time() - begun < 10
    config = load_config(path, {})
    assert len(config.sources) == 5001
    assert len(config.categories) == 11


def test_export_is_by_category_and_tells_no_secret(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text(
        START
        + "  - {id: b, url: 'https://me:${PW}@example.org/b?token=${T}', category: domestic}\n"
        + "  - {id: c, url: 'https://me:hunter2@example.org/c?api_key=abc&x=1', title: a & <b>}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PW", "s3cret")
    code, output = run("export", path, "opml")
    assert code == 0, output
    for secret in ("s3cret", "hunter2", "abc"):
        assert secret not in output
    outlines = read_opml(output.encode())
    assert [(o.title, o.folders) for o in outlines] == [
        ("a", ("国内",)),
        ("b", ("国内",)),
        ("a & <b>", ()),
    ]
    assert outlines[1].url == "https://me:${PW}@example.org/b?token=${T}"
    assert run("export", path, "pdf")[0] == 2
    target = path.parent / "out.opml"
    assert run("export", path, "opml", "--output", str(target))[0] == 0
    assert target.read_bytes() == output.encode()


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿�\x85"),
    min_size=1,
    max_size=20,
).filter(lambda text: text.split() and text == " ".join(text.split()))


@given(st.lists(st.tuples(texts, st.sampled_from(["", "x", "y"])), min_size=1, max_size=8))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    categories = (Category("x", "X"), Category("y", "Ω & <y>"))
    sources = [
        Source(f"s{n}", title, f"https://e.org/{n}?a=1&b=2", (name,) if name else ())
        for n, (title, name) in enumerate(rows)
    ]
    urls = {source.id: source.url for source in sources}
    titles = {category.id: category.title for category in categories}
    written = write_opml("t", categories, sources, urls)
    read = {(o.url, o.title, o.folders) for o in read_opml(written)}
    assert read == {(s.url, s.title, tuple(titles[name] for name in s.categories)) for s in sources}
    assert isinstance(read_opml(written)[0], Outline)
