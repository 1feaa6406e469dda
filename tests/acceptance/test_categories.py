"""Ten labelled and three unlabelled sources: what is learned of the ones places the others."""

from __future__ import annotations

import json
import random
import select
import time
from collections.abc import Callable
from pathlib import Path

import feedparser

from tests.acceptance.origin import Origin, rss, serve
from tests.acceptance.program import Program

TOPICS = {
    "sports": "球队 比赛 进球 教练 冠军 联赛 主场 射门 球员 决赛".split(),
    "finance": "股市 央行 利率 基金 上涨 债券 汇率 银行 投资 通胀".split(),
    "tech": "芯片 手机 系统 算法 模型 开源 处理器 网络 软件 数据".split(),
}
FILLER = "今天 表示 记者 我们 全国 一个 关于 工作 发布 最新".split()
WITHIN_S = 60.0


def headline(topic: str, rng: random.Random) -> str:
    words = rng.sample(TOPICS[topic], 4) + rng.sample(FILLER, 2)
    rng.shuffle(words)
    return "".join(words)


def put_feed(origin: Origin, name: str, topics: list[str], rng: random.Random) -> dict[str, str]:
    """A feed with an entry a topic named; returns title → topic."""
    made = {headline(topic, rng): topic for topic in topics}
    items = [(f"{name}-{n}", title, f"{title}。") for n, title in enumerate(made)]
    origin.put(f"/{name}.xml", rss(*items, title=name))
    return made


def titles(program: Program, category: str) -> set[str]:
    return {entry.title for entry in feedparser.parse(program.document(f"{category}.atom")).entries}


def within_a_minute(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < end, "it did not come true within a minute"
        select.select([], [], [], 0.2)


def configured(origin: Origin, program: Program) -> dict[str, str]:
    """Write the feeds and feeds.yaml; returns title → topic of the unlabelled sources' entries."""
    rng = random.Random(9)
    lines = []
    for number in range(10):
        topic = list(TOPICS)[number % 3]
        name = f"{topic}-{number}"
        put_feed(origin, name, [topic] * 14, rng)
        url = f"{origin.base}/{name}.xml"
        lines.append(f"  - {{id: {name}, url: '{url}', category: {topic}, every: 1d}}")
    expected: dict[str, str] = {}
    for number in range(3):
        name = f"mixed-{number}"
        expected |= put_feed(origin, name, list(TOPICS) * 3, rng)
        lines.append(f"  - {{id: {name}, url: '{origin.base}/{name}.xml', every: 1d}}")
    categories = "\n".join(f"  - {{id: {name}, precision: 0.9}}" for name in TOPICS)
    program.configure("\n".join(lines), categories)
    return expected


def test_unlabelled_entries_find_their_category_and_corrections_teach(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with serve() as origin:
        expected = configured(origin, program)
        with program.daemon():

            def placed() -> int:
                found = {topic: titles(program, topic) for topic in TOPICS}
                return sum(title in found[topic] for title, topic in expected.items())

            within_a_minute(lambda: placed() >= 0.9 * len(expected))
            for topic in TOPICS:  # and hardly any in a wrong one
                strange = titles(program, topic) & expected.keys()
                assert sum(expected[title] != topic for title in strange) <= 1

            # A person moves one: at once, in the feeds of both categories.
            title = next(one for one in titles(program, "tech") if one in expected)
            key = item_of(program, title)
            said = program.run("relabel", key, "sports")
            assert said.returncode == 0, said.stderr
            assert "tech → sports" in said.stdout
            program.wait_until(
                lambda: title in titles(program, "sports") and title not in titles(program, "tech")
            )

        why = json.loads(program.run("why", key, "--json").stdout)["category"]
        assert [one["by"] for one in why["decisions"]] == ["correction"]
        assert why["classifier"]["for"]

        trained = program.run("train", "--json")
        report = json.loads(trained.stdout)
        assert report["corrections"] == 1
        assert report["by_source"]
        assert report["accuracy"] > 0.9

        # What a person said stands, whatever is learned or decided again.
        again = program.run("recategorize", "--json")
        assert again.returncode == 0, again.stderr
        assert (
            "sports"
            in json.loads(program.run("why", key, "--json").stdout)["category"]["categories"]
        )


def item_of(program: Program, title: str) -> str:
    """The key of the item with a title."""
    entries = feedparser.parse(program.document("all.atom")).entries
    link = next(entry.link for entry in entries if entry.title == title)
    found = json.loads(program.run("show", link, "--json").stdout)
    return str(found["item"] if "item" in found else found["key"])
