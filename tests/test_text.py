"""The normal form is one for what reads the same, and nothing unfit reaches XML."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.text import _SETTLED, compatible, fit_for_xml, normal_form, shorten, squeeze


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


def test_nothing_that_is_taken_for_settled_is_changed_by_nfkc_or_changes_its_neighbour() -> None:
    settled = re.findall(f"[{_SETTLED}]", "".join(map(chr, range(0x110000))))
    assert len(settled) > 28_000
    assert all(unicodedata.is_normalized("NFKC", character) for character in settled)
    assert not any(map(unicodedata.combining, settled))
    # What follows another and is composed with it: the second part of a canonical decomposition.
    pairs = (unicodedata.decomposition(chr(code)).split() for code in range(0x110000))
    seconds = {chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and pair[0][0] != "<"}
    assert not seconds & set(settled)


@given(
    st.text(alphabet="aé中か\u3099e\u0301，：（）？！；\u3000\u00a0…ﬁ㎞가\u11a8。", max_size=30)
    | st.text()
)
def test_the_compatible_form_is_nfkc(text: str) -> None:
    assert compatible(text) == unicodedata.normalize("NFKC", text)
