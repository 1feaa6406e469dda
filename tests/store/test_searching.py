"""The index of texts: what is found is what a reader would find by looking, and nothing else."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Found, Text
from aggregator.query import parse_query
from aggregator.store import Store, open_store
from aggregator.terms import asked_of_index, comparable, terms_of
from tests.builders import NOW, entry, later, save, settle

UNLIKE = [
    "社工深入社区，开展志愿服务活动，居民纷纷点赞叫好。",
    "台风过境之后，电力抢修队连夜恢复了三万户的供电。",
    "The harbour bridge reopened on Monday after a year of repairs.",
]


@pytest.fixture
def texts(store: Store) -> Store:
    """A store with two sources and three articles that are unlike each other."""
    settle(store, "paper", "wire")
    for number, text in enumerate(UNLIKE):
        name = "wire" if number == 2 else "paper"
        one = entry(number, title=Text(f"标题{number}"), text=text)
        save(store, name, one, now=later(number))
    index(store)
    return store


def index(store: Store) -> None:
    """Index all there is."""
    while True:
        with store.transaction():
            if not store.index_texts(50):
                return


def found_by(store: Store, query: str, **how: bool) -> list[str]:
    """The titles of what a query finds."""
    found = store.search(parse_query(query), 20, **how)
    return [hit.story.snapshot.title.value for hit in found.hits if hit.story.snapshot.title]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("社工", [0]),
        ("志愿服务", [0]),
        ("志願服務", [0]),  # traditional
        ("标题", [2, 1, 0]),
        ("社", [0]),
        ("好", [0]),  # the last character of a run
        ("工深", [0]),  # across what a dictionary calls words
        ("区开", []),  # a comma stands between
        ("harbour", [2]),
        ("HARBOUR bridge", [2]),
        ("harb*", [2]),
        ("arbour", []),
        ('"bridge reopened"', [2]),
        ('"reopened bridge"', []),
        ("社工 OR harbour", [2, 0]),
        ("标题 -社工", [2, 1]),
        ("-社工", [2, 1]),
        ("title:标题1", [1]),
        ("text:标题1", []),
        ("title:社工", []),
        ("source:wire", [2]),
        ("source:pap* 电力", [1]),
        ("标题 -source:paper", [2]),
        ("link:news.example/1", [1]),
        ("标题 /三万?户/", [1]),
        ("-link:news.example/1", [2, 0]),
        ("社工 OR source:wire", [2, 0]),
        ("社工 OR link:news.example/1", [1, 0]),
        ("!!!", []),
        ("after:2026-11-23 标题", [2, 1, 0]),
        ("before:2026-11-23 标题", []),
        ("after:2026-11-23T10:00 标题", [2]),
        ("标题 NOT after:2026-11-23T10:00", [1, 0]),
    ],
)
def test_a_query_finds(texts: Store, query: str, numbers: list[int]) -> None:
    assert found_by(texts, query) == [f"标题{number}" for number in numbers]
    assert sorted(found_by(texts, query, by_relevance=True)) == sorted(
        f"标题{number}" for number in numbers
    )


def test_relevance_puts_a_title_that_says_it_first(texts: Store) -> None:
    save(texts, "wire", entry("t", title=Text("社工"), text="与题目无关的话。"), now=NOW)
    told = "说了很多不相干的事情之后，只有一处提到社工，而后又说起了别的。"
    save(texts, "wire", entry("u", title=Text("别的"), text=told), now=later(5))
    index(texts)
    assert found_by(texts, "社工")[0] == "别的"
    assert found_by(texts, "社工", by_relevance=True)[0] == "社工"


def test_only_the_present_version_is_found(texts: Store) -> None:
    save(texts, "paper", entry(0, title=Text("标题0"), text="改写以后只谈天气。"), now=later(9))
    index(texts)
    assert found_by(texts, "社工") == []
    assert found_by(texts, "天气") == ["标题0"]


def test_pages_of_results_and_their_count(texts: Store) -> None:
    query = parse_query("标题")
    first, second = texts.search(query, 2), texts.search(query, 2, offset=2)
    assert (len(first.hits), first.is_more, first.count) == (2, True, 3)
    assert (len(second.hits), second.is_more) == (1, False)
    assert texts.search(query, 2, offset=4) == Found((), False, 3)


def test_what_is_stored_but_not_indexed_yet_is_told(texts: Store) -> None:
    assert texts.unindexed() == 0
    save(texts, "paper", entry("n", text="新的一篇"), now=later(4))
    assert texts.unindexed() == 1


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize("other_tables", [False, True])
def test_nothing_of_an_erased_text_stays_in_the_index(tmp_path: Path, other_tables: bool) -> None:
    store = open_store(f"sqlite:{tmp_path / 'a.db'}")
    settle(store, "paper")
    save(store, "paper", entry(1, text="zzsecretzz 甪翀"), entry(2, text="留下的文章"))
    index(store)
    save(store, "paper", entry(1, text="later zzsecretzz"), now=later(1))
    index(store)
    db = store._db  # type: ignore[attr-defined]  # what other processes see of the file
    if other_tables:
        db.execute("update search_state set made_by = 'an older version'")
    with store.transaction():
        db.execute("pragma secure_delete = on")
        entry_id = db.execute("select id from entries where guid like '%1'").fetchone()[0]
        store.erase_from_search([entry_id])
        # What a takedown does to the texts themselves.
        db.execute("update snapshots set content = '', title = '' where entry_id = ?", (entry_id,))
        db.execute("update captures set body = x''")
    index(store)
    db.execute("pragma wal_checkpoint(truncate)")
    terms = list(db.execute("select block from search_index_data"))
    assert not [row for row in terms if b"zzsecretzz" in row[0]]
    assert found_by(store, "留下") == ["Title 2"]
    assert found_by(store, "zzsecretzz") == []
    db.execute("insert into search_index (search_index) values ('integrity-check')")
    store.close()
    assert b"zzsecretzz" not in everything_in(tmp_path)


def test_another_table_of_characters_fills_the_index_anew(texts: Store) -> None:
    db = texts._db  # type: ignore[attr-defined]
    db.execute("update search_state set made_by = 'an older version'")
    assert texts.unindexed() == 3
    index(texts)
    assert texts.unindexed() == 0
    assert found_by(texts, "社工") == ["标题0"]


@given(
    texts=st.lists(st.text("社工志愿願会會,。 a1é", max_size=12), max_size=6),
    wanted=st.text("社工志愿願会會", min_size=1, max_size=4),
)
def test_chinese_is_found_exactly_where_it_stands(texts: list[str], wanted: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("create virtual table i using fts5(title, text, content='', tokenize='ascii')")
    for number, text in enumerate(texts, 1):
        db.execute("insert into i (rowid, text) values (?, ?)", (number, " ".join(terms_of(text))))
    expression = asked_of_index(parse_query(wanted)).match
    found = [row[0] for row in db.execute("select rowid from i where i match ?", (expression,))]
    db.close()
    scanned = [
        number for number, text in enumerate(texts, 1) if comparable(wanted) in comparable(text)
    ]
    assert found == scanned


def test_dates_are_those_of_the_zone_that_is_given() -> None:
    from zoneinfo import ZoneInfo

    query = parse_query("after:2024-04-01", ZoneInfo("Asia/Shanghai"))
    assert query == parse_query("after:2024-03-31T16:00:00Z")
    assert datetime(2024, 3, 31, 16, tzinfo=UTC) - timedelta(hours=8) < NOW
