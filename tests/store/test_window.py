"""The window finds what shares fingerprints, however it is laid out inside."""

from __future__ import annotations

import numpy as np
import pytest

from aggregator.store import window
from aggregator.store.window import Window, WindowDocument
from tests.dedupe.articles import ENGLISH, PARAGRAPHS, TEXT, article


def document(number: int, values: list[int], day: int = 5) -> WindowDocument:
    """A document of the given fingerprints."""
    return WindowDocument(number, day, np.array(sorted(set(values)), dtype=np.uint32))


def found(index: Window, values: list[int], since_day: int = 0) -> list[int]:
    """The snapshots that an index finds for some fingerprints."""
    return index.candidates(np.array(sorted(set(values)), dtype=np.uint32), since_day)


@pytest.mark.parametrize("merge_at", [1, 2, 1000])
def test_settled_and_recent_documents_are_found_alike(
    merge_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "MERGE_AT", merge_at)
    index = Window([document(7, [1, 2, 3, 4, 5])])
    index.add(document(8, [1, 2, 3, 40, 50]))
    index.add(document(9, [0, 2**32 - 1, 60, 70, 80]))
    assert found(index, [1, 2, 3, 4, 5]) == [7, 8]
    assert found(index, [0, 2**32 - 1]) == [9]
    assert found(index, [1, 90, 91]) == []
    assert found(index, []) == []
    assert len(index) == 3


def test_a_summary_finds_its_full_text_and_the_other_way_round() -> None:
    index = Window()
    index.add(WindowDocument(1, 5, article(TEXT).fingerprints))
    index.add(WindowDocument(2, 5, article(ENGLISH).fingerprints))
    assert index.candidates(article(PARAGRAPHS[0] + PARAGRAPHS[1]).fingerprints) == [1]
    assert index.candidates(article(TEXT + TEXT[:300]).fingerprints) == [1]


def test_what_lies_before_the_window_is_not_found() -> None:
    index = Window([document(1, [1, 2, 3], day=4), document(2, [1, 2, 3], day=6)])
    assert found(index, [1, 2, 3], since_day=5) == [2]


@pytest.mark.parametrize("merge_at", [1, 1000])
def test_a_phrase_of_very_many_tells_nothing(
    merge_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "MERGE_AT", merge_at)
    index = Window()
    for number in range(window.COMMON + 1):
        index.add(document(number, [1, 2, 100 + number]))
    assert found(index, [1, 2]) == []
    assert found(index, [1, 2, 100]) == [0]


def test_no_more_than_a_few_candidates_are_given() -> None:
    index = Window(document(number, [1, 2, 3]) for number in range(20))
    assert len(found(index, [1, 2, 3])) == window.MOST_CANDIDATES
