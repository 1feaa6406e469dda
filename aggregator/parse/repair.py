"""XML that is not quite well-formed → the same without its commonest faults, line for line."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from html.entities import name2codepoint

from aggregator.model import Note

# What was found, and where in the whole text → what stands there instead.
Mend = Callable[[re.Match[str], int], str]
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,1000}\?>")
_REFERENCE = re.compile(r"&(?:#([0-9]{1,8}|[xX][0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{0,31});)?")
_PREDEFINED = frozenset(["lt", "gt", "amp", "quot", "apos"])
# An element that holds plain text alone, and behind its text no end tag but another element's.
_UNENDED = re.compile(
    r"<(?P<name>title|link|guid|pubDate|category|comments|id|updated|published|dc:[a-z]{1,20})"
    r"(?:\s[^<>]{0,1000})?(?<!/)>[^<]{0,4096}(?=<(?:/(?:item|entry)\s*>|(?:title|link|guid|pubDate|"
    r"description|category|comments|author|enclosure|source|id|updated|published|summary|content|"
    r"content:encoded|dc:[a-z]{1,20})[\s/>]))"
)
_ROOT_END = re.compile(r"</(?:[A-Za-z_][\w.-]{0,60}:)?(?:rss|feed|RDF)\s*>")


def repair(text: str) -> tuple[str, list[Note]]:
    """`text` with its commonest faults mended, and a note for each kind with its first line.

    Characters before the first tag and after the root's end, control characters, bare `&`,
    references to entities that only HTML knows or to no character. Lines keep their numbers.
    Linear in the text.
    """
    notes: list[Note] = []
    text = _begin_at_root(text, notes)
    text = _end_at_root(text, notes)
    illegal = _ILLEGAL.search(text)
    if illegal is not None:
        at = illegal.start()
        _noted(notes, "control-characters", "characters that XML forbids are left out", text, at)
        text = _ILLEGAL.sub("", text)
    return _with_sound_references(text, notes), notes


def _same_lines(found: re.Match[str]) -> str:
    return "\n" * found.group().count("\n")


def _noted(notes: list[Note], code: str, message: str, text: str, at: int) -> None:
    notes.append(Note(code, message, text.count("\n", 0, at) + 1))


def _begin_at_root(text: str, notes: list[Note]) -> str:
    start = text.find("<")
    before = text[: max(start, 0)]
    if before.strip("\ufeff \t\r\n"):
        _noted(notes, "leading-junk", "what stands before the first tag is left out", text, 0)
    elif before.strip("\ufeff") and text.startswith("<?xml", start):
        _noted(notes, "leading-blank", "white space before the XML declaration", text, 0)
    text = "\n" * before.count("\n") + text[start:] if start > 0 else text
    return _DECLARATION.sub(_same_lines, text, count=1)


def _end_at_root(text: str, notes: list[Note]) -> str:
    last = max(text.rfind("</rss"), text.rfind("</feed"), text.rfind("RDF>"), text.rfind(":feed>"))
    tail = text[max(0, last - 80) :] if last >= 0 else ""
    ends = list(_ROOT_END.finditer(tail))
    if not ends:
        return text
    found = ends[-1]
    end = len(text) - len(tail) + found.end()
    after = text[end:].strip("\x00\ufeff \t\r\n")
    if after and not re.fullmatch(r"(?:<!--(?:(?!-->).)*-->\s*)*", after, re.DOTALL):
        _noted(notes, "trailing-junk", "what stands after the root's end is left out", text, end)
    return text[:end]


def add_ends(text: str) -> tuple[str, list[Note]]:
    """`text` with the end tags that elements of plain text lack before the next element.

    For what is ill-formed still: in a sound document every such element has its own.
    """
    notes: list[Note] = []

    def ended(found: re.Match[str], at: int) -> str:
        if not notes:
            message = f"the end tag of {found['name']} is missing; it ends where the next begins"
            _noted(notes, "end-tags", message, text, at)
        return f"{found.group()}</{found['name']}>"

    return _outside_of_markup(text, _UNENDED, ended), notes


def _with_sound_references(text: str, notes: list[Note]) -> str:
    """Every `&` outside CDATA and comments begins a reference that XML knows."""
    if "&" not in text:
        return text
    return _outside_of_markup(text, _REFERENCE, _Mender(text, notes))


def _outside_of_markup(text: str, pattern: re.Pattern[str], mend: Mend) -> str:
    """`text` with what a pattern finds outside CDATA and comments mended; `mend` is told where."""
    pieces: list[str] = []
    position, end = 0, len(text)
    while position < end:
        markup = text.find("<!", position)
        stop = end if markup < 0 else markup
        if stop > position:
            pieces.append(pattern.sub(partial(_mended_at, mend, position), text[position:stop]))
        if markup < 0:
            break
        position = _past_markup(text, markup)
        pieces.append(text[markup:position])
    return "".join(pieces)


def _mended_at(mend: Mend, begin: int, found: re.Match[str]) -> str:
    return mend(found, begin + found.start())


def _past_markup(text: str, at: int) -> int:
    for opening, closing in (("<![CDATA[", "]]>"), ("<!--", "-->")):
        if text.startswith(opening, at):
            end = text.find(closing, at + len(opening))
            return len(text) if end < 0 else end + len(closing)
    return at + 2


class _Mender:
    """Replaces one reference; remembers what it has told."""

    def __init__(self, text: str, notes: list[Note]) -> None:
        self._text = text
        self._notes = notes
        self._told: set[str] = set()

    def __call__(self, found: re.Match[str], at: int) -> str:
        number, name = found.groups()
        if number:
            base = 16 if number[0] in "xX" else 10
            code = int(number.lstrip("xX"), base)
            if code in (9, 10, 13) or (31 < code < 0x110000 and not _ILLEGAL.match(chr(code))):
                return found.group()
            self._tell("control-characters", "references to no character are left out", at)
            return ""
        if name in _PREDEFINED:
            return found.group()
        if name in name2codepoint:
            self._tell("entities", "entities that only HTML declares are resolved", at)
            return chr(name2codepoint[name])
        self._tell("ampersands", "a bare & is taken as the character", at)
        return "&amp;" + found.group()[1:]

    def _tell(self, code: str, message: str, at: int) -> None:
        if code not in self._told:
            self._told.add(code)
            _noted(self._notes, code, message, self._text, at)
