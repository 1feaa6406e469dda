"""A feed's bytes → the bytes of each entry, cut without parsing, and their digests.

The cut is sound when every byte that looks like an entry's tag is one: CDATA sections and
comments are passed over, and whatever does not add up (an entry within an entry, an end that
is missing, a document type with declarations, an encoding in which `<` is no single byte) means
that there is no cut. Linear in the body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from aggregator.parse.decode import Decoded, is_ascii_based, is_multi_byte
from aggregator.parse.raw import ENTRY_LIMIT

DIGEST_SIZE = 16
_RSS10 = b"http://purl.org/rss/1.0/"
_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.-]{0,60}):)?(rss|feed|RDF)(?=[\s>])[^<>]*>")
_PROLOGUE = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>)*", re.DOTALL
)
_PROLOGUE_LIMIT = 1 << 16
_CHANNEL = re.compile(rb"<channel(?:\s[^<>]*)?>")
_PREFIX = re.compile(rb"xmlns:([A-Za-z_][\w.-]{0,60})\s*=\s*[\"']http://purl\.org/rss/1\.0/[\"']")
_AFTER_NAME = frozenset([b">", b" ", b"\n", b"\t", b"\r"])
# More white space than this between two entries is looked at more closely.
_GAP = 64


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a body's entries are: `spans` as (start, end), in order, none overlapping.

    `context` is what is needed beside an entry's bytes to read them alone, `tail` closes it.
    `broken_off` is where an entry starts that the body ends in the middle of.
    """

    spans: tuple[tuple[int, int], ...]
    digests: tuple[bytes, ...]
    context: bytes
    tail: bytes
    broken_off: int | None = None


def cut(body: bytes, decoded: Decoded, root: re.Match[bytes] | None) -> Cut | None:
    """The entries of `body`, or None where they cannot be told apart soundly.

    `root` is what `root_of` says of it.
    """
    if not is_ascii_based(decoded.encoding):
        return None
    if is_multi_byte(decoded.encoding) and body.count(b"]]>") != decoded.text.count("]]>"):
        return None  # a half of a character that looks like the end of CDATA
    if root is None:
        return None
    tag = entry_tag(root)
    broken_off: int | None = None
    spans = _simple_spans(body, tag, root.end())
    if spans is None:
        found = _spans(body, tag, root.end())
        if found is None:
            return None
        spans, broken_off = found
    if broken_off is not None and b"</" + _name(root) in body[broken_off:]:
        return None  # an end tag is missing, not the rest
    if len(spans) > ENTRY_LIMIT:
        return None
    opening = opening_of(body, root, spans[0][0] if spans else len(body))
    context = body[: root.start()].strip() + root.group() + opening
    tail = (b"</channel>" if opening else b"") + b"</" + _name(root) + b">"
    # What the same bytes mean depends on the encoding and the tags around them.
    salt = decoded.encoding.encode() + b"\0" + root.group() + opening
    return Cut(tuple(spans), _digests(body, spans, salt), context, tail, broken_off)


def cut_json(text: str, spans: list[tuple[int, int]]) -> tuple[Cut, tuple[bytes, ...]]:
    """The cut of a JSON Feed whose items stand at `spans` of its text, and each item's bytes."""
    raws = tuple(text[start:end].encode("utf-8", "replace") for start, end in spans)
    digests = tuple(sha256(raw).digest()[:DIGEST_SIZE] for raw in raws)
    context = text[: spans[0][0]].encode("utf-8", "replace") if spans else b""
    return Cut(tuple(spans), digests, context, b"]}"), raws


def root_of(body: bytes) -> re.Match[bytes] | None:
    """The root's start tag, where nothing before it changes what the entries mean."""
    prologue = _PROLOGUE.match(body, 0, _PROLOGUE_LIMIT)
    start = prologue.end() if prologue is not None else 0
    root = _ROOT.match(body, start)
    if root is None or body.find(b"<!ENTITY", 0, start) >= 0 or root.group().count(b'"') % 2:
        return None
    return root


def _name(root: re.Match[bytes]) -> bytes:
    prefix = root.group(1)
    return prefix + b":" + root.group(2) if prefix else root.group(2)


def entry_tag(root: re.Match[bytes]) -> bytes:
    """The name of the entries' elements, its prefix with it."""
    kind, prefix = root.group(2), root.group(1)
    if kind == b"feed":
        return prefix + b":entry" if prefix else b"entry"
    if kind == b"RDF":
        own = _PREFIX.search(root.group())
        if own is not None and b'xmlns="' + _RSS10 not in root.group():
            return own.group(1) + b":item"
    return b"item"


def opening_of(body: bytes, root: re.Match[bytes], first: int) -> bytes:
    """The channel's start tag, where the first entry, at `first`, stands inside the channel."""
    if root.group(2) != b"rss":
        return b""
    channel = _CHANNEL.search(body, root.end(), first)
    return channel.group() if channel is not None else b""


def _digests(body: bytes, spans: list[tuple[int, int]], salt: bytes) -> tuple[bytes, ...]:
    primed = sha256(salt).copy
    whole = memoryview(body)
    found = []
    for start, end in spans:
        digest = primed()
        digest.update(whole[start:end])
        found.append(digest.digest()[:DIGEST_SIZE])
    return tuple(found)


