"""Learn categories from labelled lines, then label the lines on standard input.

    python -m bench.labels TRAIN.jsonl [--precision 0.98] < ITEMS.jsonl

TRAIN.jsonl has a line `{"text", "label"}` an item, with `keywords` (comma-separated) and `source`
where there are any; the items have the same without the label. Each answer is a line
`{"label", "score", "probability", "sure"}`: `score` is the precision promised when everything
at least this sure is believed, so that `score >= 0.98` is what the program itself would decide.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aggregator.categorize.features import Reading

BATCH = 1000


def main(argv: list[str]) -> int:
    """Read, learn, answer; what it cost goes to standard error."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(prog="python -m bench.labels")
    parser.add_argument("train")
    parser.add_argument("--precision", type=float, default=0.98)
    options = parser.parse_args(argv)
    from aggregator.categorize.classifier import learn, to_bytes
    from aggregator.categorize.linear import Label

    with open(options.train, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    labels = [Label(reading(row), row["label"], row.get("source") or "") for row in rows]
    started = time.process_time()
    made = learn(labels).classifier
    trained = time.process_time() - started
    made = made.wanting(dict.fromkeys(made.linear.classes, options.precision))
    size = len(to_bytes(made))
    items = [reading(json.loads(line)) for line in sys.stdin if line.strip()]
    made.judge(items[:10])
    started = time.process_time()
    verdicts = [one for batch in batches(items) for one in made.judge(batch)]
    judged = time.process_time() - started
    for one in verdicts:
        answer = {
            "label": one.category,
            "score": round(one.promised + one.probability * 1e-4, 6),
            "probability": round(one.probability, 4),
            "sure": one.sure,
        }
        print(json.dumps(answer, ensure_ascii=False))
    print(
        f"learned from {len(labels)} labels in {trained:.1f} s of CPU; model {size / 1e6:.1f} MB; "
        f"{judged / max(1, len(items)) * 1e6:.0f} µs an item; held back: accuracy "
        f"{made.report.accuracy:.3f}, coverage {made.report.coverage:.3f}",
        file=sys.stderr,
    )
    return 0


def reading(row: dict[str, Any]) -> Reading:
    """What the classifier reads of a line."""
    from aggregator.categorize.features import Reading

    keywords = (row.get("keywords") or "").split(",")
    tags = tuple(word.strip() for word in keywords if word.strip())
    return Reading(row["text"], row.get("body") or "", tags)


def batches(items: list[Reading]) -> Iterable[list[Reading]]:
    """The items, BATCH at a time."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
