"""Characters → what they are compared as: one table over all of Unicode, built at first use.

A character is folded by NFKC (Unicode Standard Annex 15), case folding and from traditional to
simplified; punctuation, white space and signs fold to nothing. Traditional characters are folded
one by one with OpenCC's tables, not word by word: several traditional ones become one simplified
(乾, 幹 → 干), and as both sides of a comparison go through the same table, no phrase needs to be
known. Word by word costs ten times as much and is right only where the text is cut right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Kinds = NDArray[np.uint8]

# What a character is to the cutting into units.
NOTHING, IDEOGRAPH, LETTER, DIGIT, NEEDS_NFKC = 0, 1, 2, 3, 4
KIND_SHIFT, CODE_MASK = np.uint32(24), np.uint32(0xFFFFFF)

# Chinese and kana, written without spaces: each character is a unit of its own. Thai, Lao, Khmer
# and Burmese too, for want of a dictionary.
_UNSPACED = (
    *((0x0E00, 0x0F00), (0x1000, 0x10A0), (0x1780, 0x1800), (0x3040, 0x3100), (0x31F0, 0x3200)),
    *((0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x32400)),
)
_HANGUL = (0xAC00, 0xD7A4)
_SIZE = 0x32401


@cache
def folding() -> Codes:
    """The table: for each code point what it folds to, its kind in the top byte.

    Built once a process, in some 60 ms.
    """
    codes = np.arange(_SIZE, dtype=np.uint32)
    kinds = np.zeros(_SIZE, dtype=np.uint8)
    kinds[_HANGUL[0] : _HANGUL[1]] = LETTER
    kinds[0x10000:0x20000] = NEEDS_NFKC  # signs and old scripts; styled letters are among them
    _fold_singly(codes, kinds)
    for start, end in _UNSPACED:
        kinds[start:end][kinds[start:end] != NEEDS_NFKC] = IDEOGRAPH
    kinds[0x3005] = kinds[0x3007] = IDEOGRAPH  # 々 〇
    kinds[0x0E3F] = kinds[0x0E5A] = kinds[0x0E5B] = kinds[0x30FB] = NOTHING
    codes[0x3400:0xA000] = _simplified(0x3400, 0xA000)
    # What folds to an ideograph (compatibility forms, radicals, half-width kana) counts as one.
    moved = np.flatnonzero(kinds != NEEDS_NFKC)
    targets = codes[moved]
    for start, end in _UNSPACED:
        kinds[moved[(targets >= start) & (targets < end) & (moved != targets)]] = IDEOGRAPH
    ideographs = (codes >= 0x3400) & (codes < 0xA000)
    codes[ideographs] = codes[codes[ideographs]]
    codes[kinds == NOTHING] = 0
    return codes | (kinds.astype(np.uint32) << KIND_SHIFT)


def _fold_singly(codes: Codes, kinds: Kinds) -> None:
    """What the character database says, outside the large blocks in which nothing folds."""
    for start, end in ((0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x10000)):
        for code in range(start, end):
            character = chr(code)
            composed = unicodedata.normalize("NFKC", character)
            if len(composed) != 1 or unicodedata.combining(character):
                # One character that becomes several (ﬁ, ㎡), or joins with the one before.
                letters = any(map(str.isalnum, composed)) or unicodedata.combining(character)
                kinds[code] = NEEDS_NFKC if letters else NOTHING
                continue
            folded = composed.casefold()
            folded = folded if len(folded) == 1 else composed
            codes[code] = ord(folded)
            if folded.isdecimal():
                kinds[code], codes[code] = DIGIT, ord("0") + unicodedata.decimal(folded)
            elif folded.isalnum() or unicodedata.category(folded).startswith("M"):
                kinds[code] = LETTER


def _simplified(start: int, end: int) -> Codes:
    """Code points of a block as simplified, by OpenCC's single characters of all regions."""
    from opencc import OpenCC

    text = "\n".join(map(chr, range(start, end)))
    for table in ("tw2s", "t2s"):
        text = OpenCC(table).convert(text)
    lines = text.split("\n")
    folded = np.arange(start, end, dtype=np.uint32)
    for at, line in enumerate(lines):
        if len(line) == 1:
            folded[at] = ord(line)
    return folded


def fold(text: str) -> tuple[Codes, Kinds, str]:
    """A text's characters folded, their kinds, and the text that they stand for one by one.

    That is `text` itself, or its NFKC where a character must be joined with its neighbours.
    """
    codes, kinds, texts = fold_all([text])
    return codes, kinds, texts[0]


def fold_all(texts: Sequence[str]) -> tuple[Codes, Kinds, list[str]]:
    """As `fold`, of many texts in a row: one look into the table costs little more than ten."""
    folded = list(texts)
    packed = _looked_up("".join(folded))
    kinds = (packed >> KIND_SHIFT).astype(np.uint8)
    if kinds.size and kinds.max() == NEEDS_NFKC:
        end = 0
        for number, text in enumerate(texts):
            start, end = end, end + len(text)
            if text and kinds[start:end].max() == NEEDS_NFKC:
                folded[number] = unicodedata.normalize("NFKC", text)
        packed = _looked_up("".join(folded))
        kinds = (packed >> KIND_SHIFT).astype(np.uint8)
        kinds[kinds == NEEDS_NFKC] = NOTHING
    return packed & CODE_MASK, kinds, folded


def _looked_up(text: str) -> Codes:
    raw = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    try:
        return folding()[raw]
    except IndexError:  # beyond the table: folds to nothing, as its last entry does
        return folding().take(raw, mode="clip")


@cache
def _simplifying() -> dict[int, int]:
    """For str.translate: each traditional character that stands for another simplified one."""
    start, end = 0x3400, 0xA000
    folded = folding()[start:end] & CODE_MASK
    moved = np.flatnonzero(folded != np.arange(start, end, dtype=np.uint32))
    return {start + int(at): int(folded[at]) for at in moved}


@cache
def _traditional() -> re.Pattern[str]:
    return re.compile(f"[{''.join(map(chr, _simplifying()))}]")


def simplified(text: str) -> str:
    """Text with every traditional character as its simplified one; each stays in its place."""
    # A search goes through a text at a tenth of the cost of translating it.
    return text if _traditional().search(text) is None else text.translate(_simplifying())
