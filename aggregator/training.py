"""Labelled entries of the store → a classifier in force, learned in a spawned child.

Whole or not at all: what is in force stays until a better one, or one as good, is saved.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aggregator.categorize import Decider, is_current, reading_of
from aggregator.clock import Clock
from aggregator.model import Config, LabelledEntry, ModelRecord
from aggregator.reconcile import decide_anew
from aggregator.store import Store, StoreError

# The newest labels teach; more than this teach little more and take longer.
LEARN_TICK_S = 5.0  # how often to see whether enough labels came
MOST_LABELS = 45_000
CORRECTION_WEIGHT = 4.0
FIRST_LABELS = 40
# Trained again when there are so many more labels, by share and by number, or with corrections,
# and not sooner than this after the last time.
MORE_SHARE, MORE_LABELS = 0.1, 50
MORE_CORRECTIONS = 1
REST = timedelta(minutes=10)
# On fewer labels than this, which neither of two classifiers has seen, luck decides.
ENOUGH_TO_COMPARE = 20
SLACK = 0.01
# What nothing has decided about is looked at again by a new classifier: the newest of so long.
LOOK_BACK = timedelta(days=7)
MOST_LOOKED_AT = 5_000
# Learning from MOST_LABELS takes 10 s of one core.
PATIENCE_S = 600.0
_LINE_LIMIT = 64 * 2**20

log = logging.getLogger(__name__)

InWriter = Callable[..., Awaitable[Any]]
Progress = Callable[[str, float], None]


class TrainingFailed(Exception):
    """No classifier came of it; the message says why, and the way out."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What training came to: the record as saved, and how many stories found a category by it."""

    record: ModelRecord
    moved: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a child is to learn from, as JSON-able values, with counts for the record."""

    question: dict[str, Any]
    labels: int
    corrections: int


def wanted(store: Store, now: datetime) -> bool:
    """Whether enough has come since the last training for another one to be worth it."""
    labels, corrections = store.count_labels()
    models = store.models()
    if not models:
        return labels + corrections >= FIRST_LABELS
    last = models[0]
    if now - last.trained_at < REST:
        return False
    more = labels + corrections - last.labels
    if more >= max(MORE_LABELS, MORE_SHARE * last.labels):
        return True
    return corrections - last.corrections >= MORE_CORRECTIONS


def lesson(store: Store, config: Config) -> Lesson:
    """Everything to learn from, and the classifier in force to compare with."""
    entries = store.labelled_entries(MOST_LABELS)
    models = store.models()
    in_force = next((one for one in models if one.in_force), None)
    trained = in_force.trained_at if in_force is not None else None
    fresh = [at for at, one in enumerate(entries) if trained is not None and one.since > trained]
    former = store.model_body(in_force.number) if in_force is not None else None
    question = {
        "labels": [_label(one) for one in entries],
        "fresh": fresh,
        "precision": {category.id: category.precision for category in config.categories},
        "former": base64.b64encode(former).decode("ascii") if former is not None else None,
    }
    corrections = sum(one.corrected for one in entries)
    return Lesson(question, len(entries), corrections)


def _label(entry: LabelledEntry) -> list[Any]:
    reading = reading_of(_AsEntry(entry))
    weight = CORRECTION_WEIGHT if entry.corrected else 1.0
    text = reading.text[:1000]
    return [reading.title, text, reading.tags, entry.category, entry.source_name, weight]


class _AsEntry:
    """A labelled entry as reading_of wants it."""

    def __init__(self, entry: LabelledEntry) -> None:
        self.title, self.content, self.tags = entry.title, entry.text, entry.tags
        self.summary = self.link = self.language = self.published = None
        self.authors = ()


class Learner:
    """Learns in the background of a daemon, whenever enough labels came."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._not_before: datetime | None = None
        self._looked_at: int | None = None
        self._outdated = False

    def job(
        self,
        config: Callable[[], Config],
        in_writer: InWriter,
        tell: Callable[[StoreError], None],
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """What a scheduler calls every LEARN_TICK_S; `config` gives the one in force."""

        async def learn_categories() -> None:
            try:
                await self.learn_if_wanted(config(), in_writer)
            except StoreError as error:
                tell(error)

        return learn_categories

    async def learn_if_wanted(self, config: Config, in_writer: InWriter) -> Trained | None:
        """Learn in a child and put what comes of it in force; None when it is not time yet.

        `in_writer` runs a function on the thread that uses the store. Raises StoreError.
        """
        taught: Lesson | None = await in_writer(self._lesson_if_wanted, config)
        if taught is None:
            return None
        try:
            said = await learn_in_child(taught, lambda doing, part: None)
        except TrainingFailed as error:
            self._not_before = self._clock.now() + REST
            log.warning("no categories could be learned: %s", error)
            return None
        now = self._clock.now()
        trained: Trained = await in_writer(put_in_force, self._store, config, taught, said, now)
        log.info(
            "learned categories from %d labels: %s; %d stories found their category",
            *(trained.record.labels, trained.record.remark, trained.moved),
        )
        return trained

    def _lesson_if_wanted(self, config: Config) -> Lesson | None:
        now = self._clock.now()
        resting = self._not_before is not None and now < self._not_before
        if resting or not (self._is_outdated() or wanted(self._store, now)):
            return None
        return lesson(self._store, config)

    def _is_outdated(self) -> bool:
        """Whether the classifier in force is of another version; each is looked at once."""
        number = self._store.model_in_force()
        if number is not None and number != self._looked_at:
            self._looked_at = number
            self._outdated = not is_current(self._store.model_body(number))
        return self._outdated


async def learn_in_child(lesson: Lesson, progress: Progress) -> dict[str, Any]:
    """The child's answer. Raises TrainingFailed. Cancelling ends the child."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aggregator.categorize.child"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
    )
    try:
        question = await asyncio.to_thread(json.dumps, lesson.question)
        asking = asyncio.create_task(_ask(child, question.encode()))
        said = await asyncio.wait_for(_last_line(child, progress), PATIENCE_S)
        await asking
    except (TimeoutError, OSError, ValueError) as error:
        raise TrainingFailed(f"the process that learns did not answer ({error!r})") from error
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
    if "error" in said:
        raise TrainingFailed(said["error"])
    return said


async def _ask(child: asyncio.subprocess.Process, question: bytes) -> None:
    assert child.stdin is not None
    child.stdin.write(question)
    await child.stdin.drain()
    child.stdin.close()


async def _last_line(child: asyncio.subprocess.Process, progress: Progress) -> dict[str, Any]:
    assert child.stdout is not None
    while line := await child.stdout.readline():
        said: dict[str, Any] = json.loads(line)
        if "doing" not in said:
            return said
        progress(said["doing"], said["part"])
    raise ValueError("it ended without an answer")


def put_in_force(
    store: Store, config: Config, lesson: Lesson, said: dict[str, Any], now: datetime
) -> Trained:
    """Save what a child answered: in force, unless the one in force does better; then re-decide.

    What nothing had decided about is decided by it at once; the rest waits for `recategorize`.
    """
    from aggregator.categorize.classifier import report_of  # numpy costs 0.1 s

    body = base64.b64decode(said["body"])
    report = body.partition(b"\n")[0]
    known = store.models()
    former = next((one for one in known if one.in_force), None)
    if former is not None and not is_current(store.model_body(former.number)):
        former = None  # nobody can ask it any more
    remark, better = _compared(
        former, report_of(body).accuracy, said["trial"], said_accuracy(former)
    )
    told = json.dumps(json.loads(report)["report"], ensure_ascii=False)
    record = ModelRecord(now, lesson.labels, lesson.corrections, better, remark, told)
    with store.transaction():
        number = store.save_model(body, record)
        moved = 0
        if better:
            undecided = store.undecided_since(now - LOOK_BACK, MOST_LOOKED_AT)
            decider = Decider.of(config, body, number)
            moved = decide_anew(store, decider, undecided, now)
    return Trained(replace(record, number=number), moved)


def said_accuracy(record: ModelRecord | None) -> float | None:
    """The accuracy on held-back labels that a classifier's report tells."""
    return None if record is None else float(json.loads(record.report)["accuracy"])


def _compared(
    former: ModelRecord | None,
    accuracy: float,
    trial: Sequence[int | None],
    before: float | None,
) -> tuple[str, bool]:
    """Why the new one is put in force, or kept out."""
    if former is None or before is None:
        return "the first", True
    count, new, old = trial[0] or 0, trial[1] or 0, trial[2]
    if old is not None and count >= ENOUGH_TO_COMPARE:
        said = f"of {count} labels that neither had seen, {new} right against {old} before"
        return (said, True) if new >= old else (f"kept out: {said}", False)
    said = f"held back: {accuracy:.3f} right against {before:.3f} before"
    return (said, True) if accuracy >= before - SLACK else (f"kept out: {said}", False)
