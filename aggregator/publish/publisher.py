"""Outputs that changed since they were last published → files, and the record of them.

Publishing reads the store as it is and writes files; what it wrote it records with the revision
at which the bytes last changed, from which the ETag is made (design, decision 10).

An output that did not change costs nothing: only those that the store says were stirred are
looked at, and now and then all of them. Archives that are sealed are written a few a turn, so
that a flood of old entries does not hold up the feeds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from aggregator.clock import Clock
from aggregator.model import Archive, Config, DocumentRecord, OutputRecord
from aggregator.publish.archives import extend
from aggregator.publish.files import remove_document, remove_leftovers
from aggregator.publish.kept import KeptEntries
from aggregator.publish.notices import write_notices
from aggregator.publish.press import Press, as_lost, files_under
from aggregator.publish.series import ARCHIVE_FORMS, FORMS, Series, path_of
from aggregator.publish.special import SPECIAL_PATHS, Special
from aggregator.store import LATEST_ARCHIVES, Store

# At every so many calls all documents are looked at although nothing changed: one that somebody
# deleted comes back.
LOOK_EVERY = 60
# Sealed archives written in one turn, of a hundred entries each.
SEALED_A_TURN = 10
# Entries taken into archives in one go.
_ENTERED_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Published:
    """What one publishing did: documents rendered, written (their bytes differ), removed.

    `pending` archives are left to the next turns.
    """

    rendered: int = 0
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    pending: int = 0


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A sealed archive that is to be written, with its neighbours."""

    output: OutputRecord
    before: Archive | None
    archive: Archive
    after: Archive


