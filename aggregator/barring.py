"""Entries that a source tells → without those that were taken down; part of the corridor.

What was taken down is known by digests of its guid, its address and its texts, and by a few hashes
of each text's shingles, which find a repost that was cut or edited. None of them tells the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from aggregator.carrying import article_of_texts
from aggregator.dedupe.decide import TELLING_LENGTH
from aggregator.model import (
    Decided,
    EntryUpdate,
    Fetched,
    FetchOutcome,
    FoundText,
    KeyedEntry,
    New,
    Print,
    Revised,
    Same,
    Text,
)
from aggregator.parse.tombstones import withdrawn_in

if TYPE_CHECKING:
    from aggregator.dedupe.article import Article

# A text that shares so much of the shorter one's fingerprints with one taken down is the same
# article, unless it has other numbers. On 2,170 pairs of reposts and hard negatives (templates,
# other figures) this bars 99.6 % of the reposts and 3 % of the others.
LEAST_SHARED, LEAST_NUMBERS, FEW_NUMBERS = 0.6, 0.7, 3
# A text with fewer fingerprints is only known by the digest of the whole.
FEWEST_PRINTS = 3
# A title without a text that is as short as this says nothing of its own.
SHORT_TITLE = 8


class Barred(Protocol):
    """What is asked of the store."""

    def count_erasures(self) -> int: ...
    def barred_keys(self, digests: Sequence[str]) -> dict[str, set[int]]: ...
    def removal_prints(self) -> list[tuple[int, Print]]: ...
    def story_of_entry(self, entry_id: int) -> int | None: ...
    def note_tombstones(self, source_id: int, guids: Iterable[str], now: datetime) -> None: ...


class Barring:
    """Keeps out what was taken down. Used on the thread that saves, inside its transaction."""

    def __init__(self, store: Barred) -> None:
        self._store = store
        self._seen = 0
        self._prints: list[tuple[int, Print]] = []
        self._holders: dict[bytes, list[int]] = {}  # hash → places in _prints

    def note_withdrawn(self, source_id: int, outcome: FetchOutcome, now: datetime) -> None:
        """Keep which entries the feed that was fetched says are no more (RFC 6721)."""
        if isinstance(outcome, Fetched) and (refs := withdrawn_in(outcome.body)):
            self._store.note_tombstones(source_id, refs, now)

    def admitted(self, source_id: int, decided: Sequence[Decided]) -> tuple[Decided, ...]:
        """The decisions of a source but for those that would take in what was taken down.

        A carrier that was left to a story may be revised as it likes.
        """
        if not self._follow():
            return tuple(decided)
        keys = {
            one.keyed.position: keys_of(source_id, one.keyed)
            if isinstance(one, New)
            else text_keys_of(one.keyed)
            for one in decided
        }
        barred = self._store.barred_keys([key for found in keys.values() for key in found])
        if not barred:
            return tuple(decided)
        return tuple(
            one for one in decided if not _is_barred(one, keys[one.keyed.position], barred)
        )

    def let_in(self, updates: Iterable[EntryUpdate]) -> list[EntryUpdate]:
        """The updates but for near-duplicates of a text that was taken down."""
        updates = list(updates)
        if not self._follow() or not self._prints:
            return updates
        return [one for one in updates if not self._is_like_one(one)]

    def lets_text_in(self, found: FoundText) -> bool:
        """Whether the text of an entry's page may be kept beside the entry."""
        if not self._follow():
            return True
        story_id = self._store.story_of_entry(found.entry_id) or 0
        if found.text_length >= TELLING_LENGTH:
            key = _digest("text", found.text_key)
            if self._store.barred_keys([key]).get(key, {story_id}) - {story_id}:
                return False
        if not self._prints:
            return True
        article = article_of_texts(found.entry.title, found.entry.content)
        return not self._has_print(article, story_id)

    def _follow(self) -> bool:
        """Whether anything was ever taken down; what is barred is read anew when it changed."""
        count = self._store.count_erasures()
        if count != self._seen:
            self._prints, self._holders = self._store.removal_prints(), {}
            for at, (_, barred) in enumerate(self._prints):
                for one in _hashes(barred):
                    self._holders.setdefault(one, []).append(at)
            self._seen = count
        return bool(count)

    def _is_like_one(self, update: EntryUpdate) -> bool:
        if update.marks is None or len(update.marks.fingerprints) < 4 * FEWEST_PRINTS:
            return False
        entry = update.decided.keyed.entry
        own = None if isinstance(update.decided, New) else update.decided.known.story_id
        return self._has_print(article_of_texts(entry.title, entry.content or entry.summary), own)

    def _has_print(self, article: Article, story_id: int | None) -> bool:
        mine = print_of(article)
        met = {at for one in _hashes(mine) for at in self._holders.get(one, ())}
        return any(
            barred_in != story_id and is_like(mine, barred)
            for barred_in, barred in map(self._prints.__getitem__, met)
        )


def _is_barred(one: Decided, keys: Sequence[str], barred: dict[str, set[int]]) -> bool:
    if isinstance(one, Same):
        return False
    if isinstance(one, New):
        return any(key in barred for key in keys)
    told = [key for key in keys if barred.get(key, set()) - {one.known.story_id}]
    return isinstance(one, Revised) and bool({"text", "title"} & {*one.changed}) and bool(told)


def keys_of(source_id: int, keyed: KeyedEntry, address: bool = True) -> list[str]:
    """The digests by which an entry of a source is barred, or is to be.

    Its guid is the source's own, unless it is an address or an id for all the world.
    """
    keys = [_digest("guid", str(source_id), keyed.guid)]
    if keyed.atom_id or "://" in keyed.guid:
        keys.append(_digest("name", keyed.guid))
    if address and keyed.link_key and ("/" in keyed.link_key or "?" in keyed.link_key):
        keys.append(_digest("link", keyed.link_key))
    return [*keys, *text_keys_of(keyed)]


def text_keys_of(keyed: KeyedEntry) -> list[str]:
    """The digest of a text; with its title where the text may be a formula."""
    if keyed.text_length >= TELLING_LENGTH:
        return [_digest("text", keyed.text_key)]
    title = keyed.entry.title
    if keyed.text_length or (title is not None and len(title.value) >= SHORT_TITLE):
        return [_digest("both", keyed.title_key, keyed.text_key)]
    return []


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def print_of_texts(title: Text | None, text: Text | None) -> Print | None:
    """What a text is recognised by; None for one that is too short to be."""
    found = print_of(article_of_texts(title, text))
    return found if len(found.fingerprints) >= 4 * FEWEST_PRINTS else None


def print_of(article: Article) -> Print:
    """What an article is recognised by."""
    numbers = article.units.hashes[article.units.numbers]
    reduced: Any = sorted({int(one) & 0xFF for one in numbers.tolist()})
    return Print(article.fingerprints.astype("<u4").tobytes(), bytes(reduced))


def is_like(one: Print, other: Print) -> bool:
    """Whether two texts are one article, as far as their prints tell."""
    mine, theirs = _hashes(one), _hashes(other)
    fewer = min(len(mine), len(theirs))
    if fewer < FEWEST_PRINTS or len(mine & theirs) < LEAST_SHARED * fewer:
        return False
    shorter, longer = (one, other) if len(mine) <= len(theirs) else (other, one)
    figures = set(shorter.numbers)
    if len(figures) < FEW_NUMBERS:
        return True
    return len(figures & set(longer.numbers)) >= LEAST_NUMBERS * len(figures)


def _hashes(one: Print) -> set[bytes]:
    body = one.fingerprints
    return {body[at : at + 4] for at in range(0, len(body), 4)}
