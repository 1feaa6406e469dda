"""A document's bytes → a file, and the record of when the bytes last changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.clock import Clock
from aggregator.model import DocumentRecord
from aggregator.publish.files import sync_folder, write_document
from aggregator.store import Store

ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Version:
    """What a document is to show: the revision that last changed its content, and when.

    `seen` is the revision of the store's output that was looked at; `settings` a digest of what
    beside the store it depends on.
    """

    revision: int
    moment: datetime
    seen: int
    settings: str


class Press:
    """Writes documents under `folder` and gathers their records, for one publishing."""

    def __init__(
        self, store: Store, clock: Clock, folder: Path, records: Mapping[str, DocumentRecord]
    ) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self.records = dict(records)
        self.rendered: list[DocumentRecord] = []
        self.written: list[str] = []
        self.failed: OSError | None = None
        self._unsynced: set[Path] = set()

    def is_stale(self, path: str, version: Version) -> bool:
        """Whether the document was written of an older revision, with other settings, or never."""
        record = self.records.get(path)
        return (
            record is None
            or record.settings != version.settings
            or record.rendered_revision < version.seen
        )

    def put(self, path: str, body: bytes, version: Version) -> None:
        """Write a document if its bytes differ; one that cannot be written holds up no other."""
        record = self.records.get(path)
        digest = hashlib.sha256(body).hexdigest()
        if record is not None and record.digest == digest:
            revision, modified_at = record.revision, record.modified_at
        elif record is None or (
            record.rendered_revision < version.seen and record.revision < version.revision
        ):
            revision, modified_at = version.revision, version.moment
        else:  # the content did not change, but what else the bytes depend on did, or a part of
            # what was sealed was taken down
            revision, modified_at = self._store.current_revision(), self._clock.now()
        if record is not None and record.digest != digest:
            # Last-Modified tells whole seconds: two versions must not share one.
            modified_at = max(modified_at, record.modified_at.replace(microsecond=0) + ONE_SECOND)
        try:
            file = self._folder / path
            if write_document(file, body, modified_at):
                self._unsynced.add(file.parent)
        except OSError as error:
            self.failed = error
            return
        made = DocumentRecord(
            path=path,
            revision=revision,
            rendered_revision=version.seen,
            settings=version.settings,
            digest=digest,
            size=len(body),
            modified_at=modified_at,
        )
        self.rendered.append(made)
        self.records[path] = made
        if record is None or record.digest != digest:
            self.written.append(path)

    def finish(self) -> None:
        """Make what was written outlast a power cut, before its record is saved."""
        for folder in self._unsynced:
            try:
                sync_folder(folder)
            except OSError as error:
                self.failed = error
                self.rendered = []
        self._unsynced.clear()

    def forget_lost(self, paths: Iterable[str]) -> None:
        """Take documents whose files are gone as never written, but remember their records."""
        for path in paths:
            record = self.records.get(path)
            if record is not None and record.rendered_revision >= 0:
                self.records[path] = as_lost(record)


def as_lost(record: DocumentRecord) -> DocumentRecord:
    """A record that is stale whatever the revision; equal bytes keep their revision."""
    return DocumentRecord(
        record.path,
        record.revision,
        -1,
        record.settings,
        record.digest,
        record.size,
        record.modified_at,
    )


def files_under(folder: Path) -> set[str]:
    """The paths of all files under `folder`, relative to it, two levels deep."""
    found: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    with os.scandir(entry.path) as inner:
                        found.update(f"{entry.name}/{one.name}" for one in inner)
                else:
                    found.add(entry.name)
    except FileNotFoundError:
        return found
    return found
