"""What is published beside the outputs: health, corrections, tombstones, and lists in OPML."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

from aggregator.html import RENDERER_VERSION
from aggregator.model import Config, OutputRecord
from aggregator.publish.corrections import (
    CORRECTIONS,
    CORRECTIONS_SHOWN,
    CORRECTIONS_TITLE,
    render_corrections,
)
from aggregator.publish.health import (
    ALARMS_SHOWN,
    HEALTH,
    HEALTH_TITLE,
    language_of,
    latest_alarms,
    render_health,
)
from aggregator.publish.lists import render_index, render_sources
from aggregator.publish.press import Press, Version
from aggregator.publish.removed import (
    REMOVED,
    REMOVED_TITLE,
    TOMBSTONES_SHOWN,
    render_removed,
)
from aggregator.store import Store

INDEX_PATH, SOURCES_PATH = "feeds/index.opml", "feeds/sources.opml"
_OTHERS = {CORRECTIONS: CORRECTIONS_TITLE, REMOVED: REMOVED_TITLE}
SPECIAL_PATHS = (
    *(f"feeds/{name}.atom" for name in (HEALTH, *_OTHERS)),
    *(INDEX_PATH, SOURCES_PATH),
)


class Special:
    """Writes them through a press, each only when what it is made of changed."""

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._config = config
        # What each was last written of, while this config is in force.
        self._written_of: dict[str, object] = {}
        self._everything: OutputRecord | None = None

    def write(self, press: Press) -> None:
        """The feeds of alarms, of new versions and of tombstones."""
        everything = self._output_of_all()
        if everything is None:
            return
        alarms = latest_alarms(
            [*self._store.alarms(ALARMS_SHOWN), *self._store.category_alarms(ALARMS_SHOWN)]
        )
        moments = [alarm.ended_at or alarm.since for alarm in alarms]
        about = self._config.title, self._config.base_url, self._config.hub_url
        self._write(
            *(press, HEALTH, alarms, [everything.created_at, *moments]),
            lambda: render_health(everything, alarms, self._config),
        )
        last = self._store.last_correction()
        if self._is_news(press, CORRECTIONS, last):
            versions = self._store.new_versions(CORRECTIONS_SHOWN)
            taken = [one.after.taken_at for one in versions]
            self._write(
                *(press, CORRECTIONS, last, [everything.created_at, *taken]),
                lambda: render_corrections(everything, versions, *about),
            )
        stones = self._store.tombstones(TOMBSTONES_SHOWN)
        self._write(
            *(press, REMOVED, stones, [everything.created_at, *(one.when for one in stones)]),
            lambda: render_removed(everything, stones, *about),
        )

    def write_lists(self, press: Press, outputs: Iterable[OutputRecord]) -> None:
        """The lists of outputs and of sources."""
        everything = self._output_of_all()
        if everything is None:
            return
        further = {HEALTH: HEALTH_TITLE[language_of(self._config)], **_OTHERS}
        bodies = {
            INDEX_PATH: render_index(outputs, further.items(), self._config),
            SOURCES_PATH: render_sources(self._config),
        }
        for path, body in bodies.items():
            # They depend on what is configured alone: their bytes say whether anything changed.
            settings = hashlib.sha256(body).hexdigest()[:16]
            version = Version(1, everything.created_at, 1, settings)
            if press.is_stale(path, version):
                press.put(path, body, version)

    def _output_of_all(self) -> OutputRecord | None:
        if self._everything is None:
            self._everything = next((o for o in self._store.outputs() if o.kind == "all"), None)
        return self._everything

    def _is_news(self, press: Press, name: str, made_of: object) -> bool:
        record = press.records.get(f"feeds/{name}.atom")
        lost = record is None or record.rendered_revision < 0
        return lost or self._written_of.get(name, self) != made_of

    def _write(
        self,
        press: Press,
        name: str,
        made_of: object,
        moments: list[datetime],
        render: Callable[[], bytes],
    ) -> None:
        if not self._is_news(press, name, made_of):
            return
        path = f"feeds/{name}.atom"
        body = render()
        record = press.records.get(path)
        digest = hashlib.sha256(body).hexdigest()
        same = record is not None and record.digest == digest and record.rendered_revision >= 0
        if not same:
            # Without an event the same bytes stand in every store, whenever they were written.
            revision = self._store.current_revision() if len(moments) > 1 else 1
            config = self._config
            parts = f"{RENDERER_VERSION} {config.title} {config.base_url} {config.hub_url}"
            settings = hashlib.sha256(parts.encode()).hexdigest()[:16]
            press.put(path, body, Version(revision, max(moments), revision, settings))
        self._written_of[name] = made_of
