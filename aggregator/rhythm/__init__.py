"""When entries have appeared → a rhythm, and from it when to ask next (docs/polling.md). Pure."""

from aggregator.rhythm.learned import Rhythm, Span, arrival, first_arrivals, learn
from aggregator.rhythm.planned import (
    expected_delay,
    plan,
    polls_a_day,
    rates,
    unusual_silence,
)

__all__ = [
    "Rhythm",
    "Span",
    "arrival",
    "expected_delay",
    "first_arrivals",
    "learn",
    "plan",
    "polls_a_day",
    "rates",
    "unusual_silence",
]
