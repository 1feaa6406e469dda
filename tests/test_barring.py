"""What was taken down is known again by a few hashes, and what only resembles it is not."""

from __future__ import annotations

from aggregator.barring import is_like, keys_of, print_of_texts
from aggregator.dedupe import identify
from aggregator.model import Entry, Print, Text
from tests.dedupe.articles import PARAGRAPHS, TITLE


def printed(*paragraphs: str) -> Print:
    found = print_of_texts(Text(TITLE, "text"), Text("\n".join(paragraphs), "text"))
    assert found is not None
    return found


def test_a_cut_and_an_edited_repost_are_known() -> None:
    whole = printed(*PARAGRAPHS)
    assert is_like(printed(*PARAGRAPHS[:3]), whole)
    assert is_like(printed("本文转自：别的报纸", *PARAGRAPHS, "更多内容请关注公众号"), whole)


def test_another_article_is_not() -> None:
    other = " ".join(reversed([paragraph[::-1] for paragraph in PARAGRAPHS]))
    assert not is_like(printed(other), printed(*PARAGRAPHS))


def test_a_template_with_other_figures_is_not() -> None:
    report = (
        "今年前{}个月全市实现生产总值{}亿元，同比增长{}%，其中第二产业{}亿元，"
        "第三产业{}亿元，增速位居全省第{}位。"
    )
    filler = " ".join(PARAGRAPHS)
    one = printed(report.format(9, 1204, 5.7, 611, 502, 3), filler)
    other = printed(report.format(6, 833, 6.2, 417, 388, 4), filler)
    assert not is_like(one, other)
    assert is_like(one, one)


def test_an_address_that_tells_nothing_bars_nothing() -> None:
    (root,) = identify([Entry(guid="1", link="https://example.com/", title=Text("标题", "text"))])
    (page,) = identify([Entry(guid="1", link="https://example.com/a", title=Text("标题", "text"))])
    assert len(keys_of(1, root)) == 1
    assert len(keys_of(1, page)) == 2
    assert keys_of(1, page) != keys_of(2, page)
