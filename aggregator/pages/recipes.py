"""The name of an e-paper system → the selectors of its pages.

Each is what the pages of that system have in common; docs/sources.md says how to tell them apart
and how to override a part. Kept in model's PageRecipe so that feeds.yaml can say the same.
"""

from __future__ import annotations

from dataclasses import replace

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
    # Founder's older one: html/YYYY-MM/DD/node_1.htm, a table of pages, `#ozoom` around the text.
    "founder-classic": PageRecipe(
        follow=("#pageLink",),
        entries="#titleLink a, .list_t a, #main-ed-articlenav-list a",
        title="founder-title, .bmdh h1, .font01, .title1",
        content="founder-content, #ozoom",
        published=None,
        images="#ozoom img, .attachment img, #attach_img img",
        base="founder-classic",
    ),
}


def whole_recipe(own: PageRecipe) -> PageRecipe:
    """The recipe of a source: the ready one that `base` names, with what the source says itself.

    Raises KeyError for an unknown name.
    """
    if own.base is None:
        return own
    names = ("entries", "title", "content", "published", "author", "section", "images", "outlet")
    said = {name: value for name in names if (value := getattr(own, name)) is not None}
    base = RECIPES[own.base]
    return replace(base, follow=own.follow or base.follow, **said)
