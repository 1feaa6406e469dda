"""Alarms → the Atom feed `/feeds/health.atom`: an entry when a source broke, one when it recovered.

A function of the alarms alone: no clock enters, and ids come from the store's own keys.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from feedgen.entry import FeedEntry
from lxml import etree

from aggregator.model import Alarm, OutputRecord
from aggregator.publish.entry import timestamp
from aggregator.publish.feed import render_feed
from aggregator.publish.feedgen_extension import EntryExtra, ExtraElement
from aggregator.text import fit_for_xml, shorten, squeeze

HEALTH = "health"
HEALTH_TITLE = "来源健康"
# The latest so many alarms stand in the document.
ALARMS_SHOWN = 50
# Addresses may hold tokens: of one in a message only the host is told.
_ADDRESS = re.compile(r"\b(https?://)(?:[^\s/@]*@)?([^\s/?#]+)[^\s”\"')]*", re.IGNORECASE)
_MICROSECOND = timedelta(microseconds=1)
# kind → what happened, in Chinese and in English.
_SAID = {
    "gone": ("已永久消失", "is gone for good"),
    "moved": ("只剩停更或搬家的告示", "only says that it has ended or moved"),
    "failing": ("连续抓取失败", "fails"),
    "selector": ("选择器不再匹配", "is a page in which the selectors find nothing"),
    "empty": ("不再有条目", "is empty"),
    "collapsed": ("条目骤减", "lost most of its entries"),
    "encoding": ("文字编码损坏", "has damaged text"),
    "undated": ("日期无法读取", "has dates that cannot be read"),
    "silent": ("异常沉默", "has been silent for unusually long"),
    "certificate": ("证书即将到期", "has a certificate that ends soon"),
}


def health_output(everything: OutputRecord, alarms: Sequence[Alarm]) -> OutputRecord:
    """The output that stands for the health of the sources, beside that of all stories."""
    moments = [moment for alarm in alarms for moment in (alarm.since, alarm.ended_at) if moment]
    return replace(
        everything,
        name=HEALTH,
        kind=HEALTH,
        key=uuid5(UUID(everything.key), HEALTH).hex,
        title=HEALTH_TITLE,
        updated_at=max([everything.created_at, *moments]),
    )


def render_health(
    everything: OutputRecord,
    alarms: Sequence[Alarm],
    site_title: str,
    base_url: str,
    hub: str | None = None,
) -> bytes:
    """The document, the newest event first."""
    output = health_output(everything, alarms)
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
        entries.append(_entry(output, alarm, recovered, distinct, base_url))
        before = distinct
    return render_feed(output, site_title, base_url, entries, hub)


def _entry(
    output: OutputRecord, alarm: Alarm, recovered: bool, moment: datetime, base_url: str
) -> bytes:
    entry = FeedEntry()
    entry.register_extension("extra", EntryExtra)
    extra: EntryExtra = entry.extra
    event = "recovered" if recovered else "broke"
    entry.id(f"urn:uuid:{uuid5(UUID(output.key), f'{alarm.alarm_id}/{event}')}")
    chinese, english = _SAID.get(alarm.kind, (alarm.kind, alarm.kind))
    name = shorten(squeeze(fit_for_xml(alarm.source_title)), 200) or alarm.source_name
    if recovered:
        entry.title(f"恢复：{name}（{chinese}已结束）")
        text = f"{name}: over since {timestamp(moment)}. It had begun {timestamp(alarm.since)}."
    else:
        entry.title(f"故障：{name} {chinese}")
        said = without_addresses(squeeze(fit_for_xml(alarm.evidence)))
        text = f"{name} {english}: {shorten(said, 1000)}"
    extra.title_type = "text"
    entry.updated(moment)
    entry.published(moment)
    entry.content(text, type="text")
    entry.category(term=alarm.kind, label=english)
    link = {"rel": "alternate", "href": f"{base_url}/sources", "type": "text/html"}
    extra.elements = [ExtraElement("link", attributes=link)]
    element = entry.atom_entry()
    for tag in ("updated", "published"):
        element.find(tag).text = timestamp(moment)
    written = etree.tostring(element, encoding="utf-8", xml_declaration=False)
    return bytes(written)


def without_addresses(text: str) -> str:
    """`text` with only the hosts left of its addresses: what follows may be a secret."""
    return _ADDRESS.sub(r"\1\2/…", text)
