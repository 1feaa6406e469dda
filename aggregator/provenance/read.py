"""A readable text → what it credits, and which parts of it are not the article.

Credits stand at the head ("本文转自:嘉兴日报", "■记者 …", "新华社北京3月29日电"), behind the last
line, or in brackets at a line's end. Padding (disclaimers, share bars, "责任编辑") fills whole
lines. What is not clearly one of these is the article: nothing is invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aggregator.folding import simplified
from aggregator.model import NO_PROVENANCE, Boilerplate, BoilerplateKind, Credit, Provenance
from aggregator.provenance import patterns as p
from aggregator.provenance.outlets import NO_OUTLETS, Outlets

# What may stand before a line of boilerplate.
_OPENING = ' \t\u00a0\u3000【[(（《<>▲△■□◆◇●○◎★☆※*#—–-=_|丨·“"「'
# First characters (after _OPENING) at which a line may be boilerplate: most lines end here.
_FIRST = frozenset(
    "免责版权特别郑重转载法律声说以上述本文章未如需任请勿禁凡图部观文素内快信原更发时期值执面新网视流编主"
    "审校监终初复统排美制摄来策供投分收点一让长按扫识微戳猛搜打下添关欢加订阅查了想广推赞举合商爆联热咨相延往"
    "精拓猜大集组专直标栏作dDaAcC©sSfFrReEmM"
)
# Characters of the credits' and padding's own words that only traditional text has.
_TRADITIONAL = re.compile("[轉來記訊聲編審責報據圖廣點擊閱讀關註權員發載]")
# What credits may begin with, and what of them stands within so many characters of there.
_CREDIT_FIRST = frozenset("(（【[■本文转稿信新来出")
_ROLES, _ROLE_WITHIN = re.compile("记者|通讯员|作者|编辑|撰文|摄影"), 24
_WIRED, _WIRED_WITHIN = re.compile("[电讯]"), 60
# The head is looked for in so many lines, and in each so many parts.
_HEAD_LINES, _HEAD_PARTS = 6, 6


def read_provenance(text: str, outlets: Outlets = NO_OUTLETS) -> Provenance:
    """What a text credits and its boilerplate. `text` has a line for each block.

    A text that is boilerplate from end to end keeps its spans; callers compare what is left.
    """
    if _TRADITIONAL.search(text):
        text = simplified(text)
    reading = _Reading(text, outlets)
    in_head = _HEAD_LINES
    for start, end in _lines(text):
        at = start
        if in_head:
            in_head -= 1
            at = reading.head(start, end)
            if at < end and not reading.whole_line(at, end):
                in_head = 0
                reading.line_end(at, end)
        elif not reading.whole_line(at, end):
            reading.line_end(at, end)
    return reading.result()


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            yield start, end
        start = end + 1


class _Reading:
    """One text being read: what was found so far."""

    def __init__(self, text: str, outlets: Outlets) -> None:
        self._text = text
        self._outlets = outlets
        self._spans: list[Boilerplate] = []
        self._outlet: Credit | None = None
        self._sure = False
        self._byline: Credit | None = None
        self._dateline: Credit | None = None

    def result(self) -> Provenance:
        cut = p.CUT_END.search(self._text, max(0, len(self._text) - 24))
        if cut is not None and (not self._spans or cut.start() >= self._spans[-1].end):
            self._spans.append(Boilerplate(cut.start(), len(self._text), "note"))
        if not self._spans and self._outlet is None:
            return NO_PROVENANCE
        return Provenance(self._outlet, self._byline, self._dateline, tuple(self._spans))

    def head(self, at: int, end: int) -> int:
        """Read credits from the start of a line; where the rest of the line begins."""
        for _ in range(_HEAD_PARTS):
            while at < end and self._text[at] in " \t\u00a0\u3000":
                at += 1
            taken = self._head_part(at, end)
            if taken is None:
                break
            at = taken
        return at

    def _head_part(self, at: int, end: int) -> int | None:
        """Where a credit that stands at `at` ends. What it begins with chooses the forms tried."""
        text = self._text
        if at >= end:
            return None
        first = text[at]
        if first in _CREDIT_FIRST and (found := p.CREDIT.match(text, at, end)):
            return self._credit(found, "credit", sure=True)
        if first in "【[原" and (found := p.FORMER_TITLE.match(text, at, end)):
            return self._former_title(at, found.end(), end)
        if first in "■□◆●◎△▲※★▪◇○(（【[" or _ROLES.search(text, at, min(end, at + _ROLE_WITHIN)):
            for pattern in (p.BYLINE, p.BYLINE_IN_BRACKETS):
                found = pattern.match(text, at, end)
                if found:
                    return self._take_byline(found)
        if _WIRED.search(text, at, min(end, at + _WIRED_WITHIN)):
            for pattern in (p.DATELINE, p.OWN_NEWS):
                found = pattern.match(text, at, end)
                if found:
                    return self._take_dateline(found)
        if first == "据" and (found := p.ACCORDING.match(text, at, end)):
            return self._credit(found, "credit", sure=False)
        if first in "本文转来" and (found := p.CREDIT_BARE.match(text, at, end)):
            return self._credit(found, "credit", sure=True)
        if first in "(（【[" and (found := p.BRACKETED.match(text, at, end)):
            return self._credit(found, "credit", sure=False)
        if first.isascii():
            if found := p.ENGLISH_DATELINE.match(text, at, end):
                return self._take_dateline(found)
            if found := p.ENGLISH_BYLINE.match(text, at, end):
                return self._take_byline(found)
        return None

    def _former_title(self, start: int, at: int, end: int) -> int:
        """ "原标题：…", up to where a sentence or another credit begins on the same line."""
        for space in p.SPACES.finditer(self._text, at, end):
            segment_end = p.SPACES.search(self._text, space.end(), end)
            segment = self._text[space.end() : segment_end.start() if segment_end else end]
            if p.SENTENCE.search(segment) or p.CREDIT_AHEAD.match(segment):
                self._add(start, space.start(), "note")
                return space.end()
        if p.SENTENCE.search(self._text, at + p.LONGEST_TITLE, end):
            return at  # the article goes on without a gap; where it begins cannot be told
        self._add(start, end, "note")
        return end

    def whole_line(self, start: int, end: int) -> bool:
        """Whether a line is boilerplate from end to end; noted if so."""
        text = self._text
        at = start
        while at < end and text[at] in _OPENING:
            at += 1
        if at >= end or end - start > p.LONGEST_LINE or text[at] not in _FIRST:
            return False
        if found := p.LINE.match(text, at, end):
            kind = str(found.lastgroup).partition("_")[0]
            self._add(start, end, kind)  # type: ignore[arg-type]
            return True
        if text[at] not in _CREDIT_FIRST:
            return False
        found = p.CREDIT.match(text, start, end) or p.CREDIT_BARE.match(text, start, end)
        if found is not None and found.end() >= end:
            self._credit(found, "credit", sure=True)
            return True
        return False

    def line_end(self, start: int, end: int) -> None:
        """Read what stands in brackets at the end of a line."""
        if self._text[end - 1] not in ")）】]":
            return
        found = p.END_CREDIT.search(self._text, max(start, end - 60), end)
        if found is None:
            return
        if found["outlet"]:
            self._credit(found, "credit", sure=True)
        else:
            self._take_byline(found)

    def _credit(self, found: re.Match[str], kind: BoilerplateKind, sure: bool) -> int:
        outlet = found["outlet"]
        if self._outlet is None or (sure and not self._sure):
            self._outlet = Credit(
                self._outlets.name_of(outlet), found.start("outlet"), found.end("outlet")
            )
            self._sure = sure
        self._add(found.start(), found.end(), kind)
        return found.end()

    def _take_dateline(self, found: re.Match[str]) -> int:
        if self._dateline is None:
            self._dateline = Credit(found[0].strip(), found.start(), found.end())
        outlet = found["outlet"]
        if outlet[:1] != "本" and self._outlet is None:
            self._outlet = Credit(
                self._outlets.name_of(outlet), found.start("outlet"), found.end("outlet")
            )
        self._add(found.start(), found.end(), "dateline")
        return found.end()

    def _take_byline(self, found: re.Match[str]) -> int:
        if self._byline is None:
            shown = found[0].strip(" \t\u3000\u00a0()（）【】[]■□◆●◎△▲※★▪◇○")
            self._byline = Credit(shown, found.start(), found.end())
        self._add(found.start(), found.end(), "byline")
        return found.end()

    def _add(self, start: int, end: int, kind: BoilerplateKind) -> None:
        self._spans.append(Boilerplate(start, end, kind))
