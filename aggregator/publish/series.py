"""An output → its documents: the subscription document in every format, and its archives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from aggregator.html import RENDERER_VERSION
from aggregator.model import Archive, Config, OutputRecord, Rendering
from aggregator.publish.feed import (
    Place,
    language_of,
    render_feed,
    render_json,
    render_rss,
    rhythm_of,
)
from aggregator.publish.kept import KeptEntries
from aggregator.publish.press import Press, Version
from aggregator.store import Store

FORMS = ("atom", "rss", "json")
ARCHIVE_FORMS = ("atom", "json")
# Raised with RENDERER_VERSION only when that closes a hole: what is sealed else stays as it is.
ARCHIVE_VERSION = 1


class Series:
    """Writes the documents of one output after another through a press."""

    def __init__(self, store: Store, config: Config, entries: KeptEntries) -> None:
        self._store = store
        self._config = config
        self._entries = entries
        self._limits = {one.id: one.entries for one in config.published}

    def write_live(
        self, press: Press, output: OutputRecord, before: Archive | None, opened: Archive | None
    ) -> None:
        """Write the subscription documents and the open archive, those that are stale.

        `opened` is the open archive, `before` the one that was sealed last.
        """
        limit = self._limits.get(output.name) or self._config.publish.entries
        per_source = self._config.publish.per_source
        settings = self._settings(RENDERER_VERSION, limit, per_source, self._config.hub_url)
        version = Version(output.revision, output.updated_at, output.stirred_revision, settings)
        if opened is not None and opened.opened_revision > version.revision:
            version = Version(
                opened.opened_revision,
                max(opened.opened_at, output.updated_at),
                *(output.stirred_revision, settings),
            )
        stale = [form for form in FORMS if press.is_stale(path_of(output, form), version)]
        if stale:
            listed = self._store.listed(output.output_id, limit, per_source)
            entries = self._entries.entries(listed)
            place = Place(
                before=opened.name if opened is not None else None,
                rhythm=rhythm_of([datetime.fromisoformat(one.entered_at) for one in listed]),
                language=language_of(entry.language for entry in entries),
                hub=self._config.hub_url,
            )
            self._put(press, output, stale, entries, place, version)
        if opened is not None:
            self._write_open(press, output, before, opened)

    def _write_open(
        self, press: Press, output: OutputRecord, before: Archive | None, opened: Archive
    ) -> None:
        moment = max(output.updated_at, opened.last_entered_at)
        settings = self._settings(RENDERER_VERSION, output.title)
        version = Version(output.stirred_revision, moment, output.stirred_revision, settings)
        stale = [
            form for form in ARCHIVE_FORMS if press.is_stale(path_of(output, form, opened), version)
        ]
        if stale:
            entries = self._entries.entries(self._store.archived(opened))
            place = Place(opened.name, _name(before), updated_at=moment)
            self._put(press, output, stale, entries, place, version)

    def is_sealed_stale(self, press: Press, output: OutputRecord, archive: Archive) -> bool:
        """Whether a sealed archive is still to be written, in any format."""
        version = self._sealed_version(output, archive)
        return any(
            press.is_stale(path_of(output, form, archive), version) for form in ARCHIVE_FORMS
        )

    def write_sealed(
        self,
        press: Press,
        output: OutputRecord,
        before: Archive | None,
        archive: Archive,
        after: Archive,
    ) -> None:
        """Write an archive that gains no more, as its stories stood when it was sealed."""
        version = self._sealed_version(output, archive)
        listed = self._store.archived(archive)
        entries = self._entries.entries_as_of(listed, version.moment, version.revision)
        place = Place(archive.name, _name(before), after.name, updated_at=version.moment)
        self._put(press, output, ARCHIVE_FORMS, entries, place, version)

    def _sealed_version(self, output: OutputRecord, archive: Archive) -> Version:
        assert archive.sealed_at is not None
        assert archive.sealed_revision is not None
        settings = self._settings(ARCHIVE_VERSION, output.title)
        return Version(
            archive.sealed_revision, archive.sealed_at, archive.sealed_revision, settings
        )

    def _put(
        self,
        press: Press,
        output: OutputRecord,
        forms: Sequence[str],
        entries: Sequence[Rendering],
        place: Place,
        version: Version,
    ) -> None:
        title, base_url = self._config.title, self._config.base_url
        writers = {"atom": render_feed, "rss": render_rss, "json": render_json}
        for form in forms:
            parts = [getattr(entry, form) for entry in entries]
            body = writers[form](output, title, base_url, parts, place)
            press.put(path_in(output, form, place.name), body, version)

    def _settings(self, *parts: object) -> str:
        """A digest of what beside the store documents are a function of."""
        whole = [*parts, self._config.title, self._config.base_url]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]


def _name(archive: Archive | None) -> str | None:
    return archive.name if archive is not None else None


def path_of(output: OutputRecord, form: str = "atom", archive: Archive | None = None) -> str:
    """Where a document of an output stands, under the folder and under the site's root."""
    return path_in(output, form, _name(archive))


def path_in(output: OutputRecord, form: str, archive: str | None) -> str:
    """As path_of, with the archive's name."""
    return f"feeds/{output.name}/{archive}.{form}" if archive else f"feeds/{output.name}.{form}"