def _simple_spans(body: bytes, tag: bytes, position: int) -> list[tuple[int, int]] | None:
    """The spans where entry follows upon entry, and no end tag stands in CDATA or a comment.

    Nearly every feed is such, and one search through the body is enough for it. An end tag that
    is quoted leaves its quotation open, which shows. None: look closer.
    """
    opening, closing = b"<" + tag, b"</" + tag + b">"
    find, rfind, starts, size = body.find, body.rfind, body.startswith, len(closing)
    start, end = find(opening, position), find(closing, position)
    if start < 0 or end < start or is_open(body, position, start):
        return None
    skip = len(opening)
    after = {opening + end_of_name for end_of_name in _AFTER_NAME}
    quoted = find(b"!", start) >= 0 and find(b"<!", start) >= 0  # the former at memchr's speed
    spans: list[tuple[int, int]] = []
    while end >= 0:
        if body[start : start + skip + 1] not in after:
            return None
        if quoted and find(b"<!", max(rfind(b"]]>", start, end), start), end) >= 0:
            return None  # as in is_open: this loop runs for every entry of every poll
        end += size
        spans.append((start, end))
        start = end
        if not starts(opening, start):
            gap = body[start : start + _GAP]
            start += len(gap) - len(gap.lstrip())
        position, end = end, find(closing, end)
    rest_holds = find(opening, position) >= 0 or find(b"</" + tag, position) >= 0
    return None if rest_holds else spans


def is_open(body: bytes, start: int, end: int) -> bool:
    """Whether CDATA or a comment begins after the last CDATA's end, between the two places."""
    return body.find(b"<!", max(body.rfind(b"]]>", start, end), start), end) >= 0


def _spans(
    body: bytes, tag: bytes, position: int
) -> tuple[list[tuple[int, int]], int | None] | None:
    opening, closing = b"<" + tag, b"</" + tag
    spans: list[tuple[int, int]] = []
    markup = body.find(b"<!", position)
    while True:
        start = next_tag(body, opening, position)
        while 0 <= markup < start or (start < 0 <= markup):
            # A comment or CDATA before the next entry may hold what looks like one.
            end = _after_markup(body, markup)
            if end < 0:
                return None
            if start < end:
                start = next_tag(body, opening, end)
            markup = body.find(b"<!", end)
        if start < 0:
            return None if spans and body.find(closing, position) >= 0 else (spans, None)
        found = _entry_end(body, opening, closing, start, markup)
        if found is None:
            return None
        if found[0] < 0:
            return spans, start
        position, markup = found
        spans.append((start, position))


def next_tag(body: bytes, opening: bytes, position: int) -> int:
    """The next start tag of this very name: `<item>` or `<item …`, not `<items>`."""
    while True:
        start = body.find(opening, position)
        if start < 0:
            return -1
        position = start + len(opening)
        if body[position : position + 1] in _AFTER_NAME:
            return start


def _after_markup(body: bytes, position: int) -> int:
    """Past the CDATA section, comment or declaration at `position`; -1 when it never ends."""
    if body.startswith(b"<![CDATA[", position):
        end = body.find(b"]]>", position + 9)
    elif body.startswith(b"<!--", position):
        end = body.find(b"-->", position + 4)
    else:
        return -1  # a declaration has no place among entries
    return end + 3 if end >= 0 else -1


def _entry_end(
    body: bytes, opening: bytes, closing: bytes, start: int, markup: int
) -> tuple[int, int] | None:
    """(where the entry at `start` ends, where the next `<!` is after that), or None.

    The end is -1 where the body ends before the entry does.
    """
    inside = start + len(opening)
    position = inside
    while True:
        end = body.find(closing, position)
        if end < 0:
            return -1, -1
        while 0 <= markup < end:
            after = _after_markup(body, markup)
            if after < 0:
                return (-1, -1) if body.startswith((b"<!--", b"<![CDATA["), markup) else None
            markup = body.find(b"<!", after)
            if after > end:
                position = after
                break
        else:
            past = body.find(b">", end + len(closing), end + len(closing) + 64)
            if past < 0 or body[end + len(closing) : past].strip():
                return None
            if _holds_entry(body, opening, inside, end):
                return None
            return past + 1, markup


def _holds_entry(body: bytes, opening: bytes, position: int, end: int) -> bool:
    """Whether an entry starts between the two places, quotations in CDATA and comments aside."""
    inner = next_tag(body, opening, position)
    while 0 <= inner < end:
        markup = body.find(b"<!", position, inner)
        if markup < 0:
            return True
        position = _after_markup(body, markup)
        if inner < position:
            inner = next_tag(body, opening, position)
    return False


def blank(body: bytes, spans: list[tuple[int, int]], lines: bool = True) -> bytes:
    """`body` without the spans; with `lines` their line ends are left, so that lines keep their

    numbers. Those cost as much as reading an entry.
    """
    pieces: list[bytes] = []
    position = 0
    for start, end in spans:
        pieces.append(body[position:start])
        if lines:
            pieces.append(b"\n" * body.count(b"\n", start, end))
        position = end
    pieces.append(body[position:])
    return b"".join(pieces)
