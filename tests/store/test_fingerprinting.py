"""What is not indexed in the present form is indexed by and by; nothing else changes by it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.fingerprinting import Fingerprinter
from aggregator.model import Text
from aggregator.store import Store, fingerprinting, fingerprints, open_store
from tests.builders import entry, later, save, settle
from tests.dedupe.articles import ENGLISH, ENGLISH_TITLE, PARAGRAPHS, TEXT, TITLE
from tests.store.test_stories import SUMMARY, carriers, tell


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store from before there was an index: two articles, one of them in a fuller text too."""
    path = tmp_path / "aggregator.db"
    store = open_store(f"sqlite:{path}")
    settle(store, "paper", "portal", "mirror", "other")
    tell(store, "paper", SUMMARY)
    tell(store, "portal", TEXT, 1)
    save(store, "paper", entry("bridge", text=ENGLISH, title=Text(ENGLISH_TITLE)), now=later(2))
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("delete from fingerprint_pieces")
        db.execute("delete from text_digests")
    return path


def opened(path: Path) -> Store:
    """The store, as a process opens it."""
    return open_store(f"sqlite:{path}")


def test_reposts_of_what_was_saved_before_the_index_are_found(filled: Path) -> None:
    store = opened(filled)
    steps: list[tuple[int, int]] = []
    Fingerprinter(store).finish(later(3), lambda done, whole: steps.append((done, whole)))
    tell(store, "mirror", "\n".join(PARAGRAPHS[2:]), 3)  # only the fuller text has all of this
    tell(store, "other", ENGLISH, 4, title=Text("Bridge closed"))
    assert carriers(store) == [["paper", "other"], ["paper", "portal", "mirror"]]
    assert steps
    assert not Fingerprinter(store).step(later(4))
    store.close()


def test_indexing_goes_on_where_it_was_broken_off(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.fingerprinting.SNAPSHOTS_A_STEP", 1)
    store = opened(filled)
    assert Fingerprinter(store).step(later(3))
    store.close()
    store = opened(filled)
    assert store.begin_indexing(later(3))[0] == 3
    tell(store, "other", ENGLISH, 4, title=Text("Bridge closed"))  # the newest came first
    assert carriers(store)[0] == ["paper", "other"]
    Fingerprinter(store).finish(later(5))
    assert store.begin_indexing(later(5)) == (1, 1)
    store.close()


def test_a_new_form_of_the_index_replaces_the_old(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(filled)
    Fingerprinter(store).finish(later(3))
    monkeypatch.setattr(fingerprints, "FINGERPRINTS_VERSION", 2)
    monkeypatch.setattr(fingerprinting, "FINGERPRINTS_VERSION", 2)
    Fingerprinter(store).finish(later(3))
    with sqlite3.connect(filled) as db:
        assert db.execute("select sum(documents) from fingerprint_pieces").fetchone() == (3,)
        assert db.execute("select version from text_index").fetchall() == [(2,)]
    tell(store, "mirror", TEXT, 4)
    assert carriers(store)[-1] == ["paper", "portal", "mirror"]
    store.close()


def test_a_wider_window_takes_in_what_lay_before_it(store: Store) -> None:
    settle(store, "paper", "portal", "mirror", "other")
    now = later(24 * 20)
    tell(store, "paper", TEXT)
    tell(store, "other", "这一天的别的消息，与社工没有关系，说的是另一件事。" * 3, 24 * 19)
    Fingerprinter(store).finish(now)
    assert store.similar_texts(_marks(), now) == []
    store.recognise_within(30)
    Fingerprinter(store).finish(now)
    Fingerprinter(store).finish(now)
    tell(store, "portal", "\n".join(PARAGRAPHS[:4]), 24 * 20)
    assert carriers(store)[-1] == ["paper", "portal"]


def test_what_is_indexed_twice_stands_there_once(store: Store) -> None:
    settle(store, "paper", "portal", "mirror", "other")
    tell(store, "paper", TEXT)
    Fingerprinter(store).finish(later(1))
    tell(store, "portal", "\n".join(PARAGRAPHS[:4]), 1)
    assert carriers(store) == [["paper", "portal"]]
    assert len(store.similar_texts(_marks(), later(1))) == 1


def test_corrections_survive_indexing_anew(filled: Path) -> None:
    store = opened(filled)
    Fingerprinter(store).finish(later(3))
    tell(store, "mirror", "\n".join(PARAGRAPHS[:4]), 3, title=Text(TITLE + "（二）"))
    story = store.story_details(store.find_stories("https://paper.example/0", "paper.example/0")[0])
    assert story is not None
    mirror = next(c for c in story.story.carriers if c.source_name == "mirror")
    with store.transaction():
        store.split_entry(mirror.entry_id, None, later(4))
    with sqlite3.connect(filled) as db:
        db.execute("delete from text_index")
    Fingerprinter(store).finish(later(4) + timedelta(minutes=1))
    assert carriers(store)[0] == ["mirror"]
    tell(store, "other", "\n".join(PARAGRAPHS[:4]), 5)
    assert carriers(store)[0] == ["mirror", "other"]
    store.close()


def _marks() -> bytes:
    from tests.dedupe.articles import article

    return article(TEXT).fingerprints.astype("<u4").tobytes()
