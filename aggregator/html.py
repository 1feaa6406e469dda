"""HTML as received → HTML that is safe to publish, or the text a person sees."""

from __future__ import annotations

import re
from contextlib import suppress
from html import escape
from html import unescape as unescape_references
from typing import Any

import nh3

from aggregator.model import Text
from aggregator.text import fit_for_xml, squeeze, unspaced

# Raised whenever the functions below give other bytes for the same input: rendered entries are
# kept with it and rendered again when it differs (design, decision 5).
RENDERER_VERSION = 3

# Parsers of HTML walk the open elements again at every tag, and repeat unclosed formatting in
# every paragraph: 200,000 unclosed `<div>` (1 MB) took nh3 297 s, 80 KB of `<font …><p>` became
# 104 MB. Documents beyond these limits are shown as plain text. Of 107 real feeds none is.
DEEPEST = 256
MOST_ATTRIBUTES = 1_000
# In one run of text; each copies what stands before it. A megabyte of `&` took nh3 7.7 s.
MOST_AMPERSANDS = 20_000
# The open elements, added up over all tags, that a document may have for each of its characters.
OPEN_PER_CHARACTER = 4
# A content of more characters is a text, and no summary of one.
LONGEST_SUMMARY = 500

_MEDIA: dict[str, set[str]] = {
    "audio": {"src", "controls", "preload", "title"},
    "video": {"src", "controls", "preload", "poster", "width", "height", "title"},
    "source": {"src", "type"},
    "track": {"src", "kind", "srclang", "label"},
    "picture": set(),
}
_TAGS = set(nh3.ALLOWED_TAGS) | set(_MEDIA) | {"section", "main", "small", "big", "font", "tt"}
_ATTRIBUTES: dict[str, set[str]] = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    **_MEDIA,
}
# `cite` holds an address that nh3 does not check, and that nobody sees.
for _tag in ("blockquote", "q", "del", "ins"):
    _ATTRIBUTES[_tag].discard("cite")
_ATTRIBUTES["img"] = {"src", "alt", "title", "width", "height"}
_SCHEMES = {"http", "https", "mailto", "tel", "magnet", "geo", "xmpp", "irc", "ircs", "news"}
_DROPPED_WITH_CONTENT = {"script", "style", "template", "noembed", "noframes", "title", "xmp"}

# A title may carry these and nothing else: no links inside a link, no blocks, no pictures.
_TITLE_TAGS = {"b", "i", "em", "strong", "sub", "sup", "code", "s", "del", "ins", "mark", "u"}
_TITLE_TAGS |= {
    "abbr",
    "bdi",
    "bdo",
    "cite",
    "kbd",
    "q",
    "ruby",
    "rt",
    "rp",
    "samp",
    "small",
    "var",
}

_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li main nav ol "
    "option p pre section select summary table tbody td tfoot th thead title tr ul".split()
)
# Elements that close one another or never hold anything, and so cannot nest by themselves.
_SHALLOW = frozenset(
    "p li dt dd option tr td th thead tbody tfoot col colgroup caption br hr img input wbr area "
    "source track embed link meta base param".split()
)
_VALUE_OR_END = re.compile(r"=\s*\"[^\"]*\"|=\s*'[^']*'|>")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,40})")
_UNSEEN = frozenset(["script", "style", "template", "noembed", "noframes", "xmp"])


def clean_html(html: str, base: str | None = None) -> str:
    """HTML from outside without anything active; links and pictures made absolute against `base`.

    No script, style, frame, form, event handler or inline CSS survives; audio and video do.
    A relative address without a `base` is dropped, since it would point into the republishing
    site. A picture that is loaded late is shown from where it really is. Parsed as the HTML
    standard says (html5ever, through nh3).
    """
    html = fit_for_xml(html)
    if too_tangled(html):
        return text_to_html(visible_text(html))
    html = _LATE_TAG.sub(_with_real_address, html)
    cleaner = _WITHOUT_RELATIVE
    if base and _RELATIVE.search(html):
        with suppress(ValueError):  # a base that is no URL
            cleaner = nh3.Cleaner(**_OPTIONS, url_relative=("rewrite_with_base", base))
    return fit_for_xml(cleaner.clean(html)).replace("<img>", "")


