"""XML that is not quite well-formed → the same without its commonest faults, line for line."""

from __future__ import annotations

import re
from html.entities import name2codepoint

from aggregator.model import Note

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,1000}\?>")
_REFERENCE = re.compile(r"&(?:#([0-9]{1,8}|[xX][0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{0,31});)?")
_PREDEFINED = frozenset(["lt", "gt", "amp", "quot", "apos"])
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


def _with_sound_references(text: str, notes: list[Note]) -> str:
    """Every `&` outside CDATA and comments begins a reference that XML knows."""
    if "&" not in text:
        return text
    pieces: list[str] = []
    mender = _Mender(text, notes)
    position, end = 0, len(text)
    while position < end:
        markup = text.find("<!", position)
        stop = end if markup < 0 else markup
        pieces.append(_REFERENCE.sub(mender, text[position:stop]) if stop > position else "")
        mender.offset = position = stop
        if markup < 0:
            break
        past = _past_markup(text, markup)
        pieces.append(text[markup:past])
        mender.offset = position = past
    return "".join(pieces)


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
        self.offset = 0

    def __call__(self, found: re.Match[str]) -> str:
        number, name = found.groups()
        if number:
            base = 16 if number[0] in "xX" else 10
            code = int(number.lstrip("xX"), base)
            if code in (9, 10, 13) or (31 < code < 0x110000 and not _ILLEGAL.match(chr(code))):
                return found.group()
            self._tell("control-characters", "references to no character are left out", found)
            return ""
        if name in _PREDEFINED:
            return found.group()
        if name in name2codepoint:
            self._tell("entities", "entities that only HTML declares are resolved", found)
            return chr(name2codepoint[name])
        self._tell("ampersands", "a bare & is taken as the character", found)
        return "&amp;" + found.group()[1:]

    def _tell(self, code: str, message: str, found: re.Match[str]) -> None:
        if code not in self._told:
            self._told.add(code)
            line = self._text.count("\n", 0, self.offset + found.start()) + 1
            self._notes.append(Note(code, message, line))
