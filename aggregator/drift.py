"""What a source's readings usually look like, and one more reading → what is wrong with it. Pure.

Every kind of alarm is judged by itself and ends by itself: a judgement is the evidence (a
sentence), None for "all is well", or absent where this reading tells nothing about it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from aggregator.model import Entry, ParsedFeed, Text

# kind → what to do about it, for people. The order is that of urgency.
KINDS = MappingProxyType(
    {
        "gone": "the origin says it is gone for good: remove the source, or find its new address",
        "moved": "it only says that it has ended or moved: look there for the new address",
        "failing": "open the address in a browser; if the site has moved, give its new one",
        "selector": "the page was rebuilt: look at it and mend the selectors in feeds.yaml",
        "empty": "open the feed: if it is empty there too, tell the site or look for another feed",
        "collapsed": "open the feed: entries that used to stand in it are missing",
        "encoding": "the text is damaged at the origin: tell the site; nothing to be done here",
        "undated": "its dates cannot be read any more: see `aggregator parse` and report it",
        "silent": "see whether the site still publishes, and whether it does so in this feed",
        "certificate": "tell the site: from that day on it cannot be fetched any more",
    }
)
Judgements = Mapping[str, str | None]

# Failures in a row that make an alarm of bad luck.
FAILURES = 3
CERTIFICATE_WARNING = timedelta(days=14)
# A count this far below the lowest usual one has collapsed; below this many it is left alone.
COLLAPSED_PART = 0.4
FEWEST_TO_COLLAPSE = 5.0
READINGS_TO_KNOW = 3
# A share of entries with readable dates that is usual, and one that has broken down.
USUALLY_DATED = 0.8
# How fast what is usual follows what is seen; slower while it looks wrong.
FOLLOWS, FOLLOWS_WRONG = 0.2, 0.04
LOWEST_RISES = 0.01
# Marks of text that was read in another encoding than it was written in.
_BROKEN = re.compile(
    "�|锟斤拷|烫烫烫|[ÃÂ][\x80-\xbf]|â€[\x80-\xff™œ“”˜]|[åæçèé][\x80-\xbf‚„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œ]{2}"
)
# What each of them begins with: one class of characters is searched ten times as fast.
_MAYBE_BROKEN = re.compile("[\ufffd锟烫ÃÂâåæçèé]")
_FEW_MARKS = 2
_NOTICE = re.compile(
    r"(this|the|our|rss)\s+(\w+\s+)?(feed|blog|site|service)\s+(has|have|was|is|will\s+be)\s+(now\s+|been\s+|permanently\s+)*"
    r"(moved|discontinued|retired|closed|shut\s?down|shutting\s+down|no\s+longer|deprecated|ended)"
    r"|feed\s+(discontinued|retired|no\s+longer\s+(available|maintained|updated))"
    r"|(please\s+)?(update\s+your\s+(subscription|feed|reader)|subscribe\s+to\s+(the|our)\s+new\s+feed)"
    r"|(本站|本源|本频道|本博客|本订阅|订阅源|rss)\S{0,8}(停止更新|已停用|停止服务|已迁移|已搬家|迁移至|迁移到|已关闭|已下线|不再更新)",
    re.IGNORECASE,
)
NOTICE_ENTRIES = 3
_READ_OF_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Watch:
    """What is usual: readings so far, entries a reading (mean and lowest), share with dates and
    share of damaged ones among entries newly read.
    """

    readings: int = 0
    count: float = 0.0
    lowest: float = 0.0
    dated: float = 0.0
    damaged: float = 0.0

    def to_json(self) -> str:
        """A compact form for the store."""
        return json.dumps({name: round(value, 3) for name, value in asdict(self).items()})

    @classmethod
    def from_json(cls, text: str) -> Watch:
        """The watch that `to_json` wrote; fields it does not know are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})


def after_reading(watch: Watch, feed: ParsedFeed) -> tuple[Watch, dict[str, str | None]]:
    """What is usual after this reading, and what is wrong with it."""
    count = len(feed.entries) + feed.unchanged
    found: dict[str, str | None] = {
        **_count_judged(watch, count, feed.format),
        "moved": _notice(feed, count),
    }
    # One entry with a slip is no sign; a few are, and so is a whole document read anew.
    if feed.entries:
        dated = _share(entry.published or entry.updated for entry in feed.entries)
        damaged = _share(_is_damaged(entry) for entry in feed.entries)
        found |= _dates_judged(watch, dated, len(feed.entries), count)
        found |= _encoding_judged(watch, damaged, feed)
    else:
        dated, damaged = watch.dated, watch.damaged
    return _followed(watch, found, count, dated, damaged), found


def _share(values: Iterable[object]) -> float:
    flags = [bool(value) for value in values]
    return sum(flags) / len(flags)


def _count_judged(watch: Watch, count: int, format_: str) -> dict[str, str | None]:
    empty = "selector" if format_.startswith("page") else "empty"
    if count == 0:
        if watch.readings and watch.lowest >= 1:
            usual = f"it had {watch.count:.0f} before"
            said = "the selectors find nothing" if empty == "selector" else "no entries any more"
            return {empty: f"{said}: {usual}", "collapsed": None}
        return {}
    known = watch.readings >= READINGS_TO_KNOW and watch.lowest >= FEWEST_TO_COLLAPSE
    collapsed = known and count < COLLAPSED_PART * watch.lowest
    evidence = f"{count} entries where {watch.count:.0f} are usual" if collapsed else None
    return {empty: None, "collapsed": evidence}


