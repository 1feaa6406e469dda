"""Asking many queries at once finds what asking each would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator.query import Query, matches, parse_query, prepare
from aggregator.questions import FEW, Questions

WORDS = st.sampled_from(
    "社工 志愿者 招聘 art ai 5 中 title:社工 source:a -招聘 /工作?/ link:x.org".split()
)
QUERIES = st.lists(
    st.lists(WORDS | st.just("OR"), min_size=1, max_size=5).map(" ".join), min_size=1, max_size=6
)
TEXTS = st.lists(st.sampled_from([*"社工志愿者招聘中", " ", "art", "ai", "5"]), max_size=12).map(
    "".join
)

FILLING = [f"fill{number}" for number in range(FEW)]


def readable(texts: list[str]) -> list[tuple[int, Query]]:
    """Those of some texts that are queries, numbered."""
    found: list[tuple[int, Query]] = []
    for number, text in enumerate(texts):
        try:
            found.append((number, parse_query(text)))
        except ValueError:
            continue
    return found


@given(QUERIES, TEXTS, TEXTS, st.sampled_from(["a", "b"]))
def test_the_same_match_as_asked_one_by_one(
    texts: list[str], title: str, text: str, source: str
) -> None:
    queries = readable(texts + FILLING)
    item = prepare({"title": (title,), "text": (text,), "source": (source,)})
    expected = [number for number, query in queries if matches(query, item)]
    assert Questions(queries).answered_by(item) == expected


def test_a_query_whose_words_begin_otherwise_is_not_asked() -> None:
    asked = ["社工 OR 志愿者", "招聘 source:a", "-招聘", "source:a"]
    assert not Questions(readable(asked))._by_beginning  # of so few each is asked
    questions = Questions(readable([*asked, *FILLING]))
    assert [number for number, _ in questions._always] == [2, 3]
    assert set(questions._by_beginning) == {"社工", "志愿", "招聘", "fi"}
