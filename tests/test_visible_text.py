"""The fast way of reading HTML's text says what the careful one says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator import html
from aggregator.text import squeeze

PIECES = [
    *("<p>", "</p>", "<b>", "</b>", '<a href="x>y">', "<img alt='a\"b'>", "text", "<", ">", '"'),
    *("'", " ", "<br/>", "<script>", "</script>", "&amp;", "<!--", "-->", "<a href=x", "=", "<td"),
    *("/", "中", "<P CLASS=x>", "<p/>", "</ p>", '<a =">">', "\0", "&#0;"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_fast_way_agrees_with_the_careful_one(markup: str) -> None:
    careful = squeeze(html._unescape("".join(html._text_runs(markup))))
    assert html.visible_text(markup) == careful


def test_a_block_inside_an_unclosed_tag_does_not_close_it() -> None:
    assert html.visible_text("<td<p>-->tail") == "-->tail"


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_words_run_together_are_the_visible_text_without_spaces(markup: str) -> None:
    assert html.words_run_together(markup) == "".join(html.visible_text(markup).split())
