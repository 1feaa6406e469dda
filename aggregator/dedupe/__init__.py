"""Entries as a feed said them → what they are recognised by, and whether they are known."""

from aggregator.dedupe.decide import decide
from aggregator.dedupe.identify import identify
from aggregator.dedupe.links import link_key

__all__ = ["decide", "identify", "link_key"]
