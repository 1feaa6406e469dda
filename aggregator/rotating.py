"""A changed text and the versions before it → whether only advertisements and counters changed.

Such a change makes no version. In doubt it makes one: what no mark calls an advertisement and has
not been seen to come and go is the article, and a correction of it is never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

from aggregator.model import Decided, Revised, Same, Text
from aggregator.text import compatible, unspaced

# How many earlier versions are looked at for what comes and goes.
VERSIONS_SEEN = 8
# A block of links was there and away so many times: A, B, A and now B again.
TURNS = 3
# Longer texts are not taken apart here: their changes are versions.
LONGEST = 300_000

_MARKED = re.compile(
    r"(?:^|[\s_-])(?:ads?|advert\w*|adsbygoogle|sponsor\w*|guanggao)(?=$|[\s_-])",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"[\[【(（]?(?:广告|赞助商|advertisement|sponsored|ad)(?:[\]】)）:：|丨]|$)", re.IGNORECASE
)
_SCANNED = re.compile(
    r"(?:长按|扫码|扫描|扫一扫|微信扫)[^0-9]{0,20}(?:二维码|公众号|小程序)[^0-9]{0,12}"
)
_COUNTERS = re.compile(
    r"(?:(?:阅读|浏览|点击|点赞|赞|评论|转发|分享|收藏|在看|播放|views?|reads?|likes?|comments?)"
    r"(?:量|数|次数)?[:：()（）]?\d[\d,.]*(?:万|k|m)?[)）]?(?:次|人|条)?[|,，·/]?)+",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    "address article aside blockquote body br dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody td tfoot th "
    "thead tr ul".split()
)
_UNSEEN = frozenset(("script", "style", "template", "noscript"))


class Versions(Protocol):
    """What is asked of the store."""

    def latest_texts(self, entry_id: int, limit: int) -> list[Text | None]: ...


@dataclass(frozen=True, slots=True)
class Block:
    """A block's text as it is compared; whether all of it is links, and an advertisement's."""

    text: str
    is_links: bool = False
    is_padding: bool = False


def without_rotations(store: Versions, decided: Sequence[Decided]) -> list[Decided]:
    """Decisions, where what changed of a text is only padding without that change."""
    return [_settled(store, one) if isinstance(one, Revised) else one for one in decided]


def _settled(store: Versions, revised: Revised) -> Decided:
    entry = revised.keyed.entry
    if "text" not in revised.changed:
        return revised
    versions = store.latest_texts(revised.known.entry_id, VERSIONS_SEEN)
    if not only_padding_changed(versions, entry.content or entry.summary):
        return revised
    rest = tuple(one for one in revised.changed if one != "text")
    if rest:
        return replace(revised, changed=rest)
    renewed = revised.keyed.guid != revised.known.guid
    return Same(revised.keyed, revised.known, rekeyed=renewed)


def only_padding_changed(versions: Sequence[Text | None], new: Text | None) -> bool:
    """Whether a text differs from the last of `versions` (the oldest first) in padding alone."""
    if not versions or new is None or versions[-1] is None:
        return False
    if max(len(new.value), len(versions[-1].value)) > LONGEST:
        return False
    before, after = blocks_of(versions[-1]), blocks_of(new)
    if not _article(after):
        return False
    if _article(before) == _article(after):
        return True
    history = [{one.text for one in blocks_of(text)} for text in versions if text is not None]
    history.append({one.text for one in after})
    loose = {one.text for one in (*before, *after) if one.is_links}
    turning = {text for text in loose if _turns(text, history) >= TURNS}
    return bool(turning) and _article(before, turning) == _article(after, turning)


def _article(blocks: Sequence[Block], turning: Collection[str] = ()) -> list[str]:
    return [one.text for one in blocks if not one.is_padding and one.text not in turning]


def _turns(text: str, history: Sequence[set[str]]) -> int:
    """How often a block came or went from one version to the next."""
    return sum((text in one) != (text in other) for one, other in pairwise(history))


def blocks_of(text: Text) -> list[Block]:
    """The blocks of a text, in order, empty ones left out."""
    if text.kind != "html":
        lines = (_compared(line) for line in text.value.split("\n"))
        return [Block(line, is_padding=_is_padding(line)) for line in lines if line]
    from lxml import etree, html

    try:
        tree = html.fragment_fromstring(text.value, create_parent="div")
    except (ValueError, etree.LxmlError):  # what cannot be taken apart is compared whole
        return [Block(_compared(text.value))]
    open_block = _OpenBlock()
    around = [(False, False, False)]  # in a link, marked as an advertisement, not to be seen
    for event, element in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        is_block = element.tag in _BLOCKS
        if event == "start":
            in_link, marked, unseen = around[-1]
            in_link = in_link or (element.tag == "a" and element.get("href") is not None)
            around.append(
                (in_link, marked or _is_marked(element), unseen or element.tag in _UNSEEN)
            )
        elif event == "end":
            around.pop()
        if is_block:
            open_block.close()
        open_block.add(element.text if event == "start" else element.tail, *around[-1])
    open_block.close()
    return open_block.closed


class _OpenBlock:
    """The runs of text since the last block began or ended, and the blocks before."""

    def __init__(self) -> None:
        self.closed: list[Block] = []
        self._runs: list[tuple[str, bool, bool]] = []

    def add(self, text: str | None, in_link: bool, marked: bool, unseen: bool) -> None:
        """Text within the block that is open."""
        if text and not unseen and (compared := _compared(text)):
            self._runs.append((compared, in_link, marked))

    def close(self) -> None:
        """End the block."""
        if self._runs:
            text = "".join(run for run, _, _ in self._runs)
            is_padding = all(marked for _, _, marked in self._runs) or _is_padding(text)
            self.closed.append(Block(text, all(link for _, link, _ in self._runs), is_padding))
            self._runs = []


def _compared(text: str) -> str:
    return unspaced(compatible(text)).casefold()


def _is_padding(text: str) -> bool:
    return any(
        (
            _LABELLED.match(text) is not None,
            _SCANNED.fullmatch(text) is not None,
            _COUNTERS.fullmatch(text) is not None,
        )
    )


def _is_marked(element: Any) -> bool:
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return _MARKED.search(names) is not None or "sponsored" in (element.get("rel") or "").split()
