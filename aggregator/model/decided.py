"""What was recognised and decided about entries: new, revised, same; categories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.model.remembered import PollState
from aggregator.model.said import Entry, ParsedFeed, Text


@dataclass(frozen=True, slots=True)
class KeyedEntry:
    """An entry with what it is recognised by.

    `guid` is never empty: the feed's own, else minted from link or text. `link_key` is the link
    without what varies between tellers; `title_key` and `text_key` are digests (hex) of the
    normal form of title and visible text, `text_length` its characters. `meta_key` is one of
    link and enclosures, `digest` (SHA-256, hex) one of all three: that of the snapshot.
    `atom_id` is the guid where it is fit to be an atom:id. `position` counts from the top.
    """

    entry: Entry
    guid: str
    link_key: str | None
    title_key: str
    text_key: str
    meta_key: str
    digest: str
    text_length: int
    position: int
    atom_id: str | None = None


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry as the store holds it, reduced to what recognising needs (see KeyedEntry)."""

    entry_id: int
    source_id: int
    story_id: int
    guid: str
    link_key: str | None
    title_key: str
    text_key: str
    meta_key: str
    text_length: int
    published: datetime | None


@dataclass(frozen=True, slots=True)
class Likeness:
    """Why an entry was taken for a carrier of a story: the evidence `why` shows.

    `how`: "link" (same page and text), "digest" (same normal form), "text" (near-duplicate,
    verified) or "merge" (a person said so). `snapshot_id` is what it was verified against, None
    for an entry of the same document. The figures are those of dedupe.verify.Comparison.
    """

    how: Literal["link", "digest", "text", "merge"]
    snapshot_id: int | None = None
    contained: float = 1.0
    same: float = 1.0
    own: float = 0.0
    replacements: int = 0


@dataclass(frozen=True, slots=True)
class TextMarks:
    """What a text is found by later: its fingerprints (32 bits each, little-endian, sorted),

    and the digest of its normal form (0 for a text too short to be found by it). `widens`: it says
    so much more than the lead it matched that it is indexed beside it.
    """

    fingerprints: bytes
    digest: int
    widens: bool = False


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A text of the store that is to be found by its likeness: a snapshot's title and text."""

    snapshot_id: int
    taken_at: datetime
    title: Text | None
    text: Text | None


@dataclass(frozen=True, slots=True)
class New:
    """An entry not seen before; `story_id` is set when a known story already carries its text.

    `same_as` is the position of an earlier entry of this document that does.
    """

    keyed: KeyedEntry
    story_id: int | None = None
    same_as: int | None = None
    likeness: Likeness | None = None


@dataclass(frozen=True, slots=True)
class Revised:
    """A known entry whose title, text or metadata changed; `changed` names which.

    `reextracted`: the origin changed nothing, the kept page was read anew. `own` is the feed's
    content, where the entry holds the text of its page instead.
    """

    keyed: KeyedEntry
    known: KnownEntry
    changed: tuple[Literal["text", "title", "metadata", "reextracted"], ...]
    own: Text | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """A known entry that says nothing new; `rekeyed` when only its guid was renewed."""

    keyed: KeyedEntry
    known: KnownEntry
    rekeyed: bool = False


Decided = New | Revised | Same

DecidedBy = Literal["correction", "source", "rule", "model"]


@dataclass(frozen=True, slots=True)
class CategoryDecision:
    """One category of an entry, who decided it, and the evidence (a rule, a source's id …)."""

    category: str
    decided_by: DecidedBy
    evidence: str


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A snapshot of the store that a new text may carry: found by fingerprints or digest.

    `leads` is whether its entry is the lead of its story; `credited` are the outlets that the
    story's carriers credit, `tellers` the names of their sources, the lead's first. `parted`: a
    person split an entry off this story, or this story off another.
    """

    snapshot_id: int
    entry_id: int
    story_id: int
    source_id: int
    leads: bool
    title_key: str
    credited: tuple[str, ...]
    tellers: tuple[str, ...]
    parted: bool
    title: Text | None
    text: Text | None


@dataclass(frozen=True, slots=True)
class EntryUpdate:
    """What the store is to save of one entry: the decision and, for a new one, its categories.

    `marks` are of a new or changed text; `outlet` is who it credits, by the table's name.
    `origin` names the source that the story came from, where this entry tells; `fuller` that this
    is it and its text is to be shown.
    """

    decided: Decided
    categories: tuple[CategoryDecision, ...] = ()
    marks: TextMarks | None = None
    outlet: str | None = None
    origin: str | None = None
    fuller: bool = False


@dataclass(frozen=True, slots=True)
class PollUpdate:
    """All that one poll of one source changes, saved in one transaction with its validators.

    `url` is where the body came from, `body` what came (None when there was none), `further` the
    other pages of an article, each with its address. Where they are kept already, `capture_id` is
    the first one's. `listed` False keeps new entries out of the feeds: they go to the store and the
    archives only.
    """

    source_id: int
    state: PollState
    polled_at: datetime
    duration_ms: int
    feed: ParsedFeed | None = None
    entries: tuple[EntryUpdate, ...] = ()
    url: str | None = None
    body: bytes | None = None
    further: tuple[tuple[str, bytes], ...] = ()
    capture_id: int | None = None
    listed: bool = True


@dataclass(frozen=True, slots=True)
class FoundText:
    """The text of an entry's page: `entry` is what the page says, `bodies` are its raw pages.

    `text_key` and `text_length` as in KeyedEntry. `is_trusted`: a person's selector found it;
    else it is taken only if it is no shorter than what the feed says itself. `is_first`: there
    was no full text before. `capture_id` is the capture of its first raw page where that is kept
    already and was read anew.
    """

    entry_id: int
    entry: Entry
    text_key: str
    text_length: int
    bodies: tuple[tuple[str, bytes], ...]
    encoding: str
    is_trusted: bool
    is_first: bool
    capture_id: int | None = None


@dataclass(frozen=True, slots=True)
class SavedPoll:
    """What saving a poll did: counts of entries."""

    new: int = 0
    revised: int = 0
    duplicate: int = 0

    def __add__(self, other: SavedPoll) -> SavedPoll:
        """Both together."""
        return SavedPoll(
            self.new + other.new, self.revised + other.revised, self.duplicate + other.duplicate
        )
