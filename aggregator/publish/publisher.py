"""Outputs that changed since they were last rendered → files, and the record of them.

Publishing reads the store as it is and writes files; what it wrote it records with the revision
at which the bytes last changed, from which the ETag is made (design, decision 6).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aggregator.clock import Clock
from aggregator.html import RENDERER_VERSION
from aggregator.model import Config, DocumentRecord, OutputRecord, PublishedStory
from aggregator.publish.entry import render_entry
from aggregator.publish.feed import render_feed
from aggregator.publish.files import remove_document, remove_leftovers, write_document
from aggregator.publish.health import ALARMS_SHOWN, HEALTH, render_health
from aggregator.store import Store

log = logging.getLogger(__name__)

# At every so many calls the folder is looked at although nothing changed: a document that somebody
# deleted comes back.
LOOK_EVERY = 60
ONE_SECOND = timedelta(seconds=1)
HEALTH_PATH = f"feeds/{HEALTH}.atom"
# Rendered entries kept in memory, at a few KB each: enough for the newest of some fifty outputs.
_KEPT_ENTRIES = 5_000


@dataclass(frozen=True, slots=True)
class Published:
    """What one publishing did: documents rendered, written (their bytes differ), removed."""

    rendered: int = 0
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Publisher:
    """Keeps the documents under `publish.directory` in step with the store."""

    def __init__(self, store: Store, config: Config, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._settings = settings_digest(config)
        self._rendered: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        # The revision and settings at which everything was last found or brought in step.
        self._settled_at: tuple[int, str] | None = None
        self._calls = 0

    def replace_config(self, config: Config) -> None:
        """Take another config in force; what it changes is rendered at the next publishing."""
        self._config = config
        self._settings = settings_digest(config)

    def publish(self, on_document: Callable[[str], None] | None = None) -> Published:
        """Render and write what changed since the last time; cheap when nothing did.

        Raises OSError when a file cannot be written (the rest is tried again next time) and
        StoreError when the store cannot be used.
        """
        revision = self._store.current_revision()
        self._calls += 1
        if self._settled_at == (revision, self._settings) and self._calls % LOOK_EVERY:
            return Published()
        records = self._store.documents()
        outputs = {path_of(output): output for output in self._store.outputs()}
        stale = {
            path: output
            for path, output in outputs.items()
            if self._is_stale(output, records.get(path))
        }
        gone = [path for path in records if path not in outputs and path != HEALTH_PATH]
        written: list[str] = []
        rendered: list[DocumentRecord] = []
        failed: OSError | None = None
        for path, output in stale.items():
            before = records.get(path)
            try:
                record = self._publish_one(path, output, before)
            except OSError as error:  # one file that cannot be written does not hold up the others
                failed = error
                continue
            rendered.append(record)
            if before is None or before.digest != record.digest:
                written.append(path)
                if on_document is not None:
                    on_document(path)
        try:
            if (health := self._publish_health(outputs.values(), records)) is not None:
                rendered.append(health)
                written.append(HEALTH_PATH)
        except OSError as error:
            failed = error
        if rendered:
            with self._store.transaction():
                self._store.save_documents(rendered)
        if failed is not None:
            raise failed
        self._remove(gone)
        self._settled_at = (revision, self._settings)
        return Published(len(stale), tuple(written), tuple(gone))

    def _is_stale(self, output: OutputRecord, record: DocumentRecord | None) -> bool:
        if record is None or record.settings != self._settings:
            return True
        if record.rendered_revision < output.revision:
            return True
        return not (self._folder / record.path).exists()

    def tidy(self) -> None:
        """Remove what a process that was killed while writing left behind."""
        remove_leftovers(self._folder / "feeds")

    @property
    def _folder(self) -> Path:
        return Path(self._config.publish.directory)

    def _publish_one(
        self, path: str, output: OutputRecord, record: DocumentRecord | None
    ) -> DocumentRecord:
        body = self.render(output)
        digest = hashlib.sha256(body).hexdigest()
        if record is not None and record.digest == digest:
            revision, modified_at = record.revision, record.modified_at
        elif record is None or record.rendered_revision < output.revision:
            revision, modified_at = output.revision, output.updated_at
        else:  # the output did not change, but what else its bytes depend on did
            revision, modified_at = self._store.current_revision(), self._clock.now()
        if record is not None and record.digest != digest:
            # Last-Modified tells whole seconds: two versions must not share one.
            modified_at = max(modified_at, record.modified_at.replace(microsecond=0) + ONE_SECOND)
        write_document(self._folder / path, body, modified_at)
        return DocumentRecord(
            path=path,
            revision=revision,
            rendered_revision=output.revision,
            settings=self._settings,
            digest=digest,
            size=len(body),
            modified_at=modified_at,
        )

    def _publish_health(
        self, outputs: Iterable[OutputRecord], records: Mapping[str, DocumentRecord]
    ) -> DocumentRecord | None:
        """Write the feed of alarms if its bytes differ from what stands there."""
        everything = next((output for output in outputs if output.kind == "all"), None)
        if everything is None:
            return None
        alarms = self._store.alarms(ALARMS_SHOWN)
        body = render_health(everything, alarms, self._config)
        digest = hashlib.sha256(body).hexdigest()
        before = records.get(HEALTH_PATH)
        there = (self._folder / HEALTH_PATH).exists()
        if before is not None and before.digest == digest and there:
            return None
        modified_at = max(
            [everything.created_at, *(alarm.ended_at or alarm.since for alarm in alarms)]
        )
        if before is not None and before.digest != digest:
            modified_at = max(modified_at, before.modified_at.replace(microsecond=0) + ONE_SECOND)
        write_document(self._folder / HEALTH_PATH, body, modified_at)
        # Without alarms the same bytes stand in every store, whenever they were written.
        revision = self._store.current_revision() if alarms else 1
        return DocumentRecord(
            path=HEALTH_PATH,
            revision=revision,
            rendered_revision=revision,
            settings=self._settings,
            digest=digest,
            size=len(body),
            modified_at=modified_at,
        )

    def render(self, output: OutputRecord) -> bytes:
        """The document of one output, as bytes."""
        stories = self._store.listed_stories(output.output_id, self._config.publish.entries)
        entries = [entry for story in stories if (entry := self._entry(story))]
        config = self._config
        return render_feed(output, config.title, config.base_url, entries, config.hub_url)

    def _entry(self, story: PublishedStory) -> bytes:
        key = (story.story_id, story.revision)
        body = self._rendered.get(key)
        if body is None:
            try:
                body = render_entry(story)
            except Exception:  # a mistake of ours must cost one entry, not every document
                log.exception("story %s cannot be rendered and is left out", story.key)
                body = b""
            self._rendered[key] = body
            while len(self._rendered) > _KEPT_ENTRIES:
                self._rendered.popitem(last=False)
        else:
            self._rendered.move_to_end(key)
        return body

    def _remove(self, paths: list[str]) -> None:
        for path in paths:
            remove_document(self._folder / path)
        if paths:
            with self._store.transaction():
                self._store.forget_documents(paths)


def path_of(output: OutputRecord) -> str:
    """Where an output's Atom document stands, under the folder and under the site's root."""
    return f"feeds/{output.name}.atom"


def settings_digest(config: Config) -> str:
    """A digest of what beside the store the documents are a function of."""
    parts = [RENDERER_VERSION, config.title, config.base_url, config.publish.entries]
    parts += [config.hub_url]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
