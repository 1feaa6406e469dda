"""Recognising reposts: quality on labelled data where they are at hand, cost and size of the index.

    python -m bench duplicates [FOLDER] [--window N]

FOLDER holds `pairs_dev.jsonl.gz`, `stream_dev.jsonl.gz` and its gold. The cost is that of what the
corridor does for a new text (provenance, normal form, fingerprints, lookup, verification), on
made-up Chinese articles of 500 characters, with N and N/10 of them in the window.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from aggregator.dedupe.verify import compare
from aggregator.store.fingerprints import pack_documents
from bench.articles import article_from
from bench.stream import Stream

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "nlp"
ROUNDS, MEASURED = 3, 1500


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; 1 when the quality falls short of what is promised."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    options.add_argument("--window", type=int, default=20_000)
    chosen = options.parse_args(arguments)
    short = False
    if (chosen.folder / "pairs_dev.jsonl.gz").exists():
        short = not all([_pairs(chosen.folder), _stream(chosen.folder)])
    else:
        print(f"quality skipped: there is no {chosen.folder / 'pairs_dev.jsonl.gz'}")
    _cost(chosen.window)
    return int(short)


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
        known, group = stream.take(item["id"], article_from(item)), groups[item["id"]]
        if known is not None:
            right += groups[known] == group
            wrong += groups[known] != group
        if group in seen and (known is None or groups[known] != group):
            missed += 1
        seen.add(group)
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    print(f"stream: precision {precision:.4f} (target .993), recall {recall:.4f} (.98)")
    return precision >= 0.993 and recall >= 0.98


def _cost(window: int) -> None:
    chance = random.Random(8)
    stream, added, size = Stream(), 0, 0
    for target in (window // 10, window):
        while added < target:
            item = _made(chance, added)
            stream.take(added, article_from(item))
            added += 1
        best = min(_timed(stream, chance, added + MEASURED * turn) for turn in range(ROUNDS))
        added += MEASURED * ROUNDS
        print(f"cost: {best:.0f} µs of CPU a new text with {target} in the window")
    prints = [
        article_from(_made(chance, n)).fingerprints.astype("<u4").tobytes() for n in range(500)
    ]
    size = len(pack_documents(list(enumerate(prints)))) // 500
    print(f"index: {size} bytes a text on disk (at most 600)")


def _timed(stream: Stream, chance: random.Random, first: int) -> float:
    items = [_made(chance, first + number) for number in range(MEASURED)]
    started = time.process_time()
    for number, item in enumerate(items, first):
        stream.take(number, article_from(item))
    return (time.process_time() - started) / MEASURED * 1e6


def _word(chance: random.Random) -> str:
    length = chance.choice((1, 2, 2, 3))
    return "".join(chr(0x4E00 + int(chance.paretovariate(0.6)) % 3000) for _ in range(length))


def _made(chance: random.Random, number: int) -> dict[str, str]:
    """An article of 500 characters in which some phrases are everyone's."""
    words = [_word(chance) for _ in range(230)]
    marks = chance.choices(["", "，", "。", "。\n"], (80, 12, 6, 2), k=len(words))
    text = "".join(word + mark for word, mark in zip(words, marks, strict=True))
    return {
        "title": f"第{number}篇",
        "text": f"本报讯 {text}据了解，今后将继续推进相关工作。\n责任编辑：某某",
    }


if __name__ == "__main__":
    raise SystemExit(main())
