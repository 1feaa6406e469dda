"""A document as it came → the normalised feed it says."""

from aggregator.parse.errors import ParseError
from aggregator.parse.ladder import Declined, parse_feed
from aggregator.parse.reader import FeedReader

__all__ = ["Declined", "FeedReader", "ParseError", "parse_feed"]
