"""A document that cannot be used → the one exception of this package."""

from __future__ import annotations


class ParseError(Exception):
    """A document from which no feed can be read.

    `reason` is a short name: `empty`, `html` (a page in place of a feed), `not-a-feed`,
    `too-expensive` (it broke a limit), `no-reader` (the tolerant reader's process does not start,
    which is no fault of the document). `message` is a sentence for people; `line` counts from 1.
    """

    def __init__(self, reason: str, message: str, line: int | None = None) -> None:
        super().__init__(reason, message, line)
        self.reason = reason
        self.message = message
        self.line = line

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"
