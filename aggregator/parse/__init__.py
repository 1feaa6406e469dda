"""A document as it came → the normalised feed it says."""

from aggregator.parse.errors import ParseError
from aggregator.parse.ladder import parse_feed
from aggregator.parse.reader import FeedReader

__all__ = ["FeedReader", "ParseError", "parse_feed"]
