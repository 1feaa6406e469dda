"""What docs/sources.md tells people to write is what feeds.yaml takes."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from aggregator.config import parse_config
from aggregator.pages import whole_recipe
from aggregator.pages.days import dated, day_in_address

DOCS = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
PAPERS = re.findall(r"^\| (\S+) \| `(http\S+)` \| `(\S+)` \|$", DOCS, re.MULTILINE)


def test_there_are_ten_papers_beside_the_first() -> None:
    assert len(PAPERS) > 10
    assert len({url for _, url, _ in PAPERS}) == len(PAPERS)


@pytest.mark.parametrize(("name", "url", "system"), PAPERS)
def test_every_paper_of_the_table_is_a_source(name: str, url: str, system: str) -> None:
    text = f"sources: [{{id: paper, title: {name}, url: '{url}', epaper: {system}}}]"
    config = parse_config(text.encode(), Path("/somewhere/feeds.yaml"), {})
    (source,) = config.sources
    assert source.page is not None
    assert whole_recipe(source.page).entries
    assert (source.at, source.every) == (None, None), "its hour is learned"
    assert day_in_address(dated(source.url, date(2026, 11, 3))) == date(2026, 11, 3)


def test_the_examples_are_right() -> None:
    for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL):
        whole = block if "sources:" in block else None
        if whole is None and "- id:" in block:
            whole = "sources:\n" + block
        if whole is not None:
            lines = whole.splitlines()
            if lines[0].startswith("   "):
                whole = "\n".join(line[3:] for line in lines)
            assert parse_config(whole.encode(), Path("/somewhere/feeds.yaml"), {}).sources
