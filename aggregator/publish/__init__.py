"""What the store holds → the documents that are published, on disk and over HTTP."""

from aggregator.publish.publisher import Published, Publisher

__all__ = ["Published", "Publisher"]
