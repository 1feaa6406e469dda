"""Learn categories from labelled lines, then label the lines on standard input.

    python -m bench.labels TRAIN.jsonl [--precision 0.98] < ITEMS.jsonl

TRAIN.jsonl has a line `{"text", "label"}` an item, with `keywords` (comma-separated), `body` and
`source` where there are any; the items have the same without the label. Lines of TRAIN.jsonl that
are no such object are left out and counted; an item that is no object is taken for its text. Each
answer is a line `{"label", "score", "probability", "sure"}`: by `score` the answers are in order of
the precision promised for all that is at least so sure, and it is at least `--precision` for what
the program itself would decide, and for nothing else. Ends with 1 where too little is to be learned
from.
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
    from aggregator.categorize.classifier import Verdict
    from aggregator.categorize.features import Reading
    from aggregator.categorize.linear import Label

BATCH = 1000


def main(argv: list[str]) -> int:
    """Read, learn, answer; what it cost goes to standard error."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(prog="python -m bench.labels")
    parser.add_argument("train")
    parser.add_argument("--precision", type=float, default=0.98)
    options = parser.parse_args(argv)
    from aggregator.categorize.classifier import TooFewLabels, learn, to_bytes

    try:
        labels, odd = read_labels(options.train)
    except OSError as error:
        print(f"bench.labels: {options.train}: {error.strerror}", file=sys.stderr)
        return 2
    if odd:
        print(f"{odd} lines of {options.train} without text and label left out", file=sys.stderr)
    started = time.process_time()
    try:
        made = learn(labels).classifier
    except TooFewLabels as error:
        print(f"bench.labels: {error}", file=sys.stderr)
        return 1
    trained = time.process_time() - started
    made = made.wanting(dict.fromkeys(made.linear.classes, options.precision))
    size = len(to_bytes(made))
    items = [reading(parsed(line)) for line in sys.stdin.buffer if line.strip()]
    made.judge(items[:10])
    started = time.process_time()
    verdicts = [one for batch in batches(items) for one in made.judge(batch)]
    judged = time.process_time() - started
    for one in verdicts:
        print(json.dumps(answer(one, options.precision), ensure_ascii=False))
    print(
        f"learned from {len(labels)} labels in {trained:.1f} s of CPU; model {size / 1e6:.1f} MB; "
        f"{judged / max(1, len(items)) * 1e6:.0f} µs an item; held back: accuracy "
        f"{made.report.accuracy:.3f}, coverage {made.report.coverage:.3f}",
        file=sys.stderr,
    )
    return 0


def answer(verdict: Verdict, precision: float) -> dict[str, Any]:
    """The line that answers an item."""
    score = verdict.promised + verdict.probability * 1e-4  # in order where the promise is the same
    score = max(score, precision) if verdict.sure else min(score, precision - 1e-6)
    return {
        "label": verdict.category,
        "score": round(score, 6),
        "probability": round(verdict.probability, 4),
        "sure": verdict.sure,
    }


def read_labels(path: str) -> tuple[list[Label], int]:
    """The labels of a file, and how many of its lines are none. Raises OSError."""
    from aggregator.categorize.linear import Label

    labels: list[Label] = []
    odd = 0
    with open(path, "rb") as file:
        for line in file:
            row = parsed(line)
            label = row.get("label")
            if isinstance(label, str | int) and isinstance(row.get("text"), str):
                labels.append(Label(reading(row), str(label), str(row.get("source") or "")))
            elif line.strip():
                odd += 1
    return labels, odd


def parsed(line: bytes) -> dict[str, Any]:
    """The object of a line; of one that holds none its text."""
    text = line.decode("utf-8", "replace").strip()
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        row = None
    return row if isinstance(row, dict) else {"text": text}


def reading(row: dict[str, Any]) -> Reading:
    """What the classifier reads of a line."""
    from aggregator.categorize.features import Reading

    words = row.get("keywords") or ()
    said = words.split(",") if isinstance(words, str) else words
    tags = tuple(str(word).strip() for word in said) if isinstance(said, list | tuple) else ()
    return Reading(_text(row.get("text")), _text(row.get("body")), tuple(filter(None, tags)))


def _text(said: Any) -> str:
    return said if isinstance(said, str) else "" if said is None else str(said)


def batches(items: list[Reading]) -> Iterable[list[Reading]]:
    """The items, BATCH at a time."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
