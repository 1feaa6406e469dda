"""When entries have appeared → a rhythm, and from it when to ask next (docs/polling.md). Pure."""

from aggregator.rhythm.learned import Rhythm, Span, arrival, first_arrivals, learn
from aggregator.rhythm.planned import (
    expected_delay,
    is_known,
    plan,
    polls_a_day,
    rates,
    unusual_silence,
    usual_start,
)

__all__ = [
    "Rhythm",
    "Span",
    "arrival",
    "expected_delay",
    "first_arrivals",
    "is_known",
    "learn",
    "plan",
    "polls_a_day",
    "rates",
    "unusual_silence",
    "usual_start",
]
