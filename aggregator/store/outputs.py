"""Outputs (published feeds), which story stands in which of them, and the documents written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aggregator.model import CategoryDecision, DocumentRecord, OutputRecord
from aggregator.store.base import Rows
from aggregator.store.times import from_text, to_text

_OUTPUT_COLUMNS = "id, name, kind, key, title, created_at, updated_at, revision"
DOCUMENT_COLUMNS = "path, revision, rendered_revision, settings, digest, size, modified_at"
_ALL_OUTPUT_COLUMNS = f"{_OUTPUT_COLUMNS}, stirred_revision, query, private"

# Versions of a document that are remembered: of one that changes every ten minutes, those of a day.
VERSIONS_KEPT = 144


class OutputRows(Rows):
    """The outputs' part of the SQLite store."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._output_ids: dict[str, int] = {}

    def _forget(self) -> None:
        super()._forget()
        self._output_ids = {}

    def outputs(self) -> list[OutputRecord]:
        """The outputs in force that are anybody's, in the order they came.

        Private ones are not among them: what is shown or written to all is made of these.
        """
        return [output for output in self.all_outputs() if not output.private]

    def all_outputs(self) -> list[OutputRecord]:
        """The outputs in force, private ones too, in the order they came."""
        rows = self._db.execute(
            f"select {_ALL_OUTPUT_COLUMNS} from outputs where removed_at is null order by id"
        )
        return [_output(row) for row in rows]

    def outputs_stirred_since(self, revision: int) -> list[OutputRecord]:
        """Of the outputs in force that are anybody's those with any change after `revision`, out of

        sight or not.
        """
        rows = self._db.execute(
            f"select {_ALL_OUTPUT_COLUMNS} from outputs where stirred_revision > ? "
            "and removed_at is null and private = 0 order by id",
            (revision,),
        )
        return [_output(row) for row in rows]

    def _output_id(self, name: str) -> int:
        if not self._output_ids:
            rows = self._db.execute("select name, id from outputs")
            self._output_ids = dict(rows.fetchall())
        return self._output_ids[name]

    def put_output(
        self,
        name: str,
        kind: str,
        title: str,
        now: datetime,
        query: str | None = None,
        private: bool = False,
    ) -> None:
        """Add an output, or give one its title (and life) back. Its key never changes."""
        at = to_text(self._stamp(now))
        row = self._db.execute(
            "select id, title, removed_at, kind, query, private from outputs where name = ?",
            (name,),
        ).fetchone()
        if row is None:
            key = uuid5(NAMESPACE_URL, f"output {name}").hex
            if self._db.execute("select 1 from outputs where key = ?", (key,)).fetchone():
                key = uuid5(NAMESPACE_URL, f"output {name} {at}").hex  # a renamed one holds it
            self._db.execute(
                f"insert into outputs ({_OUTPUT_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (self._next_id("outputs"), name, kind, key, title, at, at, self._new_revision()),
            )
            self._db.execute(
                "update outputs set stirred_revision = revision, private = ? where name = ?",
                (int(private), name),
            )
            self._output_ids = {}
            self._save_query(self._output_id(name), query)
        elif tuple(row[1:]) != (title, None, kind, query, int(private)):
            self._db.execute(
                "update outputs set title = ?, kind = ?, private = ?, removed_at = null "
                "where id = ?",
                (title, kind, int(private), row[0]),
            )
            if (row[2], row[4]) != (None, query):
                self._save_query(row[0], query)
            self._touch({row[0]})

    def _save_query(self, output_id: int, query: str | None) -> None:
        """Give an output a query that has looked at nothing yet, or none."""
        seen = None if query is None else 0
        self._db.execute(
            "update outputs set query = ?, matched_to = ?, is_matched = ? where id = ?",
            (query, seen, seen, output_id),
        )

    def rename_output(self, old: str, new: str) -> None:
        """Give an output another name; its id, its history and its feed's id stay.

        One out of force that still has the new name gives way: it keeps its history, unnamed.
        """
        self._db.execute(
            "update outputs set name = name || '#' || id where name = ? and removed_at is not null",
            (new,),
        )
        self._db.execute("update outputs set name = ? where name = ?", (new, old))
        output_id = self._db.execute("select id from outputs where name = ?", (new,)).fetchone()[0]
        self._db.execute(
            "insert or replace into former_names (kind, name, id, since) "
            "values ('output', ?, ?, ?)",
            (old, output_id, to_text(self._last_moment())),
        )
        self._db.execute("delete from former_names where kind = 'output' and name = ?", (new,))
        self._output_ids = {}
        self._touch({output_id})

    def remove_output(self, name: str, now: datetime) -> list[int]:
        """Take an output out of force; returns the stories that only it had decided for."""
        output_id = self._output_id(name)
        self._db.execute(
            "update outputs set removed_at = ? where id = ?", (to_text(now), output_id)
        )
        rows = self._db.execute(
            "select distinct story_id from decisions where output_id = ?", (output_id,)
        ).fetchall()
        self._db.execute("delete from decisions where output_id = ?", (output_id,))
        self._leave_query(output_id)
        return [row[0] for row in rows]

    def _leave_query(self, output_id: int) -> None:
        """Nothing stands in an output any more because its query matched it."""
        self._db.execute("delete from query_matches where output_id = ?", (output_id,))
        self._db.execute(
            "update memberships set left_revision = ? where left_revision is null "
            "and output_id = (select id from outputs where id = ? and query is not null)",
            (self._new_revision(), output_id),
        )

    def former_output(self, name: str) -> str | None:
        """The present name of an output that was once called `name`."""
        row = self._db.execute(
            "select outputs.name from former_names join outputs on outputs.id = former_names.id "
            "where former_names.kind = 'output' and former_names.name = ? "
            "and removed_at is null",
            (name,),
        ).fetchone()
        return row[0] if row else None

    # ------------------------------------------------------------ memberships

    def replace_decisions(
        self, entry_id: int, story_id: int, decisions: Sequence[CategoryDecision], now: datetime
    ) -> None:
        """Put an entry's category decisions in place of those it had."""
        at = to_text(now)
        self._db.execute("delete from decisions where entry_id = ?", (entry_id,))
        self._next_ids.pop("decisions", None)
        self._db.executemany(
            "insert into decisions (story_id, entry_id, output_id, decided_by, evidence, "
            "decided_at) values (?, ?, ?, ?, ?, ?)",
            [
                (story_id, entry_id, self._output_id(d.category), d.decided_by, d.evidence, at)
                for d in decisions
            ],
        )

    def settle_memberships(self, story_ids: Iterable[int], now: datetime) -> int:
        """Let stories stand in exactly the outputs their decisions name; returns how many moved."""
        return sum(self._settle_memberships(story_id, now) for story_id in story_ids)

    def _settle_memberships(self, story_id: int, now: datetime, fresh: bool = False) -> bool:
        """See settle_memberships. `fresh`: a story that was only kept is now to be listed too."""
        wanted = {
            row[0]
            for row in self._db.execute(
                "select distinct output_id from decisions where story_id = ?", (story_id,)
            )
        } or {self._output_id("uncategorized")}
        wanted |= {self._output_id("all"), *self._matching_queries(story_id)}
        present = dict(
            self._db.execute(
                "select output_id, listed from memberships where story_id = ? "
                "and left_revision is null",
                (story_id,),
            ).fetchall()
        )
        if fresh and not any(present.values()):
            # It came with a new source's backlog; now another source brings it as news. It enters
            # anew, so that it stands on top and not where the backlog would have been.
            leaving, entering = set(present), wanted
        else:
            fresh = False
            leaving, entering = set(present) - wanted, wanted - set(present)
        if not leaving and not entering:
            return False
        revision, at = self._new_revision(), to_text(self._stamp(now))
        self._db.executemany(
            "update memberships set left_revision = ? where story_id = ? and output_id = ? "
            "and left_revision is null",
            [(revision, story_id, output_id) for output_id in leaving],
        )
        listed = 1 if fresh else max(present.values(), default=1)
        self._db.executemany(
            "insert into memberships (output_id, story_id, listed, entered_at, entered_revision) "
            "values (?, ?, ?, ?, ?)",
            [(output_id, story_id, listed, at, revision) for output_id in sorted(entering)],
        )
        self._next_ids.pop("memberships", None)
        self._stir(leaving | entering)
        if listed:
            self._touch(leaving | entering)
        return True

    def _change_story(self, story_id: int, updated_at: str | None) -> None:
        """A new revision for a story and every output that shows it; `updated` moves if given."""
        self._db.execute(
            "update stories set revision = ?, updated_at = coalesce(?, updated_at) where id = ?",
            (self._new_revision(), updated_at, story_id),
        )
        rows = self._db.execute(
            "select output_id, listed from memberships where story_id = ? "
            "and left_revision is null",
            (story_id,),
        ).fetchall()
        self._touch({output_id for output_id, listed in rows if listed})
        self._stir({output_id for output_id, _ in rows})

    def _matching_queries(self, story_id: int) -> set[int]:
        """The saved queries in force that any carrier of a story matches.

        Of one that has not looked through everything yet what stands in its output stays.
        """
        rows = self._db.execute(
            "select output_id from query_matches join entries on entries.id = entry_id "
            "join outputs on outputs.id = output_id "
            "where story_id = ? and is_matched = 1 and removed_at is null union "
            "select output_id from memberships join outputs on outputs.id = output_id "
            "where story_id = ? and left_revision is null and is_matched = 0 "
            "and removed_at is null",
            (story_id, story_id),
        )
        return {row[0] for row in rows}

    # ------------------------------------------------------------ documents

    def documents(self) -> dict[str, DocumentRecord]:
        """What is known of every document that was written, by path."""
        rows = self._db.execute(f"select {DOCUMENT_COLUMNS} from documents")
        return {row[0]: document_from_row(row) for row in rows}

    def save_documents(self, documents: Iterable[DocumentRecord]) -> None:
        """Remember documents as written, and the latest versions of each by their ETags' parts."""
        documents = list(documents)
        self._db.executemany(
            "insert or replace into document_versions (path, revision, digest, settings) "
            "values (?, ?, ?, ?)",
            [(doc.path, doc.revision, doc.digest[:12], doc.settings) for doc in documents],
        )
        self._db.executemany(
            "delete from document_versions where path = :path and revision < (select revision "
            "from document_versions where path = :path order by revision desc "
            "limit 1 offset :kept)",
            [{"path": doc.path, "kept": VERSIONS_KEPT - 1} for doc in documents],
        )
        self._db.executemany(
            "insert or replace into documents (path, revision, rendered_revision, settings, "
            "digest, size, modified_at) values (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(doc.path, doc.revision, doc.rendered_revision, doc.settings, doc.digest),
                    *(doc.size, to_text(doc.modified_at)),
                )
                for doc in documents
            ],
        )

    def forget_documents(self, paths: Iterable[str]) -> None:
        """Forget documents that are gone."""
        gone = [(path,) for path in paths]
        self._db.executemany("delete from documents where path = ?", gone)
        self._db.executemany("delete from document_versions where path = ?", gone)


def _output(row: Sequence[Any]) -> OutputRecord:
    output_id, name, kind, key, title, created_at, updated_at, revision, stirred, query = row[:10]
    times = from_text(created_at), from_text(updated_at)
    return OutputRecord(
        *(output_id, name, kind, key, title, *times, revision, max(stirred or 0, revision)),
        *(query, bool(row[10])),
    )


def document_from_row(row: Sequence[Any]) -> DocumentRecord:
    """The record kept in a row of DOCUMENT_COLUMNS."""
    path, revision, rendered_revision, settings, digest, size, modified_at = row
    modified = from_text(modified_at)
    return DocumentRecord(path, revision, rendered_revision, settings, digest, size, modified)
