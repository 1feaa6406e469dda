"""Records of the store → what a page or a table shows of them: titles, links, states in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.drift import KINDS, Language, advice, why_failed
from aggregator.html import visible_text
from aggregator.model import OutputRecord, PublishedStory, Snapshot, SourceHealth, Text
from aggregator.rhythm import Rhythm, expected_delay, rates
from aggregator.store import StoreReader
from aggregator.text import fit_for_xml, shorten, squeeze

NEWEST = 5
LONGEST_TITLE = 160
# A text is read no further than this for a title: it may be a megabyte.
_READ_FOR_TITLE = 4_000

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_HAN, _KANA = re.compile("[\u3400-\u9fff]"), re.compile("[\u3041-\u30fa\u30fd-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")

State = Literal["gone", "failing", "odd", "new", "ok", "off"]
STATES: tuple[State, ...] = ("gone", "failing", "odd", "new", "ok", "off")
BROKEN: frozenset[State] = frozenset(["gone", "failing"])
# Those that somebody should look at; an odd one is polled well but says something unusual.
TROUBLED: frozenset[State] = BROKEN | {"odd"}


@dataclass(frozen=True, slots=True)
class Headline:
    """A story in a list: title, its page here, when, whose, in which language."""

    title: str
    path: str
    moment: datetime
    source: str
    carriers: int
    language: str | None


@dataclass(frozen=True, slots=True)
class FeedSummary:
    """A published feed on the front page, with its newest stories."""

    name: str
    kind: str
    title: str
    stories: int
    newest: tuple[Headline, ...]
    updated_at: datetime


def plain_text(text: Text | None) -> str:
    """A text construct as one line of plain text; "" for none."""
    if text is None:
        return ""
    value = text.value[:_READ_FOR_TITLE]
    return squeeze(fit_for_xml(visible_text(value) if text.kind == "html" else value))


def headline_of(shown: Snapshot, fallback: str) -> str:
    """The title of a snapshot; where it has none, the beginning of its text, or `fallback`."""
    said = (plain_text(text) for text in (shown.title, shown.summary, shown.content))
    return shorten(next((text for text in said if text), fallback), LONGEST_TITLE)


def language_of(text: str, declared: str | None = None) -> str | None:
    """The `lang` of a text: as declared (BCP 47), else by its script; None where that is no sign.

    It picks the glyphs: Han characters are drawn otherwise for Chinese than for Japanese.
    """
    tag = (declared or "").replace("_", "-")
    if _LANGUAGE_TAG.fullmatch(tag):
        return tag
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return "zh" if _HAN.search(text) else None


def state_of(source: SourceHealth) -> State:
    """How a source fares, in one word."""
    if not source.enabled:
        return "off"
    if source.state.gone:
        return "gone"
    if source.state.failures:
        return "failing"
    if source.alarms:
        return "odd"
    return "ok" if source.state.last_poll_at else "new"


def since_of(source: SourceHealth) -> datetime | None:
    """Since when a source is in trouble; None where it is in none."""
    if source.state.failing_since is not None:
        return source.state.failing_since
    return min((alarm.since for alarm in source.alarms), default=None)


def advice_of(source: SourceHealth, language: Language) -> str | None:
    """What to do about a source in trouble, by the most urgent of its alarms."""
    kind = most_urgent(source)
    return advice(kind, language) if kind is not None else None


def error_of(source: SourceHealth, language: Language) -> str | None:
    """Why a broken source could not be polled; None for one that could. Secrets are in it yet."""
    if state_of(source) not in BROKEN:
        return None
    return why_failed(source.state.reason, source.state.error, language)


def most_urgent(source: SourceHealth) -> str | None:
    """The kind of a source's alarms that is to be looked at first; None where there is none."""
    kinds = {alarm.kind for alarm in source.alarms} | ({state_of(source)} & set(BROKEN))
    return next((kind for kind in KINDS if kind in kinds), None)


def hours_of(source: SourceHealth) -> tuple[float, ...]:
    """How much of what a source publishes comes in each hour of the day, the most being 1.

    Empty while that is not known.
    """
    known = rhythm_of(source)
    if known is None or expected_delay(known) is None:
        return ()
    shares = rates(known).shares
    hours = [sum(shares[at : at + 4]) for at in range(0, len(shares), 4)]
    return tuple(round(hour / max(hours), 3) for hour in hours)


def rhythm_of(source: SourceHealth) -> Rhythm | None:
    """The rhythm learned of a source; None where there is none, or none that can be read."""
    try:
        return Rhythm.unpack(source.rhythm) if source.rhythm else None
    except ValueError:
        return None


def in_order_of_trouble(sources: Iterable[SourceHealth]) -> list[SourceHealth]:
    """Broken ones first (the longest broken on top), then those that wait, then the well."""

    def trouble(source: SourceHealth) -> tuple[int, float]:
        since = since_of(source)
        return STATES.index(state_of(source)), since.timestamp() if since else 0.0

    return sorted(sources, key=trouble)


def read_feeds(reader: StoreReader) -> tuple[FeedSummary, ...]:
    """Every output with its newest stories: the people's categories, then all, then the rest."""
    counts = reader.count_stories()
    order = {"category": 0, "all": 1, "uncategorized": 2}
    outputs: Sequence[OutputRecord] = reader.outputs()
    return tuple(
        FeedSummary(
            output.name,
            output.kind,
            output.title,
            counts.get(output.output_id, 0),
            tuple(
                story_headline(story) for story in reader.listed_stories(output.output_id, NEWEST)
            ),
            output.updated_at,
        )
        for output in sorted(outputs, key=lambda output: order.get(output.kind, 0))
    )


def read_feed_names(reader: StoreReader) -> tuple[FeedSummary, ...]:
    """Every output, without its stories."""
    return tuple(
        FeedSummary(output.name, output.kind, output.title, 0, (), output.updated_at)
        for output in reader.outputs()
    )


def story_headline(story: PublishedStory) -> Headline:
    """A story as a line of a list."""
    shown = story.snapshot
    title = headline_of(shown, story.source_title)
    published = shown.published or shown.updated
    # A date that lies after the text was taken cannot be true, nor can that of an unset clock.
    true = published is not None and published.year >= 1990 and published <= shown.taken_at
    return Headline(
        title=title,
        path=f"items/{story.key}",
        moment=published if published is not None and true else story.first_taken_at,
        source=story.source_title,
        carriers=len({carrier.source_name for carrier in story.carriers}),
        language=language_of(title, shown.language),
    )
