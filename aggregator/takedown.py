"""An article that is to be gone → its destruction planned, carried out, finished.

    plan (nothing is changed) → destroy, bar and note, in one transaction → documents written anew
    → the store's file rewritten without what free space held → noted as finished

Whatever is killed in between goes on at the next start: what was not committed did not begin, and
what was is finished by whoever publishes next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from aggregator.barring import keys_of, print_of_texts, text_keys_of
from aggregator.carrying import article_of_texts, marks_of, readable
from aggregator.clock import Clock
from aggregator.dedupe import identify, link_key
from aggregator.dedupe.links import fit_atom_id
from aggregator.model import (
    Bars,
    Carrier,
    Config,
    Entry,
    Erasure,
    KeyedEntry,
    Print,
    Snapshot,
    StoryDetails,
    Text,
)
from aggregator.publish import Publisher
from aggregator.publish.files import LEFT_OVER_AFTER_S, remove_leftovers
from aggregator.redacting import redacted
from aggregator.store import Store, StoreReader

# The reason that is published where a source's own word is obeyed.
WITHDRAWN = "来源已撤回 (withdrawn by its source)"


@dataclass(frozen=True, slots=True)
class Takedown:
    """What would be taken down: carriers of a story, and those that would stay.

    `addresses_shared`: an address of them is other entries' as well, and is not barred.
    """

    details: StoryDetails
    going: tuple[Carrier, ...]
    staying: tuple[Carrier, ...]
    bars: Bars
    passages: tuple[str, ...]
    shared: tuple[str, ...] = ()

    @property
    def entry_ids(self) -> tuple[int, ...]:
        """The numbers of the entries that go."""
        return tuple(one.entry_id for one in self.going)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Every version that goes."""
        return tuple(one for one in self.details.snapshots if one.entry_id in self.entry_ids)

    def order(self, reason: str, legal: bool) -> Erasure:
        """The order to the store."""
        key = self.details.story.key
        return Erasure(key, self.entry_ids, reason, legal, self.bars, self.passages)


def plan_takedown(
    reader: StoreReader, details: StoryDetails, item: str, all_carriers: bool
) -> Takedown:
    """What `item` (an address, or a key) means of a story: the carrier at that address, or the one

    whose text is shown; or all of them. Only reads.
    """
    carriers = details.story.carriers
    wanted = link_key(item) if "/" in item else None
    going = [one for one in carriers if wanted is not None and link_key(one.link) == wanted]
    if not going:
        going = [one for one in carriers if one.entry_id == details.story.snapshot.entry_id]
    return _planned(reader, details, carriers if all_carriers else going)


def _planned(reader: StoreReader, details: StoryDetails, going: Sequence[Carrier]) -> Takedown:
    staying = tuple(one for one in details.story.carriers if one not in going)
    return _with_bars(reader, Takedown(details, tuple(going), staying, Bars(), ()))


def _with_bars(reader: StoreReader, plan: Takedown) -> Takedown:
    """The plan with what keeps its article out, of every version of it."""
    tellers = reader.tellers(plan.entry_ids)
    told = [
        (source_id, keyed)
        for snapshot in plan.snapshots
        for source_id, guid in [tellers[snapshot.entry_id]]
        for keyed in _keyed(snapshot, guid)
    ]
    links = {one.link_key for _, one in told if one.link_key}
    texts = {one.text_key for _, one in told}
    shared_links, shared_texts = reader.shared_by_others(
        plan.entry_ids, sorted(links), sorted(texts)
    )
    keys: dict[str, None] = {}
    prints: dict[Print, None] = {}
    for source_id, keyed in told:
        found = keys_of(source_id, keyed, address=keyed.link_key not in shared_links)
        is_formula = keyed.text_key in shared_texts
        hidden = text_keys_of(keyed) if is_formula else []
        keys |= dict.fromkeys(one for one in found if one not in hidden)
        mark = print_of_texts(keyed.entry.title, keyed.entry.content)
        if mark is not None and not is_formula:
            prints[mark] = None
    return replace(
        plan,
        bars=Bars(tuple(keys), tuple(prints)),
        passages=tuple(dict.fromkeys(_passages(plan.snapshots))),
        shared=tuple(sorted(shared_links)),
    )


