"""`sources`: each source's health → a table for people, or a JSON object a line for scripts."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from aggregator.cli.opened import reader_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_or_exit
from aggregator.config.secrets import secrets_of
from aggregator.drift import advice, event, said
from aggregator.model import Alarm, Config, SourceHealth
from aggregator.rhythm import expected_delay, polls_a_day
from aggregator.web.addresses import public_url, without_secrets
from aggregator.web.view import (
    BROKEN,
    TROUBLED,
    State,
    advice_of,
    error_of,
    hours_of,
    in_order_of_trouble,
    rhythm_of,
    state_of,
)

# A pipe has no width: wide enough that nothing is cut before a `grep`.
PIPE_WIDTH = 400
STATE_WORDS: dict[State, tuple[str, str]] = {
    "gone": ("gone for good", "red"),
    "failing": ("failing", "red"),
    "odd": ("unusual", "yellow"),
    "new": ("not polled yet", "yellow"),
    "ok": ("ok", "green"),
    "off": ("turned off", "dim"),
}


def command(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show each source's health, last and next poll; the broken ones first."""
    loaded = load_or_exit(config)
    with reader_or_exit(loaded) as reader:
        sources = in_order_of_trouble(reader.source_health())
        drifts = reader.category_alarms(every=True)
    if as_json:
        for source in sources:
            typer.echo(json.dumps(source_json(source, loaded), ensure_ascii=False))
        return
    console = _console()
    console.print(source_table(sources, loaded))
    console.print(summary_line(sources))
    for alarm in drifts:
        console.print(RichText(drift_line(alarm, ZoneInfo(loaded.timezone)), "yellow"))


def _console() -> Console:
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=PIPE_WIDTH)


def source_json(source: SourceHealth, config: Config) -> dict[str, object]:
    """A source as one JSON object; times in UTC (RFC 3339) or null, no secrets."""
    state = source.state
    return {
        "source": source.name,
        "title": source.title,
        "url": public_url(source.url),
        "state": state_of(source),
        "enabled": source.enabled,
        "categories": list(source.categories),
        "last_poll": _utc(state.last_poll_at),
        "outcome": state.outcome,
        "status": state.status,
        "last_success": _utc(state.last_success_at),
        "next_poll": _utc(state.next_poll_at),
        "failures": state.failures,
        "failing_since": _utc(state.failing_since),
        "error": _error(source, config),
        "entries": source.entries,
        "entries_a_week": source.week_entries,
        "duplicates_a_week": source.duplicates,
        "uncategorized_a_week": source.uncategorized,
        "expected_delay_minutes": _delay_minutes(source),
        "polls_a_day": _polls_a_day(source),
        "hours": list(hours_of(source)),
        "alarms": [
            {
                "kind": alarm.kind,
                "since": _utc(alarm.since),
                "evidence": _evidence(alarm, source, config),
            }
            for alarm in source.alarms
        ],
        "advice": advice_of(source, "en"),
    }


def source_table(sources: list[SourceHealth], config: Config) -> Table:
    """The table for people; times in the config's zone."""
    zone = ZoneInfo(config.timezone)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("source", "title", "state", "last poll", "next poll"):
        table.add_column(heading, overflow="fold")
    for heading in ("entries", "a week", "delay", "polls/day"):
        table.add_column(heading, justify="right")
    table.add_column("hours", no_wrap=True)
    table.add_column("what is wrong", overflow="fold")
    for source in sources:
        kind = state_of(source)
        said, style = STATE_WORDS[kind]
        if kind == "failing" and source.state.failures > 1:
            said = f"{said} ({source.state.failures}×)"
        waits = source.enabled and not source.state.gone
        # Text, not str: titles and errors from outside must not be read as rich's markup.
        table.add_row(
            RichText(source.name),
            RichText(source.title),
            RichText(said, style),
            _local(source.state.last_poll_at, zone),
            _local(source.state.next_poll_at, zone) if waits else "–",
            f"{source.entries:,}",
            f"{source.week_entries:,}",
            _number(_delay_minutes(source), " min"),
            _number(_polls_a_day(source), ""),
            bars(hours_of(source)),
            RichText(_wrong(source, config, zone)),
        )
    return table


def summary_line(sources: list[SourceHealth]) -> str:
    """How many there are, and how many are in trouble."""
    broken = sum(state_of(source) in TROUBLED for source in sources)
    count = f"{len(sources)} source{'' if len(sources) == 1 else 's'}"
    return f"{count}, {broken} in trouble" if broken else f"{count}, all well"


def drift_line(alarm: Alarm, zone: ZoneInfo) -> str:
    """A category that drifts: what it does, since when, the evidence, and what to do."""
    told = f"category {alarm.source_name} {event(alarm.kind, 'en')}"
    evidence = said(alarm.evidence, "en", zone)
    return f"{told} since {_local(alarm.since, zone)}: {evidence}; → {advice(alarm.kind, 'en')}"


def _error(source: SourceHealth, config: Config) -> str | None:
    error = error_of(source, "en")
    return without_secrets(error, source.url, secrets_of(config)) if error else None


def _wrong(source: SourceHealth, config: Config, zone: ZoneInfo) -> str:
    """Why a source is in trouble, since when, and what to do; "" where it is not."""
    told = [error] if (error := _error(source, config)) else []
    for alarm in source.alarms:
        if alarm.kind not in BROKEN:
            evidence = _evidence(alarm, source, config)
            told.append(f"{alarm.kind} since {_local(alarm.since, zone)}: {evidence}")
    advice = advice_of(source, "en")
    return "; ".join([*told, f"→ {advice}"] if advice else told)


def _evidence(alarm: Alarm, source: SourceHealth, config: Config) -> str:
    told = said(alarm.evidence, "en", ZoneInfo(config.timezone))
    return without_secrets(told, source.url, secrets_of(config))


def bars(hours: tuple[float, ...]) -> str:
    """The hours of a day as a line of bars; "" while they are not known."""
    signs = " ▁▂▃▄▅▆▇█"
    return "".join(signs[round(8 * part)] for part in hours)


def _delay_minutes(source: SourceHealth) -> float | None:
    """The mean delay expected of a learned rhythm, in minutes; None where `every` or `at` rule."""
    known = rhythm_of(source) if source.state.plan else None
    delay = expected_delay(known) if known is not None else None
    return round(delay.total_seconds() / 60, 1) if delay is not None else None


def _polls_a_day(source: SourceHealth) -> float | None:
    known = rhythm_of(source) if source.state.plan else None
    if known is not None and (polls := polls_a_day(known)) is not None:
        return round(polls, 1)
    if source.state.interval is None:
        return None
    return round(86_400 / max(source.state.interval.total_seconds(), 1.0), 1)


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.0f}{unit}"


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else "–"


def _utc(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None
