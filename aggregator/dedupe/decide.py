"""Keyed entries and what the store knows → new, revised or same, and whose story a new one carries.

Pure: the same input gives the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from aggregator.model import Decided, KeyedEntry, KnownEntry, New, Revised, Same

# A text shorter than this (characters of the normal form) may be a formula such as "Comments" or
# "点击查看"; it then counts only together with the title.
TELLING_LENGTH = 40


def decide(
    source_id: int,
    keyed: Sequence[KeyedEntry],
    known: Sequence[KnownEntry],
    elsewhere: Sequence[KnownEntry],
) -> tuple[Decided, ...]:
    """What each entry of one poll is, in the order given.

    `known` are entries of this source that any of `keyed` may be, `elsewhere` entries of all
    sources that share a link with one. Only the entry of this very source and guid is ever
    revised: two sources that share a link do not rewrite each other.
    """
    matched = _match_known(keyed, known)
    settled: list[Decided] = []
    seen: dict[str, list[tuple[KeyedEntry, int | None]]] = {}
    by_link = _by_link(elsewhere)
    for entry in keyed:
        found = matched.get(entry.position)
        mates = seen.setdefault(entry.link_key or "", [])
        if found is not None:
            settled.append(_compare(entry, found))
            mates.append((entry, found.story_id))
            continue
        new = _as_new(source_id, entry, by_link, mates)
        settled.append(new)
        if new.same_as is None:
            mates.append((entry, new.story_id))
    return tuple(settled)


def _match_known(keyed: Sequence[KeyedEntry], known: Sequence[KnownEntry]) -> dict[int, KnownEntry]:
    """Position → the known entry it is. By guid first; what is left over, by content."""
    by_guid = {entry.guid: entry for entry in known}
    matched = {e.position: by_guid[e.guid] for e in keyed if e.guid in by_guid}
    claimed = {entry.entry_id for entry in matched.values()}
    strange = [entry for entry in keyed if entry.position not in matched]
    free = [entry for entry in known if entry.entry_id not in claimed]
    if not strange or not free:
        return matched
    shared_links = _shared_links(keyed, known)
    by_content: dict[str, list[KnownEntry]] = {}
    for candidate in free:
        for key in {candidate.link_key, candidate.text_key} - {None}:
            by_content.setdefault(str(key), []).append(candidate)
    for entry in strange:
        candidates = by_content.get(entry.link_key or "", []) + by_content.get(entry.text_key, [])
        for candidate in candidates:
            if candidate.entry_id not in claimed and _renewed(entry, candidate, shared_links):
                matched[entry.position] = candidate
                claimed.add(candidate.entry_id)
                break
    return matched


def _shared_links(keyed: Iterable[KeyedEntry], known: Iterable[KnownEntry]) -> set[str]:
    """Links that tell nothing within this source: the site's root, or several entries' own."""
    counts = Counter(entry.link_key for entry in keyed if entry.link_key)
    stored = Counter(entry.link_key for entry in known if entry.link_key)
    shared = {link for link, count in (counts | stored).items() if count > 1}
    return shared | {link for link in counts | stored if "/" not in link and "?" not in link}


def _renewed(entry: KeyedEntry, known: KnownEntry, shared_links: set[str]) -> bool:
    """Whether an entry with an unknown guid is a known one whose guid was renewed."""
    same_title = entry.title_key == known.title_key
    same_text = entry.text_key == known.text_key
    same_link = entry.link_key is not None and entry.link_key == known.link_key
    date = entry.entry.published
    same_date = date == known.published
    if same_link and entry.link_key not in shared_links:
        if same_title and same_text:
            return True
        return (same_title or same_text) and same_date and date is not None
    if same_title and same_text and entry.text_length >= TELLING_LENGTH:
        # Some feeds give every entry a new guid and date at each poll.
        return same_date or entry.link_key == known.link_key
    return same_title and same_text and same_date and date is not None


def _compare(entry: KeyedEntry, known: KnownEntry) -> Decided:
    changed: list[Literal["text", "title", "metadata"]] = []
    if entry.text_key != known.text_key:
        changed.append("text")
    if entry.title_key != known.title_key:
        changed.append("title")
    if entry.meta_key != known.meta_key:
        changed.append("metadata")
    if changed:
        return Revised(entry, known, tuple(changed))
    return Same(entry, known, rekeyed=entry.guid != known.guid)


def _by_link(elsewhere: Iterable[KnownEntry]) -> dict[str, list[KnownEntry]]:
    found: dict[str, list[KnownEntry]] = {}
    for entry in elsewhere:
        if entry.link_key:
            found.setdefault(entry.link_key, []).append(entry)
    return found


def _as_new(
    source_id: int,
    entry: KeyedEntry,
    by_link: dict[str, list[KnownEntry]],
    mates: Sequence[tuple[KeyedEntry, int | None]],
) -> New:
    """A new entry, with the story it carries when link and text are those of a known one.

    The link alone never decides: some sources give all their entries one.
    """
    if entry.link_key is None:
        return New(entry)
    for other in by_link.get(entry.link_key, ()):
        if _same_article(entry, other, other.source_id == source_id):
            return New(entry, story_id=other.story_id)
    for mate, story_id in mates:
        if _same_article(entry, mate, True):
            same_as = None if story_id is not None else mate.position
            return New(entry, story_id=story_id, same_as=same_as)
    return New(entry)


def _same_article(entry: KeyedEntry, other: KnownEntry | KeyedEntry, same_source: bool) -> bool:
    if entry.text_key != other.text_key:
        return False
    if not same_source:
        return entry.text_length >= TELLING_LENGTH or entry.title_key == other.title_key
    if entry.title_key != other.title_key:
        return False
    # One source may tell "Service degraded" again and again at one address: those are events.
    published = other.entry.published if isinstance(other, KeyedEntry) else other.published
    return entry.text_length >= TELLING_LENGTH or entry.entry.published == published
