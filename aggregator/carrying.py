"""New entries of a document → whose story each carries, by its text; part of the corridor.

    entry --readable text--> provenance --> article --digest, fingerprints--> candidates --verify-->

Called on the thread that saves, within the batch's transaction, so that entries of one batch see
each other. What is dear (numpy, the tables) is imported with the first new text.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from aggregator.dedupe.mates import Mates
from aggregator.html import readable_text
from aggregator.model import (
    Decided,
    Entry,
    EntryUpdate,
    KeyedEntry,
    Likeness,
    Lookalike,
    New,
    Provenance,
    Revised,
    Source,
    Text,
    TextMarks,
)
from aggregator.provenance import NO_OUTLETS, Outlets, read_provenance

if TYPE_CHECKING:
    from aggregator.dedupe.article import Article
    from aggregator.dedupe.recognise import Candidate, Match

# So many entries of a document are read and looked up together.
TOGETHER = 64
# Articles of the store that were verified lately are kept: one template is asked for again.
KEPT_ARTICLES = 256
# A text of fewer units is found by near-duplicates only, never by the digest of its normal form.
LEAST_FOR_DIGEST = 40
# The credited origin's text is shown when it is longer than the lead's by this factor.
FULLER = 1.1
# Within one source only what is nearly the whole text again, under the same title, is a carrier: a
# source that tells more of the same tells something new.
SAME_SOURCE_CONTAINED, SAME_SOURCE_LENGTH, SAME_SOURCE_UNITS = 0.95, 0.9, 100


class Texts(Protocol):
    """What is asked of the store."""

    def known_digests(self, digests: Sequence[int]) -> dict[int, Lookalike]: ...
    def similar_to_all(
        self, fingerprints: Sequence[bytes], now: datetime
    ) -> list[list[Lookalike]]: ...


@dataclass(frozen=True, slots=True)
class _Told:
    """A decision and the text behind it, read; without an article where none is to be found."""

    decided: Decided
    outlet: str | None = None
    article: Article | None = None
    marks: TextMarks | None = None


class Carrying:
    """Recognises the texts of new entries in those of a store."""

    def __init__(self, store: Texts, outlets: Outlets = NO_OUTLETS) -> None:
        self._store = store
        self.outlets = outlets
        self._articles: OrderedDict[int, Article] = OrderedDict()

    def recognise(
        self, source: Source, source_id: int, decided: Sequence[Decided], now: datetime
    ) -> list[EntryUpdate]:
        """Each decision, now with the story that a new entry carries; categories are left open.

        Entries of the document see those before them. To be called inside a transaction.
        """
        mates = Mates()
        updates: list[EntryUpdate] = []
        for start in range(0, len(decided), TOGETHER):
            told = self._read(decided[start : start + TOGETHER])
            updates += self._recognise(source, source_id, told, now, mates)
        return updates

    def _recognise(
        self,
        source: Source,
        source_id: int,
        told: Sequence[_Told],
        now: datetime,
        mates: Mates,
    ) -> list[EntryUpdate]:
        """The updates of some texts, looked up together: one call costs little more than ten."""
        new = [one for one in told if one.marks is not None and isinstance(one.decided, New)]
        marks = [one.marks for one in new if one.marks is not None]
        known = self._store.known_digests([one.digest for one in marks]) if marks else {}
        found = iter(
            self._store.similar_to_all([one.fingerprints for one in marks], now) if marks else ()
        )
        updates: list[EntryUpdate] = []
        for one in told:
            update = EntryUpdate(one.decided, marks=one.marks, outlet=one.outlet)
            if one.article is not None and isinstance(one.decided, New):
                kin = _Kin(source, source_id, known, next(found))
                update = self._one(kin, update, one.article, mates)
            updates.append(update)
        return updates

    def _read(self, decided: Sequence[Decided]) -> list[_Told]:
        """The texts of new and changed entries, with what they are to be found by."""
        told = [self._told(one) for one in decided]
        articles = [one.article for one in told if one.article is not None]
        if not articles:
            return told
        from aggregator.dedupe.article import cut_together

        cut_together(articles)
        return [
            one if one.article is None else replace(one, marks=marks_of(one.article))
            for one in told
        ]

    def _told(self, decided: Decided) -> _Told:
        revised = isinstance(decided, Revised) and {"text", "reextracted"} & {*decided.changed}
        if not isinstance(decided, New) and not revised:
            return _Told(decided)
        keyed = decided.keyed
        text = readable(keyed.entry.content or keyed.entry.summary)
        credited = read_provenance(text, self.outlets)
        outlet = outlet_of(keyed.entry, credited, self.outlets)
        placed = isinstance(decided, New) and (decided.story_id or decided.same_as) is not None
        if not keyed.text_length or placed:
            return _Told(decided, outlet)
        return _Told(decided, outlet, _article(keyed.entry.title, text, credited))

    def _one(self, kin: _Kin, update: EntryUpdate, article: Article, mates: Mates) -> EntryUpdate:
        """The update of a new entry by the texts that are like its own."""
        new = update.decided
        assert isinstance(new, New)
        known = _by_digest(kin, new.keyed, article, update.marks)
        if known is not None:
            joined = replace(new, story_id=known.story_id, likeness=_known_as(known))
            return self._with_origin(replace(update, decided=joined), kin.source, known)
        joined_update = self._by_likeness(kin, update, article)
        if joined_update is not None:
            return joined_update
        position = _carried_by(mates, article)
        if position is not None:
            mate = replace(new, same_as=position, likeness=Likeness("text"))
            return replace(update, decided=mate)
        mates.add(new.keyed.position, article)
        return update

    def _by_likeness(self, kin: _Kin, update: EntryUpdate, article: Article) -> EntryUpdate | None:
        """The update of an entry whose text is a near-duplicate; None when it is not."""
        match = self._best(kin.source_id, article, kin.similar) if kin.similar else None
        if match is None:
            return None
        from aggregator.dedupe.recognise import widens

        new, marks = update.decided, update.marks
        assert isinstance(new, New)
        assert marks is not None
        known = next(one for one in kin.similar if one.snapshot_id == match.candidate.reference)
        if known.leads and widens(article, match):
            marks = replace(marks, widens=True)
        joined = replace(new, story_id=known.story_id, likeness=_likeness_of(match))
        fuller = article.length >= FULLER * match.candidate.article.length
        update = replace(update, decided=joined, marks=marks)
        return self._with_origin(update, kin.source, known, fuller)

    def _with_origin(
        self, update: EntryUpdate, source: Source, known: Lookalike, fuller: bool = False
    ) -> EntryUpdate:
        """Name the story's origin where one of its carriers credits another's outlet."""
        if any(source.id in self.outlets.sources_of(outlet) for outlet in known.credited):
            return replace(update, origin=source.id, fuller=fuller)
        if update.outlet:
            own = self.outlets.sources_of(update.outlet)
            origin = next((name for name in known.tellers if name in own), None)
            return replace(update, origin=origin)
        return update

    def _best(self, source_id: int, article: Article, similar: Sequence[Lookalike]) -> Match | None:
        from aggregator.dedupe.recognise import recognise

        sources = {one.snapshot_id: one.source_id for one in similar}
        match = recognise(article, (self._candidate(one) for one in similar))
        while match is not None and sources[match.candidate.reference] == source_id:
            if _nearly_whole(article, match):
                break
            similar = [one for one in similar if one.snapshot_id != match.candidate.reference]
            match = recognise(article, (self._candidate(one) for one in similar))
        return match

    def _candidate(self, known: Lookalike) -> Candidate:
        from aggregator.dedupe.recognise import Candidate

        article = self._articles.get(known.snapshot_id)
        if article is None:
            article = article_of_texts(known.title, known.text)
            self._articles[known.snapshot_id] = article
            if len(self._articles) > KEPT_ARTICLES:
                self._articles.popitem(last=False)
        return Candidate(known.snapshot_id, known.story_id, article)


@dataclass(frozen=True, slots=True)
class _Kin:
    """Who tells a new text, and what the store has that is like it (`known` by digests)."""

    source: Source
    source_id: int
    known: Mapping[int, Lookalike]
    similar: Sequence[Lookalike]


def _by_digest(
    kin: _Kin, keyed: KeyedEntry, article: Article, marks: TextMarks | None
) -> Lookalike | None:
    known = kin.known.get(marks.digest) if marks is not None and marks.digest else None
    if known is not None and known.parted:
        return None  # two stories may have this very text: their titles are to be weighed
    if known is None or known.source_id != kin.source_id:
        return known
    same_title = known.title_key == keyed.title_key
    return known if same_title and article.length >= SAME_SOURCE_UNITS else None


def _carried_by(mates: Mates, article: Article) -> int | None:
    """The position of the first of a document's articles that this one carries nearly whole."""
    likely = mates.like(article)
    if not likely:
        return None
    from aggregator.dedupe.recognise import Candidate, recognise

    for position in likely:
        match = recognise(article, [Candidate(position, 0, mates.articles[position])])
        if match is not None and _nearly_whole(article, match):
            return position
    return None


