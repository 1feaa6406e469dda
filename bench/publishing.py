"""What publishing costs: an output after one new entry, and the many that did not change.

    python -m bench.publishing [--rounds 5] [--outputs 500] [--chars 700]

CPU is user and system time of this process. Every figure is the least of the rounds: on a busy
machine noise only adds. An entry has so many characters of Chinese text in paragraphs; it stands
in its category and in `all`, so that two outputs change with each.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.clock import FakeClock
from aggregator.dedupe import decide, identify
from aggregator.model import (
    Category,
    CategoryDecision,
    Config,
    Entry,
    EntryUpdate,
    FetchSettings,
    ParsedFeed,
    PollState,
    PollUpdate,
    PublishSettings,
    Source,
    Text,
)
from aggregator.publish import Publisher
from aggregator.publish.feed import render_feed
from aggregator.publish.kept import KeptEntries
from aggregator.publish.press import Press, Version
from aggregator.reconcile import reconcile
from aggregator.store import Store, open_store
from bench.polling import Figure

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
WORDS = "新闻记者报道昨日全市经济发展会议召开居民社区志愿服务活动举行天气交通教育医院".strip()


class Bench:
    """A store with its publisher and so many categories, into which one source writes."""

    def __init__(self, folder: Path, outputs: int, chars: int) -> None:
        self.chars = chars
        self.words = random.Random(7)
        self.clock = FakeClock(START)
        self.number = 0
        self.config = Config(
            path=str(folder / "feeds.yaml"),
            digest="0" * 64,
            title="bench",
            base_url="http://127.0.0.1:8000",
            timezone="UTC",
            store=f"sqlite:{folder / 'aggregator.db'}",
            listen="127.0.0.1:8000",
            publish=PublishSettings(str(folder / "public")),
            fetch=FetchSettings(),
            categories=tuple(Category(f"c{n}", f"Category {n}") for n in range(outputs)),
            sources=(Source("news", "News", "https://news.example/feed", initial=1_000_000),),
        )
        folder.mkdir()
        self.store: Store = open_store(self.config.store)
        reconcile(self.store, self.config, START)
        self.publisher = Publisher(self.store, self.config, self.clock)

    def save(self, count: int, category: str) -> None:
        """One poll that brings `count` entries of one category."""
        self.clock.advance(timedelta(minutes=30))
        record = self.store.source_records(["news"])["news"]
        entries = tuple(self._entry() for _ in range(count))
        keyed = identify(entries)
        with self.store.transaction():
            decided = decide(record.source_id, keyed, [], [])
            by = (CategoryDecision(category, "source", "news"),)
            poll = PollUpdate(
                source_id=record.source_id,
                state=PollState(),
                polled_at=self.clock.now(),
                duration_ms=1,
                feed=ParsedFeed("RSS 2.0", "plain", "utf-8", title="News", entries=entries),
                entries=tuple(EntryUpdate(one, by) for one in decided),
                url="https://news.example/feed",
                body=b"<rss/>",
            )
            self.store.save_poll(poll, 1_000_000)

    def _entry(self) -> Entry:
        self.number += 1
        text = "".join(self.words.choices(WORDS, k=self.chars))
        parts = [text[at : at + 120] for at in range(0, len(text), 120)]
        html = "".join(f"<p>{part}。</p>" for part in parts)
        picture = f'<img src="https://news.example/{self.number}.jpg" alt="">'
        return Entry(
            guid=f"https://news.example/{self.number}",
            link=f"https://news.example/{self.number}?utm_source=rss",
            title=Text(f"{self.number} {text[:20]}"),
            content=Text(html + picture, "html", "https://news.example/"),
            published=self.clock.now(),
            authors=("记者",),
            language="zh-CN",
        )


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 when a figure is over its target."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--outputs", type=int, default=500)
    options.add_argument("--chars", type=int, default=700)
    chosen = options.parse_args(argv)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench_publishing_") as folder:
        work = Path(folder)
        few = Bench(work / "few", 1, chosen.chars)
        many = Bench(work / "many", chosen.outputs, chosen.chars)
        for bench in (few, many):
            bench.save(125, "c0")  # the open archive is half full
            _cpu_ms(bench.publisher.publish)
        document = _one_document(few, chosen.rounds)
        after_one, beside = _after_one(few, many, chosen.rounds)
        idle = min(_cpu_ms(many.publisher.publish) for _ in range(20))
        cold = _cold(work / "cold", chosen.chars)
        figures = [
            Figure("a document of 100 entries after one new", document, "CPU ms", 3),
            Figure("an output: Atom, RSS, JSON, the open archive twice", after_one, "CPU ms"),
            Figure(f"the same beside {chosen.outputs} outputs", beside, "CPU ms"),
            Figure(f"nothing new in {chosen.outputs} outputs", idle, "CPU ms", 0.1),
            Figure("an entry never rendered before, all formats and archives", cold, "CPU ms"),
        ]
        for bench in (few, many):
            bench.store.close()
    print("| what | measured | unit | target | met |\n|---|---|---|---|---|")
    print("\n".join(figure.line() for figure in figures))
    return int(any(f.target is not None and f.value > f.target for f in figures))


def _one_document(bench: Bench, rounds: int) -> float:
    """One new entry rendered, the document joined, written, and its record saved."""
    entries = KeptEntries(bench.store)
    output = next(one for one in bench.store.outputs() if one.name == "c0")
    folder = Path(bench.config.publish.directory)
    entries.entries(bench.store.listed(output.output_id, 100))
    entries._made = {}

    def write() -> None:
        press = Press(bench.store, bench.clock, folder, {})
        listed = bench.store.listed(output.output_id, 100)
        parts = [entry.atom for entry in entries.entries(listed)]
        body = render_feed(output, "bench", "http://127.0.0.1:8000", parts)
        press.put("bench.atom", body, Version(1, START, 1, ""))
        press.finish()
        with bench.store.transaction():
            bench.store.save_documents(press.rendered)
            entries.save()

    least = float("inf")
    for _ in range(rounds * 2):
        bench.save(1, "c0")
        least = min(least, _cpu_ms(write))
    bench.publisher.publish()
    return least


def _after_one(few: Bench, many: Bench, rounds: int) -> tuple[float, float]:
    """For an output of its own: two change with every entry, its category and `all`."""
    least = {few: float("inf"), many: float("inf")}
    for _ in range(rounds * 2):
        for bench in (few, many):
            bench.save(1, "c0")
            least[bench] = min(least[bench], _cpu_ms(bench.publisher.publish) / 2)
    return least[few], least[many]


def _cold(folder: Path, chars: int) -> float:
    """For an entry of 2,000 that come at once, until the last archive is written."""
    bench = Bench(folder, 1, chars)
    bench.save(2_000, "c0")

    def all_of_it() -> None:
        while bench.publisher.publish().pending:
            pass

    spent = _cpu_ms(all_of_it) / 2_000
    bench.store.close()
    return spent


def _cpu_ms(work: Callable[[], object]) -> float:
    before = _cpu()
    work()
    return (_cpu() - before) * 1000


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
