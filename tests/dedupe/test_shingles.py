"""Texts cut together are cut as each alone; mates of one document find each other."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.dedupe import shingles
from aggregator.dedupe.article import cut_together
from aggregator.dedupe.mates import Mates
from aggregator.dedupe.shingles import Cut, cut_all
from tests.dedupe.articles import ENGLISH, PARAGRAPHS, TEXT, article

PIECES = st.sampled_from([*PARAGRAPHS, ENGLISH, "12", "abc", "é", "e\u0301", "㎡", "，", "\n", ""])
TEXTS = st.lists(st.lists(PIECES, max_size=4).map("".join) | st.text(max_size=40), max_size=6)


def as_lists(cut: Cut) -> tuple[object, ...]:
    """A cut that can be compared."""
    units = cut.units
    arrays = (units.hashes, units.starts, units.numbers, cut.shingles, cut.fingerprints)
    return (units.text, units.digest, *(one.tolist() for one in arrays))


@settings(deadline=None)  # the table of characters is built at its first use
@given(TEXTS)
def test_texts_are_cut_together_as_alone(texts: list[str]) -> None:
    alone = [as_lists(cut) for text in texts for cut in cut_all([text])]
    assert [as_lists(cut) for cut in cut_all(texts)] == alone


def test_texts_too_long_to_be_cut_together_are_cut_one_after_another() -> None:
    long = TEXT * (shingles.TOGETHER // len(TEXT) + 1)
    cuts = list(cut_all([TEXT, long, TEXT]))
    assert as_lists(cuts[0]) == as_lists(cuts[2])
    assert cuts[1].units.hashes.size > 10_000


def test_mates_of_a_document_that_share_text_are_found_in_order() -> None:
    articles = [article(TEXT), article(ENGLISH), article("\n".join(PARAGRAPHS[:3])), article("")]
    cut_together(articles)
    mates = Mates()
    for position, one in enumerate(articles):
        mates.add(position, one)
    assert mates.like(article(TEXT)) == [0, 2]
    assert mates.like(article(ENGLISH)) == [1]
    assert mates.like(article("")) == []