def readable(text: Text | None) -> str:
    """A text construct as it is read, a line for each block; "" for none."""
    if text is None:
        return ""
    return readable_text(text.value) if text.kind == "html" else text.value.strip()


def outlet_of(entry: Entry, credited: Provenance, outlets: Outlets) -> str | None:
    """Who published an entry first, by the text or else by its source element; None if not told."""
    if credited.outlet is not None:
        return credited.outlet.value
    if entry.origin is not None and entry.origin.title:
        return outlets.name_of(entry.origin.title)
    return None


def article_of_texts(title: Text | None, text: Text | None) -> Article:
    """What is compared of an entry's title and text."""
    lines = readable(text)
    return _article(title, lines, read_provenance(lines))


def marks_of_texts(texts: Sequence[tuple[Text | None, Text | None]]) -> list[TextMarks]:
    """What the texts of entries (title, text) are to be found by."""
    if not texts:
        return []
    from aggregator.dedupe.article import cut_together

    articles = [article_of_texts(title, text) for title, text in texts]
    cut_together(articles)
    return [marks_of(article) for article in articles]


def marks_of(article: Article) -> TextMarks:
    """What a text is to be found by."""
    digest = 0
    if article.length >= LEAST_FOR_DIGEST:
        digest = int.from_bytes(article.units.digest, "little", signed=True)
    return TextMarks(article.fingerprints.astype("<u4").tobytes(), digest)


def _likeness_of(match: Match) -> Likeness:
    """The evidence of a verified near-duplicate."""
    compared = match.comparison
    figures = (compared.contained, compared.same, compared.own, compared.replacements)
    return Likeness("text", match.candidate.reference, *figures)


def _known_as(known: Lookalike) -> Likeness:
    """The evidence of a text of the same normal form."""
    return Likeness("digest", known.snapshot_id)


def _article(title: Text | None, text: str, credited: Provenance) -> Article:
    from aggregator.dedupe.article import article_of

    return article_of(readable(title), text, credited.boilerplate)


def _nearly_whole(article: Article, match: Match) -> bool:
    mine, theirs = article.length, match.candidate.article.length
    # Two vacancies, two concerts: one source gives one text to several things, and says in the
    # titles which is which.
    same_title = article.title_units.digest == match.candidate.article.title_units.digest
    return (
        same_title
        and match.comparison.contained >= SAME_SOURCE_CONTAINED
        and min(mine, theirs) >= SAME_SOURCE_LENGTH * max(mine, theirs)
        and min(mine, theirs) >= SAME_SOURCE_UNITS
    )
