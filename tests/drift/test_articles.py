"""Articles' pages one by one: a selector, the dates or the text that broke, and mere exceptions."""

from __future__ import annotations

import random

import pytest

from aggregator.drift import Watch, after_article, after_index, after_lost, after_text
from aggregator.model import Entry, Evidence
from tests.builders import NOW, entry

OWN = frozenset({"title", "content", "published", "author"})
MISS = Evidence("selector", {"key": "content", "selector": "#text", "url": "https://a.example/1"})
WELL = entry(1, published=NOW)
MOJIBAKE = "本报讯昨日全市经济工作会议召开部署明年重点任务".encode("gb18030").decode(
    "utf-8", "replace"
)


def read(
    watch: Watch, times: int, one: Entry = WELL, *missing: str, own: frozenset[str] = OWN
) -> tuple[Watch, list[dict[str, Evidence | None]]]:
    """Read `times` articles in which the selectors of these keys match nothing."""
    judged = []
    for _ in range(times):
        watch, found = after_article(watch, one, dict.fromkeys(missing, MISS), own)
        judged.append(found)
    return watch, judged


@pytest.mark.parametrize("key", ["title", "content", "published"])
def test_a_selector_that_stops_matching_is_told_at_the_second_article(key: str) -> None:
    watch, before = read(Watch(), 30)
    assert not any(any(found.values()) for found in before)
    watch, broken = read(watch, 2, WELL, key)
    assert [found.get("selector") for found in broken] == [None, MISS]
    assert "selector" not in broken[0], "one page tells nothing"
    _, after = read(watch, 1)
    assert after[0]["selector"] is None


def test_what_some_articles_never_have_needs_more_of_them() -> None:
    watch, _ = read(Watch(), 30)
    _, broken = read(watch, 5, WELL, "author")
    assert [bool(found.get("selector")) for found in broken] == [False] * 4 + [True]


def test_a_selector_of_ones_own_that_never_matched_is_told_one_of_a_recipe_is_not() -> None:
    _, own = read(Watch(), 3, WELL, "content")
    assert own[-1]["selector"] == MISS
    _, ready = read(Watch(), 20, WELL, "content", own=frozenset())
    assert not any(found.get("selector") for found in ready)


def test_dates_and_text_that_break_are_told_and_end_by_themselves() -> None:
    undated, damaged = entry(2), entry(3, published=NOW, text=MOJIBAKE * 3)
    for broken, kind in ((undated, "undated"), (damaged, "encoding")):
        watch, _ = read(Watch(), 10)
        watch, found = read(watch, 2, broken)
        assert found[-1][kind]
        _, after = read(watch, 1)
        assert after[0][kind] is None
        _, never = read(Watch(), 30, broken)
        assert not any(one.get(kind) for one in never), "it never was otherwise"


@pytest.mark.parametrize("part", [0.03, 0.1, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_exceptions_are_no_alarm_over_60_days_of_a_paper(part: float, seed: int) -> None:
    chance = random.Random(seed)
    watch, _ = read(Watch(), 20)
    for number in range(60 * 60):
        missing = ["content"] if chance.random() < part else []
        if number == 0:
            missing = ["content"]
        elif number == 1:
            missing = []
        watch, found = after_article(watch, WELL, dict.fromkeys(missing, MISS), OWN)
        assert not found.get("selector"), number


def lengths(watch: Watch, *given: int) -> tuple[Watch, list[bool]]:
    """Read articles with texts of these lengths; whether each raises the alarm."""
    raised = []
    for length in given:
        watch, found = after_article(watch, WELL, {}, OWN, length)
        raised.append(bool(found["thin"]) if "thin" in found else False)
    return watch, raised


def test_texts_that_are_suddenly_short_are_told_a_picture_page_is_not() -> None:
    watch, _ = lengths(Watch(), *[700] * 40)
    _, pictures = lengths(watch, *[30] * 8, 650)
    assert not any(pictures), "eight captions on a page of pictures"
    _, broken = lengths(watch, *[30] * 12)
    assert broken == [False] * 11 + [True]


def test_articles_without_any_text_are_told_at_the_fifth() -> None:
    watch, _ = lengths(Watch(), *[700] * 40)
    watch, broken = lengths(watch, *[0] * 5)
    assert broken == [False] * 4 + [True]
    _, after = after_article(watch, WELL, {}, OWN, 500)
    assert after["thin"] is None
    _, never = lengths(Watch(), *[0] * 30)
    assert not any(never), "a gallery never had any"


def test_a_lasting_change_of_length_becomes_usual() -> None:
    watch, _ = lengths(Watch(), *[700] * 40)
    watch, _ = lengths(watch, *[80] * 200)
    assert watch.length < 200
    _, raised = lengths(watch, *[80] * 20)
    assert not any(raised)


def test_full_texts_that_never_come_are_told() -> None:
    watch, told = Watch(), []
    for number in range(5):
        url = f"https://a.example/{number}"
        watch, found = after_text(watch, url, {}, (), 20, is_taken=False)
        told.append(found.get("thin"))
    assert told == [None] * 4 + [Evidence("no-text", {"url": "https://a.example/4"})]
    watch, found = after_text(watch, "https://a.example/5", {}, (), 600, is_taken=True)
    assert found["thin"] is None
    assert "undated" not in found, "the feed says the dates"


def test_pages_that_cannot_be_had_are_told_and_tell_nothing_else() -> None:
    why = Evidence("page-failed", {"reason": "http-403", "text": "403", "url": "https://a.example"})
    watch, _ = read(Watch(), 10)
    told = []
    for _ in range(5):
        watch, found = after_lost(watch, why)
        assert found.keys() <= {"pages"}
        told.append(found.get("pages"))
    assert told == [None] * 4 + [why]
    _, after = read(watch, 1)
    assert after[0]["pages"] is None


def test_lost_pages_are_no_dated_ones() -> None:
    undated = entry(2)
    watch, _ = read(Watch(), 6, undated)
    why = Evidence("page-failed", {"reason": "http-403", "text": "403", "url": "https://a.example"})
    for _ in range(10):
        watch, _found = after_lost(watch, why)
    _, found = read(watch, 4, undated)
    assert not any(one.get("undated") for one in found), "none ever had a date"


def test_pages_of_links_that_lead_nowhere_are_told_one_frame_or_advertisement_is_not() -> None:
    watch, told = Watch(), []
    for _ in range(20):  # an edition's cover frame, then its list
        watch, found = after_index(watch, {"entries": MISS})
        told.append(found)
        watch, found = after_index(watch, {})
        told.append(found)
        watch, _ = read(watch, 20)
    assert not any(told)
    broken = []
    for _ in range(6):
        watch, found = after_index(watch, {"entries": MISS})
        broken.append(found.get("selector"))
    assert broken == [None] * 5 + [MISS]
    _, after = read(watch, 1)
    assert after[0]["selector"] is None
