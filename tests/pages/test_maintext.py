"""The main text of pages of the kinds Chinese news sites use, measured by shingles."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.html import visible_text
from aggregator.pages import open_page
from aggregator.pages.maintext import main_text
from aggregator.pages.page import text_of
from tests.pages.news_pages import ARTICLES, LAYOUTS, Article, NewsPage, news_pages

LENGTH = 6


def shingles(text: str) -> Counter[str]:
    plain = "".join(text.split())
    return Counter(plain[at : at + LENGTH] for at in range(max(1, len(plain) - LENGTH + 1)))


def f1(found: str, wanted: str) -> float:
    """Of all shingles of six characters, twice those shared over those of both."""
    one, other = shingles(found), shingles(wanted)
    return 2 * (one & other).total() / (one.total() + other.total())


def found_on(page: NewsPage) -> str:
    opened = open_page(page.body, "https://news.example/a/1.html", "text/html")
    return text_of(main_text(opened, page.article.title))


def test_the_text_is_found_on_all_kinds_of_pages() -> None:
    by_layout: dict[str, list[float]] = defaultdict(list)
    for page in news_pages():
        layout = page.name.rpartition("-")[0]
        by_layout[layout].append(f1(found_on(page), visible_text(page.article.html)))
    assert len(by_layout) == len(LAYOUTS) >= 20
    assert all(len(scores) == len(ARTICLES) for scores in by_layout.values())
    means = {layout: mean(scores) for layout, scores in by_layout.items()}
    assert {layout: score for layout, score in means.items() if score < 0.95} == {}
    assert min(score for scores in by_layout.values() for score in scores) > 0.8


@pytest.mark.parametrize("page", [p for p in news_pages() if p.name.endswith("-3")][:4])
def test_pictures_and_subheadings_of_the_text_are_kept(page: NewsPage) -> None:
    opened = open_page(page.body, "https://news.example/a/1.html", "text/html")
    content = main_text(opened, page.article.title)
    assert [one.get("src") for one in content.iter("img")] == ["/upload/2026/river.jpg"]
    assert "从一份公约开始" in text_of(content)


def test_a_table_of_the_text_is_kept_cell_by_cell() -> None:
    page = next(p for p in news_pages() if p.name == "portal-2")
    content = main_text(open_page(page.body, "https://news.example/"), page.article.title)
    cells = [text_of(cell) for cell in content.iter("td")]
    assert cells[:2] == ["饭菜收入", "189.0"]
    assert len(cells) == 8


@pytest.mark.parametrize(
    "sentence",
    [
        "阅读，是一座城市的灯火。",
        "2026年3月1日，嘉兴有轨电车全线开通。",
        "外交部发表声明：双方同意继续对话，有关细节将在下周公布。",
        "编辑 这份地图的，是三位退休教师。",
        "来源：这个词在当地方言里另有一层意思。",
        "分享到的东西越多，留下的越少。",
    ],
)
def test_a_sentence_that_begins_like_a_surrounding_is_text(sentence: str) -> None:
    article = Article("题目", (ARTICLES[0].paragraphs[0], sentence, *ARTICLES[0].paragraphs[1:]))
    for layout in LAYOUTS[:4]:
        page = open_page(layout(article).encode(), "https://news.example/")
        assert sentence in text_of(main_text(page, article.title))


PIECES = (
    "<div> </div> <p> </p> <br> <td> <table> </table> <a href=x> </a> <ul> <li> </ul> <h1> </h1> "
    "<section class=comment> </section> 编辑：某 "
    "2026-11-23 一句话，说完了。 <!-- --> <span> </span>"
).split()
MARKUP = st.lists(st.sampled_from(PIECES), max_size=60)


@settings(deadline=None)
@given(MARKUP)
def test_whatever_the_markup_a_text_or_nothing_comes_of_it(pieces: list[str]) -> None:
    page = open_page(f"<html><body>{''.join(pieces)}.</body></html>".encode(), "https://a.example/")
    assert set(text_of(main_text(page))) <= set(text_of(page.tree)) | {" "}
