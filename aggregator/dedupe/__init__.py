"""Entries as a feed said them → what they are recognised by, and whether they are known."""

from aggregator.dedupe.decide import decide
from aggregator.dedupe.identify import beside_full_text, has_its_digest, identify
from aggregator.dedupe.links import link_key

__all__ = ["beside_full_text", "decide", "has_its_digest", "identify", "link_key"]
