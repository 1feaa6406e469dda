"""A parsed feed's entries → the same with what each is recognised by, each entry once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b, sha256

from aggregator.dedupe.links import fit_atom_id, link_key
from aggregator.html import as_summary, visible_text, words_run_together
from aggregator.model import Entry, KeyedEntry, Revised, Snapshot, Text
from aggregator.text import compatible, normal_form, unspaced

_KEY_BYTES = 16


def identify(entries: Iterable[Entry]) -> tuple[KeyedEntry, ...]:
    """Entries in the document's order with their keys; plain repetitions are dropped.

    Entries that share a guid are versions of one entry when link or title agree (RFC 4287
    4.1.1), and the newest is kept; else the guid tells nothing and each is given one made of
    guid and link, title or text.
    """
    keyed = [_keyed(entry, position) for position, entry in enumerate(entries)]
    counts = Counter(entry.guid for entry in keyed)
    if all(count == 1 for count in counts.values()):
        return tuple(keyed)
    return tuple(_apart(_newest_versions(keyed, counts)))


def _keyed(entry: Entry, position: int) -> KeyedEntry:
    key = link_key(entry.link)
    title = normal_form(plain(entry.title))
    # White space is left out altogether: between Chinese characters it carries nothing and comes
    # and goes with the markup around it.
    text = unspaced(compatible(_run_together(entry.content or entry.summary)).casefold())
    meta = key or entry.link or ""
    if entry.enclosures:
        meta = "\n".join([meta, *_enclosure_keys(entry)])
    title_key, text_key, meta_key = _digest(title), _digest(text), _digest(meta)
    guid = entry.guid or (f"link:{entry.link}" if entry.link else f"text:{title_key}{text_key}")
    digest = sha256(f"{title_key}{text_key}{meta_key}".encode()).hexdigest()
    atom_id = entry.guid if entry.guid and fit_atom_id(entry.guid) else None
    keys = (guid, key, title_key, text_key, meta_key, digest)
    return KeyedEntry(entry, *keys, text_length=len(text), position=position, atom_id=atom_id)


def has_its_digest(snapshot: Snapshot) -> bool:
    """Whether a snapshot's words, link and enclosures are those that its digest was made of."""
    link = link_key(snapshot.link) or snapshot.link or ""
    enclosures = sorted({link_key(one.url) or one.url for one in snapshot.enclosures})
    title = _digest(normal_form(plain(snapshot.title)))
    told = snapshot.content or snapshot.summary
    texts = {
        unspaced(compatible(_run_together(told)).casefold()),
        # As the full text of a page is compared (crawl.fulltext), and stands beside a feed's words.
        normal_form(plain(told)).replace(" ", ""),
    }
    return snapshot.digest in {
        sha256(f"{title_key}{_digest(text)}{_digest(meta)}".encode()).hexdigest()
        # A page's title and pictures stand where the feed had none.
        for title_key in {title, _digest("")}
        for meta in {link, "\n".join([link, *enclosures])}
        for text in texts
    }


def beside_full_text(decided: Revised, shown: Snapshot) -> Revised:
    """An edit of the feed's words, with the text of the entry's page that `shown` holds kept.

    The feed's own words stand beside it, as summary or, where they are a text, as `own`; what it
    is recognised by stays the feed's.
    """
    keyed, entry = decided.keyed, decided.keyed.entry
    text = _digest(normal_form(plain(shown.content)).replace(" ", ""))
    merged = replace(
        entry,
        content=shown.content,
        summary=as_summary(entry.summary, entry.content),
        title=entry.title or shown.title,
        published=entry.published or shown.published,
        authors=entry.authors or shown.authors,
        enclosures=entry.enclosures or shown.enclosures,
    )
    digest = sha256(f"{keyed.title_key}{text}{keyed.meta_key}".encode()).hexdigest()
    own = None if merged.summary is entry.content else entry.content
    return replace(decided, keyed=replace(keyed, entry=merged, digest=digest), own=own)


def plain(text: Text | None) -> str:
    """The visible text of a text construct; "" for none."""
    if text is None:
        return ""
    return visible_text(text.value) if text.kind == "html" else text.value


def _run_together(text: Text | None) -> str:
    if text is None:
        return ""
    return words_run_together(text.value) if text.kind == "html" else text.value


def _enclosure_keys(entry: Entry) -> list[str]:
    return sorted({link_key(enclosure.url) or enclosure.url for enclosure in entry.enclosures})


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).hexdigest()


def _newest_versions(keyed: Sequence[KeyedEntry], counts: Counter[str]) -> list[KeyedEntry]:
    """Of entries that share guid and (link or title) only the newest, at its own place."""
    kept: list[KeyedEntry] = []
    by_guid: dict[str, list[int]] = {}
    for entry in keyed:
        places = by_guid.setdefault(entry.guid, [])
        twin = next((at for at in places if _same_entry(kept[at], entry)), None)
        if twin is None:
            places.append(len(kept))
            kept.append(entry)
        elif _is_newer(entry, kept[twin]):
            kept[twin] = entry
    return sorted(kept, key=lambda entry: entry.position)


def _same_entry(one: KeyedEntry, other: KeyedEntry) -> bool:
    if one.digest == other.digest:
        return True
    if one.link_key is not None and one.link_key == other.link_key:
        # One address for everything is no identity: then only the title can tell.
        return one.title_key == other.title_key or one.entry.guid_is_link
    return one.link_key == other.link_key and one.title_key == other.title_key


def _is_newer(one: KeyedEntry, other: KeyedEntry) -> bool:
    mine = one.entry.updated or one.entry.published
    theirs = other.entry.updated or other.entry.published
    return mine is not None and theirs is not None and mine > theirs


def _apart(keyed: Sequence[KeyedEntry]) -> list[KeyedEntry]:
    """Entries that still share a guid get one of their own each, whatever their order."""
    counts = Counter(entry.guid for entry in keyed)
    links = Counter((entry.guid, entry.link_key) for entry in keyed)
    titles = Counter((entry.guid, entry.title_key) for entry in keyed)

    def own(entry: KeyedEntry) -> str:
        if entry.link_key is not None and links[entry.guid, entry.link_key] == 1:
            return entry.link_key
        return entry.title_key if titles[entry.guid, entry.title_key] == 1 else entry.digest

    def apart(entry: KeyedEntry) -> KeyedEntry:
        if counts[entry.guid] == 1:
            return entry
        guid = f"{entry.guid}#{own(entry)}"
        while guid in counts:  # another entry bears by itself what was made for this one
            guid += "#"
        return replace(entry, guid=guid, atom_id=None)

    return [apart(entry) for entry in keyed]