def _keyed(snapshot: Snapshot, guid: str) -> list[KeyedEntry]:
    """What a version is recognised by: its text, and its summary where it has both."""
    texts = [snapshot.content or snapshot.summary]
    if snapshot.content is not None and snapshot.summary is not None:
        texts.append(snapshot.summary)
    atom_id = guid if fit_atom_id(guid) else None
    return [
        replace(keyed, guid=guid, atom_id=atom_id)
        for text in texts
        for keyed in identify((_entry(snapshot, guid, text),))
    ]


def _entry(snapshot: Snapshot, guid: str, text: Text | None) -> Entry:
    return Entry(guid=guid, link=snapshot.link, title=snapshot.title, content=text)


def _passages(snapshots: Sequence[Snapshot]) -> list[str]:
    texts = [text for one in snapshots for text in (one.title, one.summary, one.content) if text]
    return [plain for text in texts if (plain := readable(text))]


def carry_out(store: Store, plan: Takedown, reason: str, legal: bool, now: datetime) -> int:
    """Destroy what was planned and bar it, in one transaction; the removal's number.

    Raises StoreError; then nothing has happened.
    """
    lead = plan.details.story.snapshot.entry_id
    with store.transaction():
        number = store.erase(plan.order(reason, legal), _redact_by(plan.passages), now)
        if plan.staying and lead in plan.entry_ids:
            after = store.story_details(plan.details.story.key)
            if after is not None:
                shown = after.story.snapshot
                text = shown.content or shown.summary
                store.index_lead(
                    after.story.key, marks_of(article_of_texts(shown.title, text)), now
                )
    return number


def _redact_by(passages: Sequence[str]) -> Callable[[bytes, str | None], bytes | None]:
    return lambda raw, encoding: redacted(raw, encoding, passages)


def finish(store: Store, directory: str, now: datetime) -> bool:
    """After everything was published: rewrite the store's file, and note what is finished.

    Cheap when nothing is to be done. False while documents are still to be written or somebody
    reads an older state; then it is to be called again. Raises StoreError.
    """
    numbers = store.unfinished_removals()
    if not numbers:
        return True
    if store.marked_documents():
        return False
    remove_leftovers(Path(directory) / "feeds", time.time() + LEFT_OVER_AFTER_S + 1)
    if not store.scrub():
        return False
    with store.transaction():
        store.finish_removals(numbers, now)
    return True


def obey(store: Store, config: Config, now: datetime) -> int:
    """Take down what sources withdrew whose word is obeyed (`honor_removals`); how many.

    Each copy in a transaction of its own. Raises StoreError.
    """
    honored = {
        source.id
        for source in config.sources
        if (config.honor_removals if source.honor_removals is None else source.honor_removals)
    }
    count = 0
    for one in store.withdrawals() if honored else ():
        is_due = one.kind == "tombstone" or now - one.since >= config.gone_after
        if one.source not in honored or not is_due:
            continue
        details = store.story_details(one.story_key)
        if details is None:
            continue
        going = [told for told in details.story.carriers if told.entry_id == one.entry_id]
        carry_out(store, _planned(store, details, going), WITHDRAWN, False, now)
        count += 1
    return count


def undo(store: Store, number: int, now: datetime) -> None:
    """Lift the bars of a removal, and have its sources read anew: nothing is brought back."""
    with store.transaction():
        store.lift_removal(number, now)


def settle(publisher: Publisher, store: Store, directory: str, clock: Clock) -> bool:
    """Publish until nothing is left to be written, then `finish`; whether all is finished.

    Raises OSError and StoreError.
    """
    publisher.publish()
    while publisher.has_pending:
        publisher.publish()
    return finish(store, directory, clock.now())
