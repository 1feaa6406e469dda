"""What reading a feed costs, by rung of the ladder → a table with targets.

    python -m bench.parsing [--rounds 60]

CPU time of this process; each figure is the least of the rounds, since on a busy machine noise only
adds. Bare lxml and feedparser read the same feeds in the same run: their figures tell how fast the
machine is. The synthetic feeds (50 entries, 107 to 120 KB) are those of bench/origin.py. The real
ones are looked for in ../shared/feeds and left out where they are absent.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aggregator.model import Document
from aggregator.parse import ParseError, parse_feed
from bench import origin

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "feeds"
FETCHED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
KINDS = ("RSS, English", "Atom, English", "RSS, Chinese", "Atom, Chinese")


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 when a target is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=60)
    rounds = options.parse_args(arguments).rounds
    print(f"{'':44} {'ms':>8} {'target':>8}")
    missed = _synthetic(rounds)
    if REAL.exists():
        missed |= _real(max(1, rounds // 20))
    else:
        print(f"skipped: the real feeds; there is no {REAL}")
    return int(missed)


def _line(name: str, found: float, target: float | None = None, at_least: bool = False) -> bool:
    """Print a figure; True when it misses its target."""
    if target is None:
        print(f"{name:44} {found:8.2f}")
        return False
    missed = found < target if at_least else found > target
    print(f"{name:44} {found:8.2f} {target:8.2f} {'MISSED' if missed else ''}")
    return missed


def _least(work: Callable[[], object], rounds: int) -> float:
    """The least CPU time of `work`, in ms."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time_ns()
        work()
        best = min(best, time.process_time_ns() - started)
    return best / 1e6


def _document(feed: origin.Feed) -> Document:
    return Document(feed.body(), "http://127.0.0.1/feed", FETCHED_AT)


def _synthetic(rounds: int) -> bool:
    import feedparser
    from lxml import etree

    texts = {language: origin.Text(language, "1") for language in ("en", "zh")}
    feeds = [origin.Feed(number, "1", texts, 50) for number in range(len(KINDS))]
    plain: list[float] = []
    peers: dict[str, list[float]] = {"bare lxml": [], "feedparser with its defaults": []}
    one_new: list[float] = []
    touched: list[float] = []
    for kind, feed in zip(KINDS, feeds, strict=True):
        document = _document(feed)
        known = parse_feed(document).known
        plain.append(_least(lambda d=document: parse_feed(d), rounds))  # type: ignore[misc]
        _line(f"plain reader, all entries: {kind}", plain[-1])
        body = document.body
        peers["bare lxml"].append(_least(lambda b=body: etree.fromstring(b), rounds))  # type: ignore[misc]
        slow = _least(lambda b=body: feedparser.parse(b), max(1, rounds // 20))  # type: ignore[misc]
        peers["feedparser with its defaults"].append(slow)
        # The first such document is still cut; what it leaves is what all the later ones meet.
        feed.built += 1
        known = parse_feed(_document(feed), known).known
        feed.built += 1
        other = _document(feed)
        touched.append(_least(lambda d=other, k=known: parse_feed(d, k), rounds))  # type: ignore[misc]
        _line(f"only the build date changed: {kind}", touched[-1])
        feed.change(1)
        newer = _document(feed)
        one_new.append(_least(lambda d=newer, k=known: parse_feed(d, k), rounds))  # type: ignore[misc]
        _line(f"one new entry: {kind}", one_new[-1])
    missed = _line("plain reader, all entries: mean", sum(plain) / 4, 1.8)
    missed |= _line("one new entry: mean", sum(one_new) / 4, 0.5)
    _line("only the build date changed: mean", sum(touched) / 4)
    for name, theirs in peers.items():
        _line(f"{name}, the same feeds: mean", sum(theirs) / 4)
        _line("  plain reader in parts of that", sum(plain) / sum(theirs))
    return missed


def _real(rounds: int) -> bool:
    import feedparser

    ours: list[float] = []
    theirs: list[float] = []
    by_reader: dict[str, int] = {}
    for path in sorted(REAL.glob("*/**/*.*")):
        body = path.read_bytes()
        document = Document(body, "http://origin.example/feed", FETCHED_AT)
        try:
            reader = parse_feed(document).reader
        except ParseError:
            continue
        by_reader[reader] = by_reader.get(reader, 0) + 1
        ours.append(_least(lambda d=document: parse_feed(d), 3 * rounds))  # type: ignore[misc]
        theirs.append(_least(lambda b=body: feedparser.parse(b), rounds))  # type: ignore[misc]
    count = len(ours)
    readers = ", ".join(f"{name} {number}" for name, number in sorted(by_reader.items()))
    print(f"{count} real feeds read by: {readers}")
    _line("real feeds, mean", sum(ours) / count)
    _line("real feeds, feedparser with its defaults", sum(theirs) / count)
    missed = _line("times faster", sum(theirs) / sum(ours), 10.0, at_least=True)
    return missed | _line(
        "per cent taken without feedparser",
        100 * (1 - by_reader.get("tolerant", 0) / count),
        90.0,
        True,
    )


if __name__ == "__main__":
    sys.exit(main())
