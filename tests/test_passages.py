"""Passages: what was looked for is marked where it stands, and a long text is cut around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.passages import PASSAGE_LENGTH, passage_of, pieces_of, spans_of, words_of
from aggregator.query import parse_query


def marked(text: str, query: str) -> str:
    """The text with [ ] around what the query finds in it."""
    spans = spans_of(text, words_of(parse_query(query), "text"))
    return "".join(f"[{p.text}]" if p.is_found else p.text for p in pieces_of(text, spans))


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("招募社工人员", "社工", "招募[社工]人员"),
        ("招募志願者", "志愿", "招募[志願]者"),
        ("State of the Art, start", "art", "State of the [Art], start"),
        ("climate and acclimatise", "climat*", "[climate] and acclimatise"),
        ("ＡＩ……模型", "ai 模型", "[ＡＩ]……[模型]"),
        ("社会工作者", "社会工作 OR 工作者", "[社会工作者]"),
        ("社工与招聘", "社工 -招聘", "[社工]与招聘"),
        ("社工", "title:社工", "社工"),
        ("social  work", '"social work"', "[social  work]"),
    ],
)
def test_what_is_found_is_marked(text: str, query: str, expected: str) -> None:
    assert marked(text, query) == expected


def test_a_long_text_is_cut_where_most_is_found() -> None:
    text = "社工" + "无" * 300 + "社工与志愿者" + "无" * 300
    spans = spans_of(text, words_of(parse_query("社工 志愿者"), "text"))
    pieces = passage_of(text, spans)
    assert [piece.text for piece in pieces if piece.is_found] == ["社工", "志愿者"]
    assert (pieces[0].text, pieces[-1].text) == ("…", "…")
    assert sum(len(piece.text) for piece in pieces) <= PASSAGE_LENGTH + 2


def test_without_a_place_it_is_the_beginning() -> None:
    assert passage_of("开头" + "无" * 300, [])[0].text.startswith("开头")


@given(st.text("社工志願ＡＩ…ß a\n,", max_size=300), st.sampled_from(["社工", "志愿 ai", "ss"]))
def test_nothing_of_the_text_is_lost_or_made_up(text: str, query: str) -> None:
    spans = spans_of(text, words_of(parse_query(query), "text"))
    assert "".join(piece.text for piece in pieces_of(text, spans)) == text
    shown = "".join(piece.text for piece in passage_of(text, spans)).strip("…")
    assert shown.strip() in text
