"""A poll and what was remembered of its source → what to remember next: rhythm, plan, alarms. Pure.

This is where rhythm and drift meet what a poll brought. A poll that brought nothing needs no memory
until its plan has run out or a silence has lasted too long: `plan` and the limits are in PollState.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from aggregator.drift import (
    Judgements,
    Watch,
    after_count,
    after_reading,
    certificate_judged,
    changes,
    failures_judged,
    kinds_of,
    silence_judged,
)
from aggregator.model import Certificate, Entry, Evidence, ParsedFeed, PollState, Source
from aggregator.rhythm import (
    Rhythm,
    Span,
    arrival,
    first_arrivals,
    is_known,
    learn,
    plan,
    unusual_silence,
    usual_start,
)

# Times planned ahead at once: so many polls without news need no look at the rhythm.
PLANNED = 8
# A planned time nearer than this is the present poll's own.
NEARLY_NOW_S = 5 * 60
# … and one further than this belongs to a clock that was ahead.
AHEAD_S = 25 * 3600
# A list of articles is known after some readings; the editions of a paper after a week, as their
# pages are many or few by the day.
LISTS_TO_KNOW = 3
EDITIONS_TO_KNOW = 8
# An edition that is not out: how often to ask again, until when; and when to begin on a day
# while nothing is known.
MISSING_AGAIN, LATE_AGAIN = timedelta(minutes=30), timedelta(hours=2)
OFTEN_UNTIL, OFTEN_AFTER_START = timedelta(hours=12), timedelta(hours=6)
EVENING = timedelta(hours=22)
FIRST_OF_THE_DAY = timedelta(hours=5)
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
    begun: Mapping[str, Evidence] = field(default_factory=dict)
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
    certificate: Certificate | None = None,
) -> Lesson:
    """The lesson of a document that was read. `state` is that before the poll, `new` its news.

    `certificate` is the origin's, None where it has none.
    """
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
    if source.template is not None:
        # A day's document begins empty and grows: how many it holds tells nothing.
        watched = replace(watched, count=watch.count, lowest=watch.lowest)
        found = {kind: said for kind, said in found.items() if kind not in ("empty", "collapsed")}
    last_new = now if new and not first else rhythm.last
    found |= _judged_beside(rhythm, bool(new), last_new, certificate, now)
    # Without news the plan made before still holds, while it lasts.
    following = None if first or new else state.plan
    if _next_of(following, now) is None:
        following = _plan(source, rhythm, now, zone)
    return _lesson(state, rhythm, watched, found, following, now)


@dataclass(frozen=True, slots=True)
class Listed:
    """What the front page of a source of pages held: a list of articles, or a day's edition.

    `links` are how many it led to, `is_new` whether any was not known before; `by_day` says that
    it differs by the day of the week, `is_edition` that it has an address of its own each day.
    """

    links: int
    is_new: bool
    by_day: bool = False
    is_edition: bool = False


def from_dates(
    packed: Packed, dates: Iterable[datetime | None], now: datetime, zone: tzinfo
) -> Packed:
    """What is known of a list once its first articles are read: their dates give its rhythm.

    `packed` itself where a rhythm is known already, or nothing was polled yet.
    """
    rhythm, watch = _unpacked(packed, now)
    spans = first_arrivals(dates, now, zone)
    if packed[0] is None or rhythm.events > 0 or not spans:
        return packed
    rhythm = learn(Rhythm.unknown(now), spans, _window(spans, now), now, zone)
    return rhythm.pack(), watch.to_json()


def after_front(
    source: Source,
    state: PollState,
    packed: Packed,
    listed: Listed,
    now: datetime,
    zone: tzinfo,
    certificate: Certificate | None = None,
) -> Lesson:
    """The lesson of a front page that was read. `state` is that before the poll.

    What is new on it has come since the poll before: its articles are read only later. An edition
    that is out is not asked for again; the next one is, from its own day on.
    """
    first = state.last_success_at is None or packed[0] is None
    rhythm, watch = _unpacked(packed, now)
    news = listed.is_new and not first
    if news:
        spans = [(min(state.last_success_at or now, now), now)]
        rhythm = learn(rhythm, spans, rhythm.as_of, now, zone)
    to_know = EDITIONS_TO_KNOW if listed.by_day else LISTS_TO_KNOW
    watched, found = after_count(watch, listed.links, to_know)
    found |= _judged_beside(rhythm, news, now if news else rhythm.last, certificate, now)
    following = None if first or news else state.plan
    if listed.is_edition:
        following = _plan_next_day(source, rhythm, now, zone)
    elif _next_of(following, now) is None:
        following = _plan(source, rhythm, now, zone)
    return _lesson(state, rhythm, watched, found, following, now)


def after_page(
    state: PollState,
    packed: Packed,
    judge: Callable[[Watch], tuple[Watch, dict[str, Evidence | None]]],
    now: datetime,
) -> Lesson:
    """The lesson of an article's page; `judge` is drift's, for what became of it."""
    rhythm, watch = _unpacked(packed, now)
    watched, found = judge(watch)
    if state.failures and state.reason == "selector":
        found.pop("selector", None)  # that of the front page stays until that is found again
    lesson = Lesson((rhythm.pack(), watched.to_json()), state.plan, None, state.silent_after_s)
    return _with_changes(lesson, state, found)


def after_missing(
    source: Source, state: PollState, load: Load, now: datetime, zone: tzinfo
) -> Lesson:
    """The lesson of a poll for an edition that is not out: it says when to ask again."""
    lesson = after_nothing(source, state, load, now, zone)
    if source.every is not None or source.at is not None:
        return lesson
    rhythm = _unpacked(load(), now)[0]
    return replace(lesson, planned=_ask_again(rhythm, lesson.planned, now, zone))


def _ask_again(rhythm: Rhythm, planned: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """When to ask again for an edition that is late: often while it is likely to come.

    From the hour at which editions are known to appear on (or, while none is known, from the
    beginning of the day until noon) each half-hour; later on each second hour, until the night.
    """
    midnight = _midnight(now, zone)
    known = is_known(rhythm)
    start = usual_start(rhythm) if known else timedelta(0)
    passed = now - midnight
    if passed < start and planned is not None:
        return min(planned, midnight + start)
    often = start + OFTEN_AFTER_START if known else OFTEN_UNTIL
    again = now + (MISSING_AGAIN if passed < often else LATE_AGAIN)
    tomorrow = _midnight(midnight + timedelta(hours=36), zone)
    return again if passed < EVENING else max(again, tomorrow + start)


def _judged_beside(
    rhythm: Rhythm,
    news: bool,
    last_new: datetime | None,
    certificate: Certificate | None,
    now: datetime,
) -> Judgements:
    """What a good poll says beside its document: no failure, the silence, the certificate."""
    silence = {"silent": None} if news else silence_judged(last_new, unusual_silence(rhythm), now)
    return failures_judged(PollState()) | silence | certificate_judged(certificate, now)


def _lesson(
    state: PollState,
    rhythm: Rhythm,
    watched: Watch,
    found: Judgements,
    following: str | None,
    now: datetime,
) -> Lesson:
    begun, ended, raised = changes(kinds_of(state.alarms), found)
    silence = unusual_silence(rhythm)
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
    source: Source,
    state: PollState,
    load: Load,
    now: datetime,
    zone: tzinfo,
    certificate: Certificate | None = None,
    edition_is_out: bool = False,
) -> Lesson:
    """The lesson of a poll that succeeded and brought nothing (304, or the same bytes).

    `edition_is_out` says that it was one for a day's edition, which is not asked for again.
    """
    following = planned = None
    if source.every is None and source.at is None:
        following = state.plan
        planned = _next_of(following, now)
        if planned is None:
            make = _plan_next_day if edition_is_out else _plan
            following = make(source, _unpacked(load(), now)[0], now, zone)
            planned = _next_of(following, now)
    lesson = Lesson(None, following, planned, state.silent_after_s, alarms=state.alarms)
    silent = state.silent_after_s is not None and _is_silent(state, now)
    about_certificate = certificate_judged(certificate, now)
    if not silent and not state.alarms and about_certificate["certificate"] is None:
        return lesson
    found = {**failures_judged(PollState()), **about_certificate}
    if state.reason == "selector":
        found["selector"] = None  # the page is again the one in which there was something
    if silent:
        rhythm = _unpacked(load(), now)[0]
        found |= silence_judged(rhythm.last, timedelta(seconds=state.silent_after_s or 0), now)
    return _with_changes(lesson, state, found)


def after_failure(state: PollState, failed: PollState, shown: Evidence | None = None) -> Lesson:
    """The lesson of a poll that failed: `state` before, `failed` after it.

    `shown` says more than the failure's message: of a page, what was looked for in vain.
    """
    lesson = Lesson(None, state.plan, None, state.silent_after_s, alarms=state.alarms)
    found = {**failures_judged(failed)}
    if shown is not None and failed.reason == "selector":
        found["selector"] = shown
    return _with_changes(lesson, state, found) if found else lesson


def _with_changes(lesson: Lesson, state: PollState, found: Judgements) -> Lesson:
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
    return _as_text(plan(rhythm, now, zone, PLANNED))


def _plan_next_day(source: Source, rhythm: Rhythm, now: datetime, zone: tzinfo) -> str | None:
    """The plan after today's edition is out: nothing before tomorrow, by its own day."""
    if source.every is not None or source.at is not None:
        return None
    tomorrow = _midnight(_midnight(now, zone) + timedelta(hours=36), zone)
    if is_known(rhythm):
        times = [max(one, tomorrow) for one in plan(rhythm, tomorrow, zone, PLANNED)]
    else:
        times = [tomorrow + FIRST_OF_THE_DAY]
    return _as_text(times)


def _midnight(moment: datetime, zone: tzinfo) -> datetime:
    """The beginning of a moment's day in `zone`, in UTC."""
    local = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return local.astimezone(UTC)


def _as_text(times: Sequence[datetime]) -> str:
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
