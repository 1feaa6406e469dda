"""The captures as they came, in the order they were taken, with the snapshots read from each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

import zstandard

from aggregator.model import Capture, CapturedSnapshot
from aggregator.store.base import Rows
from aggregator.store.times import from_text, to_text_or_none

# No document is larger than the fetcher lets through; a body that claims more is damaged.
# The kind of a capture that is a further page of the article whose first page is the one before.
FURTHER = "page+"
LARGEST = 256 * 2**20


class CaptureRows(Rows):
    """The captures' part of the SQLite store."""

    def count_captures(self, since: datetime | None = None) -> int:
        """How many captures the store holds, or of those taken at `since` or later."""
        row = self._db.execute(
            "select count(*) from captures where taken_at >= ? and left_digest is not ''",
            (to_text_or_none(since) or "",),
        ).fetchone()
        return int(row[0])

    def captures(self, since: datetime | None = None) -> Iterator[Capture]:
        """The captures taken at `since` or later, the oldest first, one at a time in memory.

        One whose bytes can no longer be unpacked, or have another digest, has `raw` None. What
        was taken down is left out; where only a part of a capture was, the rest is there.
        """
        after = (to_text_or_none(since) or "",)
        # Beside the captures, not joined: a whole document's bytes would come for every entry.
        beside = self._db.execute(
            "select s.capture_id, t.key, o.name, e.guid, s.link, s.number, s.digest "
            "from snapshots s join entries e on e.id = s.entry_id "
            "join stories t on t.id = e.story_id join sources o on o.id = e.source_id "
            "where s.capture_id is not null and s.taken_at >= ? order by s.capture_id, s.id",
            after,
        )
        row = beside.fetchone()
        before, snapshots = 0, list[CapturedSnapshot]()
        for one, kind, form, encoding, url, taken_at, context_id, digest, body in self._db.execute(
            "select id, kind, format, encoding, url, taken_at, context_id, "
            "coalesce(left_digest, digest), body from captures where taken_at >= ? "
            "and left_digest is not '' order by id",
            after,
        ):
            # The further pages of an article are numbered behind its first: what was read from that
            # was read from them too.
            snapshots = list(snapshots) if kind == FURTHER and one == before + 1 else []
            before = one
            while row is not None and row[0] <= one:
                if row[0] == one:
                    snapshots.append(CapturedSnapshot(*row[1:]))
                row = beside.fetchone()
            yield Capture(
                capture_id=one,
                is_part=kind == "entry",
                format=form,
                encoding=encoding,
                url=url,
                taken_at=from_text(taken_at),
                context_id=context_id,
                digest=digest,
                raw=unpacked(body, digest),
                snapshots=tuple(snapshots),
            )

    def context(self, context_id: int) -> bytes:
        """What stands around the entries of a document and is needed to read one alone."""
        row = self._db.execute("select body from contexts where id = ?", (context_id,)).fetchone()
        return b"" if row is None else bytes(row[0])


def unpacked(body: bytes, digest: str) -> bytes | None:
    """The bytes as they came; None where they are damaged, or are not those of the digest."""
    try:
        raw: bytes = zstandard.ZstdDecompressor().decompress(body, max_output_size=LARGEST)
    except zstandard.ZstdError:
        return None
    return raw if hashlib.sha256(raw).hexdigest() == digest else None