def _dates_judged(watch: Watch, dated: float, fresh: int, count: int) -> dict[str, str | None]:
    if dated > 0:
        return {"undated": None}
    if watch.readings and watch.dated >= USUALLY_DATED and (fresh > 1 or count == 1):
        return {"undated": f"none of {fresh} entries has a date that can be read"}
    return {}


def _encoding_judged(watch: Watch, damaged: float, feed: ParsedFeed) -> dict[str, str | None]:
    if damaged < 0.5:
        return {"encoding": None}
    if watch.readings and watch.damaged < 0.25:
        example = next(_titled(entry) for entry in feed.entries if _is_damaged(entry))
        return {"encoding": f"text no longer fits its encoding, as in “{example}”"}
    return {}


def _titled(entry: Entry) -> str:
    return entry.title.value[:60] if entry.title else entry.guid or "an entry without a title"


def _is_damaged(entry: Entry) -> bool:
    texts = [text.value[:_READ_OF_TEXT] for text in _texts(entry)]
    marks = sum(
        len(_BROKEN.findall(text))
        for text in texts
        if not text.isascii() and _MAYBE_BROKEN.search(text)
    )
    return marks > _FEW_MARKS and marks * 100 >= sum(map(len, texts))


def _texts(entry: Entry) -> Iterable[Text]:
    return (text for text in (entry.title, entry.summary, entry.content) if text is not None)


def _notice(feed: ParsedFeed, count: int) -> str | None:
    """The words by which a feed that holds nothing else says that it has ended."""
    if count > NOTICE_ENTRIES or feed.unchanged or not feed.entries:
        return None
    said = [_announces(entry) for entry in feed.entries]
    return f"it only says: “{said[0]}”" if all(said) else None


def _announces(entry: Entry) -> str | None:
    for text in _texts(entry):
        if _NOTICE.search(text.value[:_READ_OF_TEXT]):
            return _titled(entry)
    return None


def _followed(watch: Watch, found: Judgements, count: int, dated: float, damaged: float) -> Watch:
    """What is usual moves towards what was seen; a lasting change becomes usual in the end."""
    if watch.readings == 0:
        return Watch(1, float(count), float(count), dated, damaged)
    speed = FOLLOWS_WRONG if any(found.values()) else FOLLOWS
    if watch.readings < READINGS_TO_KNOW and speed == FOLLOWS:
        speed = 1 / (watch.readings + 1)
    lowest = watch.lowest + (watch.count - watch.lowest) * LOWEST_RISES
    if speed != FOLLOWS_WRONG:
        lowest = min(lowest, float(count))
    else:
        lowest += (min(lowest, float(count)) - lowest) * FOLLOWS_WRONG
    return replace(
        watch,
        readings=min(watch.readings + 1, 1_000_000),
        count=watch.count + (count - watch.count) * speed,
        lowest=lowest,
        dated=watch.dated + (dated - watch.dated) * speed,
        damaged=watch.damaged + (damaged - watch.damaged) * speed,
    )


# ---------------------------------------------------------------- beside the readings


def silence_judged(
    last_new_at: datetime | None, silent_after: timedelta | None, now: datetime
) -> dict[str, str | None]:
    """Whether a source has been silent for far longer than its rhythm has it."""
    if last_new_at is None or silent_after is None:
        return {}
    silent = now - last_new_at
    if silent <= silent_after:
        return {"silent": None}
    usual = _span(silent_after)
    return {"silent": f"nothing new for {_span(silent)}; more than {usual} is unusual for it"}


def failures_judged(failures: int, error: str | None, gone: bool) -> dict[str, str | None]:
    """Whether a source fails for good, or too often in a row to be chance."""
    if gone:
        return {"gone": error or "the origin says it is gone", "failing": None}
    if failures == 0:
        return {"gone": None, "failing": None}
    return {"failing": error or "it fails"} if failures >= FAILURES else {}


def certificate_judged(expires: datetime | None, now: datetime) -> dict[str, str | None]:
    """Whether the certificate of an origin ends soon. None: it has none, or it is not known."""
    if expires is None:
        return {}
    if expires - now > CERTIFICATE_WARNING:
        return {"certificate": None}
    return {"certificate": f"its certificate ends on {expires:%Y-%m-%d}"}


def _span(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.0f} hours"


def kinds_of(alarms: str | None) -> frozenset[str]:
    """The kinds now raised, as PollState keeps them."""
    return frozenset(alarms.split(",")) if alarms else frozenset()


def changes(
    raised: Iterable[str], found: Judgements
) -> tuple[dict[str, str], Sequence[str], str | None]:
    """What these judgements change: alarms to raise (with evidence), those to end, those raised."""
    before = frozenset(raised)
    begin = {kind: said for kind, said in found.items() if said is not None and kind not in before}
    end = sorted(kind for kind in before if kind in found and found[kind] is None)
    now_raised = (before | begin.keys()) - set(end)
    return begin, end, ",".join(sorted(now_raised)) or None