_OPTIONS: dict[str, Any] = {
    "tags": _TAGS,
    "attributes": _ATTRIBUTES,
    "url_schemes": _SCHEMES,
    "clean_content_tags": _DROPPED_WITH_CONTENT,
    "link_rel": "noopener noreferrer nofollow",
}
# Making a cleaner costs four times what cleaning an article does: 130 µs against 30. Where every
# address is absolute, which is nearly everywhere, one serves for all.
_WITHOUT_RELATIVE = nh3.Cleaner(**_OPTIONS, url_relative="deny")
_RELATIVE = re.compile(
    r"""(?:href|src|poster)\s*+=\s*+["']?+(?!https?://[a-z0-9]|mailto:)""", re.IGNORECASE
)

# Where pages that load pictures late keep the real address, the likeliest first.
_LATE_NAMES = (
    *("data-original", "data-src", "data-lazy-src", "data-echo", "data-actualsrc", "data-url"),
    *("_src", "original"),
)
_SIZES = ("data-srcset", "srcset")  # lists of addresses for several sizes
_LATE_TAG = re.compile(
    r"<(img|video|audio|source)\b"
    rf"(?=[^<>]*?[\s\"'](?:{'|'.join(_LATE_NAMES + _SIZES)})\s*+=)[^<>]*+>",
    re.IGNORECASE,
)
_ADDRESS_VALUE = re.compile(
    rf"""[\s"'](src|{"|".join(_LATE_NAMES + _SIZES)})\s*+=\s*+"""
    r"""(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""",
    re.IGNORECASE,
)
# What stands in `src` meanwhile: nothing, a picture in the page itself, or one that says so.
_STAND_IN = re.compile(
    r"^$|^(?!https?:)[a-z][a-z0-9+.-]*:|blank|spacer|placeholder|loading|lazy|"
    r"(?:^|/)(?:s|t|1x1|pixel|gr[ea]y|transparent)\.(?:gif|png)",
    re.IGNORECASE,
)


def _with_real_address(tag: re.Match[str]) -> str:
    """An `img` tag (or of audio, video) with the address that is loaded late as its `src`."""
    values: dict[str, str] = {}
    for found in _ADDRESS_VALUE.finditer(tag[0]):
        values.setdefault(found[1].lower(), (found[2] or found[3] or found[4] or "").strip())
    given = values.pop("src", "")
    late = next((v for name in _LATE_NAMES if not _STAND_IN.search(v := values.get(name, ""))), "")
    if not late and _STAND_IN.search(given) and tag[1].lower() != "source":
        sizes = (values.get(name, "").partition(",")[0].split() for name in _SIZES)
        late = next((words[0] for words in sizes if words), "")
    if not late:
        return tag[0]
    # The first of two attributes of one name counts (HTML Standard 13.2.5.33).
    name = tag[1]
    return f'<{name} src="{escape(unescape_references(late))}"{tag[0][1 + len(name) :]}'


def clean_title(html: str) -> str:
    """A title's HTML with nothing but inline emphasis left."""
    html = fit_for_xml(html)
    if too_tangled(html):
        return escape(visible_text(html), quote=False)
    cleaned = nh3.clean(
        html,
        tags=_TITLE_TAGS,
        attributes={},
        clean_content_tags=_DROPPED_WITH_CONTENT - {"title"},
        link_rel=None,
    )
    return fit_for_xml(squeeze(cleaned))


