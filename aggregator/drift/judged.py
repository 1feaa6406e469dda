"""What a source's readings usually look like, and one more reading → what is wrong with it. Pure.

Every kind of alarm is judged by itself and ends by itself: a judgement is the evidence, None for
"all is well", or absent where this reading tells nothing about it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta

from aggregator.model import Certificate, Entry, Evidence, ParsedFeed, PollState, Text

Judgements = Mapping[str, Evidence | None]

EXPIRED = "certificate-expired"  # the reason of a failed fetch, and the evidence
# Failures in a row that make an alarm of bad luck.
FAILURES = 3
# Told so long before a certificate ends; sooner for one that lives only some weeks and is renewed
# in the last third of its life (ACME clients do so).
CERTIFICATE_WARNING = timedelta(days=14)
CERTIFICATE_WARNING_PART = 1 / 6
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

    Of a source of pages: `articles` read so far, and by what was odd about some of them (see
    `after_article`) how many in a row last were so, and how many in all; `length` is what their
    texts usually have, in characters.
    """

    readings: int = 0
    count: float = 0.0
    lowest: float = 0.0
    dated: float = 0.0
    damaged: float = 0.0
    articles: int = 0
    length: float = 0.0
    odd: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def to_json(self) -> str:
        """A compact form for the store."""
        values = asdict(self)
        rounded = {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in values.items()
            if value or name == "readings"
        }
        return json.dumps(rounded)

    @classmethod
    def from_json(cls, text: str) -> Watch:
        """The watch that `to_json` wrote; fields it does not know are left out."""
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in json.loads(text).items() if name in known}
        odd = {key: (run, total) for key, (run, total) in given.pop("odd", {}).items()}
        return cls(**given, odd=odd)


def after_reading(watch: Watch, feed: ParsedFeed) -> tuple[Watch, dict[str, Evidence | None]]:
    """What is usual after this reading of a feed, and what is wrong with it."""
    count = len(feed.entries) + feed.unchanged
    found: dict[str, Evidence | None] = {
        **_count_judged(watch, count, READINGS_TO_KNOW),
        "moved": _notice(feed, count),
    }
    # One entry with a slip is no sign; a few are, and so is a whole document read anew.
    if feed.entries:
        dated = _share(entry.published or entry.updated for entry in feed.entries)
        damaged = _share(is_damaged(entry) for entry in feed.entries)
        found |= _dates_judged(watch, dated, len(feed.entries), count)
        found |= _encoding_judged(watch, damaged, feed)
    else:
        dated, damaged = watch.dated, watch.damaged
    return _followed(watch, found, count, dated, damaged), found


def after_count(
    watch: Watch, links: int, readings_to_know: int = READINGS_TO_KNOW
) -> tuple[Watch, dict[str, Evidence | None]]:
    """What is usual after a page of links was read, and whether there are too few of them."""
    found = _count_judged(watch, links, readings_to_know)
    found["selector"] = None  # there are links: those of a page without any are a failed fetch
    return _followed(watch, found, links, watch.dated, watch.damaged), found


def _share(values: Iterable[object]) -> float:
    flags = [bool(value) for value in values]
    return sum(flags) / len(flags)


def _count_judged(watch: Watch, count: int, readings_to_know: int) -> dict[str, Evidence | None]:
    usual = watch.count
    if count == 0:
        if watch.readings and watch.lowest >= 1:
            return {"empty": Evidence("none", {"usual": round(usual)}), "collapsed": None}
        return {}
    known = watch.readings >= readings_to_know and watch.lowest >= FEWEST_TO_COLLAPSE
    collapsed = known and count < COLLAPSED_PART * watch.lowest
    few = Evidence("few", {"count": count, "usual": round(usual)})
    return {"empty": None, "collapsed": few if collapsed else None}


def _dates_judged(watch: Watch, dated: float, fresh: int, count: int) -> dict[str, Evidence | None]:
    if dated > 0:
        return {"undated": None}
    if watch.readings and watch.dated >= USUALLY_DATED and (fresh > 1 or count == 1):
        return {"undated": Evidence("undated", {"count": fresh})}
    return {}


