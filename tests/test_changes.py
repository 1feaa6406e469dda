"""Changes are found by the character in Chinese, by the word elsewhere, and lose nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.changes import changes_between, marked


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (
            "注册组织52个，志愿者很多。",
            "注册组织58个，志愿者很多。",
            "注册组织[-52-]{+58+}个，志愿者很多。",
        ),
        ("会议在杭州举行", "会议将在嘉兴举行", "会议[-在杭州-]{+将在嘉兴+}举行"),
        ("the old bridge", "the new bridge", "the [-old-]{+new+} bridge"),
        ("一样", "一样", "一样"),
        ("", "新", "{+新+}"),
        ("甲乙丙", "丁乙戊", "[-甲乙丙-]{+丁乙戊+}"),
    ],
)
def test_changes_are_marked(old: str, new: str, shown: str) -> None:
    assert marked(changes_between(old, new)) == shown


def test_far_text_is_left_out() -> None:
    text = "很长的一段话" * 20
    shown = marked(changes_between(f"{text}甲{text}", f"{text}乙{text}"), 3)
    assert shown == "…一段话[-甲-]{+乙+}很长的…"


@given(st.text(alphabet="甲乙ab 1。\n", max_size=40), st.text(alphabet="甲乙ab 1。\n", max_size=40))
def test_nothing_is_lost(old: str, new: str) -> None:
    pieces = changes_between(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == new
