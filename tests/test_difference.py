"""What was taken out and what was put in between two versions of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.changes import Piece
from aggregator.difference import (
    difference_html,
    differences,
    is_changed,
    paragraphs_of,
)

TEXTS = st.lists(st.text("ab 汇聚社工。1\n", max_size=20), max_size=8)


@given(TEXTS, TEXTS)
def test_both_versions_can_be_read_from_the_pieces(before: list[str], after: list[str]) -> None:
    found = differences(before, after)
    for version, other in ((before, "new"), (after, "gone")):
        text = ["".join(p.text for p in paragraph if p.kind != other) for paragraph in found]
        assert "".join(text) == "".join(version)


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: list[str]) -> None:
    assert not any(is_changed(paragraph) for paragraph in differences(text, text))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("死亡3人", "死亡5人", "<p>死亡<del>3</del><ins>5</ins>人</p>"),
        ("共120人", "共1200人", "<p>共<del>120</del><ins>1200</ins>人</p>"),
        (
            "The mayor said yes",
            "The mayor said no",
            "<p>The mayor said <del>yes</del><ins>no</ins></p>",
        ),
        ("同样", "同样", "<p>同样</p>"),
        ("a < b", "a < c", "<p>a &lt; <del>b</del><ins>c</ins></p>"),
    ],
)
def test_words_that_changed(before: str, after: str, expected: str) -> None:
    assert difference_html(differences([before], [after])) == expected


def test_paragraphs_that_came_and_went() -> None:
    found = differences(["一", "二", "三"], ["一", "三", "四"])
    assert found == [
        (Piece("same", "一"),),
        (Piece("gone", "二"),),
        (Piece("same", "三"),),
        (Piece("new", "四"),),
    ]


def test_what_stayed_is_left_out_but_for_its_neighbours() -> None:
    before = [f"第{n}段" for n in range(10)]
    after = [*before[:5], "改了", *before[6:]]
    shown = difference_html(differences(before, after), context=1)
    assert shown.startswith("<p>…</p><p>第4段</p><p>")
    assert shown.endswith("<p>第6段</p><p>…</p>")


def test_lines_of_html_are_paragraphs() -> None:
    html = "<p>一<br>二</p><ul><li>三</li></ul><p> </p>四&amp;五<b>六</b>"
    assert paragraphs_of(html) == ["一", "二", "三", "四&五六"]


def test_what_would_cost_too_much_is_shown_as_changed_whole() -> None:
    before, after = "的 " * 20_000 + "甲", "乙" + "的 " * 20_000
    assert differences([before], [after]) == [(Piece("gone", before), Piece("new", after))]
    many = differences(["a", "b"] * 5_000, ["b", "a"] * 5_000 + ["c"])
    assert {piece.kind for paragraph in many for piece in paragraph} == {"gone", "new"}


def test_the_same_letter_a_hundred_thousand_times_is_one_word() -> None:
    assert differences(["a" * 100_000], ["a" * 100_000 + "b"])[0][0].kind == "gone"
