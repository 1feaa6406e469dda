"""The name of an e-paper system → the selectors of its pages.

Each is what the pages of that system have in common; docs/sources.md says how to tell them apart
and how to override a part. Kept in model's PageRecipe so that feeds.yaml can say the same.
"""

from __future__ import annotations

from dataclasses import fields, replace

from aggregator.model import PageRecipe

RECIPES: dict[str, PageRecipe] = {
    # Founder (方正), layout/YYYYMM/DD/node_01.html, content in an element of its own name.
    "founder": PageRecipe(
        follow=("#list li a",),
        entries="#articlelist .clearfix a",
        title="#Title",
        content="founder-content",
        published="date",
        images=".attachment img",
        base="founder",
    ),
    # Any skin of the same system: its addresses are the same everywhere, its classes are not.
    # html/YYYY-MM/DD/node_1.htm, layout/YYYYMM/DD/node_01.html; articles are content_N.htm(l).
    "founder-links": PageRecipe(
        follow=("a[href*='node_']",),
        entries="a[href*='content_'], area[href*='content_']",
        title="founder-title, #Title, .article h1, .text_c h1",
        content="founder-content, #ozoom, #articleContent",
        base="founder-links",
    ),
    # The one whose pages are nbs.D110000NAME_01.htm and whose articles are nw.D110000NAME_….htm.
    "founder-nbs": PageRecipe(
        follow=("a[href*='nbs.D']",),
        entries="a[href*='nw.D'], area[href*='nw.D']",
        title=".article h1, .text_c h1",
        content="#ozoom, #articleContent",
        base="founder-nbs",
    ),
}


def whole_recipe(own: PageRecipe) -> PageRecipe:
    """The recipe of a source: the ready one that `base` names, with what the source says itself.

    Raises KeyError for an unknown name.
    """
    if own.base is None:
        return own
    base = RECIPES[own.base]
    own_words = {field.name: getattr(own, field.name) for field in fields(own)}
    said = {name: value for name, value in own_words.items() if value is not None}
    return replace(base, **{**said, "follow": own.follow or base.follow})
