"""Digests of all that was captured, a manifest a day, each naming the one before; and the check.

A manifest lists the digests of a day's captures and snapshots, a line each. Its own digest is over
the digest of the manifest before and these lines: whoever changes what was captured long ago would
have to change every manifest since, and whoever has noted one of them sees it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import zstandard

from aggregator.model import Snapshot
from aggregator.store.base import Rows
from aggregator.store.captures import LARGEST
from aggregator.store.snapshots import SNAPSHOT_COLUMNS, snapshot_from_row


class ManifestRows(Rows):
    """The manifests' part of the SQLite store."""

    def write_manifests(self, now: datetime) -> int:
        """Write the manifests of the days (UTC) that are over; returns how many were written.

        To be called inside a transaction.
        """
        row = self._db.execute(
            "select day, digest from manifests order by day desc limit 1"
        ).fetchone()
        after, previous = row or ("", "")
        days = self._db.execute(
            "select substr(taken_at, 1, 10) from snapshots where taken_at >= :after "
            "and taken_at < :today union select substr(taken_at, 1, 10) from erased "
            "where taken_at >= :after and taken_at < :today order by 1",
            {"after": after and f"{after}~", "today": f"{now:%Y-%m-%d}"},
        ).fetchall()
        for (day,) in days:
            lines = "\n".join(self._digests_of(day))
            digest = manifest_digest(previous, lines)
            self._db.execute(
                "insert into manifests (day, digest, previous, body) values (?, ?, ?, ?)",
                (day, digest, previous, zlib.compress(lines.encode())),
            )
            previous = digest
        return len(days)

    def _digests_of(self, day: str) -> list[str]:
        """`capture ID DIGEST` and `snapshot ID DIGEST` of everything taken on a day.

        Of what was taken down as well: the bytes are gone, the digest remains.
        """
        return [
            f"{table} {one} {digest}"
            for table in ("capture", "snapshot")
            for one, digest in self._db.execute(
                f"select id, digest from {table}s where taken_at >= :day and taken_at < :end "
                "union select number, digest from erased where kind = :kind "
                "and taken_at >= :day and taken_at < :end order by 1",
                {"day": day, "end": f"{day}~", "kind": table},
            )
        ]

    def count_erased(self) -> tuple[int, int, int]:
        """How many captures and snapshots were taken down, and how many captures in part."""
        row = self._db.execute(
            "select (select count(*) from captures where left_digest = ''), "
            "(select count(*) from erased where kind = 'snapshot'), "
            "(select count(*) from captures where left_digest <> '')"
        ).fetchone()
        return row[0], row[1], row[2]

    def damaged_captures(self) -> Iterator[str | None]:
        """For each capture, and each context of some: None when sound, else what is wrong."""
        decompressor = zstandard.ZstdDecompressor()
        for one, digest, body in self._db.execute(
            "select id, coalesce(left_digest, digest), body from captures "
            "where left_digest is not ''"
        ):
            try:
                raw = decompressor.decompress(body, max_output_size=LARGEST)
            except zstandard.ZstdError as error:
                yield f"capture {one} cannot be unpacked: {error}"
                continue
            yield _wrong(f"capture {one}", digest, raw)
        for one, digest, body in self._db.execute("select id, digest, body from contexts"):
            wrong = _wrong(f"context {one}", digest, body)
            if wrong:
                yield wrong

    def count_snapshots(self) -> int:
        """How many versions of entries there are."""
        return int(self._db.execute("select count(*) from snapshots").fetchone()[0])

    def every_snapshot(self) -> Iterator[Snapshot]:
        """Every version of every entry, one at a time."""
        rows = self._db.execute(f"select {', '.join(SNAPSHOT_COLUMNS)} from snapshots order by id")
        return map(snapshot_from_row, rows)

    def broken_manifests(self) -> Iterator[str]:
        """What is wrong with the chain of manifests, and what of them the store has no longer."""
        previous = ""
        rows = self._db.execute("select day, digest, previous, body from manifests order by day")
        for day, digest, named, body in rows.fetchall():
            try:
                lines = zlib.decompress(body).decode()
            except (zlib.error, UnicodeDecodeError) as error:
                yield f"the manifest of {day} cannot be unpacked: {error}"
                lines = ""
            if named != previous:
                yield f"the manifest of {day} does not name the one before"
            if manifest_digest(named, lines) != digest:
                yield f"the manifest of {day} was changed: its digest is another"
            previous = digest
            yield from self._unlike(day, lines)

    def _unlike(self, day: date, lines: str) -> Iterator[str]:
        listed, there = set(lines.splitlines()), set(self._digests_of(str(day)))
        for line in sorted(listed - there):
            yield f"{line} stands in the manifest of {day} and no longer in the store"
        for line in sorted(there - listed):
            yield f"{line} is of {day} and does not stand in its manifest"


def manifest_digest(previous: str, lines: str) -> str:
    """The digest (SHA-256, hex) of a manifest by its lines and the digest of the one before."""
    return hashlib.sha256(f"{previous}\n{lines}".encode()).hexdigest()


def _wrong(what: str, digest: str, raw: Any) -> str | None:
    if hashlib.sha256(raw).hexdigest() == digest:
        return None
    return f"{what} was changed: its digest is no longer {digest}"
