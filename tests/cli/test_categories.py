"""`relabel`, `recategorize`, `why`, `train` and idle rules, as a person meets them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.cli.idle_rules import idle_rules
from aggregator.model import Category, Text
from aggregator.store import open_store
from tests.builders import NOW, config, entry, save, source
from tests.cli.commands import run
from tests.web.builder import Site


def a_story(site: Site) -> str:
    """An uncategorized story of the site's store; returns its key."""
    store = open_store(site.config.store)
    try:
        output = next(one for one in store.outputs() if one.name == "uncategorized")
        return store.listed_stories(output.output_id, 1)[0].key
    finally:
        store.close()


@pytest.fixture
def filled(site: Site) -> Site:
    """A site with one uncategorized entry."""
    site.add_source("news")
    site.save("news", entry("a", title=Text("全国新闻")), categories=())
    return site


def test_relabel_moves_a_story_and_undo_takes_it_back(
    filled: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    key = a_story(filled)
    ran = run(filled, capsys, "relabel", key, "domestic")
    assert (ran.code, ran.out) == (0, f"{key}: uncategorized → domestic\n")
    told = json.loads(run(filled, capsys, "why", key, "--json").out)["category"]
    assert told["categories"] == ["domestic"]
    assert told["decisions"][0]["by"] == "correction"
    assert told["classifier"] is None
    assert "domestic  decided by correction" in run(filled, capsys, "why", key).out
    ran = run(filled, capsys, "relabel", key, "--undo")
    assert ran.out == f"{key}: domestic → uncategorized\n"
    assert run(filled, capsys, "relabel", key, "--undo").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("domestik",), "did you mean domestic?"),
        ((), "say which category"),
        (("domestic", "--undo"), "--undo takes no category"),
        (("uncategorized", "domestic"), "uncategorized stands alone"),
    ],
)
def test_relabel_says_what_is_wrong_with_its_use(
    filled: Site, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    ran = run(filled, capsys, "relabel", a_story(filled), *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_a_dry_run_moves_nothing(filled: Site, capsys: pytest.CaptureFixture[str]) -> None:
    key = a_story(filled)
    run(filled, capsys, "relabel", key, "domestic")
    store = open_store(filled.config.store)
    with store.transaction():
        (number,) = [one.story_id for one in store.entries_since(None)]
        store.forget_correction(number)
    store.close()
    shown = json.loads(run(filled, capsys, "recategorize", "--dry-run", "--json").out)
    assert shown["moved"] == 1
    assert shown["moves"] == [
        {"from": "domestic", "to": "uncategorized", "stories": 1, "examples": ["全国新闻"]}
    ]
    assert "1 of 1 stories would move" in run(filled, capsys, "recategorize", "--dry-run").out
    ran = run(filled, capsys, "recategorize", "--since", "2000-01-01")
    assert "1 of 1 stories moved" in ran.out
    assert "0 of 1 stories moved" in run(filled, capsys, "recategorize").out
    assert run(filled, capsys, "recategorize", "--since", "soon").code == 2


def test_train_without_labels_says_what_is_missing(
    filled: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(filled, capsys, "train")
    assert ran.code == 1
    assert "give sources a `category`, or use `relabel`" in ran.err


def test_a_rule_that_matched_nothing_in_a_month_is_named(site: Site) -> None:
    rules = ("title:全国", "title:地方")
    known = config(site.folder, [source("news")], [Category("x", "X", rules)])
    known = replace(known, store=site.config.store)
    assert list(idle_rules(known, NOW)) == []
    site.add_source("news")
    site.save("news", entry("a", title=Text("全国")), categories=())
    assert list(idle_rules(known, NOW + timedelta(days=1))) == []
    store = open_store(site.config.store)
    save(store, "news", entry("b", title=Text("全国")), now=NOW + timedelta(days=40))
    store.close()
    assert list(idle_rules(known, NOW + timedelta(days=41))) == [
        "category x: the rule 'title:地方' matched nothing in 30 days"
    ]
