"""Labelled entries of a store → a classifier in force, or one kept out; corrections remembered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.categorize.child import answer
from aggregator.clock import FakeClock
from aggregator.model import Category, Config, Text
from aggregator.reconcile import decide_anew, decider_in_force, reconcile
from aggregator.store import Store
from aggregator.training import (
    REST,
    Learner,
    TrainingFailed,
    learn_in_child,
    lesson,
    put_in_force,
    wanted,
)
from tests.builders import NOW, config, entry, later, save, source, titles
from tests.categorize.test_classifier import TOPICS, title
from tests.store.conftest import store

__all__ = ["store"]


class Silent:
    """Takes the progress that a child tells."""

    def write(self, said: str) -> None:
        """Say nothing."""

    def flush(self) -> None:
        """Nothing to do."""


def a_config() -> Config:
    sources = [source(f"{topic}-{n}", categories=(topic,)) for topic in TOPICS for n in range(2)]
    known = [Category(topic, topic.title(), precision=0.85) for topic in TOPICS]
    return config(Path("/nowhere"), [*sources, source("open")], known)


def fill(store: Store, each: int = 12, seed: int = 1) -> Config:
    """A store with `each` entries of every labelled source, and six of the open one."""
    wanted_config = a_config()
    reconcile(store, wanted_config, NOW - timedelta(hours=1))
    rng = random.Random(seed)
    for one in wanted_config.sources:
        topics = [*one.categories] * each or list(TOPICS) * 2
        entries = [
            entry(f"{one.id}-{seed}-{n}", title=Text(title(topic, rng)), text=None)
            for n, topic in enumerate(topics)
        ]
        save(store, one.id, *entries, categories=one.categories)
    return wanted_config


def learn(store: Store, configured: Config, hours: float = 1) -> Any:
    taught = lesson(store, configured)
    said = answer(taught.question, Silent())  # type: ignore[arg-type]
    return put_in_force(store, configured, taught, said, later(hours))


def test_open_entries_find_their_category_when_the_first_classifier_is_in_force(
    store: Store,
) -> None:
    configured = fill(store)
    assert len(titles(store, "uncategorized")) == 6
    trained = learn(store, configured)
    assert trained.record.in_force
    assert trained.record.remark == "the first"
    assert trained.moved >= 5
    assert len(titles(store, "uncategorized")) == 6 - trained.moved
    assert store.model_in_force() == trained.record.number


def test_training_is_wanted_when_enough_came_and_not_before(store: Store) -> None:
    configured = a_config()
    reconcile(store, configured, NOW)
    assert not wanted(store, NOW)
    fill(store)
    assert wanted(store, NOW)
    learn(store, configured)
    assert not wanted(store, later(1) + REST)
    correct(store, configured, "sports")
    assert not wanted(store, later(1) + REST / 2)
    assert wanted(store, later(1) + REST)


def correct(store: Store, configured: Config, category: str) -> int:
    """Put the newest story of the open source right; returns its number."""
    output = next(one for one in store.outputs() if one.name == "all")
    story = next(
        one for one in store.listed_stories(output.output_id, 100) if one.source_name == "open"
    )
    with store.transaction():
        store.correct(story.story_id, [category], later(1.5))
        entries = store.entries_of_stories([story.story_id])
        decide_anew(store, decider_in_force(store, configured), entries, later(1.5))
    return story.story_id


def test_a_correction_stands_whatever_is_decided_anew_and_teaches(store: Store) -> None:
    configured = fill(store)
    story = correct(store, configured, "tech")
    assert store.outputs_of_stories([story]) == {story: ("tech",)}
    trained = learn(store, configured, 2)
    assert trained.record.corrections == 1
    with store.transaction():
        everything = store.entries_since(None)
        decide_anew(store, decider_in_force(store, configured), everything, later(3))
    assert store.outputs_of_stories([story]) == {story: ("tech",)}
    with store.transaction():
        assert store.forget_correction(story)
        assert not store.forget_correction(story)
    assert store.corrections([story]) == {}


def test_a_correction_to_no_category_leaves_it_uncategorized(store: Store) -> None:
    configured = fill(store)
    story = correct(store, configured, "uncategorized")
    learn(store, configured, 2)
    assert store.outputs_of_stories([story]) == {story: ("uncategorized",)}


def test_one_that_does_worse_is_kept_out_and_says_so(store: Store) -> None:
    configured = fill(store)
    first = learn(store, configured).record
    taught = lesson(store, configured)
    said = answer(taught.question, Silent())  # type: ignore[arg-type]
    worse = put_in_force(store, configured, taught, {**said, "trial": [30, 20, 25]}, later(2))
    assert not worse.record.in_force
    assert worse.record.remark == (
        "kept out: of 30 labels that neither had seen, 20 right against 25 before"
    )
    assert worse.moved == 0
    assert store.model_in_force() == first.number
    assert [one.in_force for one in store.models()] == [False, True]


def test_labels_that_neither_had_seen_are_those_since_the_last_training(store: Store) -> None:
    configured = fill(store)
    learn(store, configured)
    before = lesson(store, configured)
    assert before.question["fresh"] == []
    save(store, "tech-0", entry("new", title=Text("芯片手机")), now=later(2), categories=["tech"])
    after = lesson(store, configured)
    assert len(after.question["fresh"]) == 1
    (number,) = after.question["fresh"]
    assert after.question["labels"][number][0] == "芯片手机"


def test_a_child_learns_and_tells_how_far_it_is(store: Store) -> None:
    configured = fill(store, each=6)
    told: list[float] = []
    note: Callable[[str, float], None] = lambda doing, part: told.append(part)  # noqa: E731
    said = asyncio.run(learn_in_child(lesson(store, configured), note))
    assert put_in_force(store, configured, lesson(store, configured), said, NOW).record.in_force
    assert told[-1] == 1.0


def test_too_few_labels_are_told_with_the_way_out(store: Store) -> None:
    configured = a_config()
    reconcile(store, configured, NOW)
    with pytest.raises(TrainingFailed, match="give sources a `category`"):
        asyncio.run(learn_in_child(lesson(store, configured), lambda doing, part: None))


def test_a_classifier_of_another_version_is_none(store: Store) -> None:
    configured = fill(store)
    taught = lesson(store, configured)
    learn(store, configured)
    record = store.models()[0]
    with store.transaction():
        number = store.save_model(b'{"format": 0}\n', record)
    decider = decider_in_force(store, configured)
    assert (decider.classifier, decider.number) == (None, number)
    assert taught.labels
    # It is replaced at once, however good its report says it was.
    assert not wanted(store, later(3))
    learner = Learner(store, FakeClock(later(3)))

    async def in_writer(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    trained = asyncio.run(learner.learn_if_wanted(configured, in_writer))
    assert trained is not None
    assert trained.record.in_force
    assert decider_in_force(store, configured).classifier is not None
    assert asyncio.run(learner.learn_if_wanted(configured, in_writer)) is None
