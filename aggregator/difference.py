"""Two versions of a text → what was taken out and what was put in, paragraph by paragraph.

Compared are the paragraphs, and inside those that changed what aggregator.changes compares, so that
a corrected figure shows as that figure. Bounded whatever comes in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby

from aggregator.changes import Piece, changes_between
from aggregator.html import visible_text

# Of more paragraphs than this, what differs is shown as taken out and put in whole.
MOST_PARAGRAPHS = 2_000
# The tags of cleaned HTML at which another line begins.
_LINE = re.compile(
    r"</?(?:p|br|div|li|ul|ol|h[1-6]|tr|table|blockquote|pre|section|article|figure|figcaption|"
    r"dd|dt|hr|header|footer|main|details|summary)(?:\s[^<>]*)?/?>"
)


Paragraph = tuple[Piece, ...]


def paragraphs_of(html: str) -> list[str]:
    """The lines of text that a person sees of cleaned HTML, without empty ones."""
    lines = (visible_text(part) for part in _LINE.split(html))
    return [line for line in lines if line]


def differences(before: Sequence[str], after: Sequence[str]) -> list[Paragraph]:
    """The paragraphs of both versions in order, each in the pieces that stayed and did not."""
    if before == after:
        return [(Piece("same", text),) for text in after]
    if max(len(before), len(after)) > MOST_PARAGRAPHS:
        return [(Piece("gone", "\n".join(before)), Piece("new", "\n".join(after)))]
    from rapidfuzz.distance import Indel

    found: list[Paragraph] = []
    gone: list[str] = []
    come: list[str] = []
    for op in Indel.opcodes(before, after):
        if op.tag == "equal":
            found += _changed(gone, come)
            gone, come = [], []
            found += [(Piece("same", text),) for text in after[op.dest_start : op.dest_end]]
        else:
            gone += before[op.src_start : op.src_end]
            come += after[op.dest_start : op.dest_end]
    return found + _changed(gone, come)


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
    pairs = zip(before[:together], after[:together], strict=True)
    found: list[Paragraph] = [tuple(changes_between(old, new)) for old, new in pairs]
    found += [(Piece("gone", text),) for text in before[together:]]
    found += [(Piece("new", text),) for text in after[together:]]
    return found
