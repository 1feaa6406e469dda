"""Recognising reposts: quality on labelled data where they are at hand, cost and size of the index.

    python -m bench duplicates [FOLDER] [--window N] [--store M]

FOLDER holds `pairs_dev.jsonl.gz`, `stream_dev.jsonl.gz` and its gold. The cost is that of what the
corridor does for a new text (provenance, normal form, fingerprints, lookup, verification), on
made-up Chinese articles (bench.made_up), three in ten of them reposts, with N/10 and N of them in
the window. Then the same by way of a store that has seen M/10 and M texts, saving aside.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from aggregator.carrying import Carrying
from aggregator.dedupe import decide, identify
from aggregator.dedupe.verify import compare
from aggregator.model import Entry, Text
from aggregator.store.fingerprints import day_of, pack_documents
from bench.articles import article_from
from bench.made_up import MadeUp
from bench.publishing import START, Bench
from bench.stream import Stream

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "nlp"
ROUNDS, MEASURED, FILLED_TOGETHER = 3, 1500, 200
MOST_COST = 250


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; 1 when the quality falls short of what is promised."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    options.add_argument("--window", type=int, default=100_000)
    options.add_argument("--store", type=int, default=1_000_000)
    chosen = options.parse_args(arguments)
    short = False
    if (chosen.folder / "pairs_dev.jsonl.gz").exists():
        short = not all([_pairs(chosen.folder), _stream(chosen.folder)])
    else:
        print(f"quality skipped: there is no {chosen.folder / 'pairs_dev.jsonl.gz'}")
    cheap = _cost(chosen.window)
    flat = _growth(chosen.window, (chosen.store // 10, chosen.store))
    return int(short or not cheap or not flat)


def _lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _pairs(folder: Path) -> bool:
    counts: Counter[tuple[bool, bool]] = Counter()
    kinds: dict[str, list[bool]] = defaultdict(list)
    for pair in _lines(folder / "pairs_dev.jsonl.gz"):
        found = compare(article_from(pair["a"]), article_from(pair["b"])).verdict == "same"
        counts[found, bool(pair["label"])] += 1
        kinds[pair["kind"]].append(found)
    right = counts[True, True]
    precision = right / max(1, right + counts[True, False])
    recall = right / max(1, right + counts[False, True])
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    shares = {kind: sum(found) / len(found) for kind, found in kinds.items()}
    print(
        f"pairs: precision {precision:.4f} (target .985), recall {recall:.4f}, F1 {f1:.4f} (.985)"
    )
    print(f"  real templates taken for reposts {shares['neg_template_real']:.1%} (at most 3 %)")
    print(
        f"  combined reposts found {shares['combo']:.1%}, edited {shares['combo_edit']:.1%} (92 %)"
    )
    return precision >= 0.985 and f1 >= 0.985


def _stream(folder: Path) -> bool:
    groups = {one["id"]: one["group"] for one in _lines(folder / "stream_dev.gold.jsonl.gz")}
    stream, seen = Stream(), set()
    right = wrong = missed = 0
    for item in _lines(folder / "stream_dev.jsonl.gz"):
        ((_, known),) = stream.take([(item["id"], item)])
        group = groups[item["id"]]
        if known is not None:
            right += groups[known] == group
            wrong += groups[known] != group
        if group in seen and (known is None or groups[known] != group):
            missed += 1
        seen.add(group)
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    print(f"stream: precision {precision:.4f} (target .993), recall {recall:.4f} (.98)")
    return precision >= 0.993 and recall >= 0.98


def _cost(window: int) -> bool:
    """The cost of a text by all that is done for it, in memory; whether it is low enough."""
    made, stream, costs = MadeUp(), Stream(), []
    added = 0
    for target in (window // 10, window):
        for first in range(added, target, FILLED_TOGETHER):
            _take(stream, [made.article() for _ in range(min(FILLED_TOGETHER, target - first))])
        added = target
        for together in (1, 50):
            best = min(_timed(stream, made, together) for _ in range(ROUNDS))
            costs.append(best)
            print(
                f"cost: {best:.0f} µs of CPU a new text with {target} in the window, "
                f"{together} in a document (at most {MOST_COST})"
            )
    articles = [article_from(made.article()) for _ in range(500)]
    prints = [article.fingerprints.astype("<u4").tobytes() for article in articles]
    size = len(pack_documents(list(enumerate(prints)))) // len(prints)
    print(f"index: {size} bytes a text on disk (at most 600)")
    return costs[-1] <= MOST_COST


def _take(stream: Stream, items: Sequence[dict[str, str]]) -> None:
    for _ in stream.take((None, item) for item in items):
        pass


def _timed(stream: Stream, made: MadeUp, together: int) -> float:
    """µs of CPU a text; three in ten are reposts of one before."""
    items = [made.article() for _ in range(MEASURED * 7 // 10)]
    items += [made.repost(items[at]) for at in range(0, len(items), 2)][: MEASURED - len(items)]
    started = time.process_time()
    for first in range(0, len(items), together):
        _take(stream, items[first : first + together])
    return (time.process_time() - started) / len(items) * 1e6


def _growth(window: int, stores: Sequence[int]) -> bool:
    """The cost of recognising in a real store that holds so many texts; whether it stays flat.

    Of all of them the store has the digests, which it keeps for ever, and of the last `window` the
    fingerprints. The rows of articles are those that the measuring itself saves.
    """
    made = MadeUp()
    texts = [made.article() for _ in range(2000)]
    prints = [article_from(text).fingerprints for text in texts]
    chance = np.random.default_rng(4)
    costs: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name) / "store", 1, 0)
        filled = 0
        for target in stores:
            _fill(bench.store, chance, prints, filled, target, window)
            filled = target
            best = min(_recognised(bench, made) for _ in range(ROUNDS))
            costs.append(best)
            print(
                f"store: {best:.0f} µs of CPU to read and recognise a new text among {target} "
                f"texts ever, {window} in the window"
            )
        bench.store.close()
    flat = costs[-1] / costs[0] - 1
    print(f"store: {flat:+.0%} from {stores[0]} to {stores[-1]} texts (at most +20 %)")
    return flat <= 0.2


def _fill(
    store: Any,
    chance: np.random.Generator,
    prints: Sequence[NDArray[np.uint32]],
    filled: int,
    target: int,
    window: int,
) -> None:
    """Put digests and, for the newest, fingerprints into a store as a year of saving would.

    Each text's fingerprints are a made-up article's, but for four fifths that are its own.
    """
    digests = chance.integers(-(2**62), 2**62, target - filled).tolist()
    with store.transaction():
        store._db.executemany(
            "insert or ignore into text_digests (digest, snapshot_id) values (?, ?)",
            zip(digests, count(10**9 + filled), strict=False),
        )
        store._db.execute("delete from fingerprint_pieces")
        today = day_of(START)
        for days_ago in range(13, 0, -1):
            documents: list[tuple[int, bytes]] = []
            for _ in range(window // 13):
                one = prints[int(chance.integers(len(prints)))].copy()
                own = chance.random(one.size) < 0.8
                one[own] = chance.integers(0, 2**32, int(own.sum()), dtype=np.uint32)
                one.sort()
                documents.append((10**9 + len(documents), one.astype("<u4").tobytes()))
            store._write_piece(today - days_ago, 1, documents)


def _recognised(bench: Bench, made: MadeUp) -> float:
    """µs of CPU a text that Carrying reads and looks up, in documents of 50, as one feed brings."""
    carrying = Carrying(bench.store)
    source = bench.config.sources[0]
    documents = [
        decide(1, identify(_entry(made) for _ in range(50)), [], []) for _ in range(MEASURED // 50)
    ]
    spent = 0.0
    with bench.store.transaction():
        carrying.recognise(source, 1, documents[0], START)  # the window is read in
        for document in documents:
            started = time.process_time()
            carrying.recognise(source, 1, document, START)
            spent += time.process_time() - started
    return spent / MEASURED * 1e6


def _entry(made: MadeUp) -> Entry:
    article = made.article()
    lines = "".join(f"<p>{line}</p>" for line in article["text"].split("\n"))
    return Entry(guid=article["title"], title=Text(article["title"]), content=Text(lines, "html"))


if __name__ == "__main__":
    raise SystemExit(main())
