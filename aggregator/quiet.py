"""A poll that brought no document → the state to keep of its source, with what it taught."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from aggregator import learning, schedule
from aggregator.daily import as_configured, is_missing
from aggregator.model import Config, FetchFailed, FetchOutcome, PollState, PollUpdate, Source
from aggregator.pages.curve import missing_again
from aggregator.polled import Polled
from aggregator.pushing import PushLane
from aggregator.store import Store
from aggregator.teaching import Teacher

log = logging.getLogger(__name__)

# A source whose state this program itself could not work out is tried again after this.
AFTER_A_MISTAKE = timedelta(hours=1)


def state_before(done: Polled) -> PollState:
    """What was remembered, unless it was of another address (see schedule.after_poll)."""
    state = done.record.state
    if state.source_url in (None, done.source.url):
        return state
    return PollState(last_success_at=state.last_success_at, last_new_at=state.last_new_at)


class QuietPolls:
    """Works out states; on the thread of the store, inside a transaction."""

    def __init__(self, config: Config, store: Store, teacher: Teacher, pushed: PushLane) -> None:
        self._store = store
        self._teacher = teacher
        self._pushed = pushed
        self.replace_config(config)

    def replace_config(self, config: Config) -> None:
        """Take another config in force, from the next poll on."""
        self._config = config

    def zone_of(self, source: Source) -> str:
        """The time zone (IANA) of a source's days and undated times."""
        return source.timezone or self._config.timezone

    def update(self, done: Polled, outcome: FetchOutcome) -> PollUpdate:
        """What is to be saved of a poll that brought nothing, or failed."""
        try:
            state = self._state(done, outcome)
        except Exception as error:  # a mistake of ours must not cost the batch, at every tick
            log.exception("source %s: planning its next poll failed", done.source.id)
            later = done.polled_at + AFTER_A_MISTAKE
            message = f"{type(error).__name__}: {error}"
            state = replace(done.record.state, outcome="failed", error=message, next_poll_at=later)
        state = as_configured(done.source, state)
        return PollUpdate(done.record.source_id, state, done.polled_at, done.duration_ms)

    def _state(self, done: Polled, outcome: FetchOutcome) -> PollState:
        source, before, now = done.source, state_before(done), done.polled_at
        zone = self.zone_of(source)
        if isinstance(outcome, FetchFailed):
            state = schedule.after_poll(source, done.record.state, outcome, now, timezone=zone)
            lesson = learning.after_failure(before, state)
        else:
            missing = is_missing(source, outcome)
            load = partial(self._store.source_memory, done.record.source_id)
            if missing:
                lesson = learning.after_missing(source, before, load, now, ZoneInfo(zone))
            else:
                lesson = learning.after_nothing(
                    source, before, load, now, ZoneInfo(zone), outcome.certificate
                )
            state = schedule.after_poll(
                source, done.record.state, outcome, now, timezone=zone, planned=lesson.planned
            )
            if missing:
                again = missing_again(now, ZoneInfo(zone), state.next_poll_at)
                state = replace(state, next_poll_at=lesson.planned or again)
        self._teacher.save(done.record.source_id, lesson, now)
        return self._pushed.beside(done, lesson.put_into(state))