class Publisher:
    """Keeps the documents under `publish.directory` in step with the store."""

    def __init__(self, store: Store, config: Config, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._entries = KeptEntries(store)
        # The revision at which everything was last found or brought in step; None: look at all.
        self._settled_at: int | None = None
        self._erasures = 0
        self._calls = 0
        self._pending: deque[_Sealed] = deque()
        self.replace_config(config)

    def replace_config(self, config: Config) -> None:
        """Take another config in force; what it changes is rendered at the next publishing."""
        self._config = config
        self._series = Series(self._store, config, self._entries)
        self._special = Special(self._store, config)
        self._settled_at = None

    def publish(self, on_document: Callable[[str], None] | None = None) -> Published:
        """Render and write what changed since the last time; cheap when nothing did.

        Raises OSError when a file cannot be written (the rest is tried again next time) and
        StoreError when the store cannot be used.
        """
        revision = self._store.current_revision()
        erasures = self._store.count_erasures()
        if erasures != self._erasures:  # documents may be stale that nothing else touched
            self._erasures, self._settled_at = erasures, None
        self._calls += 1
        if self._calls % LOOK_EVERY == 0:
            self._settled_at = None
        if self._settled_at == revision and not self._pending:
            return Published()
        changed = self._newly_archived()
        removed: list[str] = []
        if self._settled_at is None:
            outputs = self._store.outputs()
            press = self._press(self._store.documents())
            press.forget_lost(press.records.keys() - self._there())
            wanted = self._survey(press, outputs, changed)
            wanted |= write_notices(press, self._store, self._config, self._clock.now())
            removed = [path for path in press.records if path not in wanted]
            self._special.write_lists(press, outputs)
        else:
            outputs = self._store.outputs_stirred_since(self._settled_at)
            press = self._press(self._store.documents_at(self._live_paths(outputs, changed)))
            for output in outputs:
                self._write_live(press, output, changed.get(output.output_id, []))
        self._special.write(press)
        self._write_pending(press)
        is_true = self._save(press, changed, removed)
        for path in press.written if on_document is not None else ():
            on_document(path)  # type: ignore[misc]
        if press.failed is not None:
            self._settled_at = None
            raise press.failed
        self._settled_at = revision if is_true else None
        return Published(
            len(press.rendered), tuple(press.written), tuple(removed), len(self._pending)
        )

    def tidy(self) -> None:
        """Remove what a process that was killed while writing left behind."""
        remove_leftovers(self._folder / "feeds")

    @property
    def has_pending(self) -> bool:
        """Whether archives are left to the next turns."""
        return bool(self._pending) or self._settled_at is None

    def prune(self) -> int:
        """Forget rendered entries that stand in no document any more; inside a transaction."""
        config = self._config
        limits = [one.entries or 0 for one in config.published]
        return self._store.prune_renderings(max([config.publish.entries, *limits]))

    @property
    def _folder(self) -> Path:
        return Path(self._config.publish.directory)

    def _press(self, records: dict[str, DocumentRecord]) -> Press:
        return Press(self._store, self._clock, self._folder, records)

    def _there(self) -> set[str]:
        return {f"feeds/{name}" for name in files_under(self._folder / "feeds")}

    # ------------------------------------------------------------ outputs

    def _newly_archived(self) -> dict[int, list[Archive]]:
        """By output, the archives that what entered since the last time changes."""
        entered = self._store.entered_since_archived(_ENTERED_AT_ONCE)
        found: dict[int, list[Archive]] = {}
        for output_id, ones in entered.items():
            latest = self._store.latest_archives(output_id)
            found[output_id] = extend(latest[-1] if latest else None, output_id, ones)
        return found

    def _survey(
        self, press: Press, outputs: Iterable[OutputRecord], changed: dict[int, list[Archive]]
    ) -> set[str]:
        """Look at every document of every output; returns the paths of all that are to be there."""
        self._pending.clear()
        wanted = set(SPECIAL_PATHS)
        for output in outputs:
            archives = _merged(
                self._store.archives(output.output_id), changed.get(output.output_id, ())
            )
            self._write_archived(press, output, archives)
            wanted.update(path_of(output, form) for form in FORMS)
            wanted.update(path_of(output, form, one) for one in archives for form in ARCHIVE_FORMS)
        return wanted

    def _write_live(self, press: Press, output: OutputRecord, changed: list[Archive]) -> None:
        """Bring an output in step that was in step before `changed`."""
        kept = self._store.latest_archives(output.output_id)
        # The first of them has another before it that was not read; it was written before.
        known = 1 if len(kept) == LATEST_ARCHIVES else 0
        self._write_archived(press, output, _merged(kept, changed), known)

    def _write_archived(
        self, press: Press, output: OutputRecord, archives: list[Archive], known: int = 0
    ) -> None:
        """The live documents at once; sealed ones that are stale join those that wait."""
        before = archives[-2] if len(archives) > 1 else None
        opened = archives[-1] if archives else None
        self._series.write_live(press, output, before, opened)
        for number in range(known, len(archives) - 1):
            if self._series.is_sealed_stale(press, output, archives[number]):
                earlier = archives[number - 1] if number else None
                self._pending.append(
                    _Sealed(output, earlier, archives[number], archives[number + 1])
                )

    def _write_pending(self, press: Press) -> None:
        """The newest first: whoever catches up reads backwards."""
        for _ in range(min(SEALED_A_TURN, len(self._pending))):
            one = self._pending.pop()
            paths = [path_of(one.output, form, one.archive) for form in ARCHIVE_FORMS]
            unknown = [path for path in paths if path not in press.records]
            if unknown:
                press.records |= self._store.documents_at(unknown)
            self._series.write_sealed(press, one.output, one.before, one.archive, one.after)

    def _live_paths(
        self, outputs: Iterable[OutputRecord], changed: dict[int, list[Archive]]
    ) -> list[str]:
        """The paths of the documents that a change of some outputs may concern."""
        paths: list[str] = []
        for output in outputs:
            latest = [
                *self._store.latest_archives(output.output_id),
                *changed.get(output.output_id, ()),
            ]
            paths += [path_of(output, form) for form in FORMS]
            paths += [path_of(output, form, one) for one in latest for form in ARCHIVE_FORMS]
        return [*paths, *SPECIAL_PATHS]

    # ------------------------------------------------------------ the record

    def _save(self, press: Press, changed: dict[int, list[Archive]], removed: list[str]) -> bool:
        """Record what was written. False where something was taken down meanwhile: what was read
        before that is then not kept, and every document counts as stale.
        """
        press.finish()
        for path in removed:
            remove_document(self._folder / path, self._folder / "feeds")
        if not (press.rendered or changed or removed or self._entries.unsaved):
            return True
        with self._store.transaction():
            is_true = self._store.count_erasures() == self._erasures
            rendered = press.rendered if is_true else [as_lost(one) for one in press.rendered]
            self._store.save_documents(rendered)
            self._store.save_archives(one for ones in changed.values() for one in ones)
            self._store.forget_documents(removed)
            self._entries.save()
        return is_true


def _merged(kept: Iterable[Archive], changed: Iterable[Archive]) -> list[Archive]:
    """Archives as kept, with those that changed in place of what they were; oldest first."""
    found = {one.first_position: one for one in (*kept, *changed)}
    return [found[first] for first in sorted(found)]
