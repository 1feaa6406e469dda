"""The source's own categories, else rules, else none; each with its evidence."""

from __future__ import annotations

import pytest

from aggregator.categorize import Rules, Unplaced, decide_categories, item_fields
from aggregator.categorize.decide import TEXT_LIMIT
from aggregator.model import Category, CategoryDecision, Tag, Text
from aggregator.query import QueryError
from tests.builders import entry

RULES = Rules.of(
    [
        Category("tech", "Tech", ("title:芯片", "source:lab AND NOT title:招聘")),
        Category("sports", "Sports", ("tag:足球",)),
        Category("plain", "Plain"),
    ]
)


def test_the_sources_own_categories_come_first() -> None:
    decided = decide_categories(
        Unplaced("lab", entry(1, title=Text("芯片"))), ("world", "tech"), RULES
    )
    assert decided == (
        CategoryDecision("world", "source", "lab"),
        CategoryDecision("tech", "source", "lab"),
    )


def test_rules_decide_with_the_rule_as_evidence_once_a_category() -> None:
    said = entry(1, title=Text("<b>芯片</b>", "html"), tags=(Tag("x", label="足球"),))
    assert decide_categories(Unplaced("lab", said), (), RULES) == (
        CategoryDecision("tech", "rule", "title:芯片"),
        CategoryDecision("sports", "rule", "tag:足球"),
    )
    assert decide_categories(Unplaced("lab", entry(1, title=Text("招聘"))), (), RULES) == ()


def test_no_decision_is_an_answer() -> None:
    assert decide_categories(Unplaced("news", entry(1)), (), RULES) == ()
    assert decide_categories(Unplaced("news", entry(1, title=None, text=None)), (), Rules()) == ()


def test_rules_see_the_text_a_person_sees_up_to_a_limit() -> None:
    said = entry(1, content=Text("<p title='x'>a</p>" + "b" * 50_000, "html"))
    fields = item_fields(Unplaced("news", said))
    assert fields["text"][0].startswith("a ")
    assert len(fields["text"][0]) == TEXT_LIMIT
    assert fields["source"] == ("news",)


def test_the_outlet_that_the_text_credits_can_be_asked_for() -> None:
    rules = Rules.of([Category("local", "Local", ("outlet:嘉兴日报 -title:招聘",))])
    assert decide_categories(Unplaced("portal", entry(1), "嘉兴日报"), (), rules) == (
        CategoryDecision("local", "rule", "outlet:嘉兴日报 -title:招聘"),
    )
    assert decide_categories(Unplaced("portal", entry(1), "新华社"), (), rules) == ()
    assert decide_categories(Unplaced("portal", entry(1)), (), rules) == ()


def test_a_wrong_rule_is_told() -> None:
    with pytest.raises(QueryError):
        Rules.of([Category("x", "X", ("title:(",))])
