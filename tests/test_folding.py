"""Characters fold to what they are compared as."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.folding import NOTHING, fold, simplified


def folded(text: str) -> str:
    """A text's folded characters, without those that fold to nothing."""
    codes, kinds, _ = fold(text)
    return "".join(map(chr, codes[kinds != NOTHING].tolist()))


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("高質量發展，助力粵港澳", "高质量发展助力粤港澳"),
        ("看著標誌性集羣", "看着标志性集群"),
        ("乾隆 幹部 乾燥", "干隆干部干燥"),
        ("１２３．５％ＡＢＣ", "1235abc"),
        ("Straße ÉCOLE", "straßeécole"),
        ("e\u0301cole ﬁne ㎡ ①", "écolefinem21"),
        ("ｶﾀｶﾅ カタカナ", "カタカナカタカナ"),
        ("「你好」——『世界』……！", "你好世界"),
        ("한국어 Ünïcödé", "한국어ünïcödé"),
        ("😀\U000fffff\ud800", ""),
        ("", ""),
    ],
)
def test_text_folds(text: str, same_as: str) -> None:
    assert folded(text) == same_as


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(max_size=60))
def test_compatibility_forms_fold_alike(text: str) -> None:
    assert folded(unicodedata.normalize("NFKC", text)) == folded(text)


@given(st.text(max_size=60))
def test_simplifying_keeps_every_character_in_its_place(text: str) -> None:
    assert len(simplified(text)) == len(text)
