"""Entries that are taken down → nothing of their text in any table, nor in the file itself.

Every table of the schema stands in HOLDS or in SAFE, and a test walks the schema: whoever adds a
table says in which it belongs, and how what it holds of an entry is destroyed.

Crash-safe: one transaction destroys the rows, sets the bars and notes the removal; what is left to
do after it (documents, free pages) follows from the removal being unfinished.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import zstandard

from aggregator.model import Archive, Erasure, TextMarks
from aggregator.store.captures import LARGEST
from aggregator.store.errors import StoreError
from aggregator.store.fingerprints import FingerprintRows
from aggregator.store.outputs import OutputRows
from aggregator.store.publishing import PublishingRows
from aggregator.store.removals import TAKEN_DOWN, RemovalRows
from aggregator.store.searching import SearchRows
from aggregator.store.times import to_text

# What holds words of entries, and how they are destroyed.
HOLDS = {
    "snapshots": "deleted; the digest stays in `erased`",
    "captures": "emptied where they are the entry's alone, else redacted; the digest stays",
    "entries": "deleted",
    "renderings": "deleted",
    "decisions": "deleted: the evidence quotes",
    "category_corrections": "deleted",
    "corrections": "deleted",
    "likenesses": "deleted",
    "query_matches": "deleted",
    "text_digests": "deleted",
    "withdrawals": "deleted",
    "fingerprint_pieces": "rewritten without them",
    "pages": "names and sections emptied; the address stays, so that it is not fetched again",
    "search_index": "deleted by its terms, and written anew without them",
    "search_outlets": "deleted",
    "alarms": "the evidence emptied where it quotes a title",
}
# What holds no words of an entry, and why.
SAFE = {
    "sources": "what the source says of itself",
    "source_states": "addresses, times, messages of this program",
    "source_chunks": "digests",
    "source_memories": "figures",
    "polls": "figures, messages of this program",
    "hosts": "names of hosts",
    "contexts": "what stands before the first entry of a document",
    "stories": "keys and ids",
    "outputs": "what feeds.yaml says",
    "former_names": "what feeds.yaml said",
    "memberships": "numbers and times",
    "documents": "paths and digests",
    "document_versions": "paths and digests",
    "output_changes": "times",
    "archives": "numbers and times",
    "counters": "numbers",
    "search_state": "figures",
    "models": "weights by hashes of words, and figures",
    "category_days": "counts of a day",
    "category_alarms": "days and figures",
    "manifests": "digests",
    "hub_subscriptions": "addresses and digests",
    "hub_pings": "paths and digests",
    "push_sources": "addresses",
    "push_callbacks": "addresses",
    "push_bodies": "digests",
    "tombstones": "ids, and the reason that the operator gave",
    "removals": "ids, and the reason that the operator gave",
    "removal_keys": "digests",
    "removal_prints": "a small part of the text's hashes",
    "erased": "digests",
    "tokens": "names and digests of tokens",
    "text_index": "numbers",
}

# Raw bytes and their encoding → the bytes without the article; None: it is not in them.
Redact = Callable[[bytes, str | None], bytes | None]


class ErasingRows(OutputRows, FingerprintRows, PublishingRows, RemovalRows, SearchRows):
    """The destroying part of the SQLite store."""

    def erase(self, erasure: Erasure, redact: Redact, now: datetime) -> int:
        """Destroy entries of a story, and set the bars that keep them out; in a transaction.

        Returns the removal's number. What is raised by SQLite undoes all of it. Raises StoreError
        when an entry is none of the story's (any more).
        """
        ids = sorted(erasure.entry_ids)
        story_id = self._story_of(erasure.story_key, ids)
        self._db.execute("pragma secure_delete = on")
        removal_id = self._note_removal(story_id, erasure, now)
        self._mark_documents(story_id)
        self._destroy(removal_id, erasure.story_key, ids, erasure.passages, redact)
        self._db.execute("delete from renderings where story_id = ?", (story_id,))
        left = self._db.execute(
            "select id from entries where story_id = ? order by first_seen_at, id", (story_id,)
        ).fetchall()
        if left:
            self._go_on_without(story_id, [row[0] for row in left], now)
        else:
            self._bury(story_id, erasure, now)
        self._db.execute("update removals set whole = ? where id = ?", (int(not left), removal_id))
        return removal_id

    def _story_of(self, key: str, entry_ids: Sequence[int]) -> int:
        rows = self._db.execute(
            "select stories.id, entries.id from stories join entries "
            "on entries.story_id = stories.id where stories.key = ? "
            "and entries.id in (select value from json_each(?))",
            (key, json.dumps(list(entry_ids))),
        ).fetchall()
        if not rows or len(rows) != len(entry_ids):
            raise StoreError(f"{key} changed meanwhile; look at it again and take it down then")
        return int(rows[0][0])

    # ------------------------------------------------------------ what shows it

    def _mark_documents(self, story_id: int) -> None:
        """Have every document written anew in which the story stands or stood."""
        rows = self._db.execute(
            "select output_id, listed, position from memberships where story_id = ?", (story_id,)
        ).fetchall()
        self._touch({output_id for output_id, listed, _ in rows if listed})
        self._stir({output_id for output_id, _, _ in rows})
        paths = ["feeds/corrections.atom"]
        for output_id, _, position in rows:
            paths += self._archives_at(output_id, position)
        self._db.executemany(
            "update documents set rendered_revision = -1 where path = ?",
            [(path,) for path in paths],
        )

    def _archives_at(self, output_id: int, position: int) -> list[str]:
        found: list[Archive] = [
            one
            for one in self.archives(output_id)
            if one.first_position <= position <= one.last_position
        ]
        name = self._db.execute("select name from outputs where id = ?", (output_id,)).fetchone()
        return [f"feeds/{name[0]}/{one.name}.{form}" for one in found for form in ("atom", "json")]

    def _bury(self, story_id: int, erasure: Erasure, now: datetime) -> None:
        """Nobody carries the story any more: it leaves every output, and a tombstone says so."""
        self._db.execute(
            "update memberships set left_revision = ? where story_id = ? and left_revision is null",
            (self._new_revision(), story_id),
        )
        at = to_text(self._stamp(now))
        self._db.execute(
            "update stories set removed_at = ?, revision = ? where id = ?",
            (at, self._new_revision(), story_id),
        )
        row = self._db.execute("select atom_id from stories where id = ?", (story_id,)).fetchone()
        self.add_tombstone(row[0], erasure.reason, now)

    def _go_on_without(self, story_id: int, left: Sequence[int], now: datetime) -> None:
        """The story keeps its id; where its lead is gone the carrier seen first leads."""
        lead_id, shown_id, origin_id = self._db.execute(
            "select lead_id, shown_id, origin_id from stories where id = ?", (story_id,)
        ).fetchone()
        was_shown = shown_id or lead_id
        lead = lead_id if lead_id in left else left[0]
        shown = shown_id if shown_id in left else None
        self._db.execute(
            "update stories set lead_id = ?, shown_id = ?, origin_id = ? where id = ?",
            (lead, shown, origin_id if origin_id in left else None, story_id),
        )
        self._db.execute("delete from likenesses where entry_id = ?", (lead,))
        self._settle_memberships(story_id, now)
        changed = (shown or lead) != was_shown
        self._change_story(story_id, to_text(self._stamp(now)) if changed else None)

    def index_lead(self, story_key: str, marks: TextMarks, now: datetime) -> None:
        """Let reposts of a story's lead be found by its text; inside a transaction."""
        row = self._db.execute(
            "select snapshot_id from stories join entries on entries.id = lead_id "
            "where stories.key = ?",
            (story_key,),
        ).fetchone()
        if row is not None:
            self._index_text(int(row[0]), marks, now)

    # ------------------------------------------------------------ what holds it

    def _destroy(
        self,
        removal_id: int,
        story_key: str,
        entry_ids: Sequence[int],
        passages: Sequence[str],
        redact: Redact,
    ) -> None:
        entries = json.dumps(list(entry_ids))
        chosen = "(select value from json_each(:entries))"
        snapshots = [
            row[0]
            for row in self._db.execute(
                f"select id from snapshots where entry_id in {chosen}", {"entries": entries}
            )
        ]
        self._keep_ids("snapshots", "entries")
        self.erase_from_search(entry_ids)
        self._destroy_captures(entries, redact)
        self._db.execute(
            "insert or ignore into erased (kind, number, digest, taken_at, removal_id, story_key) "
            "select 'snapshot', id, digest, taken_at, :removal, :story from snapshots "
            f"where entry_id in {chosen}",
            {"entries": entries, "removal": removal_id, "story": story_key},
        )
        self._empty_pages(entries)
        self._empty_alarms(entries, passages)
        for table in (
            *("likenesses", "decisions", "category_corrections", "corrections", "query_matches"),
            "withdrawals",
            "snapshots",
        ):
            self._db.execute(
                f"delete from {table} where entry_id in {chosen}", {"entries": entries}
            )
        self._forget_texts(set(snapshots))
        self._db.execute(f"delete from entries where id in {chosen}", {"entries": entries})

    def _destroy_captures(self, entries: str, redact: Redact) -> None:
        """Empty the captures that are these entries' alone; take them out of the others.

        The rows stay: what they were is told by their digests.
        """
        own = {row[0] for row in self._db.execute(
            "select distinct capture_id from snapshots where capture_id is not null "
            "and entry_id in (select value from json_each(?))", (entries,),
        )}  # fmt: skip
        # Documents and pages of the same sources, whatever they were kept for.
        beside = {row[0] for row in self._db.execute(
            "select distinct captures.id from entries told "
            "join snapshots on snapshots.entry_id = told.id "
            "join captures on captures.id = snapshots.capture_id "
            "where told.source_id in (select source_id from entries where id in "
            "(select value from json_each(:entries))) and kind <> 'entry' "
            "and told.id not in (select value from json_each(:entries))", {"entries": entries},
        )}  # fmt: skip
        self._db.executemany(
            "update captures set body = x'', size = 0, left_digest = '' where id = ?",
            [(one,) for one in self._with_further_pages(own - beside)],
        )
        for capture_id in self._with_further_pages(beside):
            self._redact(capture_id, redact)

    def _with_further_pages(self, captures: Iterable[int]) -> list[int]:
        """Captures with the further pages of long articles, which are numbered behind them."""
        found: list[int] = []
        for one in sorted(captures):
            found.append(one)
            while self._db.execute(
                "select 1 from captures where id = ? and kind = 'page+'", (found[-1] + 1,)
            ).fetchone():
                found.append(found[-1] + 1)
        return found

    def _redact(self, capture_id: int, redact: Redact) -> None:
        body, encoding = self._db.execute(
            "select body, encoding from captures where id = ?", (capture_id,)
        ).fetchone()
        try:
            raw = zstandard.ZstdDecompressor().decompress(body, max_output_size=LARGEST)
        except zstandard.ZstdError:
            raw, left = b"", b""  # what cannot be looked through is not kept
        else:
            found = redact(raw, encoding)
            if found is None:
                return
            left = found
        self._db.execute(
            "update captures set body = ?, left_digest = ? where id = ?",
            (zstandard.compress(left), hashlib.sha256(left).hexdigest(), capture_id),
        )

    def _empty_pages(self, entries: str) -> None:
        """The pages that these entries are on are not fetched again, and have no names."""
        on_them = (
            "(entry_id in (select value from json_each(:entries)) or exists (select 1 from entries "
            "join snapshots on snapshots.entry_id = entries.id where entries.id in "
            "(select value from json_each(:entries)) and entries.source_id = pages.source_id "
            "and snapshots.link in (url, final_url)))"
        )
        self._db.execute(
            f"delete from pages where kind = 'fulltext' and {on_them}", {"entries": entries}
        )
        self._db.execute(
            "update pages set name = null, section = null, next_fetch_at = null, etag = null, "
            "last_modified = null, body_digest = null, text_key = null, error = null, "
            f"outcome = '{TAKEN_DOWN}' where kind <> 'index' and {on_them}",
            {"entries": entries},
        )

    def _empty_alarms(self, entries: str, passages: Sequence[str]) -> None:
        rows = self._db.execute(
            "select id, evidence from alarms where source_id in (select source_id from entries "
            "where id in (select value from json_each(?)))",
            (entries,),
        ).fetchall()
        for alarm_id, evidence in rows:
            what, facts = json.loads(evidence)
            quoted = [name for name, fact in facts.items() if _quotes(fact, passages)]
            if quoted:
                left = [what, facts | dict.fromkeys(quoted, "…")]
                self._db.execute(
                    "update alarms set evidence = ? where id = ?",
                    (json.dumps(left, ensure_ascii=False), alarm_id),
                )

    # ------------------------------------------------------------ the file itself

    def scrub(self) -> bool:
        """Write the whole file anew, without what free space still holds; not in a transaction.

        False while somebody still reads an older state: then it is to be tried again. Raises
        StoreError when there is no room, or another process writes.
        """
        try:
            self._db.execute("vacuum")
            row = self._db.execute("pragma wal_checkpoint(truncate)").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"the store could not be rewritten without it: {error}") from error
        return int(row[0]) == 0


def _quotes(fact: Any, passages: Iterable[str]) -> bool:
    return isinstance(fact, str) and any(fact and fact in one for one in passages)
