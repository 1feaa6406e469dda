"""Pages made to hold a parser for minutes are refused; what only looks odd is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.pages import PageError, open_page
from aggregator.pages.limits import too_tangled
from aggregator.pages.maintext import main_text
from aggregator.pages.page import text_of

URL = "https://paper.example/"
STORY = "".join(
    f"<p>第{n}段,讲的是镇上社工站的事,句子要足够长,才像一篇文章。</p>" for n in range(8)
)


@pytest.mark.parametrize(
    "tag",
    [
        "<p " + " ".join(f"a{n}=1" for n in range(3000)) + ">",
        "<p " + " ".join(f"a{n}" for n in range(3000)) + ">",
        "<p " + " ".join(f'a{n}=">"' for n in range(3000)) + ">",
        "<p" + "".join(f"/a{n}='x'" for n in range(3000)) + ">",
    ],
)
def test_a_tag_of_thousands_of_attributes_is_refused(tag: str) -> None:
    assert too_tangled(f"<html><body>{tag}正文")
    with pytest.raises(PageError, match="attributes"):
        open_page(f"<html><body>{tag}正文".encode(), URL)


@pytest.mark.parametrize(
    "html",
    [
        f'<img src="data:image/png;base64,{"A" * 50_000}">',
        "<script>" + "a=1;" * 5000 + "</script>",
        "<p>" + "a = b and c " * 3000 + "</p>",
        "<p " + " ".join(f"a{n}=1" for n in range(500)) + ">",
    ],
)
def test_long_values_scripts_and_texts_are_no_attributes(html: str) -> None:
    assert not too_tangled(html)


@given(st.text(alphabet="<>a =\"'/", max_size=300))
def test_any_text_is_judged(text: str) -> None:
    assert not too_tangled(text)


def test_the_main_text_is_found_beside_giant_attributes_and_scripts() -> None:
    junk = f'<meta content="{"0" * 300_000}"><script>{"x<y;" * 20_000}</script>'
    html = f'<html><head>{junk}</head><body><div class="article">{STORY}</div></body></html>'
    assert "第7段" in text_of(main_text(open_page(html.encode(), URL)))


def test_nothing_is_found_where_nothing_is() -> None:
    for html in ("<div>" * 50_000, "<p>x</p>" * 20_000, "<!-- a --><html><head></head></html>"):
        try:
            page = open_page(html.encode(), URL)
        except PageError:
            continue
        assert text_of(main_text(page)) in ("", "x")
