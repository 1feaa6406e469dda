"""An entry → the categories it belongs to, each with who decided it and why."""

from aggregator.categorize.decide import Rules, decide_categories, item_fields

__all__ = ["Rules", "decide_categories", "item_fields"]
