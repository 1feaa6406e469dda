"""The query language: what matches, its laws, and how mistakes in it are told."""

from __future__ import annotations

import time
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.query import (
    DATE_FIELDS,
    FIELDS,
    And,
    Dated,
    Not,
    Or,
    Query,
    QueryError,
    Regex,
    Term,
    matches,
    parse_query,
    prepare,
    print_query,
)
from aggregator.text import normal_form

ITEM = {
    "title": ("嘉兴社工招募志愿者：Start of the ART fair 2026",),
    "text": ("来源：嘉兴日报。生成式AI模型与café，don't panic",),
    "source": ("chinanews-china",),
    "outlet": ("嘉兴日报",),
    "section": ("秀洲新闻",),
    "tag": ("社会", "公益"),
    "link": ("https://www.Example.org/news/2026/公益.html?id=7",),
    "author": ("王小明", "Ann Lee"),
    "lang": ("zh_CN",),
}


def holds(text: str, **item: tuple[str, ...]) -> bool:
    return matches(parse_query(text), item or ITEM)


@pytest.mark.parametrize(
    "text",
    [
        "社工",
        "title:社工 text:日报",
        "社工 志愿者",
        "社工 AND 志愿者",
        "社工 OR 无",
        "无 or 社工",
        "无｜社工",
        "社工 -招聘",
        "NOT 招聘",
        "not (招聘 OR 无)",
        "－招聘 社工",
        "art",
        "ART fair",
        '"the art fair"',
        "“the art  fair”",
        "「志愿者:start」",
        "sta*",
        "title：（无 OR 社工）",
        "title:(社工 -招聘)",
        "title: 社工",
        "AI",
        "CAFÉ",
        "ｃａｆé",
        "source:chinanews-china",
        "source:chinanews-*",
        "outlet:嘉兴日报",
        "section:秀洲",
        "tag:公益",
        "author:lee",
        "lang:zh",
        "lang:zh-CN",
        "link:example.org",
        "link:https://www.example.org/news/",
        "link:example.org/news/2026",
        "link:/news/",
        "link:/news/2026/公益",
        "link:公益.html",
        "/嘉兴.{2}招募/",
        r"title:/art\b.*20\d\d$/",
        "/志愿者：/",
        "来源：嘉兴",
        "don't",
        "2026",
        '-"招聘"',
        "--社工",
    ],
)
def test_it_matches(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "招聘",
        "社工 招聘",
        "社工 -志愿者",
        "tar",
        "star",
        "fai",
        "202",
        "title:日报",
        "source:chinanews",
        "source:china*x",
        "lang:z",
        "lang:zh-TW",
        "link:xample.org",
        "link:id=7",
        "author:le",
        '"art the"',
        "/日报$/",
        "NOT 社工",
    ],
)
def test_it_does_not_match(text: str) -> None:
    assert not holds(text)


def test_what_stands_beside_each_other_is_joined_last() -> None:
    query = parse_query("社工 OR 志愿者 -招聘")
    assert query == parse_query("(社工 OR 志愿者) AND NOT 招聘")
    assert not matches(query, {"title": ("社工招聘",)})
    assert parse_query("a OR b AND c") == parse_query("a OR (b c)")
    assert parse_query("a b OR c d") == parse_query("a (b OR c) d")


def test_words_in_quotes_are_words() -> None:
    assert parse_query('"or"') == Term(None, "or")
    assert parse_query('a "OR" b') == parse_query('a "or" b')
    assert parse_query('"art*"') == Term(None, "art*")
    assert parse_query('"the ar"*') == Term(None, "the ar", prefix=True)
    assert parse_query(r'"say \"hi\""') == Term(None, 'say "hi"')


def test_a_colon_in_other_scripts_is_text() -> None:
    assert parse_query("独家：南湖") == Term(None, "独家:南湖")
    assert parse_query("12:30") == Term(None, "12:30")


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty query"),
        ("  ", 0, "empty query"),
        ("titel:x", 0, "no field `titel`"),
        ("a (b", 2, "not closed"),
        ("a b)", 3, "closes nothing"),
        ("a OR", 2, "nothing follows"),
        ("OR a", 0, "operator"),
        ("a AND OR b", 2, "nothing follows"),
        ("()", 0, "nothing between"),
        ('a "b', 2, "does not end"),
        ("a “b", 2, "does not end"),
        ("a /b", 2, "does not end"),
        ("a /(b/", 2, "cannot be read"),
        ("//", 0, "empty regular expression"),
        ("title:", 0, "nothing follows"),
        ("a - b", 2, "before nothing"),
        ("a -", 2, "before nothing"),
        ("https://example.org", 0, "no field `https`"),
        ('""', 0, "nothing to search for"),
        ("a 」", 2, "closes nothing"),
        ("(" * 60 + "a" + ")" * 60, 50, "too many levels"),
        ("-" * 60 + "a", 50, "too many levels"),
        ("a" * 10_001, 0, "characters"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, position: int, words: str) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        parse_query(text)
    assert caught.value.position == position
    assert caught.value.hint


# ---------------------------------------------------------------- laws

