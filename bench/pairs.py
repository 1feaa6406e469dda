"""Pairs of articles as JSON lines on stdin → a line each, `{"dup": 0 or 1}`, for a scorer.

    python -m bench.pairs [--evidence] < PAIRS.jsonl

Each line is `{id, a: {title, text}, b: {title, text}}`. `--evidence` adds what decided it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from aggregator.dedupe.verify import compare
from bench.articles import article_from


def main(arguments: list[str] | None = None) -> int:
    """Answer every pair of stdin, in order."""
    evidence = "--evidence" in (arguments or [])
    for line in sys.stdin:
        pair = json.loads(line)
        compared = compare(article_from(pair["a"]), article_from(pair["b"]))
        answer: dict[str, object] = {"dup": int(compared.verdict == "same")}
        if evidence:
            answer |= {"id": pair.get("id"), **asdict(compared)}
        print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
