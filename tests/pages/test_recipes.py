"""The ready recipes and the names that feeds.yaml may call them by."""

from __future__ import annotations

import pytest
from lxml import html

from aggregator.config.values import EPAPERS
from aggregator.model import PageRecipe
from aggregator.pages import RECIPES, whole_recipe
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
