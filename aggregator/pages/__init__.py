"""A page without a feed and its recipe → links to follow and to capture, or an article's entry."""

from aggregator.pages.article import read_article
from aggregator.pages.index import Index, PageLink, read_index
from aggregator.pages.page import Miss, Page, PageError, open_page, refresh_of
from aggregator.pages.recipes import RECIPES, whole_recipe
from aggregator.pages.whole import Reading, Whole, feed_of, read_kept, reading_of

__all__ = [
    "RECIPES",
    "Index",
    "Miss",
    "Page",
    "PageError",
    "PageLink",
    "Reading",
    "Whole",
    "feed_of",
    "open_page",
    "read_article",
    "read_index",
    "read_kept",
    "reading_of",
    "refresh_of",
    "whole_recipe",
]
