"""A stream of articles as JSON lines on stdin → whose repost each is, for a scorer.

    python -m bench.stream [--cost] [--together N] < STREAM.jsonl

Each line is `{id, title, text}`, in order of arrival; the answers are `{id, dup_of}`, dup_of being
the id of the story's first article or null. So many are read and answered together as a document
of a source brings (50), or `--together N`. `--cost` prints the CPU time an item to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from aggregator.dedupe.article import Article, cut_together
from aggregator.dedupe.mates import Mates
from aggregator.dedupe.recognise import Candidate, recognise, widens
from aggregator.store.window import Window
from bench.articles import article_from

TOGETHER = 50


class Stream:
    """The articles seen so far, and the stories they were put into."""

    def __init__(self) -> None:
        self._window = Window()
        self._articles: list[Article] = []
        self._leads: list[int] = []  # the place of each indexed article's story's lead
        self._ids: list[object] = []

    def take(
        self, items: Iterable[tuple[object, Mapping[str, Any]]]
    ) -> Iterator[tuple[object, object | None]]:
        """Items (id, `{title, text}`), as one document would bring them → each id, and that of the

        first article of the story that it carries; None for a new one.
        """
        taken = [(item_id, article_from(item)) for item_id, item in items]
        cut_together([article for _, article in taken])
        found = self._window.candidates_of_all([article.fingerprints for _, article in taken])
        mates = Mates()
        for (item_id, article), before in zip(taken, found, strict=True):
            numbers = [*before, *mates.like(article)]
            candidates = [
                Candidate(number, self._leads[number], self._articles[number]) for number in numbers
            ]
            match = recognise(article, candidates)
            lead = len(self._articles) if match is None else match.candidate.story_id
            if match is None or (match.candidate.reference == lead and widens(article, match)):
                mates.add(len(self._articles), article)
                self._index(item_id, article, lead)
            yield item_id, None if match is None else self._ids[lead]

    def _index(self, item_id: object, article: Article, lead: int) -> None:
        number = len(self._articles)
        self._articles.append(article)
        self._ids.append(item_id)
        self._leads.append(lead)
        self._window.add(number, article.fingerprints)


def main(arguments: list[str] | None = None) -> int:
    """Answer every item of stdin, in order."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cost", action="store_true")
    options.add_argument("--together", type=int, default=TOGETHER)
    chosen = options.parse_args(arguments)
    stream = Stream()
    spent, count = 0.0, 0
    while lines := list(islice(sys.stdin, chosen.together)):
        items = [json.loads(line) for line in lines]
        started = time.process_time()
        answers = list(stream.take((item["id"], item) for item in items))
        spent += time.process_time() - started
        count += len(items)
        for item_id, known in answers:
            print(json.dumps({"id": item_id, "dup_of": known}, ensure_ascii=False))
    if chosen.cost and count:
        print(f"{spent / count * 1e6:.0f} µs of CPU an item", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
