"""Two versions of a text → what was taken out and what was put in, paragraph by paragraph.

Compared are the paragraphs, and inside those that changed words (of Chinese, Japanese and Korean:
characters), so that a corrected figure shows as that figure. Bounded whatever comes in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import escape
from itertools import groupby
from typing import Literal

from aggregator.html import visible_text

Kind = Literal["same", "gone", "new"]

# Pairs of equal words to be weighed: beyond this a passage is shown as taken out and put in whole.
# An article of 2,000 characters with a sentence changed has some 5,000, and takes 3 ms.
MOST_PAIRS = 200_000
MOST_PARAGRAPHS = 2_000
# What stayed between two changes is shown as changed too when it is this short: single characters
# that happen to be the same make a difference harder to read.
_SHORT = 2
_TOKEN = re.compile(r"[^\W\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+|\s+|.", re.DOTALL)
# The tags of cleaned HTML at which another line begins.
_LINE = re.compile(
    r"</?(?:p|br|div|li|ul|ol|h[1-6]|tr|table|blockquote|pre|section|article|figure|figcaption|"
    r"dd|dt|hr|header|footer|main|details|summary)(?:\s[^<>]*)?/?>"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that stayed, was taken out, or was put in."""

    kind: Kind
    text: str


Paragraph = tuple[Piece, ...]


def paragraphs_of(html: str) -> list[str]:
    """The lines of text that a person sees of cleaned HTML, without empty ones."""
    lines = (visible_text(part) for part in _LINE.split(html))
    return [line for line in lines if line]


def differences(before: Sequence[str], after: Sequence[str]) -> list[Paragraph]:
    """The paragraphs of both versions in order, each in the pieces that stayed and did not."""
    if max(len(before), len(after)) > MOST_PARAGRAPHS:
        before, after = ["\n".join(before)], ["\n".join(after)]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    found: list[Paragraph] = []
    for operation, a1, a2, b1, b2 in _bounded(matcher, before, after):
        if operation == "equal":
            found += [(Piece("same", text),) for text in after[b1:b2]]
        else:
            found += _changed(before[a1:a2], after[b1:b2])
    return found


def is_changed(paragraph: Paragraph) -> bool:
    """Whether anything in it did not stay."""
    return any(piece.kind != "same" for piece in paragraph)


def difference_html(paragraphs: Sequence[Paragraph], context: int | None = None) -> str:
    """The paragraphs as HTML with `<del>` and `<ins>`; everything else escaped.

    `context`: of those that stayed, only so many beside a changed one; the rest as an ellipsis.
    """
    shown = set(range(len(paragraphs)))
    if context is not None:
        changed = [index for index, one in enumerate(paragraphs) if is_changed(one)]
        shown = {near for at in changed for near in range(at - context, at + context + 1)}
    lines = []
    for is_shown, group in groupby(range(len(paragraphs)), lambda index: index in shown):
        if is_shown:
            lines += [f"<p>{_html_of(paragraphs[index])}</p>" for index in group]
        else:
            lines.append("<p>…</p>")
    return "".join(lines)


def _html_of(paragraph: Paragraph) -> str:
    tags = {"same": ("", ""), "gone": ("<del>", "</del>"), "new": ("<ins>", "</ins>")}
    pieces = ((tags[piece.kind], escape(piece.text, quote=False)) for piece in paragraph)
    return "".join(f"{opening}{text}{closing}" for (opening, closing), text in pieces)


def _changed(before: Sequence[str], after: Sequence[str]) -> list[Paragraph]:
    """Paragraphs that stand in one another's place, the first with the first and so on."""
    together = min(len(before), len(after))
    found = [_words(old, new) for old, new in zip(before[:together], after[:together], strict=True)]
    found += [(Piece("gone", text),) for text in before[together:]]
    found += [(Piece("new", text),) for text in after[together:]]
    return found


def _words(before: str, after: str) -> Paragraph:
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    pieces: list[Piece] = []
    for operation, a1, a2, b1, b2 in _bounded(matcher, old, new):
        gone, put = "".join(old[a1:a2]), "".join(new[b1:b2])
        if operation == "equal":
            pieces.append(Piece("same", put))
        else:
            pieces += [Piece("gone", gone)] if gone else []
            pieces += [Piece("new", put)] if put else []
    return tuple(_joined(pieces))


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces with changes that hardly anything divides made one change."""
    gone, new = "", ""
    for index, piece in enumerate(pieces):
        inside = 0 < index < len(pieces) - 1 and len(piece.text.strip()) <= _SHORT
        if piece.kind == "gone":
            gone += piece.text
        elif piece.kind == "new":
            new += piece.text
        elif inside:
            gone, new = gone + piece.text, new + piece.text
        else:
            yield from _change(gone, new)
            gone, new = "", ""
            yield piece
    yield from _change(gone, new)


def _change(gone: str, new: str) -> Iterator[Piece]:
    if gone:
        yield Piece("gone", gone)
    if new:
        yield Piece("new", new)


Operation = tuple[str, int, int, int, int]


def _bounded(
    matcher: SequenceMatcher[str], before: Sequence[str], after: Sequence[str]
) -> list[Operation]:
    """How one becomes the other; where that would cost too much, all of it by all of it.

    What both begin and end with costs nothing and is told apart beforehand.
    """
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    middle: list[Operation]
    counts = Counter(new)
    pairs = sum(count * counts[token] for token, count in Counter(old).items())
    if pairs > MOST_PAIRS:
        middle = [("replace", 0, len(old), 0, len(new))]
    else:
        matcher.set_seqs(old, new)
        middle = list(matcher.get_opcodes())
    operations: list[Operation] = [("equal", 0, start, 0, start)] if start else []
    operations += [
        (name, a1 + start, a2 + start, b1 + start, b2 + start)
        for name, a1, a2, b1, b2 in middle
        if a1 < a2 or b1 < b2
    ]
    if end:
        operations.append(("equal", len(before) - end, len(before), len(after) - end, len(after)))
    return operations


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """How many items both begin with."""
    count = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        count += 1
    return count
