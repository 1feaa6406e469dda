"""What a search of the store found → lines of a list, each with its telling passage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.html import visible_text
from aggregator.model import Hit, Related, Text
from aggregator.passages import Piece, passage_of, pieces_of, spans_of, words_of
from aggregator.publish.shown import republished
from aggregator.query import Query
from aggregator.text import fit_for_xml, squeeze
from aggregator.web.view import Headline, headline_of, language_of, story_headline

# Words, and whether each may go on, as passages.spans_of takes them.
Words = Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Line:
    """A story that was found: its headline, and title and passage with what matches marked."""

    headline: Headline
    title: tuple[Piece, ...]
    passage: tuple[Piece, ...]
    language: str | None

    @property
    def plain_passage(self) -> str:
        """The passage without its marks."""
        return "".join(piece.text for piece in self.passage)


def line_of(hit: Hit, query: Query) -> Line:
    """A story as a line of results: of the carrier that matched, as far as it may be shown."""
    return _line(hit, words_of(query, "title"), words_of(query, "text"))


def related_lines(related: Related) -> tuple[Line, ...]:
    """Related stories as lines, each with the passage that shares most with the story."""
    words = [(term, False) for term in related.terms]
    return tuple(_line(hit, words, words) for hit in related.hits)


def _line(hit: Hit, in_title: Words, in_text: Words) -> Line:
    shown = republished(hit.snapshot, hit.summary_only)
    title = headline_of(shown, hit.story.source_title)
    text = text_of(shown.content or shown.summary)
    return Line(
        story_headline(hit.story),
        pieces_of(title, spans_of(title, in_title)),
        passage_of(text, spans_of(text, in_text)),
        language_of(text, shown.language),
    )


def text_of(text: Text | None) -> str:
    """A text as one line of plain text, whole."""
    if text is None:
        return ""
    return squeeze(fit_for_xml(visible_text(text.value) if text.kind == "html" else text.value))
