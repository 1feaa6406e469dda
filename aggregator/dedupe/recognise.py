"""A new article and its candidates → the one it carries, if any, with the evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.dedupe.article import Article
from aggregator.dedupe.verify import Comparison, compare

# An article that is longer by this factor than what it was verified against is indexed as well:
# further reposts of the fuller text would not be found by a summary.
WIDER = 1.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """An indexed article that may be the same: what it is to its keeper, and its story."""

    reference: int
    story_id: int
    article: Article


@dataclass(frozen=True, slots=True)
class Match:
    """The candidate that an article carries, and how the two compare."""

    candidate: Candidate
    comparison: Comparison


def recognise(article: Article, candidates: Iterable[Candidate]) -> Match | None:
    """The best of the candidates that carry the same article; None when none does.

    Every candidate is verified by itself: an article joins a story only because it matches one
    member of it, never because others of its kin do.
    """
    best: Match | None = None
    for candidate in candidates:
        match = Match(candidate, compare(article, candidate.article))
        if match.comparison.verdict != "same":
            continue
        if best is None or _rank(article, match) > _rank(article, best):
            best = match
            if _rank(article, match) == (1.0, 1.0, True):
                break
    return best


def _rank(article: Article, match: Match) -> tuple[float, float, bool]:
    """How much of one text is in the other, then how alike they are in length, then in title.

    A person may have parted stories of one text: then the title says which is meant.
    """
    theirs = match.candidate.article
    shorter, longer = sorted((article.length, theirs.length))
    same_title = article.title == theirs.title or (
        article.title_units.digest == theirs.title_units.digest
    )
    return match.comparison.contained, round(shorter / longer, 1), same_title


def widens(article: Article, match: Match) -> bool:
    """Whether an article says so much more than what it matched that it must be found itself.

    Only what matched a story's lead may be indexed beside it: else stories would drift.
    """
    return article.length >= WIDER * match.candidate.article.length
