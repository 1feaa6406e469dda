"""`search`: what matches on standard output; nothing and mistakes by their exit codes."""

import json

import pytest

from aggregator.indexing import Indexer
from tests.cli.commands import run
from tests.web.builder import START, Site, entry


@pytest.fixture
def filled(site: Site) -> Site:
    """A site with an article, indexed."""
    site.add_source("paper", "嘉兴日报")
    site.save("paper", entry("a", "秀洲举办社工月", "<p>志愿者\x1b[31m</p>", published=START))
    Indexer(site.store).finish()
    return site


def test_what_matches_is_printed(filled: Site, capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(filled, capsys, "search", "志願者")
    assert ran.code == 0
    assert "2026-11-23 12:30" in ran.out
    assert "秀洲举办社工月  (嘉兴日报)" in ran.out
    assert "\x1b" not in ran.out
    told = json.loads(run(filled, capsys, "search", "社工", "--json").out)
    assert told["title"] == "秀洲举办社工月"
    assert told["url"] == f"http://127.0.0.1:8000/items/{told['item']}"


def test_nothing_and_mistakes(filled: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, capsys, "search", "火星").code == 1
    ran = run(filled, capsys, "search", "社工 (")
    assert ran.code == 2
    assert "社工 (\n" in ran.err
    assert "^" in ran.err


def test_what_is_not_indexed_is_told(filled: Site, capsys: pytest.CaptureFixture[str]) -> None:
    filled.save("paper", entry("b", "新来的"))
    assert "1 texts are not indexed yet" in run(filled, capsys, "search", "社工").err
