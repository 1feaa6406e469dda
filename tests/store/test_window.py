"""The window finds what shares fingerprints, however it is laid out inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator.store import window
from aggregator.store.fingerprints import pack_documents, unpack_documents
from aggregator.store.window import Window
from tests.dedupe.articles import ENGLISH, PARAGRAPHS, TEXT, article


def prints(*values: int) -> NDArray[np.uint32]:
    """Fingerprints as the window takes them."""
    return np.array(sorted(set(values)), dtype=np.uint32)


@pytest.mark.parametrize("merge_at", [1, 2, 1000])
def test_settled_and_recent_documents_are_found_alike(
    merge_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "MERGE_AT", merge_at)
    body = pack_documents([(7, prints(1, 2, 3, 4, 5).tobytes()), (6, prints(9).tobytes())])
    index = Window([unpack_documents(body)])
    index.add(8, prints(1, 2, 3, 40, 50))
    index.add(9, prints(0, 2**32 - 1, 60, 70, 80))
    assert index.candidates(prints(1, 2, 3, 4, 5)) == [7, 8]
    assert index.candidates(prints(0, 2**32 - 1)) == [9]
    assert index.candidates(prints(1, 90, 91)) == []
    assert index.candidates(prints()) == []
    assert len(index) == 4


def test_a_summary_finds_its_full_text_and_the_other_way_round() -> None:
    index = Window()
    index.add(1, article(TEXT).fingerprints)
    index.add(2, article(ENGLISH).fingerprints)
    assert index.candidates(article(PARAGRAPHS[0] + PARAGRAPHS[1]).fingerprints) == [1]
    assert index.candidates(article(TEXT + TEXT[:300]).fingerprints) == [1]


@pytest.mark.parametrize("merge_at", [1, 1000])
def test_a_phrase_of_very_many_tells_nothing(
    merge_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "MERGE_AT", merge_at)
    index = Window()
    for number in range(window.COMMON + 1):
        index.add(number, prints(1, 2, 100 + number))
    assert index.candidates(prints(1, 2)) == []
    assert index.candidates(prints(1, 2, 100)) == [0]


def test_no_more_than_a_few_candidates_are_given() -> None:
    index = Window()
    for number in range(20):
        index.add(number, prints(1, 2, 3))
    assert len(index.candidates(prints(1, 2, 3))) == window.MOST_CANDIDATES


@settings(deadline=None)
@pytest.mark.parametrize("merge_at", [1, 3, 1000])
@given(
    held=st.lists(st.sets(st.integers(0, 40), max_size=8), max_size=50),
    asked=st.lists(st.sets(st.integers(0, 40), max_size=8), max_size=6),
)
def test_texts_are_looked_up_together_as_alone(
    merge_at: int, held: list[set[int]], asked: list[set[int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "MERGE_AT", merge_at)
        index = Window()
        for number, one in enumerate(held):
            index.add(number, prints(*one))
    texts = [prints(*one) for one in asked]
    alone = [index.candidates(one) for one in texts]
    assert index.candidates_of_all(texts) == alone
