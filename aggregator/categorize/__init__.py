"""An entry → the categories it belongs to, each with who decided it and why."""

from aggregator.categorize.decide import (
    UNCATEGORIZED,
    Categorizable,
    Corrected,
    Decider,
    Placed,
    Rules,
    Unplaced,
    by_correction,
    decide_categories,
    item_fields,
    reading_of,
)
from aggregator.categorize.form import is_current

__all__ = [
    "UNCATEGORIZED",
    "Categorizable",
    "Corrected",
    "Decider",
    "Placed",
    "Rules",
    "Unplaced",
    "by_correction",
    "decide_categories",
    "is_current",
    "item_fields",
    "reading_of",
]
