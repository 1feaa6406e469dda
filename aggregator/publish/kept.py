"""Stories to be shown → their rendered entries: from memory, else from the store, else made."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from aggregator.html import RENDERER_VERSION
from aggregator.model import Listed, PublishedStory, Rendering
from aggregator.publish.entry import render_story
from aggregator.store import Store

log = logging.getLogger(__name__)

# Memory for rendered entries, in every format together: the newest of some hundred outputs.
KEPT_BYTES = 32 * 2**20


class KeptEntries:
    """Rendered entries by story. What is made is kept in the store by `save`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memory: OrderedDict[int, Rendering] = OrderedDict()
        self._bytes = 0
        self._made: dict[int, Rendering] = {}

    def entries(self, listed: Sequence[Listed]) -> list[Rendering]:
        """The entries of `listed`, in its order, without those that cannot be rendered."""
        found: dict[int, Rendering] = {}
        missing: dict[int, int] = {}
        for one in listed:
            kept = self._memory.get(one.story_id)
            if kept is not None and kept.revision == one.revision:
                found[one.story_id] = kept
            else:
                missing[one.story_id] = one.revision
        if missing:
            found |= self._look_up(missing)
        return [entry for one in listed if (entry := found[one.story_id]).atom]

    def entries_as_of(
        self, listed: Sequence[Listed], moment: datetime, revision: int
    ) -> list[Rendering]:
        """The entries as they stood at `moment`, within the revision `revision`.

        Stories that have not changed since are as they are; the others are not kept.
        """
        changed = [one.story_id for one in listed if one.revision >= revision]
        found = {
            entry.story_id: entry
            for entry in self.entries([one for one in listed if one.revision < revision])
        }
        if changed:
            stories = self._store.stories_as_of(changed, moment)
            found |= {story_id: _rendered(story) for story_id, story in stories.items()}
        return [found[one.story_id] for one in listed if _is_rendered(found.get(one.story_id))]

    def save(self) -> None:
        """Keep what was rendered since the last time in the store; inside a transaction."""
        if self._made:
            self._store.save_renderings(self._made.values())
            self._made = {}

    @property
    def unsaved(self) -> bool:
        """Whether there is anything to save."""
        return bool(self._made)

    def _look_up(self, missing: dict[int, int]) -> dict[int, Rendering]:
        found = {
            story_id: kept
            for story_id, kept in self._store.renderings(missing).items()
            if kept.revision == missing[story_id] and kept.version == RENDERER_VERSION
        }
        unknown = [story_id for story_id in missing if story_id not in found]
        if unknown:
            made = {
                story_id: _rendered(story)
                for story_id, story in self._store.stories(unknown).items()
            }
            self._made |= {story_id: entry for story_id, entry in made.items() if entry.atom}
            found |= made
        for entry in found.values():
            self._remember(entry)
        return found

    def _remember(self, entry: Rendering) -> None:
        before = self._memory.pop(entry.story_id, None)
        self._bytes += _size(entry) - (_size(before) if before is not None else 0)
        self._memory[entry.story_id] = entry
        while self._bytes > KEPT_BYTES and len(self._memory) > 1:
            _, dropped = self._memory.popitem(last=False)
            self._bytes -= _size(dropped)


def _size(entry: Rendering) -> int:
    return len(entry.atom) + len(entry.rss) + len(entry.json)


def _is_rendered(entry: Rendering | None) -> bool:
    return entry is not None and bool(entry.atom)


def _rendered(story: PublishedStory) -> Rendering:
    try:
        return render_story(story)
    except Exception:  # a mistake of ours must cost one entry, not every document
        log.exception("story %s cannot be rendered and is left out", story.key)
        nothing = b"", b"", b""
        return Rendering(story.story_id, story.revision, RENDERER_VERSION, "", *nothing)