def too_tangled(html: str) -> bool:
    """Whether parsing `html` as the standard says would cost far more than its length.

    Counts open elements, never too few: an end tag counts only right after what it ends.
    """
    if html.count("<") <= DEEPEST // 2 and len(html) < MOST_ATTRIBUTES * 2:
        return False
    if html.count("&") > MOST_AMPERSANDS and any(
        run.count("&") > MOST_AMPERSANDS for run in html.split("<")
    ):
        return True
    opened: list[str] = []
    walked, limit = 0, OPEN_PER_CHARACTER * len(html)
    last = 0
    for found in _TAG.finditer(html):
        if found.start() - last > MOST_ATTRIBUTES * 2 and _many_attributes(
            html, last, found.start()
        ):
            return True
        last = found.start()
        name = found[2].lower()
        if found[1]:
            if opened and opened[-1] == name:
                opened.pop()
        elif name not in _SHALLOW:
            opened.append(name)
        walked += len(opened)
        if len(opened) > DEEPEST or walked > limit:
            return True
    return _many_attributes(html, last, len(html))


def _many_attributes(html: str, start: int, end: int) -> bool:
    """Whether the tag that opens at `start` has too many attributes, each compared with all."""
    counted, at = 0, start
    for found in _VALUE_OR_END.finditer(html, start, end):
        bare = html[at : found.start()]
        counted += len(bare.split(None, MOST_ATTRIBUTES)) + bare.count("=") + bare.count("/")
        at = found.end()
        if found[0] == ">" or counted > MOST_ATTRIBUTES:
            break
    return counted > MOST_ATTRIBUTES


# A tag up to its end, quoted values passed over. No `<` inside, so that a search from any `<`
# ends at the next one: linear. What does not match is left to the scanner below.
_REST_OF_TAG = r"""(?:[\s/](?:[^<>"'\0]++|"[^"<>\0]*"|'[^'<>\0]*')*+)?>"""
_BLOCK_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS))}){_REST_OF_TAG}", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?[A-Za-z][A-Za-z0-9]*+{_REST_OF_TAG}")
_SPECIAL = re.compile(rf"<(?:[!?]|{'|'.join(sorted(_UNSEEN))})", re.IGNORECASE)


def visible_text(html: str) -> str:
    """The text a person sees: tags away, blocks apart by a space, references resolved, squeezed.

    Linear in the input however it is broken; a `<` that opens no tag is text.
    """
    if "<" not in html:
        return squeeze(_unescape(html))
    if _SPECIAL.search(html) is None and "\0" not in html:
        # Ordinary markup at the speed of C; whatever is left over is read with more care.
        # A zero marks where a block's tag was, so that what it stood in does not close around it.
        plain = _INLINE_TAG.sub("", _BLOCK_TAG.sub("\0", html))
        if "<" not in plain:
            return squeeze(_unescape(plain.replace("\0", " ")))
    return squeeze(_unescape("".join(_text_runs(html))))


def readable_text(html: str) -> str:
    """The same with a line for each block; lines are squeezed, and none is empty."""
    if "<" not in html:
        return squeeze(_unescape(html))
    html = html.replace("\0", " ")
    plain = ""
    if _SPECIAL.search(html) is None:
        plain = _INLINE_TAG.sub("", _BLOCK_TAG.sub("\0", html))
    if not plain or "<" in plain:
        plain = "".join(_text_runs(html, "\0"))
    lines = (squeeze(_unescape(line)) for line in plain.split("\0"))
    return "\n".join(line for line in lines if line)


def words_run_together(html: str) -> str:
    """The visible text without any white space: what texts are compared by.

    Costs a third of `visible_text`, since it does not matter which tags part words.
    """
    if "<" not in html:
        return unspaced(_unescape(html))
    if _SPECIAL.search(html) is None and "\0" not in html:
        plain = _INLINE_TAG.sub("", html)
        if "<" not in plain:
            return unspaced(_unescape(plain))
    return unspaced(visible_text(html))


_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{100,}|[xX][0-9a-fA-F]{100,});?")


def _unescape(text: str) -> str:
    """References resolved. One of very many digits, at which int() raises, is no character."""
    return unescape_references(_LONG_REFERENCE.sub("\ufffd", text) if "&#" in text else text)


def _text_runs(html: str, block: str = " ") -> list[str]:
    runs: list[str] = []
    at, end = 0, len(html)
    quotes = _Quotes(html)
    while at < end:
        start = html.find("<", at)
        if start < 0:
            runs.append(html[at:])
            break
        runs.append(html[at:start])
        at = _after_markup(html, start, quotes, runs, block)
    return runs


