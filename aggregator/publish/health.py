"""Alarms → the Atom feed `/feeds/health.atom`: an entry when a source broke, one when it recovered.

A function of the alarms alone: no clock enters, and ids come from the store's own keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from aggregator import drift
from aggregator.drift import Language
from aggregator.model import Alarm, Config, OutputRecord
from aggregator.publish.feed import Place, render_feed
from aggregator.publish.own import OwnEntry, output_beside, render_own
from aggregator.text import fit_for_xml, shorten, squeeze

HEALTH = "health"
HEALTH_TITLE: dict[Language, str] = {"zh": "来源健康", "en": "Health of the sources"}
# The latest so many alarms stand in the document.
ALARMS_SHOWN = 50
# Addresses may hold tokens: of one in a message only the host is told.
_ADDRESS = re.compile(r"\b(https?://)(?:[^\s/@]*@)?([^\s/?#]+)[^\s”\"')]*", re.IGNORECASE)
_MICROSECOND = timedelta(microseconds=1)
_HAN, _KANA = re.compile("[\u3400-\u9fff]"), re.compile("[\u3041-\u30fa]")


def language_of(config: Config) -> Language:
    """The language the person writes in, by the titles of feeds.yaml: Chinese, else English."""
    titles = "\n".join([config.title, *(category.title for category in config.categories)])
    return "zh" if _HAN.search(titles) and not _KANA.search(titles) else "en"


def latest_alarms(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Of alarms of sources and categories those that stand in the document."""
    latest = sorted(alarms, key=lambda one: (one.ended_at or one.since, one.alarm_id))
    return latest[-ALARMS_SHOWN:]


def render_health(everything: OutputRecord, alarms: Sequence[Alarm], config: Config) -> bytes:
    """The document, the newest event first; its times are those of feeds.yaml's zone."""
    words = _Words(language_of(config), ZoneInfo(config.timezone))
    moments = [moment for alarm in alarms for moment in (alarm.since, alarm.ended_at) if moment]
    output = output_beside(everything, HEALTH, HEALTH_TITLE[words.language], moments)
    events: list[tuple[datetime, int, bool, Alarm]] = []
    for alarm in alarms:
        events.append((alarm.since, alarm.alarm_id, False, alarm))
        if alarm.ended_at is not None:
            events.append((alarm.ended_at, alarm.alarm_id, True, alarm))
    events.sort(key=lambda event: event[:3], reverse=True)
    before: datetime | None = None
    entries = []
    for moment, _, recovered, alarm in events:
        # No two entries of a feed may have the same `updated`.
        distinct = moment if before is None else min(moment, before - _MICROSECOND)
        entries.append(_entry(output, alarm, recovered, distinct, config.base_url, words))
        before = distinct
    place = Place(hub=config.hub_url)
    return render_feed(output, config.title, config.base_url, entries, place)


class _Words:
    """What an entry says, in one language."""

    def __init__(self, language: Language, zone: tzinfo) -> None:
        self.language = language
        self._zone = zone

    def begun(self, alarm: Alarm) -> tuple[str, str]:
        """Title and text for a source that broke: what, the evidence, what to do."""
        name, event = _name(alarm), drift.event(alarm.kind, self.language)
        told = drift.said(alarm.evidence, self.language, self._zone)
        said = shorten(without_addresses(squeeze(fit_for_xml(told))), 1000)
        advice = drift.advice(alarm.kind, self.language)
        if self.language == "zh":
            return f"故障：{name} {event}", f"{name} {event}：{said}。→ {advice}"
        return f"Trouble: {name} {event}", f"{name} {event}: {said}. → {advice}"

    def over(self, alarm: Alarm, moment: datetime) -> tuple[str, str]:
        """Title and text for a source that recovered."""
        name, what = _name(alarm), drift.name(alarm.kind, self.language)
        begun, over = self._time(alarm.since), self._time(moment)
        if self.language == "zh":
            return f"恢复：{name}（{what}已结束）", f"{name}：{begun} 开始，{over} 结束。"
        return f"Recovered: {name} ({what})", f"{name}: it began {begun} and was over {over}."

    def _time(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M (%z)}"


def _name(alarm: Alarm) -> str:
    return shorten(squeeze(fit_for_xml(alarm.source_title)), 200) or alarm.source_name


def _entry(
    output: OutputRecord,
    alarm: Alarm,
    recovered: bool,
    moment: datetime,
    base_url: str,
    words: _Words,
) -> bytes:
    event = "recovered" if recovered else "broke"
    title, text = words.over(alarm, moment) if recovered else words.begun(alarm)
    about = OwnEntry(
        id=f"urn:uuid:{uuid5(UUID(output.key), f'{alarm.alarm_id}/{event}')}",
        title=title,
        moment=moment,
        text=text,
        links=(("alternate", f"{base_url}/sources", "text/html"),),
        category=(alarm.kind, drift.name(alarm.kind, words.language)),
    )
    return render_own(about).atom


def without_addresses(text: str) -> str:
    """`text` with only the hosts left of its addresses: what follows may be a secret."""
    return _ADDRESS.sub(r"\1\2/…", text)