WORDS = ["社工", "a", "art", "志愿者", "b c", "or", "-x", 'q"', "a/b", "/r/", "x:y", "art*", "“z”"]
terms = st.builds(
    Term,
    st.sampled_from([None, *(name for name in FIELDS if name not in DATE_FIELDS)]),
    st.sampled_from(WORDS) | st.text(min_size=1, max_size=5).map(normal_form).filter(bool),
    st.booleans(),
).filter(lambda term: term.value == _parsed_value(term))
regexes = st.builds(
    Regex, st.sampled_from([None, "title"]), st.sampled_from(["a.c", "社+", "a/b", r"\d\.", "[/]"])
)
dates = st.builds(
    Dated,
    st.booleans(),
    st.datetimes(timezones=st.just(UTC)).map(
        lambda at: at.replace(microsecond=0, year=max(at.year, 1000))
    ),
)


def _parsed_value(term: Term) -> str:
    return prepare({term.field or "title": (term.value,)})[term.field or "title"][0]


def _joined(kind: type[And] | type[Or]):  # type: ignore[no-untyped-def]
    def build(parts: list[Query]) -> Query:
        flat: list[Query] = []
        for part in parts:
            flat.extend(part.parts if isinstance(part, kind) else [part])
        return kind(tuple(flat))

    return build


queries: st.SearchStrategy[Query] = st.recursive(
    terms | regexes | dates,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=3).map(_joined(And))
        | st.lists(inner, min_size=2, max_size=3).map(_joined(Or))
    ),
    max_leaves=8,
)
values = st.lists(
    st.lists(st.sampled_from([*WORDS, " ", "。", "x"]), max_size=5).map("".join), max_size=2
).map(tuple)
items = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, values))


@given(queries)
def test_printing_and_reading_are_inverse(query: Query) -> None:
    assert parse_query(print_query(query)) == query


@given(st.text(max_size=60) | st.text('ab社“”"()|｜:：-－/\\* ORNTAD', max_size=30))
def test_any_text_is_a_query_or_a_told_mistake(text: str) -> None:
    query, told = read(text)
    if query is not None:
        matches(query, ITEM)
    else:
        assert told is not None
        assert told.message
        assert 0 <= told.position <= len(text)


def read(text: str) -> tuple[Query | None, QueryError | None]:
    try:
        return parse_query(text), None
    except QueryError as error:
        return None, error


@given(queries, items)
def test_not_not_is_nothing(query: Query, item: dict[str, tuple[str, ...]]) -> None:
    assert matches(Not(Not(query)), item) == matches(query, item)
    assert matches(Not(query), item) != matches(query, item)


@given(queries, queries, items)
def test_de_morgan(one: Query, other: Query, item: dict[str, tuple[str, ...]]) -> None:
    both = matches(Not(And((one, other))), item)
    assert both == matches(Or((Not(one), Not(other))), item)


@given(st.text(min_size=1, max_size=3), st.text(max_size=30))
def test_chinese_is_found_as_a_substring_scan_would(word: str, text: str) -> None:
    word = "".join(chr(0x4E00 + ord(character) % 40) for character in word)
    text = "".join(chr(0x4E00 + ord(character) % 40) for character in text)
    assert matches(parse_query(word), {"title": (text,)}) == (word in text)


@given(st.lists(st.sampled_from(["art", "start", "arts", "fair", "社"]), max_size=6))
def test_words_are_found_as_a_split_would(words: list[str]) -> None:
    item = {"text": (" ".join(words),)}
    for word in ("art", "start", "fair"):
        assert matches(parse_query(word), item) == (word in words)


@given(items)
def test_preparing_changes_no_answer(item: dict[str, tuple[str, ...]]) -> None:
    for text in ("社工", "art", "source:a", "link:a", "lang:zh"):
        assert holds_in(text, item) == matches(parse_query(text), prepare(item))


def holds_in(text: str, item: dict[str, tuple[str, ...]]) -> bool:
    return matches(parse_query(text), item)


# ---------------------------------------------------------------- hostile input


def test_a_regular_expression_takes_text_that_is_no_unicode() -> None:
    assert matches(parse_query("/b.$/"), {"title": ("\ud800b\udfff",)})


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*a){20}x", "(x+x+)+y"])
def test_a_hostile_pattern_takes_linear_time(pattern: str) -> None:
    item = prepare({"title": (), "text": ("a" * 200_000 + "!",)})
    query = parse_query(f"text:/{pattern}/")
    begun = time.process_time()
    matches(query, item)
    assert time.process_time() - begun < 2


def test_a_hostile_text_takes_linear_time() -> None:
    item = prepare({"text": ("a" * 500_000,)})
    query = parse_query("a" * 500)
    begun = time.process_time()
    assert not matches(query, item)
    assert time.process_time() - begun < 2


def test_traditional_and_simplified_are_alike() -> None:
    for query in ("志願", "志愿", "title:志願者", "/志願.者/"):
        said = {"title": ("志愿者",), "text": ("志願與者",)}
        assert matches(parse_query(query), said)


def test_days_and_their_bounds() -> None:
    item = {"title": ("x",), "date": ("2024-04-01T00:00:00Z",)}
    for query, holds in (
        ("after:2024-04-01", True),
        ("after:2024-04-01T00:00:01", False),
        ("before:2024-04-01", False),
        ("before:2024-04-02", True),
        ("after:2024", True),
        ("after:2024-05", False),
        ("-before:2024-04", True),
    ):
        assert matches(parse_query(query), item) is holds, query
    assert not matches(parse_query("after:2000"), {"title": ("x",)})


@pytest.mark.parametrize(
    "text", ["after:yesterday", "after:2024-13-01", "before:2023-02-29", "after:/x/"]
)
def test_what_is_no_date_is_told_with_its_place(text: str) -> None:
    _, told = read(text)
    assert told is not None
    assert told.position == text.index(":") + 1
    assert told.hint
