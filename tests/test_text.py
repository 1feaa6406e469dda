"""The normal form is one for what reads the same, and nothing unfit reaches XML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.text import fit_for_xml, normal_form, shorten, squeeze


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＢＣ　１２３", "abc 123"),
        ("  a\n\tb\u00a0c ", "a b c"),
        ("Straße", "STRASSE"),
        ("ﬁ", "fi"),
        ("e\u0301", "é"),
        ("㎞", "km"),
        ("中国：新闻", "中国:新闻"),
    ],
)
def test_what_reads_the_same_has_one_normal_form(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


def test_what_reads_otherwise_has_another() -> None:
    assert normal_form("12 人") != normal_form("13 人")
    assert normal_form("里面") != normal_form("裏面")


@given(st.text())
def test_the_normal_form_is_trimmed_and_squeezed(text: str) -> None:
    form = normal_form(text)
    assert form == form.strip()
    assert form == squeeze(form)


@given(st.text(alphabet=st.characters(codec=None)))
def test_what_is_fit_for_xml_comes_back_from_xml(text: str) -> None:
    fit = fit_for_xml(text)
    element = etree.Element("t")
    element.text = fit
    back = etree.fromstring(etree.tostring(element, encoding="utf-8")).text or ""
    assert back == fit
    assert fit_for_xml(fit) == fit


def test_unfit_characters_are_dropped_and_lost_ones_marked() -> None:
    assert fit_for_xml("a\x00\x0b\x7f\x9f\ud800\ufffe\uffffb") == "ab"
    assert fit_for_xml("a\ufffdb") == "a□b"
    assert fit_for_xml("a\t\n\u0085😀国") == "a\t\n\u0085😀国"


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_shortened_text_is_within_its_limit(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert (short == text) == (len(text) <= limit)
