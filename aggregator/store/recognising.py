"""What may be asked of a store about stories: to show them, to recognise them, to correct them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from aggregator.model import (
    IndexedText,
    KeptLikeness,
    Lookalike,
    PublishedStory,
    StoryDetails,
    TextMarks,
)


class StoryReader(Protocol):
    """Stories as they are shown."""

    def listed_stories(self, output_id: int, limit: int) -> list[PublishedStory]: ...
    def stories(self, story_ids: Iterable[int]) -> dict[int, PublishedStory]: ...
    def stories_as_of(
        self, story_ids: Iterable[int], moment: datetime
    ) -> dict[int, PublishedStory]: ...
    def count_stories(self) -> dict[int, int]: ...
    def find_stories(self, wanted: str, link_key: str | None, limit: int = 10) -> list[str]: ...
    def story_details(self, key: str) -> StoryDetails | None: ...
    def recognise_within(self, days: int) -> None: ...
    def similar_texts(self, fingerprints: bytes, now: datetime) -> list[Lookalike]: ...
    def story_likenesses(self, key: str) -> list[KeptLikeness]: ...


class IndexStore(Protocol):
    """Bringing the index of texts up to date."""

    def recognise_within(self, days: int) -> None: ...
    def begin_indexing(self, now: datetime) -> tuple[int, int]: ...
    def texts_to_index(self, first: int, last: int) -> list[IndexedText]: ...
    def save_indexed(
        self, texts: Sequence[tuple[IndexedText, TextMarks]], reached: int, now: datetime
    ) -> None: ...


class CorrectionStore(Protocol):
    """What a person says of stories; inside a transaction."""

    def merge_stories(self, one: str, other: str, now: datetime) -> str: ...
    def split_entry(self, entry_id: int, marks: TextMarks | None, now: datetime) -> str: ...
