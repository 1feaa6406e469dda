"""Who decides first: a person, the source, its map and the rules, the classifier; else nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.categorize import Decider, Unplaced
from aggregator.categorize.classifier import learn, to_bytes
from aggregator.model import Category, CategoryDecision, Config, Tag, Text
from tests.builders import config, entry, source
from tests.categorize.test_classifier import labels

AT = datetime(2026, 11, 28, 1, 2, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def body() -> bytes:
    """A classifier that knows sports, finance and tech."""
    return to_bytes(learn(labels(40)).classifier)


def a_config(*categories: Category) -> Config:
    known = categories or (
        Category("sports", "Sports", ("title:足球",), precision=0.9),
        Category("local", "Local"),
        Category("finance", "Finance", precision=0.9),
        Category("tech", "Tech", precision=0.9),
    )
    sources = [
        source("open"),
        source("fixed", categories=("local",)),
        source("mapped", map=(("秀洲新闻", "local"), ("Sport", "sports"))),
    ]
    return config(Path("/nowhere"), sources, known)


def decide(
    decider: Decider, name: str, title: str, *tags: str, corrected: tuple[str, ...] | None = None
) -> tuple[CategoryDecision, ...]:
    said = entry(1, title=Text(title), text=None, tags=tuple(Tag(tag) for tag in tags))
    put = None if corrected is None else tuple((name, AT) for name in corrected)
    return decider.decide([Unplaced(name, said, corrected=put)])[0].categories


def test_a_correction_comes_before_everything(body: bytes) -> None:
    decider = Decider.of(a_config(), body, 7)
    said = decide(decider, "fixed", "足球", corrected=("finance", "tech"))
    assert [(one.category, one.decided_by) for one in said] == [
        ("finance", "correction"),
        ("tech", "correction"),
    ]
    assert said[0].evidence == "relabel, 2026-11-28T01:02:03Z"
    assert decide(decider, "fixed", "足球", corrected=("uncategorized",)) == ()


def test_the_source_comes_before_rules_and_rules_before_the_classifier(body: bytes) -> None:
    decider = Decider.of(a_config(), body, 7)
    assert decide(decider, "fixed", "足球央行利率") == (
        CategoryDecision("local", "source", "fixed"),
    )
    assert decide(decider, "open", "足球央行利率基金") == (
        CategoryDecision("sports", "rule", "title:足球"),
    )
    (said,) = decide(decider, "open", "央行利率基金")
    assert (said.category, said.decided_by) == ("finance", "model")
    assert said.evidence.startswith("model 7: ")


def test_the_origins_sections_are_mapped_and_rules_may_add() -> None:
    decider = Decider.of(a_config())
    assert decide(decider, "mapped", "新闻", "秀洲新闻") == (
        CategoryDecision("local", "rule", "map: 秀洲新闻"),
    )
    both = decide(decider, "mapped", "足球", "秀洲新闻", "SPORT")
    assert [one.category for one in both] == ["local", "sports"]
    assert decide(decider, "open", "新闻", "秀洲新闻") == ()


def test_what_nobody_is_sure_of_stays_open(body: bytes) -> None:
    decider = Decider.of(a_config(), body, 7)
    assert decide(decider, "open", "zebra") == ()
    assert decide(Decider.of(a_config()), "open", "央行利率基金") == ()


def test_a_category_that_feeds_yaml_no_longer_has_is_not_given(body: bytes) -> None:
    decider = Decider.of(a_config(Category("sports", "Sports")), body, 7)
    assert decide(decider, "open", "央行利率基金") == ()


def test_many_at_once_are_decided_as_each_alone(body: bytes) -> None:
    decider = Decider.of(a_config(), body, 7)
    asked = [
        Unplaced(name, entry(number, title=Text(title), text=None))
        for number, (name, title) in enumerate(
            [("open", "央行利率基金"), ("fixed", "x"), ("open", "足球"), ("open", "球队比赛进球")]
        )
    ]
    assert decider.decide(asked) == [decider.decide([one])[0] for one in asked]
