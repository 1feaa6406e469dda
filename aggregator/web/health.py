"""What the store, the daemon and the clock say → whether all is well, as `/healthz` tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aggregator.model import Alarm, DocumentRecord, OutputRecord, SourceHealth
from aggregator.store import StoreReader
from aggregator.web.view import BROKEN, state_of

# A source that is this late was not merely waiting for its turn: nobody polls.
OVERDUE = timedelta(minutes=15)
# One source never speaks for the others; when this part of them fails, the network does.
FAILING_PART = 0.5


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What the store says at one revision; `drifts` are the alarms of categories."""

    revision: int
    outputs: Sequence[OutputRecord]
    documents: dict[str, DocumentRecord]
    stories: int
    sources: Sequence[SourceHealth]
    drifts: Sequence[Alarm] = ()


def read_facts(reader: StoreReader) -> StoreFacts:
    """The facts of now."""
    outputs = reader.outputs()
    counts = reader.count_stories()
    everything = next((o.output_id for o in outputs if o.kind == "all"), None)
    return StoreFacts(
        reader.current_revision(),
        outputs,
        reader.documents(),
        counts.get(everything, 0) if everything is not None else 0,
        reader.source_health(),
        reader.category_alarms(),
    )


def health(facts: StoreFacts, now: datetime, told: Sequence[str]) -> dict[str, Any]:
    """The JSON of `/healthz`. `told` are the troubles that the daemon reported."""
    states = Counter(state_of(source) for source in facts.sources)
    problems = [*told, *_problems_of_sources(facts.sources, states, now)]
    unwritten = [o.name for o in facts.outputs if f"feeds/{o.name}.atom" not in facts.documents]
    if unwritten:
        problems.append(f"not published yet: {', '.join(unwritten[:10])}")
    return {
        "status": "degraded" if problems else "ok",
        "problems": problems,
        "revision": facts.revision,
        "sources": {
            "total": len(facts.sources),
            "ok": states["ok"],
            "failing": states["failing"],
            "gone": states["gone"],
            "not_polled_yet": states["new"],
            "disabled": states["off"],
            "unusual": states["odd"],
        },
        "outputs": len(facts.outputs),
        "stories": facts.stories,
    }


def readiness(facts: StoreFacts, now: datetime, store_error: str | None) -> list[str]:
    """What keeps the program from doing its work, as `/readyz` tells it; [] when it is ready."""
    problems = [store_error] if store_error else []
    late = sum(is_overdue(source, now) for source in facts.sources)
    if late:
        problems.append(f"the schedule is behind: {late} overdue")
    return problems


def _problems_of_sources(
    sources: Sequence[SourceHealth], states: Counter[Any], now: datetime
) -> list[str]:
    problems = []
    broken = sum(states[state] for state in BROKEN)
    polled = broken + states["ok"] + states["odd"]
    if broken and broken >= polled * FAILING_PART:
        problems.append(f"{broken} of {polled} polled sources fail")
    late = sum(is_overdue(source, now) for source in sources)
    if late:
        minutes = OVERDUE // timedelta(minutes=1)
        are = "source is" if late == 1 else "sources are"
        problems.append(f"{late} {are} overdue by more than {minutes} minutes: is anyone polling?")
    return problems


def is_overdue(source: SourceHealth, now: datetime) -> bool:
    """Whether a source should have been polled a good while ago."""
    due = source.state.next_poll_at
    return source.enabled and not source.state.gone and due is not None and now - due > OVERDUE
