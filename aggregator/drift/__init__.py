"""What readings usually look like, and one more → what is wrong, and how to say so. Pure."""

from aggregator.drift.articles import after_article, after_index, after_lost, after_text
from aggregator.drift.categories import confidence_judged, uncategorized_judged
from aggregator.drift.judged import (
    Judgements,
    Watch,
    after_count,
    after_reading,
    certificate_judged,
    changes,
    failures_judged,
    kinds_of,
    silence_judged,
)
from aggregator.drift.words import KINDS, REASONS, Language, advice, event, name, said, why_failed

__all__ = [
    "KINDS",
    "REASONS",
    "Judgements",
    "Language",
    "Watch",
    "advice",
    "after_article",
    "after_count",
    "after_index",
    "after_lost",
    "after_reading",
    "after_text",
    "certificate_judged",
    "changes",
    "confidence_judged",
    "event",
    "failures_judged",
    "kinds_of",
    "name",
    "said",
    "silence_judged",
    "uncategorized_judged",
    "why_failed",
]