def _encoding_judged(watch: Watch, damaged: float, feed: ParsedFeed) -> dict[str, Evidence | None]:
    if damaged < 0.5:
        return {"encoding": None}
    if watch.readings and watch.damaged < 0.25:
        example = next(titled(entry) for entry in feed.entries if is_damaged(entry))
        return {"encoding": Evidence("encoding", {"title": example})}
    return {}


def titled(entry: Entry) -> str:
    """The beginning of an entry's title, or what else it is called by."""
    return entry.title.value[:60] if entry.title else entry.guid or "–"


def is_damaged(entry: Entry) -> bool:
    """Whether an entry's text was read in another encoding than it was written in."""
    texts = [text.value[:_READ_OF_TEXT] for text in _texts(entry)]
    marks = sum(
        len(_BROKEN.findall(text))
        for text in texts
        if not text.isascii() and _MAYBE_BROKEN.search(text)
    )
    return marks > _FEW_MARKS and marks * 100 >= sum(map(len, texts))


def _texts(entry: Entry) -> Iterable[Text]:
    return (text for text in (entry.title, entry.summary, entry.content) if text is not None)


def _notice(feed: ParsedFeed, count: int) -> Evidence | None:
    """The words by which a feed that holds nothing else says that it has ended."""
    if count > NOTICE_ENTRIES or feed.unchanged or not feed.entries:
        return None
    if not all(_announces(entry) for entry in feed.entries):
        return None
    return Evidence("notice", {"title": titled(feed.entries[0])})


def _announces(entry: Entry) -> bool:
    return any(_NOTICE.search(text.value[:_READ_OF_TEXT]) for text in _texts(entry))


def _followed(watch: Watch, found: Judgements, count: int, dated: float, damaged: float) -> Watch:
    """What is usual moves towards what was seen; a lasting change becomes usual in the end."""
    if watch.readings == 0:
        return replace(
            watch,
            readings=1,
            count=float(count),
            lowest=float(count),
            dated=dated,
            damaged=damaged,
        )
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
) -> dict[str, Evidence | None]:
    """Whether a source has been silent for far longer than its rhythm has it."""
    if last_new_at is None or silent_after is None:
        return {}
    if now - last_new_at <= silent_after:
        return {"silent": None}
    usual = round(silent_after / timedelta(hours=1), 1)
    return {"silent": Evidence("silent", {"last_at": last_new_at.timestamp(), "usual_h": usual})}


def failures_judged(after: PollState) -> dict[str, Evidence | None]:
    """Whether a source fails for good, or too often in a row to be chance; `after` the poll.

    A page in which nothing was found, and a certificate that has ended, have kinds of their own
    and need no second failure: neither is chance.
    """
    facts = {"reason": after.reason or "", "text": after.error or ""}
    why = Evidence("failed", facts)
    if after.gone:
        return {"gone": why, "failing": None}
    if after.failures == 0:
        return {"gone": None, "failing": None}
    if after.reason == "selector":
        return {"selector": Evidence("text", {"text": after.error or ""})}
    found = {"certificate": Evidence(EXPIRED)} if after.reason == EXPIRED else {}
    return {**found, "failing": why} if after.failures >= FAILURES else {**found}


def certificate_judged(
    certificate: Certificate | None, now: datetime
) -> dict[str, Evidence | None]:
    """Whether the certificate of an origin ends soon. None: it needs none."""
    if certificate is None:
        return {"certificate": None}
    life = certificate.ends - certificate.begins
    if certificate.ends - now > min(CERTIFICATE_WARNING, life * CERTIFICATE_WARNING_PART):
        return {"certificate": None}
    return {"certificate": Evidence("certificate", {"ends_at": certificate.ends.timestamp()})}


def kinds_of(alarms: str | None) -> frozenset[str]:
    """The kinds now raised, as PollState keeps them."""
    return frozenset(alarms.split(",")) if alarms else frozenset()


def changes(
    raised: Iterable[str], found: Judgements
) -> tuple[dict[str, Evidence], Sequence[str], str | None]:
    """What these judgements change: alarms to raise (with evidence), those to end, those raised."""
    before = frozenset(raised)
    begin = {kind: said for kind, said in found.items() if said is not None and kind not in before}
    end = sorted(kind for kind in before if kind in found and found[kind] is None)
    now_raised = (before | begin.keys()) - set(end)
    return begin, end, ",".join(sorted(now_raised)) or None
