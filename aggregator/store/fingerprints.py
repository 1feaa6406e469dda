"""What recent texts are found by: fingerprints in pieces, sealed by day, and digests kept for ever.

A transaction's documents are written as one piece; when a day is over its pieces become one, and
what lies before the window is dropped. So the index costs the same at any size of the store. In
memory the window is built when first needed and follows what other processes add.

numpy is imported only when a text is to be looked up: it costs a tenth of a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.model import Lookalike, TextMarks
from aggregator.store.base import Rows
from aggregator.store.snapshots import text_of_columns

if TYPE_CHECKING:
    from aggregator.store.window import Documents, Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Grows when normal form or fingerprints are made in another way: all texts are indexed anew.
FINGERPRINTS_VERSION = 1
DEFAULT_WINDOW_DAYS = 14

_LOOKALIKE = (
    "select snapshots.id, entries.id, entries.story_id, entries.source_id, "
    "stories.lead_id = entries.id, entries.title_key, "
    "(select json_group_array(outlet) from entries told where told.story_id = stories.id "
    "and outlet is not null), "
    "(select json_group_array(name) from (select sources.name from entries told join sources "
    "on sources.id = told.source_id where told.story_id = stories.id order by told.id)), "
    "exists (select 1 from corrections join stories own on own.id = corrections.story_id "
    "where kind = 'split' and stories.id in (other_id, own.id) and own.merged_into is null), "
    "snapshots.title, snapshots.title_kind, snapshots.summary, snapshots.summary_kind, "
    "snapshots.content, snapshots.content_kind, base "
    "from snapshots join entries on entries.id = snapshots.entry_id "
    "join stories on stories.id = entries.story_id "
    "where snapshots.id in (select value from json_each(?))"
)


def day_of(moment: datetime) -> int:
    """The day of a moment, counted from 1970-01-01 in UTC."""
    return (moment - _EPOCH).days


class FingerprintRows(Rows):
    """The near-duplicate index's part of the SQLite store."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._window_days = DEFAULT_WINDOW_DAYS
        self._window: Window | None = None
        self._loaded_piece = 0
        self._loaded_day = 0
        self._pending: list[tuple[int, bytes]] = []
        self._pending_day = 0
        self._sealed_day = 0

    def recognise_within(self, days: int) -> None:
        """How far back near-duplicates are looked for, from now on (Indexing sees to the rest)."""
        if days != self._window_days:
            self._window_days, self._window = days, None

    # ------------------------------------------------------------ looking up

    def known_digests(self, digests: Sequence[int]) -> dict[int, Lookalike]:
        """Of some digests of normal forms those that are known, with a snapshot of such a text."""
        rows = self._db.execute(
            "select digest, snapshot_id from text_digests "
            "where digest in (select value from json_each(?))",
            (json.dumps([one for one in digests if one]),),
        ).fetchall()
        found = self._lookalikes([snapshot for _, snapshot in rows])
        return {digest: found[snapshot] for digest, snapshot in rows if snapshot in found}

    def similar_texts(self, fingerprints: bytes, now: datetime) -> list[Lookalike]:
        """Snapshots of the window that share many fingerprints, the best first.

        Sees what the open transaction has added so far.
        """
        return self.similar_to_all([fingerprints], now)[0]

    def similar_to_all(self, fingerprints: Sequence[bytes], now: datetime) -> list[list[Lookalike]]:
        """As `similar_texts`, for many texts at once."""
        import numpy as np

        window = self._current_window(day_of(now))
        found = window.candidates_of_all([np.frombuffer(one, dtype="<u4") for one in fingerprints])
        known = self._lookalikes([one for each in found for one in each])
        return [[known[one] for one in each if one in known] for each in found]

    def _lookalikes(self, snapshot_ids: Sequence[int]) -> dict[int, Lookalike]:
        if not snapshot_ids:
            return {}
        rows = self._db.execute(_LOOKALIKE, (json.dumps(list(snapshot_ids)),)).fetchall()
        return {row[0]: _lookalike(row) for row in rows}

    # ------------------------------------------------------------ adding

    def _index_text(self, snapshot_id: int, marks: TextMarks, now: datetime) -> None:
        """Let a text be found from now on; by its digest for ever, if no other has it."""
        if marks.digest:
            self._db.execute(
                "insert or ignore into text_digests (digest, snapshot_id) values (?, ?)",
                (marks.digest, snapshot_id),
            )
        if not marks.fingerprints:
            return
        import numpy as np

        self._pending_day = day_of(now)
        self._current_window(self._pending_day).add(
            snapshot_id, np.frombuffer(marks.fingerprints, dtype="<u4")
        )
        self._pending.append((snapshot_id, marks.fingerprints))

    def _write_counters(self) -> None:
        if self._pending:
            if self._pending_day != self._sealed_day:
                self._seal_days(self._pending_day)
                self._sealed_day = self._pending_day
            self._loaded_piece = self._write_piece(self._pending_day, 0, self._pending)
            self._pending = []
        super()._write_counters()

    def _write_piece(self, day: int, sealed: int, documents: Sequence[tuple[int, bytes]]) -> int:
        cursor = self._db.execute(
            "insert into fingerprint_pieces (day, sealed, documents, body) values (?, ?, ?, ?)",
            (day, sealed, len(documents), pack_documents(documents)),
        )
        return int(cursor.lastrowid or 0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See Rows.transaction. What an undone one has added is forgotten in memory too."""
        try:
            with super().transaction():
                yield
        except BaseException:
            self._pending, self._window = [], None
            raise

    @contextmanager
    def part(self) -> Iterator[None]:
        """See Rows.part."""
        before = len(self._pending)
        try:
            with super().part():
                yield
        except BaseException:
            if len(self._pending) > before:
                del self._pending[before:]
                self._window = None
            raise

    def _forget_texts(self, snapshot_ids: set[int]) -> None:
        """Let some texts be found no more, nor anything be known of them."""
        self._db.execute(
            "delete from text_digests where snapshot_id in (select value from json_each(?))",
            (json.dumps(sorted(snapshot_ids)),),
        )
        rows = self._db.execute("select id, body from fingerprint_pieces").fetchall()
        for piece_id, body in rows:
            documents = list(_documents_of(body))
            left = [one for one in documents if one[0] not in snapshot_ids]
            if len(left) < len(documents):
                self._db.execute(
                    "update fingerprint_pieces set documents = ?, body = ? where id = ?",
                    (len(left), pack_documents(left), piece_id),
                )
        self._window = None

    # ------------------------------------------------------------ the window in memory

    def _window_span(self) -> timedelta:
        return timedelta(days=self._window_days)

    def _current_window(self, today: int) -> Window:
        """The window with all that is saved by now, by other processes too."""
        if self._window is None or today != self._loaded_day:
            return self._load_window(today)
        last = self._db.execute("select max(id) from fingerprint_pieces").fetchone()[0] or 0
        if last > self._loaded_piece:
            rows = self._db.execute(
                "select sealed, body from fingerprint_pieces where id > ? order by id",
                (self._loaded_piece,),
            ).fetchall()
            if any(sealed for sealed, _ in rows):
                return self._load_window(today)
            for _, body in rows:
                self._window.extend([unpack_documents(body)])
            self._loaded_piece = last
        return self._window

    def _load_window(self, today: int) -> Window:
        from aggregator.store.window import Window

        rows = self._db.execute(
            "select id, body from fingerprint_pieces where day > ? order by id",
            (today - self._window_days,),
        ).fetchall()
        bodies = [body for _, body in rows]
        if self._pending:
            bodies.append(pack_documents(self._pending))
        self._window = Window(unpack_documents(body) for body in bodies)
        self._loaded_piece = max((row[0] for row in rows), default=0)
        self._loaded_day = today
        return self._window

    def _seal_days(self, today: int) -> None:
        """Make one piece of each day that is over; drop what lies before the window."""
        self._db.execute(
            "delete from fingerprint_pieces where day <= ?", (today - self._window_days,)
        )
        days = self._db.execute(
            "select day, sum(documents) from fingerprint_pieces where sealed = 0 and day < ? "
            "group by day having count(*) > 1",
            (today,),
        ).fetchall()
        for day, _ in days:
            rows = self._db.execute(
                "select body from fingerprint_pieces where day = ? order by id", (day,)
            ).fetchall()
            documents = [one for (body,) in rows for one in _documents_of(body)]
            self._db.execute("delete from fingerprint_pieces where day = ?", (day,))
            self._write_piece(day, 1, documents)


def pack_documents(documents: Sequence[tuple[int, bytes]]) -> bytes:
    """Documents (snapshot id, fingerprints) → the body of a piece.

    In columns, little-endian: their number (4 bytes), the ids (8 each), how many fingerprints each
    has (4 each), the fingerprints (4 each).
    """
    import numpy as np

    ids = np.array([one for one, _ in documents], dtype="<i8")
    counts = np.array([len(prints) // 4 for _, prints in documents], dtype="<u4")
    head = np.array([ids.size], dtype="<u4")
    prints = b"".join(prints for _, prints in documents)
    return b"".join([head.tobytes(), ids.tobytes(), counts.tobytes(), prints])


def unpack_documents(body: bytes) -> Documents:
    """The documents of a piece, in columns."""
    import numpy as np

    from aggregator.store.window import Documents

    number = int.from_bytes(body[:4], "little")
    ids = np.frombuffer(body, dtype="<i8", count=number, offset=4)
    counts = np.frombuffer(body, dtype="<u4", count=number, offset=4 + 8 * number)
    return Documents(ids, counts, np.frombuffer(body, dtype="<u4", offset=4 + 12 * number))


def _documents_of(body: bytes) -> Iterable[tuple[int, bytes]]:
    documents = unpack_documents(body)
    at = 0
    for snapshot_id, count in zip(
        documents.snapshots.tolist(), documents.counts.tolist(), strict=True
    ):
        yield snapshot_id, documents.fingerprints[at : at + count].tobytes()
        at += count


def _lookalike(row: Sequence[Any]) -> Lookalike:
    base = row[15]
    title = text_of_columns(row[9], row[10], base)
    summary = text_of_columns(row[11], row[12], base)
    content = text_of_columns(row[13], row[14], base)
    return Lookalike(
        snapshot_id=row[0],
        entry_id=row[1],
        story_id=row[2],
        source_id=row[3],
        leads=bool(row[4]),
        title_key=row[5],
        credited=tuple(json.loads(row[6])),
        tellers=tuple(json.loads(row[7])),
        parted=bool(row[8]),
        title=title,
        text=content or summary,
    )
