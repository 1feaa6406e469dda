"""What the web side asks beside stories: a document, an output's fate, what is planned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from aggregator.model import DocumentRecord, OutputFate
from aggregator.store.base import Rows
from aggregator.store.outputs import DOCUMENT_COLUMNS, document_from_row
from aggregator.store.times import from_text


class ServingRows(Rows):
    """The web side's part of the SQLite store."""

    def document(self, path: str) -> DocumentRecord | None:
        """What is known of the document at `path`; None where none was written."""
        row = self._db.execute(
            f"select {DOCUMENT_COLUMNS} from documents where path = ?", (path,)
        ).fetchone()
        return None if row is None else document_from_row(row)

    def output_fate(self, name: str) -> OutputFate | None:
        """What became of the output called `name` now or before; None where none ever was."""
        row = self._db.execute(
            "select removed_at is null from outputs where name = ?", (name,)
        ).fetchone()
        if row is not None and row[0]:
            return OutputFate("here", name)
        former = self._db.execute(
            "select outputs.name, removed_at is null from former_names "
            "join outputs on outputs.id = former_names.id "
            "where former_names.kind = 'output' and former_names.name = ?",
            (name,),
        ).fetchone()
        if former is not None:
            return OutputFate("moved" if former[1] else "gone", former[0])
        return None if row is None else OutputFate("gone", name)

    def next_changes(self) -> Mapping[str | None, datetime]:
        """When the next poll is due that may change a category; None stands for any output.

        Sources without a category of their own count for None alone, as do all others; what is
        turned off, removed or gone is not polled.
        """
        rows = self._db.execute(
            "select categories, min(coalesce(next_poll_at, '1970-01-01T00:00:00.000000Z')) "
            "from sources join source_states on source_id = sources.id "
            "where enabled = 1 and removed_at is null and gone = 0 group by categories"
        )
        found: dict[str | None, datetime] = {}
        for categories, due in rows:
            moment = from_text(due)
            for name in (None, *json.loads(categories)):
                found[name] = min(moment, found.get(name, moment))
            if not json.loads(categories):
                found[""] = min(moment, found.get("", moment))
        return found
