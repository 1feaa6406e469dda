"""Pages that are due → what they say, saved: the capture of editions, lists and articles."""

from aggregator.crawl.capture import Crawl
from aggregator.crawl.door import PageDoor
from aggregator.crawl.front import Front, Fronts
from aggregator.crawl.fulltext import Fulltexts, TextDoor
from aggregator.crawl.parts import Parts

__all__ = ["Crawl", "Front", "Fronts", "Fulltexts", "PageDoor", "Parts", "TextDoor"]
