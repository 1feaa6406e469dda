"""A story → others on the same matter: those that share its telling terms, the recent favoured."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from aggregator.html import visible_text
from aggregator.model import Related, Snapshot, Text
from aggregator.store.errors import StoreError
from aggregator.store.searching import SearchRows
from aggregator.terms import terms_of

# Terms of a story that are looked at, and of these the most telling that are looked for.
LOOKED_AT, LOOKED_FOR = 80, 30
# A title's term counts for so many in the text.
TITLE_WEIGHT = 3
# The beginning of a text says what it is about.
READ_TEXT = 4_000
# A term in more than this part of the texts tells nothing; nor does one in fewer than two.
COMMON_PART, LEAST_COMMON = 0.01, 200
# Candidates among which the recent ones are favoured, and what they must have of the likeness
# that the story has to itself.
CANDIDATES = 80
LEAST_LIKE = 0.12
# After so many days a story's likeness counts for three quarters; never for less than a half.
HALF_LIFE_DAYS = 180.0
_KNOWN_TERMS = 50_000


class RelatedRows(SearchRows):
    """The related stories' part of the SQLite store."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        # How many texts hold a term, counted no further than "common", as of a size of the index.
        self._holding: dict[str, int] = {}
        self._counted_at = 0

    def related(self, story_id: int, limit: int, now: datetime) -> Related:
        """Stories on the same matter as one, none of them its own carriers, the most like first.

        `now` is what ages count from. Raises StoreError.
        """
        story = self.stories([story_id]).get(story_id)
        if story is None:
            return Related()
        try:
            terms = self._telling(story.snapshot)
            if not terms:
                return Related()
            ranked = self._alike(story_id, terms, now)
        except sqlite3.OperationalError as error:
            raise StoreError(f"related stories could not be found: {error}") from error
        return Related(self._hits(ranked[:limit]), tuple(terms))

    def _telling(self, shown: Snapshot) -> list[str]:
        """The terms that tell what a text is about: frequent in it, rare elsewhere."""
        weights = Counter(_whole(terms_of(_plain(shown.title))))
        for term in weights:
            weights[term] *= TITLE_WEIGHT
        weights.update(_whole(terms_of(_plain(shown.content or shown.summary)[:READ_TEXT])))
        last = self._db.execute("select reached from search_state").fetchone()[0]
        common = max(LEAST_COMMON, int(last * COMMON_PART))
        if last > 1.2 * self._counted_at or len(self._holding) > _KNOWN_TERMS:
            self._holding, self._counted_at = {}, last
        scores: dict[str, float] = {}
        for term, weight in weights.most_common(LOOKED_AT):
            holding = self._count_holding(term, common)
            if 1 < holding < common:
                scores[term] = (1 + math.log(weight)) * math.log(last / holding + 1)
        return sorted(scores, key=lambda term: (-scores[term], term))[:LOOKED_FOR]

    def _count_holding(self, term: str, most: int) -> int:
        count = self._holding.get(term)
        if count is None:
            row = self._db.execute(
                "select count(*) from (select 1 from search_index where search_index match ? "
                "limit ?)",
                (f'{{title text}} : "{term}"', most),
            ).fetchone()
            count = self._holding[term] = int(row[0])
        return count

    def _alike(self, story_id: int, terms: Sequence[str], now: datetime) -> list[tuple[int, int]]:
        """(story, snapshot) of the stories that share most of the terms."""
        wanted = " OR ".join(f'"{term}"' for term in terms)
        scored = dict(
            self._db.execute(
                "select rowid, -bm25(search_index, 2.0, 1.0, 0.0, 0.0) from search_index "
                "where search_index match ? order by rank limit ?",
                (f"{{title text}} : ({wanted})", CANDIDATES),
            ).fetchall()
        )
        rows = self._db.execute(
            "select snapshots.id, entries.story_id, "
            "julianday(?) - julianday(coalesce(snapshots.published, snapshots.taken_at)) "
            "from snapshots join entries on entries.id = snapshots.entry_id "
            "and entries.snapshot_id = snapshots.id "
            "where snapshots.id in (select value from json_each(?))",
            (now.isoformat(), json.dumps(list(scored))),
        ).fetchall()
        own = max((scored[one] for one, story, _ in rows if story == story_id), default=0.0)
        best: dict[int, tuple[float, int]] = {}
        for snapshot_id, story, age in rows:
            if story == story_id or scored[snapshot_id] < LEAST_LIKE * own:
                continue
            recent = 0.5 + 0.5 * 0.5 ** (max(age or 0.0, 0.0) / HALF_LIFE_DAYS)
            like = scored[snapshot_id] * recent, snapshot_id
            best[story] = max(best.get(story, like), like)
        ranked = sorted(best.items(), key=lambda one: one[1], reverse=True)
        return [(story, snapshot_id) for story, (_, snapshot_id) in ranked]


def _whole(terms: Iterable[str]) -> list[str]:
    """Terms without the single characters that end runs."""
    return [term for term in terms if len(term) > 1]


def _plain(text: Text | None) -> str:
    if text is None:
        return ""
    return visible_text(text.value) if text.kind == "html" else text.value
