"""Two versions of a text → what was taken out and put in, made for Chinese: by the character.

Words of scripts with spaces and numbers are not cut; a lone unit that is the same between two
changes goes with them, since a change is read more easily in one piece.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_UNIT = re.compile(r"[^\W\d_\u2e80-\u9fff\u3040-\u30ff]+|\d+(?:[.,]\d+)*|\s+|.", re.DOTALL)
# Equal runs of at most so many units between two changes are part of the change.
_LONE = 1
# Versions longer than this together are compared line by line: by the unit, time and memory grow
# with the product of their lengths (two of 15,000 characters: some 0.1 s, 50 MB).
LONGEST = 30_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that both versions have, or that was taken out, or put in."""

    kind: Literal["same", "gone", "new"]
    text: str


def changes_between(old: str, new: str) -> list[Piece]:
    """The pieces of both versions in order; what is gone stands before what is new for it."""
    from rapidfuzz.distance import Indel

    whole = len(old) + len(new) <= LONGEST
    mine, theirs = (
        _UNIT.findall(text) if whole else text.splitlines(keepends=True) for text in (old, new)
    )
    pieces: list[tuple[bool, list[str], list[str]]] = []
    for op in Indel.opcodes(mine, theirs):
        gone, come = mine[op.src_start : op.src_end], theirs[op.dest_start : op.dest_end]
        same = op.tag == "equal"
        if pieces and not pieces[-1][0] and not same:
            pieces[-1][1].extend(gone)
            pieces[-1][2].extend(come)
        else:
            pieces.append((same, list(gone), list(come)))
    return _shown(_joined(pieces))


def _joined(
    pieces: list[tuple[bool, list[str], list[str]]],
) -> list[tuple[bool, list[str], list[str]]]:
    """With lone equal units between two changes made part of them."""
    joined: list[tuple[bool, list[str], list[str]]] = []
    for at, (same, gone, come) in enumerate(pieces):
        lone = same and 0 < at < len(pieces) - 1 and len(gone) <= _LONE and gone != ["\n"]
        if joined and not joined[-1][0] and (lone or not same):
            joined[-1][1].extend(gone)
            joined[-1][2].extend(come)
        else:
            joined.append((same, gone, come))
    return joined


def _shown(pieces: list[tuple[bool, list[str], list[str]]]) -> list[Piece]:
    shown: list[Piece] = []
    for same, gone, come in pieces:
        if same:
            shown.append(Piece("same", "".join(gone)))
            continue
        if gone:
            shown.append(Piece("gone", "".join(gone)))
        if come:
            shown.append(Piece("new", "".join(come)))
    return shown


def marked(pieces: list[Piece], context: int | None = None) -> str:
    """The pieces as one text, with [-what went-] and {+what came+}.

    With `context`, only so many characters around each change; the rest is an ellipsis.
    """
    written: list[str] = []
    for at, piece in enumerate(pieces):
        if piece.kind == "gone":
            written.append(f"[-{piece.text}-]")
        elif piece.kind == "new":
            written.append(f"{{+{piece.text}+}}")
        else:
            written.append(_around(piece.text, context, at > 0, at < len(pieces) - 1))
    return "".join(written)


def _around(text: str, context: int | None, before: bool, after: bool) -> str:
    if context is None or len(text) <= 2 * context + 1:
        return text
    head = text[:context] if before else ""
    tail = text[-context:] if after else ""
    return f"{head}…{tail}"
