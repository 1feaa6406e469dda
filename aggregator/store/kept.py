"""The raw pages that are kept of entries, with all that is needed to read them anew."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from aggregator.model import KeptPage, PageRecord
from aggregator.store.captures import FURTHER, unpacked
from aggregator.store.fulltexts import FulltextRows
from aggregator.store.pages import PageRows
from aggregator.store.snapshots import SNAPSHOT_COLUMNS, snapshot_from_row
from aggregator.store.times import to_text_or_none


class KeptPageRows(FulltextRows, PageRows):
    """The kept pages' part of the SQLite store."""

    def entries_with_pages(
        self, names: Collection[str], since: datetime | None = None
    ) -> list[tuple[int, str]]:
        """The entries of these sources of which a raw page is kept, with their source's name.

        Of those first seen at `since` or later; in the order in which they came.
        """
        rows = self._db.execute(
            "select entries.id, sources.name from entries "
            "join sources on sources.id = entries.source_id "
            "where sources.name in (select value from json_each(?)) and first_seen_at >= ? "
            "and exists (select 1 from snapshots join captures on captures.id = capture_id "
            "where entry_id = entries.id and kind = 'page') order by entries.id",
            (json.dumps(sorted(names)), to_text_or_none(since) or ""),
        )
        return [(row[0], row[1]) for row in rows]

    def kept_page(self, entry_id: int) -> KeptPage | None:
        """The raw pages an entry was last read from; None where it was read from none."""
        columns = ", ".join(f"shown.{name}" for name in SNAPSHOT_COLUMNS)
        row = self._db.execute(
            "select entries.source_id, guid, captures.id, captures.encoding, shown.origin, "
            f"{columns} from entries join snapshots shown on shown.id = entries.snapshot_id "
            "join snapshots taken on taken.entry_id = entries.id "
            "join captures on captures.id = taken.capture_id and captures.kind = 'page' "
            "where entries.id = ? order by taken.id desc limit 1",
            (entry_id,),
        ).fetchone()
        if row is None:
            return None
        source_id, guid, capture_id, encoding, origin = row[:5]
        return KeptPage(
            entry_id=entry_id,
            source_id=source_id,
            guid=guid,
            capture_id=capture_id,
            encoding=encoding,
            bodies=self._bodies(capture_id),
            snapshot=snapshot_from_row(row[5:]),
            origin=json.loads(origin)[0] if origin else None,
            lacking=frozenset(self.lacking_of(entry_id)),
            record=self._record_behind(source_id, entry_id, guid),
        )

    def _bodies(self, capture_id: int) -> tuple[tuple[str, bytes], ...]:
        """An article's raw pages with their addresses; () where one of them is damaged."""
        bodies: list[tuple[str, bytes]] = []
        for number, kind, url, body, digest in self._db.execute(
            "select id, kind, url, body, digest from captures where id >= ? order by id",
            (capture_id,),
        ):
            if number != capture_id + len(bodies) or (bodies and kind != FURTHER):
                break
            raw = unpacked(body, digest)
            if raw is None:
                return ()
            bodies.append((url, raw))
        return tuple(bodies)

    def _record_behind(self, source_id: int, entry_id: int, guid: str) -> PageRecord | None:
        row = self._db.execute(
            "select url from pages where source_id = ? and entry_id = ?", (source_id, entry_id)
        ).fetchone()
        return self.page_of(source_id, row[0] if row is not None else guid)
