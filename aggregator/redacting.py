"""A kept document and the texts of an article that was taken down → the document without them.

One document may hold many articles: only the one is to go. Its text is looked for as it is read,
whatever escapes, markup, width or case stand between: every run of UNITS units that the article
has is painted over. What else the document holds stays as it came, byte by byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html.entities import html5

from aggregator.text import compatible

# Runs of so many characters are the article's; shorter ones are everybody's words.
UNITS = 12
# A whole passage that is shorter, a title, is still looked for.
LEAST = 4
PAINT = "*"
# What stands for one character: &#20013; and &amp;#20013; (a feed's HTML is escaped twice),
# &nbsp;, and \u4e2d of JSON.
_ESCAPE = re.compile(
    r"&(?:amp;)*(?:#(?P<decimal>[0-9]{1,7})|#[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<name>[A-Za-z]\w{1,30}));"
    r"|\\u(?P<json>[0-9a-fA-F]{4})"
    r"|\\[nrtbf/\"\\]"
)
_TAG = re.compile(
    r"<[^<>]{0,2000}>|&(?:amp;)*lt;[^<>]{0,2000}?&(?:amp;)*gt;|\\u003c.{0,2000}?\\u003e"
)

# A character as it is compared, and where it stands in the document.
Unit = tuple[str, int, int]


def redacted(raw: bytes, encoding: str | None, passages: Iterable[str]) -> bytes | None:
    """`raw` without the passages, None where it holds none of them.

    Of what cannot be decoded nothing is left: b"". `passages` are plain text.
    """
    wanted = [letters for one in passages if len(letters := _letters(one)) >= LEAST]
    if not wanted:
        return None
    name = encoding or "utf-8"
    try:
        text = raw.decode(name, "surrogateescape")
        if text.encode(name, "surrogateescape") != raw:
            return b""
    except (LookupError, ValueError):
        return b""
    runs = _runs(wanted)
    if not _may_hold(text, runs):
        return None
    spans = [*_found(_units(text, tags=False), runs), *_found(_units(text, tags=True), runs)]
    if not spans:
        return None
    return _painted(text, spans).encode(name, "surrogateescape")


def _letters(text: str) -> str:
    """The letters and figures of a text as they are compared: without signs, width and case."""
    return "".join(filter(str.isalnum, compatible(text).casefold()))


def _runs(wanted: Iterable[str]) -> dict[int, set[str]]:
    """The runs of letters that are looked for, by their length."""
    runs: dict[int, set[str]] = {}
    for one in wanted:
        size = min(UNITS, len(one))
        grams = {one[at : at + size] for at in range(len(one) - size + 1)}
        runs.setdefault(size, set()).update(grams)
    return runs


def _may_hold(text: str, runs: Mapping[int, set[str]]) -> bool:
    """A first look, at a tenth of the cost: most documents hold nothing of an article."""
    plain = _ESCAPE.sub(_meant, text)
    for shown in (_TAG.sub("", text), text, _TAG.sub("", plain), plain):
        letters = _letters(_ESCAPE.sub(_meant, shown))
        for size, grams in runs.items():
            if any(letters[at : at + size] in grams for at in range(len(letters) - size + 1)):
                return True
    return False


def _units(text: str, tags: bool) -> list[Unit]:
    """The letters and figures of a document; what stands in `tags` passed over, or read as well."""
    units: list[Unit] = []
    position = 0
    skipped = [] if tags else [(m.start(), m.end()) for m in _TAG.finditer(text)]
    for start, end in [*skipped, (len(text), len(text))]:
        units += _read(text, position, start)
        position = end
    return units


def _read(text: str, start: int, end: int) -> Iterator[Unit]:
    position = start
    while position < end:
        escape = _ESCAPE.match(text, position, end) if text[position] in "&\\" else None
        stop = escape.end() if escape is not None else position + 1
        meant = _meant(escape) if escape is not None else text[position]
        for letter in compatible(meant).casefold():
            if letter.isalnum():
                yield letter, position, stop
        position = stop


def _meant(escape: re.Match[str]) -> str:
    """The character that an escape stands for; "" for one that stands for none."""
    if escape["name"]:
        return html5.get(f"{escape['name']};", "")
    number = escape["hex"] or escape["json"]
    code = int(number, 16) if number else int(escape["decimal"] or 0)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def _found(units: Sequence[Unit], runs: Mapping[int, set[str]]) -> list[tuple[int, int]]:
    """Where in the document runs of the wanted letters stand."""
    letters = "".join(unit[0] for unit in units)
    spans: list[tuple[int, int]] = []
    for size, grams in runs.items():
        covered = -1
        for at in range(len(letters) - size + 1):
            if letters[at : at + size] in grams:
                for unit in units[max(at, covered) : at + size]:
                    spans.append((unit[1], unit[2]))
                covered = at + size
    return spans


def _painted(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in sorted(set(spans)):
        if start < position:
            continue  # one character that stands for several, or found in both readings
        pieces += (text[position:start], PAINT)
        position = end
    return "".join([*pieces, text[position:]])
