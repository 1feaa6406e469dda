"""The documents follow the store: equal bytes for equal stores, written only when they differ."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from aggregator import matching
from aggregator.clock import FakeClock
from aggregator.matching import Matcher
from aggregator.model import Category, Config, Output, PublishSettings, Text
from aggregator.publish import Publisher
from aggregator.reconcile import reconcile
from aggregator.store import Store, open_store
from tests.builders import NOW, config, entry, later, save, source
from tests.publish.atom_rules import broken_rules


class Site:
    """A store, its config and its published documents in one folder."""

    def __init__(self, folder: Path, **values: object) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.config: Config = config(
            folder,
            [source("a"), source("b")],
            [Category("tech", "科技"), Category("world", "World")],
            **values,
        )
        self.clock = FakeClock(NOW)
        self.store: Store = open_store(self.config.store)
        reconcile(self.store, self.config, NOW)
        self.publisher = Publisher(self.store, self.config, self.clock)

    def fill(self) -> None:
        save(self.store, "a", *(entry(n, published=later(-n)) for n in range(5)), now=later(1))
        save(self.store, "b", entry(1, guid="b1"), entry(9), now=later(2), categories=["tech"])
        save(self.store, "a", entry(2, text="revised"), now=later(3))

    def path(self, name: str) -> Path:
        return Path(self.config.publish.directory) / "feeds" / f"{name}.atom"

    def documents(self) -> dict[str, bytes]:
        """Every document by its path under feeds/."""
        root = self.path("x").parent
        files = sorted(path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): path.read_bytes() for path in files}

    def atom(self) -> dict[str, bytes]:
        return {name: body for name, body in self.documents().items() if name.endswith(".atom")}

    def close(self) -> None:
        self.store.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "one")
    yield made
    made.close()


def test_empty_outputs_are_valid_and_stable(site: Site) -> None:
    published = site.publisher.publish()
    outputs = ("all", "tech", "uncategorized", "world")
    assert set(published.written) == {
        *(f"feeds/{name}.{form}" for name in outputs for form in ("atom", "rss", "json")),
        *("feeds/corrections.atom", "feeds/health.atom", "feeds/removed.atom"),
        *("feeds/index.opml", "feeds/sources.opml"),
    }
    for name, body in site.atom().items():
        assert broken_rules(body, f"http://127.0.0.1:8000/feeds/{name}") == []
        assert not feedparser.parse(body).bozo
    before = site.documents()
    site.clock.advance(timedelta(days=400))
    assert Publisher(site.store, site.config, site.clock).publish().rendered == 0
    assert site.documents() == before


def test_full_outputs_are_valid(site: Site) -> None:
    site.fill()
    site.publisher.publish()
    assert "all/2026-11.atom" in site.atom()
    for name, body in site.atom().items():
        assert broken_rules(body, f"http://127.0.0.1:8000/feeds/{name}") == []
        feed = feedparser.parse(body)
        assert not feed.bozo
    assert len(feedparser.parse(site.documents()["all.atom"]).entries) == 6
    assert len(feedparser.parse(site.documents()["tech.atom"]).entries) == 2


def test_two_stores_filled_alike_give_equal_bytes(tmp_path: Path) -> None:
    one, two = Site(tmp_path / "one"), Site(tmp_path / "two")
    two.clock.advance(timedelta(days=1000))
    one.fill()
    one.publisher.publish()
    two.publisher.publish()
    two.fill()
    two.publisher.publish()
    assert one.documents() == two.documents()
    assert one.store.documents() == two.store.documents()
    one.close()
    two.close()


def test_so_do_two_with_saved_queries_however_their_matching_was_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for folder, step in (("one", 200), ("two", 2)):
        monkeypatch.setattr(matching, "ENTRIES_A_STEP", step)
        one = Site(tmp_path / folder)
        one.config = replace(one.config, outputs=(Output("query", "Q", "Title -revised"),))
        one.fill()
        reconcile(one.store, one.config, later(4))  # the query is asked of what is there already
        one.publisher.replace_config(one.config)
        Matcher(one.store).finish(later(4))
        save(one.store, "b", entry(30), now=later(5))
        Matcher(one.store).finish(later(6))
        one.publisher.publish()
        made.append(one.documents())
        one.close()
    assert made[0] == made[1]
    assert len(feedparser.parse(made[0]["query.atom"]).entries) == 6


def test_publishing_twice_writes_nothing_the_second_time(site: Site) -> None:
    site.fill()
    site.publisher.publish()
    before = {name: site.path(name).stat() for name in ("all", "tech")}
    records = site.store.documents()
    site.clock.advance(timedelta(hours=1))
    for publisher in (site.publisher, Publisher(site.store, site.config, site.clock)):
        published = publisher.publish()
        assert (published.rendered, published.written, published.removed) == (0, (), ())
    for name, then in before.items():
        now = site.path(name).stat()
        assert (now.st_mtime_ns, now.st_ino) == (then.st_mtime_ns, then.st_ino)
    assert site.store.documents() == records


def test_only_what_a_change_touches_is_written(site: Site) -> None:
    site.fill()
    site.publisher.publish()
    save(site.store, "b", entry(20), now=later(4), categories=["world"])
    assert set(site.publisher.publish().written) == {
        *(f"feeds/{name}.{form}" for name in ("all", "world") for form in ("atom", "rss", "json")),
        *(f"feeds/{name}/2026-11.{form}" for name in ("all", "world") for form in ("atom", "json")),
    }


def test_a_file_bears_the_time_of_its_last_change(site: Site) -> None:
    site.fill()
    site.publisher.publish()
    record = site.store.documents()["feeds/all.atom"]
    assert record.modified_at >= later(3)
    assert site.path("all").stat().st_mtime == pytest.approx(record.modified_at.timestamp())
    assert site.path("all").stat().st_mode & 0o777 == 0o644
    assert record.size == site.path("all").stat().st_size


def test_a_lost_file_comes_back_with_the_same_bytes_and_revision(site: Site) -> None:
    site.fill()
    site.publisher.publish()
    before, record = site.documents(), site.store.documents()
    site.path("all").unlink()
    Publisher(site.store, site.config, site.clock).publish()
    assert site.documents() == before
    assert site.store.documents() == record


def test_ids_depend_neither_on_base_url_nor_on_names(tmp_path: Path) -> None:
    one = Site(tmp_path / "one")
    one.fill()
    one.publisher.publish()
    before = feedparser.parse(one.documents()["tech.atom"])
    renamed = replace(
        one.config,
        base_url="https://news.example/sub",
        title="Another",
        sources=(source("z", url="https://a.example/feed", was=("a",)), source("b")),
        categories=(Category("digital", "数码", was=("tech",)), Category("world", "World")),
    )
    reconcile(one.store, renamed, later(5))
    one.publisher.replace_config(renamed)
    published = one.publisher.publish()
    assert published.removed == ("feeds/tech/2026-11.atom", "feeds/tech/2026-11.json")
    moved = feedparser.parse(one.documents()["tech.atom"])
    assert [e.link for e in moved.entries] == ["https://news.example/sub/feeds/digital.atom"]
    assert moved.feed.id == before.feed.id
    body = one.documents()["digital.atom"]
    assert broken_rules(body, "https://news.example/sub/feeds/digital.atom") == []
    after = feedparser.parse(body)
    assert after.feed.id == before.feed.id
    assert [e.id for e in after.entries] == [e.id for e in before.entries]
    assert [e.updated for e in after.entries] == [e.updated for e in before.entries]
    one.close()


def test_new_settings_render_again_and_keep_updated(site: Site) -> None:
    site.fill()
    site.publisher.publish()
    before = feedparser.parse(site.documents()["all.atom"])
    smaller = replace(site.config, publish=PublishSettings(site.config.publish.directory, 2))
    site.publisher.replace_config(smaller)
    site.publisher.publish()
    after = feedparser.parse(site.documents()["all.atom"])
    assert len(after.entries) == 2
    assert after.feed.updated == before.feed.updated


def test_what_cannot_be_written_costs_itself_only(site: Site) -> None:
    site.fill()
    site.path("all").mkdir(parents=True)
    (site.path("all") / "x").touch()
    with pytest.raises(OSError, match=r"all\.atom"):
        site.publisher.publish()
    assert site.path("tech").exists()
    assert site.path("uncategorized").exists()
    (site.path("all") / "x").unlink()
    site.path("all").rmdir()
    assert site.publisher.publish().written == ("feeds/all.atom",)
    assert [name for name in os.listdir(site.path("x").parent) if name.startswith(".")] == []


def test_an_interrupted_publishing_is_completed_by_the_next(site: Site) -> None:
    """Killed between the file and its record: the file is right, and the record follows."""
    site.fill()
    site.publisher.publish()
    save(site.store, "a", entry(30), now=later(6))
    records = list(site.store.documents().values())
    site.publisher.publish()
    with site.store.transaction():
        site.store.save_documents(records)
    Publisher(site.store, site.config, site.clock).publish()
    record = site.store.documents()["feeds/all.atom"]
    output = next(one for one in site.store.outputs() if one.name == "all")
    assert record.revision == output.revision
    assert record.size == site.path("all").stat().st_size


def test_hostile_entries_are_published_like_any_other(site: Site) -> None:
    hostile = [
        entry(1, title=Text("\x00\ufffd<b>", "html"), language="zh_CN\x00"),
        entry(2, title=None, text="<script>alert(1)</script>"),
        entry(3, content=Text("<div>" * 5000, "html"), title=None, link="javascript:x"),
        entry(4, guid="\x01 国 <", title=Text("]]>&<![CDATA["), authors=("\x00", "a\x0b")),
        entry(5, guid="https://x.example/\u202e"),
    ]
    save(site.store, "a", *hostile, now=later(1))
    site.publisher.publish()
    body = site.documents()["all.atom"]
    assert broken_rules(body, "http://127.0.0.1:8000/feeds/all.atom") == []
    assert len(feedparser.parse(body).entries) == 5
    assert b"javascript:" not in body


def test_two_versions_of_a_document_share_no_second(site: Site) -> None:
    site.fill()
    site.publisher.publish()
    first = site.store.documents()["feeds/all.atom"]
    save(site.store, "a", entry(30), now=later(3) + timedelta(milliseconds=5))
    site.publisher.publish()
    second = site.store.documents()["feeds/all.atom"]
    assert second.modified_at - first.modified_at >= timedelta(milliseconds=1)
    assert second.modified_at.replace(microsecond=0) > first.modified_at.replace(microsecond=0)


def test_a_document_somebody_deleted_comes_back_without_any_change(site: Site) -> None:
    site.publisher.publish()
    site.path("all").unlink()
    for _ in range(60):
        site.publisher.publish()
    assert site.path("all").exists()


def test_what_a_killed_process_left_half_written_is_tidied_away(site: Site) -> None:
    site.publisher.publish()
    partial = site.path("all").with_name(".all.atom.killed")
    partial.write_bytes(b"<feed")
    site.publisher.tidy()
    assert partial.exists(), "it may still be written by another process"
    assert not any(path.name.startswith(".") for path in _old(site, partial))


def _old(site: Site, partial: Path) -> list[Path]:
    """The folder after a tidying at which the file is an hour old and more."""
    from aggregator.publish.files import remove_leftovers

    remove_leftovers(partial.parent, now=partial.stat().st_ctime + 4000)
    return list(partial.parent.iterdir())


def test_no_source_fills_more_than_its_share(site: Site) -> None:
    capped = replace(site.config.publish, entries=4, per_source=2)
    site.config = replace(site.config, publish=capped)
    site.publisher.replace_config(site.config)
    for number in range(3):
        save(site.store, "b", entry(20 + number), now=later(1))
    save(site.store, "a", *(entry(number) for number in range(9)), now=later(2))
    site.publisher.publish()
    shown = feedparser.parse(site.documents()["all.atom"])
    named = [one.source.title for one in shown.entries]
    assert named == ["A", "A", "B", "B"]
    # What is left out is not lost: the archive has it.
    assert len(feedparser.parse(site.documents()["all/2026-11.atom"]).entries) == 12


def test_an_output_may_have_its_own_number_of_entries(site: Site) -> None:
    site.config = replace(
        site.config,
        categories=(Category("tech", "科技", entries=2), Category("world", "World")),
        outputs=(Output("titles", "T", "title:Title", entries=3),),
    )
    reconcile(site.store, site.config, NOW)
    site.publisher.replace_config(site.config)
    entries = [entry(number) for number in range(5)]
    save(site.store, "a", *entries, now=later(1), categories=["tech"])
    Matcher(site.store).finish(later(2))
    site.publisher.publish()
    counts = {
        name: len(feedparser.parse(site.documents()[f"{name}.atom"]).entries)
        for name in ("all", "tech", "titles")
    }
    assert counts == {"all": 5, "tech": 2, "titles": 3}


def test_rendered_entries_are_forgotten_once_no_document_shows_them(tmp_path: Path) -> None:
    site = Site(tmp_path / "p", publish=PublishSettings(str(tmp_path / "p" / "public"), 2))
    for n in range(6):
        save(site.store, "a", entry(n), now=later(n))
        site.publisher.publish()
    before = site.documents()
    with site.store.transaction():
        assert site.publisher.prune() == 4
        assert site.publisher.prune() == 0
    assert site.publisher.publish().written == ()
    save(site.store, "a", entry(6), now=later(7))
    site.publisher.publish()
    after = site.documents()
    assert after["all.atom"] != before["all.atom"]
    assert feedparser.parse(after["all.atom"]).entries[1].title == "Title 5"
    site.close()
