"""New articles of one document → which of those before it one may repeat."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.dedupe.article import Article

# As in the store's index of the last days: the least part of the fingerprints that two share, and
# how many may hold one that tells anything.
LEAST_SHARED, COMMON = 0.4, 32


class Mates:
    """The articles of one document so far, by their position in it."""

    def __init__(self) -> None:
        self.articles: dict[int, Article] = {}
        self._holders: dict[int, list[int]] = {}

    def add(self, position: int, article: Article) -> None:
        """Take in an article; those behind it find it."""
        self.articles[position] = article
        for fingerprint in article.fingerprints.tolist():
            self._holders.setdefault(fingerprint, []).append(position)

    def like(self, article: Article) -> list[int]:
        """The positions of those that share enough of their text to be compared, in order."""
        shared: Counter[int] = Counter()
        for holders in filter(None, map(self._holders.get, article.fingerprints.tolist())):
            if len(holders) <= COMMON:
                shared.update(holders)
        mine = article.fingerprints.size
        return sorted(
            position
            for position, count in shared.items()
            if count >= LEAST_SHARED * min(mine, self.articles[position].fingerprints.size)
        )
