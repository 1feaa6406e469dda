"""What a probe says of an entry: the category it would get, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aggregator.categorize.classifier import learn, to_bytes
from aggregator.cli.foreseen import Foreseen, Foresight
from aggregator.model import Category, Config, ModelRecord, Tag, Text
from aggregator.reconcile import reconcile
from aggregator.store import open_store
from tests.builders import LONG, NOW, config, entry, source
from tests.categorize.test_classifier import labels


def a_config(folder: Path) -> Config:
    known = [
        Category("sports", "Sports", precision=0.9),
        Category("finance", "Finance", precision=0.9),
        Category("local", "Local", ("outlet:嘉兴日报",)),
    ]
    mapped = source("mapped", map=(("秀洲新闻", "local"),))
    return config(folder, [source("open"), mapped, source("own", categories=("sports",))], known)


def foreseen(configured: Config, name: str, title: str, text: str, *tags: str) -> Foreseen:
    said = entry(
        title=Text(title), content=Text(text, "html"), tags=tuple(Tag(tag) for tag in tags)
    )
    (found,) = Foresight.of(configured).place(
        next(one for one in configured.sources if one.id == name), [said]
    )
    return found


def with_classifier(configured: Config) -> None:
    made = learn(labels(40)).classifier
    store = open_store(configured.store)
    reconcile(store, configured, NOW)
    record = ModelRecord(NOW, 120, 0, True, "the first", "{}")
    with store.transaction():
        store.save_model(to_bytes(made), record)
    store.close()


def test_the_map_the_outlet_and_the_source_are_told_without_a_store(tmp_path: Path) -> None:
    configured = a_config(tmp_path)
    assert foreseen(configured, "mapped", "x", LONG, "秀洲新闻") == Foreseen(
        ("local",), ("rule: map: 秀洲新闻",)
    )
    assert foreseen(configured, "open", "x", f"<p>本文转自：嘉兴日报</p><p>{LONG}</p>") == Foreseen(
        ("local",), ("rule: outlet:嘉兴日报",)
    )
    assert foreseen(configured, "own", "x", LONG) == Foreseen(("sports",), ("source: own",))
    assert foreseen(configured, "open", "x", LONG).categories == ("uncategorized",)
    assert list(tmp_path.iterdir()) == []


def test_the_classifier_in_force_is_asked_and_its_doubts_are_told(tmp_path: Path) -> None:
    configured = a_config(tmp_path)
    with_classifier(configured)
    sure = foreseen(configured, "open", "央行利率基金", "")
    assert sure.categories == ("finance",)
    assert sure.why[0].startswith("model: model 1: ")
    unsure = foreseen(configured, "open", "zebra", "")
    assert unsure.categories == ("uncategorized",)
    assert unsure.why[0].startswith("nobody: ")
    assert unsure.why[0].endswith(" needed")
    fewer = replace(configured, categories=configured.categories[:1])
    assert (
        foreseen(fewer, "open", "央行利率基金", "")
        .why[0]
        .endswith("which feeds.yaml does not have")
    )
