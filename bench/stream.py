"""A stream of articles as JSON lines on stdin → whose repost each is, for a scorer.

    python -m bench.stream [--cost] < STREAM.jsonl

Each line is `{id, title, text}`, in order of arrival; the answers are `{id, dup_of}`, dup_of being
the id of the story's first article or null. `--cost` prints the CPU time an item to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from aggregator.dedupe.article import Article
from aggregator.dedupe.recognise import Candidate, recognise, widens
from aggregator.store.window import Window
from bench.articles import article_from


class Stream:
    """The articles seen so far, and the stories they were put into."""

    def __init__(self) -> None:
        self._window = Window()
        self._articles: list[Article] = []
        self._leads: list[int] = []  # the place of each indexed article's story's lead
        self._ids: list[object] = []

    def take(self, item_id: object, article: Article) -> object | None:
        """The id of the first article of the story that `article` carries; None for a new one."""
        found = self._window.candidates(article.fingerprints)
        candidates = [
            Candidate(number, self._leads[number], self._articles[number]) for number in found
        ]
        match = recognise(article, candidates)
        if match is None:
            self._index(item_id, article, len(self._articles))
            return None
        lead = match.candidate.story_id
        if match.candidate.reference == lead and widens(article, match):
            self._index(item_id, article, lead)
        return self._ids[lead]

    def _index(self, item_id: object, article: Article, lead: int) -> None:
        number = len(self._articles)
        self._articles.append(article)
        self._ids.append(item_id)
        self._leads.append(lead)
        self._window.add(number, article.fingerprints)


def main(arguments: list[str] | None = None) -> int:
    """Answer every item of stdin, in order."""
    stream = Stream()
    spent, count = 0.0, 0
    for line in sys.stdin:
        item = json.loads(line)
        started = time.process_time()
        known = stream.take(item["id"], article_from(item))
        spent += time.process_time() - started
        count += 1
        print(json.dumps({"id": item["id"], "dup_of": known}, ensure_ascii=False))
    if "--cost" in (arguments or []) and count:
        print(f"{spent / count * 1e6:.0f} µs of CPU an item", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