def _after_markup(html: str, start: int, quotes: _Quotes, runs: list[str], block: str) -> int:
    """Where text goes on after the `<` at `start`; appends what the markup shows as."""
    if html.startswith("<!--", start):
        close = html.find("-->", start + 4)
        return len(html) if close < 0 else close + 3
    following = html[start + 1 : start + 2]
    if following in ("!", "?") or following == "/":
        close = html.find(">", start)
        if close < 0:
            return len(html)
        if following == "/" and _tag_name(html, start + 2) in _BLOCKS:
            runs.append(block)
        return close + 1
    if not (following.isascii() and following.isalpha()):
        runs.append("<")
        return start + 1
    name = _tag_name(html, start + 1)
    close = quotes.tag_end(start)
    if close < 0:
        runs.append("<")
        return start + 1 if quotes.more_tags(start) else _rest(html, start, runs)
    if name in _BLOCKS:
        runs.append(block)
    if name in _UNSEEN:
        return _after_unseen(html, name, close + 1)
    return close + 1


def _rest(html: str, start: int, runs: list[str]) -> int:
    runs.append(html[start + 1 :])
    return len(html)


def _tag_name(html: str, at: int) -> str:
    end = at
    while end < len(html) and end - at < 20 and html[end].isalnum():
        end += 1
    return html[at:end].lower()


def _after_unseen(html: str, name: str, at: int) -> int:
    """Past the end tag of an element whose content is never seen; the end when there is none."""
    while True:
        close = html.find("</", at)
        if close < 0:
            return len(html)
        if _tag_name(html, close + 2) == name:
            end = html.find(">", close)
            return len(html) if end < 0 else end + 1
        at = close + 2


class _Quotes:
    """Finds the `>` that ends a tag, passing over quoted values, in linear time over all calls."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._last = {mark: html.rfind(mark) for mark in ">\"'"}
        # Up to here quotes have proved to pair with nothing sensible, and are taken as plain
        # characters: without this a text of unclosed quotes would be scanned anew for each tag.
        self._plain_until = 0

    def more_tags(self, start: int) -> bool:
        return self._last[">"] > start

    def tag_end(self, start: int) -> int:
        """The index of the `>` of the tag at `start`, or -1; an unclosed quote is no quote."""
        html = self._html
        close = html.find(">", start) if self._last[">"] > start else -1
        if close < 0 or start < self._plain_until:
            return close
        first, at = close, start
        while True:
            quote = self._next_quote(at, close)
            if quote < 0:
                return close
            mark = html[quote]
            partner = html.find(mark, quote + 1) if self._last[mark] > quote else -1
            if partner < 0 or partner - start > 8192:
                self._plain_until = max(quote, partner)
                return first
            at = partner + 1
            if partner > close:
                close = html.find(">", at) if self._last[">"] > partner else -1
                if close < 0:
                    self._plain_until = partner
                    return first

    def _next_quote(self, start: int, end: int) -> int:
        """The first quote that opens a value (it follows a `=`), in html[start:end]."""
        html = self._html
        double, single = html.find('="', start, end), html.find("='", start, end)
        if double < 0 or (0 <= single < double):
            double = single
        return double + 1 if double >= 0 else -1


def as_summary(summary: Text | None, content: Text | None) -> Text | None:
    """What a feed says of an entry in brief: its summary, or else its content if that is short."""
    if summary is not None or content is None:
        return summary
    text = visible_text(content.value) if content.kind == "html" else content.value
    return content if len(text) <= LONGEST_SUMMARY else None


def text_to_html(text: str) -> str:
    """Plain text as HTML: escaped, paragraphs at blank lines, line ends kept."""
    paragraphs = [p.strip() for p in text.replace("\r\n", "\n").split("\n\n") if p.strip()]
    return "".join(f"<p>{escape(p, quote=False).replace(chr(10), '<br>')}</p>" for p in paragraphs)
