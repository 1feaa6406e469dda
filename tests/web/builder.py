"""A few words of a test → a real store on disk, filled through the store's own API."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from aggregator.dedupe.identify import identify
from aggregator.model import (
    Category,
    CategoryDecision,
    Config,
    ConfiguredSource,
    DocumentRecord,
    Entry,
    EntryUpdate,
    Evidence,
    FetchSettings,
    New,
    ParsedFeed,
    PollState,
    PollUpdate,
    PublishSettings,
    Revised,
    Source,
    Text,
)
from aggregator.store import open_store

START = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)  # half past twelve in Shanghai


class Site:
    """A store, a folder of documents and the Config of both, under a test's own folder."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.now = START
        self.config = Config(
            path=str(folder / "feeds.yaml"),
            digest="d0",
            title="我的订阅",
            base_url="http://127.0.0.1:8000",
            timezone="Asia/Shanghai",
            store=f"sqlite:{folder / 'aggregator.db'}",
            listen="127.0.0.1:0",
            publish=PublishSettings(str(folder / "public")),
            fetch=FetchSettings(),
            categories=(Category("domestic", "国内"),),
            sources=(),
        )
        self.config = replace(self.config, **settings)
        self.store = open_store(self.config.store)
        with self.store.transaction():
            self.store.put_output("all", "all", "全部", self.now)
            self.store.put_output("uncategorized", "uncategorized", "未分类", self.now)
            self.store.put_output("domestic", "category", "国内", self.now)

    def add_output(self, name: str, title: str) -> None:
        with self.store.transaction():
            self.store.put_output(name, "category", title, self.now)

    def add_source(
        self,
        name: str,
        title: str = "",
        url: str = "",
        enabled: bool = True,
        categories: tuple[str, ...] = (),
    ) -> Source:
        url = url or f"https://{name}.example/rss.xml"
        with self.store.transaction():
            configured = ConfiguredSource(name, title or name, url, enabled, categories, None)
            self.store.put_source(configured, self.now)
        source = Source(name, title or name, url, enabled=enabled)
        self.config = replace(self.config, sources=(*self.config.sources, source))
        return source

    def save(self, name: str, *entries: Entry, categories: Sequence[str] = ("domestic",)) -> None:
        """One good poll of a source that said `entries`; known guids are revisions."""
        record = self.store.source_records([name])[name]
        keyed = identify(entries)
        known = {k.guid: k for k in self.store.known_entries(record.source_id, keyed)}
        links = {k.link_key: k for k in self.store.carriers_elsewhere(keyed)}
        decisions = tuple(CategoryDecision(c, "source", name) for c in categories)
        updates = []
        for one in keyed:
            if one.guid in known:
                decided: Any = Revised(one, known[one.guid], ("text",))
            else:
                carried = links.get(one.link_key) if one.link_key else None
                decided = New(one, carried.story_id if carried else None)
            updates.append(EntryUpdate(decided, decisions))
        self._save_poll(
            name,
            PollState(
                last_poll_at=self.now,
                last_success_at=self.now,
                next_poll_at=self.now + timedelta(minutes=30),
                outcome="ok",
                status=200,
            ),
            tuple(updates),
        )

    def fail(self, name: str, error: str, times: int = 3, gone: bool = False) -> None:
        """A failed poll of a source, the last of `times`."""
        state = PollState(
            last_poll_at=self.now,
            next_poll_at=None if gone else self.now + timedelta(hours=4),
            failures=times,
            failing_since=self.now - timedelta(hours=times),
            outcome="gone" if gone else "failed",
            status=410 if gone else None,
            error=error,
            gone=gone,
        )
        self._save_poll(name, state, ())

    def drift(self, category: str) -> None:
        """A category of which the classifier became less sure."""
        facts: dict[str, str | float] = {"first": "2026-11-17", "last": "2026-11-23"}
        facts |= {"count": 70, "now": 75, "before": 95, "before_count": 280}
        facts |= {"before_first": "2026-10-20", "before_last": "2026-11-16"}
        with self.store.transaction():
            begun = {"unsure": Evidence("unsure", facts)}
            self.store.change_category_alarms(category, begun, (), self.now)

    def _save_poll(self, name: str, state: PollState, updates: tuple[EntryUpdate, ...]) -> None:
        record = self.store.source_records([name])[name]
        feed = ParsedFeed("rss20", "plain", "utf-8") if updates else None
        poll = PollUpdate(record.source_id, state, self.now, 12, feed, updates)
        with self.store.transaction():
            saved = self.store.save_poll(poll, initial=20)
            self.store.save_history([(poll, saved)])

    def publish(
        self, name: str, body: bytes, modified_at: datetime | None = None, kind: str = "atom"
    ) -> DocumentRecord:
        """What a publisher does: write aside, rename, record. One revision a call."""
        path = f"feeds/{name}.{kind}"
        self.write(path, body)
        output = name.partition("/")[0]
        with self.store.transaction():
            # Any change gives a revision, as the change that is published did.
            kinds = {output.name: output.kind for output in self.store.outputs()}
            title = f"{name} {sha256(body).hexdigest()}"
            self.store.put_output(output, kinds.get(output, "category"), title, self.now)
        revision = self.store.current_revision()
        record = DocumentRecord(
            *(path, revision, revision, "settings", sha256(body).hexdigest(), len(body)),
            modified_at or self.now,
        )
        with self.store.transaction():
            self.store.save_documents([record])
        return record

    def write(self, path: str, body: bytes) -> Path:
        """A file under the published folder, renamed into its place."""
        file = Path(self.config.publish.directory, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}.new")
        aside.write_bytes(body)
        os.utime(aside, (self.now.timestamp(), self.now.timestamp()))
        aside.replace(file)
        return file

    def close(self) -> None:
        self.store.close()


def entry(
    guid: str,
    title: str | None = "标题",
    text: str = "<p>正文</p>",
    link: str | None = None,
    published: datetime | None = None,
    title_kind: Any = "text",
    language: str | None = None,
) -> Entry:
    """An entry as a feed might say it."""
    return Entry(
        guid=guid,
        link=link if link is not None else f"https://origin.example/{guid}",
        title=Text(title, title_kind) if title is not None else None,
        content=Text(text, "html"),
        published=published,
        language=language,
    )
