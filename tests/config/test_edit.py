"""What is added to feeds.yaml leaves every other byte as it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import ConfigError, parse_config
from aggregator.config.document import read_document
from aggregator.config.edit import EditError, add_items, scalar_text
from aggregator.config.names import category_id, source_id
from aggregator.config.write import update_file

SOURCE = {"id": "x", "title": "要闻: 今日", "url": "https://example.org/x", "category": "c"}

FORMS = {
    "block": "sources:\n  - id: a\n    url: a.xml\n",
    "no indent": "sources:\n- id: a\n  url: a.xml\ncategories:\n- id: c\n",
    "no last line end": "sources:\n  - id: a\n    url: a.xml",
    "windows": "sources:\r\n  - id: a\r\n    url: a.xml\r\n\r\ntitle: z\r\n",
    "mark": "\ufeffsources:\n  - id: a\n    url: a.xml\n",
    "compact": "sources:\n  - {id: a, url: a.xml}  # one\n  # two\n# three\n",
    "flow": "sources: [{id: a, url: a.xml}]  # one\n",
    "flow in lines": "sources: [\n  {id: a, url: a.xml},  # one\n]\n",
    "empty": "title: t\nsources: []  # none yet\n",
    "spaced": "sources:\n\n  - id: a\n    url: a.xml\n\n  - id: b\n    url: b.xml\n\n# end\n",
    "block scalar": "sources:\n  - id: a\n    url: a.xml\n    title: |\n      one\n      two\n",
    "anchors": "sources:\n  - &x {id: a, url: a.xml}\n  - {<<: *x, id: b}\n",
    "comment first": "# yaml-language-server: x\n# about\nsources:\n  - id: a\n    url: a.xml\n",
    "quotes": '"sources":\n  - \'id\': "a"\n    url: >-\n      a.xml\n\n\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_only_lines_are_added(form: str) -> None:
    before = FORMS[form].encode()
    after = add_items(before, [{"id": "c2", "title": "新"}], [SOURCE, {**SOURCE, "id": "y"}])
    config = parse_config(after.replace(b"category: c", b"category: c2"), Path("feeds.yaml"), {})
    assert [source.id for source in config.sources][-2:] == ["x", "y"]
    assert config.sources[-1].title == "要闻: 今日"
    assert config.categories[-1].id == "c2"
    if form in ("flow", "flow in lines", "empty"):
        return
    kept = iter(after.removeprefix(b"\xef\xbb\xbf").splitlines())
    for line in before.removeprefix(b"\xef\xbb\xbf").splitlines():
        assert line in kept, f"{line!r} is gone or moved"
    assert after.startswith(b"\xef\xbb\xbf") == before.startswith(b"\xef\xbb\xbf")
    assert (b"\r\n" in before) == (b"\r\n" in after)
    assert after.count(b"\r") == (after.count(b"\n") if b"\r" in before else 0)


@pytest.mark.parametrize("form", ["flow", "flow in lines", "empty"])
def test_comments_survive_in_brackets(form: str) -> None:
    after = add_items(FORMS[form].encode(), [], [SOURCE]).decode()
    assert after.count("#") == FORMS[form].count("#")


def test_a_broken_file_is_not_edited() -> None:
    for broken in (b"", b"sources: [", b"- a\n", b"sources: []\nsources: []\n"):
        with pytest.raises(EditError):
            add_items(broken, [], [SOURCE])


@given(st.text(max_size=40))
def test_any_text_is_written_so_that_it_reads_back(text: str) -> None:
    written = scalar_text(text)
    for form in (f"sources: [{written}, end]", f"sources:\n  - {written}\n  - end\n"):
        document = read_document(form.encode(), "x")
        assert not document.problems
        assert document.data == {"sources": [text, "end"]}


def test_the_file_is_replaced_whole_and_keeps_mode_and_link(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("sources: []\n")
    real.chmod(0o640)
    link = tmp_path / "feeds.yaml"
    link.symlink_to(real)
    update_file(link, lambda content: add_items(content, [], [{"id": "a", "url": "a.xml"}]), {})
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "id: a" in real.read_text()
    assert sorted(os.listdir(tmp_path)) == ["feeds.yaml", "real.yaml"]


def test_an_edit_that_would_be_wrong_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("sources: []\n")
    with pytest.raises(ConfigError):
        update_file(path, lambda content: content + b"titel: x\n", {})
    assert path.read_text() == "sources: []\n"


def test_an_edit_made_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("sources: []\n")
    rounds = []

    def edit(content: bytes) -> bytes:
        rounds.append(content)
        if len(rounds) == 1:
            path.write_text("title: mine\nsources: []\n")
        return add_items(content, [], [{"id": "a", "url": "a.xml"}])

    config = update_file(path, edit, {})
    assert config.title == "mine"
    assert len(rounds) == 2


@pytest.mark.parametrize(
    ("title", "url", "name"),
    [
        ("Hacker News", "https://news.ycombinator.com/rss", "hacker-news"),
        ("IT之家", "https://www.ithome.com/rss/", "ithome"),
        ("中国新闻网", "https://www.chinanews.com.cn/rss/china.xml", "chinanews-china"),
        (None, "http://127.0.0.1:8000/a/blog.xml", "blog"),
        ("", "file:///", "source"),
        ("Café Société", "https://x.org/feed", "cafe-societe"),
    ],
)
def test_ids_are_made_from_titles_and_addresses(title: str | None, url: str, name: str) -> None:
    assert source_id(title, url, ()) == name
    assert source_id(title, url, {name}) == f"{name}-2"


def test_ids_of_categories() -> None:
    assert category_id("科技", ()) == "technology"
    assert category_id("健康", ()) == "health-news"
    assert category_id("All", ()) == "all-news"
    assert category_id("杂七杂八", {"category"}) == "category-2"
