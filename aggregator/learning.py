"""A poll and what was remembered of its source → what to remember next: rhythm, plan, alarms. Pure.

This is where rhythm and drift meet what a poll brought. A poll that brought nothing needs no memory
until its plan has run out or a silence has lasted too long: `plan` and the limits are in PollState.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from aggregator.drift import (
    Watch,
    after_reading,
    changes,
    failures_judged,
    kinds_of,
    silence_judged,
)
from aggregator.model import Entry, ParsedFeed, PollState, Source
from aggregator.rhythm import (
    Rhythm,
    Span,
    arrival,
    first_arrivals,
    learn,
    plan,
    unusual_silence,
)

# Times planned ahead at once: so many polls without news need no look at the rhythm.
PLANNED = 8
# A planned time nearer than this is the present poll's own.
NEARLY_NOW_S = 5 * 60
# … and one further than this belongs to a clock that was ahead.
AHEAD_S = 25 * 3600
# Of the first reading's entries this part may be older than the window the rest tells about.
STRAY_PART = 0.1

Packed = tuple[bytes | None, str | None]
Load = Callable[[], Packed]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a poll taught: memory to save (None: unchanged), plan, alarms begun and ended.

    `planned` is the next time to ask, by the plan; None where a person has set the times.
    """

    memory: tuple[bytes, str] | None = None
    plan: str | None = None
    planned: datetime | None = None
    silent_after_s: float | None = None
    begun: Mapping[str, str] = field(default_factory=dict)
    ended: Sequence[str] = ()
    alarms: str | None = None

    def put_into(self, state: PollState) -> PollState:
        """`state` with what was learned in it; after a poll without news mostly `state` itself."""
        same = state.plan == self.plan and state.silent_after_s == self.silent_after_s
        if same and state.alarms == self.alarms:
            return state
        return replace(
            state,
            plan=self.plan,
            silent_after_s=self.silent_after_s,
            alarms=self.alarms,
        )


def after_feed(
    source: Source,
    state: PollState,
    packed: Packed,
    feed: ParsedFeed,
    new: Sequence[Entry],
    now: datetime,
    zone: tzinfo,
) -> Lesson:
    """The lesson of a document that was read. `state` is that before the poll, `new` its news."""
    first = state.last_success_at is None or packed[0] is None
    rhythm, watch = _unpacked(packed, now)
    before = state.last_success_at or now
    if first:
        spans = first_arrivals((e.published or e.updated for e in feed.entries), now, zone)
        rhythm = learn(rhythm, spans, _window(spans, now), now, zone)
    elif new:
        dates = (entry.published or entry.updated for entry in new)
        spans = [arrival(date, before, now, zone) for date in dates]
        rhythm = learn(rhythm, spans, rhythm.as_of, now, zone)
    watched, found = after_reading(watch, feed)
    silence = unusual_silence(rhythm)
    last_new = now if new and not first else rhythm.last
    found |= failures_judged(0, None, gone=False)
    found |= {"silent": None} if new else silence_judged(last_new, silence, now)
    begun, ended, raised = changes(kinds_of(state.alarms), found)
    # Without news the plan made before still holds, while it lasts.
    following = None if first or new else state.plan
    if _next_of(following, now) is None:
        following = _plan(source, rhythm, now, zone)
    return Lesson(
        memory=(rhythm.pack(), watched.to_json()),
        plan=following,
        planned=_next_of(following, now),
        silent_after_s=silence.total_seconds() if silence is not None else None,
        begun=begun,
        ended=ended,
        alarms=raised,
    )


def after_nothing(
    source: Source, state: PollState, load: Load, now: datetime, zone: tzinfo
) -> Lesson:
    """The lesson of a poll that succeeded and brought nothing (304, or the same bytes)."""
    following = planned = None
    if source.every is None and source.at is None:
        following = state.plan
        planned = _next_of(following, now)
        if planned is None:
            following = _plan(source, _unpacked(load(), now)[0], now, zone)
            planned = _next_of(following, now)
    lesson = Lesson(None, following, planned, state.silent_after_s, alarms=state.alarms)
    silent = state.silent_after_s is not None and _is_silent(state, now)
    if not silent and not state.alarms:
        return lesson
    found = failures_judged(0, None, gone=False)
    if silent:
        rhythm = _unpacked(load(), now)[0]
        found |= silence_judged(rhythm.last, timedelta(seconds=state.silent_after_s or 0), now)
    return _with_changes(lesson, state, found)


def after_failure(state: PollState, failed: PollState) -> Lesson:
    """The lesson of a poll that failed: `state` before, `failed` after it."""
    lesson = Lesson(None, state.plan, None, state.silent_after_s, alarms=state.alarms)
    found = failures_judged(failed.failures, failed.error, failed.gone)
    return _with_changes(lesson, state, found) if found else lesson


def _with_changes(lesson: Lesson, state: PollState, found: dict[str, str | None]) -> Lesson:
    begun, ended, raised = changes(kinds_of(state.alarms), found)
    return replace(lesson, begun=begun, ended=ended, alarms=raised)


def _is_silent(state: PollState, now: datetime) -> bool:
    """A first look that costs nothing: the entries' own dates are looked at only after it."""
    since = state.last_new_at or state.last_success_at
    return since is not None and (now - since).total_seconds() > (state.silent_after_s or 0)


def _unpacked(packed: Packed, now: datetime) -> tuple[Rhythm, Watch]:
    """What was remembered; a memory that cannot be read is begun anew."""
    rhythm, watch = Rhythm.unknown(now), Watch()
    try:
        rhythm = Rhythm.unpack(packed[0]) if packed[0] else rhythm
        watch = Watch.from_json(packed[1]) if packed[1] else watch
    except (ValueError, TypeError, AttributeError):
        pass
    return rhythm, watch


def _window(spans: Sequence[Span], now: datetime) -> datetime:
    """Since when the entries of a first reading tell all that came; strays before it apart."""
    return spans[int(len(spans) * STRAY_PART)][0] if spans else now


def _plan(source: Source, rhythm: Rhythm, now: datetime, zone: tzinfo) -> str | None:
    if source.every is not None or source.at is not None:
        return None
    times = plan(rhythm, now, zone, PLANNED)
    return ",".join(str(int(moment.timestamp())) for moment in times)


def _next_of(planned: str | None, now: datetime) -> datetime | None:
    """The first time of a plan that is still to come; None when none is, or it cannot be meant.

    After a clock was set back the next planned time may lie far ahead: then the plan is made anew.
    """
    if planned is None:
        return None
    least = now.timestamp() + NEARLY_NOW_S
    for text in planned.split(","):
        moment = int(text)
        if moment > least:
            return datetime.fromtimestamp(moment, UTC) if moment < least + AHEAD_S else None
    return None
