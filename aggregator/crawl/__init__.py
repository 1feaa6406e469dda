"""Pages that are due → what they say, saved: the capture of editions, lists and articles."""

from aggregator.crawl.article import ArticleDoor
from aggregator.crawl.capture import Crawl
from aggregator.crawl.door import PageDoor
from aggregator.crawl.front import Front, Fronts
from aggregator.crawl.fulltext import Fulltexts, found_text
from aggregator.crawl.parts import Parts
from aggregator.crawl.reextract import Reextraction, Reread

__all__ = [
    "ArticleDoor",
    "Crawl",
    "Front",
    "Fronts",
    "Fulltexts",
    "PageDoor",
    "Parts",
    "Reextraction",
    "Reread",
    "found_text",
]
