"""The ready recipes and the names that feeds.yaml may call them by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import html

from aggregator.config.recipes import EPAPERS
from aggregator.model import PageRecipe, PageRecord
from aggregator.pages import RECIPES, open_page, read_index, whole_recipe
from aggregator.pages.edition import rows_of
from aggregator.pages.select import select


def test_the_names_of_feeds_yaml_are_those_of_the_recipes() -> None:
    assert set(EPAPERS) == set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_selector_of_a_ready_recipe_can_be_read(name: str) -> None:
    recipe, tree = RECIPES[name], html.document_fromstring("<p>")
    selectors = [recipe.entries, recipe.title, recipe.content, recipe.published, recipe.images]
    for selector in (*recipe.follow, *selectors):
        if selector is not None:
            assert select(tree, selector) == []


def test_a_source_overrides_a_part_of_a_ready_recipe() -> None:
    whole = whole_recipe(PageRecipe(base="founder", content="#text"))
    assert whole.content == "#text"
    assert whole.entries == RECIPES["founder"].entries
    assert whole_recipe(PageRecipe(entries="a")) == PageRecipe(entries="a")


def test_the_recipe_by_addresses_reads_any_skin_and_leaves_other_editions_alone() -> None:
    url = "https://paper.example/html/2026-11/23/node_1.htm"
    body = """<a href="../22/node_1.htm">上一期</a> <a id=pageLink href="node_2.htm">第02版:综合</a>
    <map><area href="content_7.htm"></map><div class=px12><a href="content_7.htm?div=-1">七</a>
    <a href="content_8.htm">八</a></div>"""
    index = read_index(open_page(body.encode(), url), RECIPES["founder-links"], 0)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    root = PageRecord(0, "paper", url, "index", 0, "", now, edition="2026-11-23")
    rows = [
        (row.kind, row.url.rpartition("/")[2], row.section) for row in rows_of(root, index, now)
    ]
    assert rows == [
        ("index", "node_2.htm", "第02版:综合"),
        ("article", "content_7.htm", None),
        ("article", "content_8.htm", None),
    ]
