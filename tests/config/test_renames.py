"""Renames keep history: by `was`, or by an address that stays while the id changes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import match_outputs, match_sources, parse_config, plan_changes
from aggregator.model import Category, Config


def config(*sources: str, categories: str = "") -> Config:
    text = f"categories: [{categories}]\nsources: [{', '.join(sources)}]\n"
    return parse_config(text.encode(), Path("/x/feeds.yaml"), {})


def test_the_same_id_is_the_same_source_whatever_its_address() -> None:
    assert match_sources([("a", "https://x/1")], config("{id: a, url: 'https://x/2'}")) == ()


def test_was_names_what_it_was() -> None:
    now = config("{id: b, url: 'https://x/2', was: [z, a]}")
    assert match_sources([("a", "https://x/1")], now) == (("a", "b"),)


def test_an_address_that_stays_is_a_rename() -> None:
    assert match_sources([("a", "https://x/1")], config("{id: b, url: 'https://x/1'}")) == (
        ("a", "b"),
    )


def test_was_goes_before_the_address() -> None:
    now = config("{id: c, url: 'https://x/1', was: b}")
    assert match_sources([("a", "https://x/1"), ("b", "https://x/2")], now) == (("b", "c"),)


def test_a_second_source_with_the_address_is_new() -> None:
    now = config("{id: a, url: 'https://x/1'}", "{id: b, url: 'https://x/1'}")
    assert match_sources([("a", "https://x/1")], now) == ()


def test_one_history_is_not_continued_twice() -> None:
    now = config("{id: b, url: 'https://x/1'}", "{id: c, url: 'https://x/1'}")
    assert match_sources([("a", "https://x/1")], now) == (("a", "b"),)


def test_a_was_left_in_the_file_does_nothing_more() -> None:
    now = config("{id: b, url: 'https://x/1', was: [a]}")
    assert match_sources([("b", "https://x/1")], now) == ()


def test_outputs_are_renamed_by_was_only() -> None:
    categories = (Category("b", "B", was=("a",)), Category("c", "C"))
    assert match_outputs(["a", "d"], categories) == (("a", "b"),)
    assert match_outputs(["a", "b"], categories) == ()


IDS = st.sampled_from("abcdef")
URLS = st.sampled_from(["https://x/1", "https://x/2", "https://x/3"])


@given(
    st.dictionaries(IDS, URLS),
    st.lists(st.tuples(IDS, URLS, st.lists(IDS, max_size=2)), unique_by=lambda item: item[0]),
)
def test_renames_are_one_to_one(
    known: dict[str, str], wanted: list[tuple[str, str, list[str]]]
) -> None:
    ids = {name for name, _, _ in wanted}
    claimed: set[str] = set()
    sources = []
    for name, url, was in wanted:
        free = [old for old in was if old not in ids and old not in claimed]
        claimed.update(free)
        sources.append(f"{{id: {name}, url: '{url}', was: [{', '.join(free)}]}}")
    renames = match_sources(known.items(), config(*sources))
    olds, news = [old for old, _ in renames], [new for _, new in renames]
    assert len(set(olds)) == len(olds)
    assert len(set(news)) == len(news)
    assert set(olds) <= known.keys() - ids
    assert set(news) <= ids - known.keys()


def test_a_plan_tells_every_change_and_no_secret() -> None:
    old = config(
        "{id: a, url: 'https://x/1', category: d, every: 30m, headers: {K: one}}",
        "{id: b, url: 'https://x/2'}",
        "{id: e, url: 'https://me:pw@x/5?token=t'}",
        categories="{id: d, title: 国内}, {id: l}, {id: old}",
    )
    new = config(
        "{id: a, url: 'https://x/1', category: [d, l], every: 1h, headers: {K: two}}",
        "{id: c, url: 'https://x/3', enabled: false}",
        "{id: f, url: 'https://me:pw@x/5?token=t'}",
        "{id: e2, url: 'https://me:other@x/6?token=u'}",
        categories="{id: d, title: 国内新闻}, {id: l}, {id: n, was: old}",
    )
    assert plan_changes(old, new) == (
        "~ output d: title 国内 → 国内新闻",
        "~ output n: id old → n, title old → n",
        "~ source a: category d → d, l, every 30m → 1h, headers changed",
        "+ source c",
        "~ source f: id e → f, title e → f",
        "+ source e2",
        "- source b",
    )
    assert plan_changes(old, old) == ()


def test_a_plan_of_settings() -> None:
    old, new = (
        config(),
        parse_config(
            b"title: t\nfetch: {per_host: 3}\npublish: {entries: 5}\nsources: []",
            Path("/x/feeds.yaml"),
            {},
        ),
    )
    assert plan_changes(old, new) == (
        "~ title: Aggregator → t",
        "~ publish: entries 100 → 5",
        "~ fetch: per_host 2 → 3",
    )
