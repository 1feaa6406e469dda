"""Entries that are no more → `/feeds/removed.atom`, a feed of tombstones (RFC 6721)."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from aggregator.model import OutputRecord, Tombstone
from aggregator.publish.feed import Place, render_feed
from aggregator.publish.own import output_beside
from aggregator.publish.shown import timestamp
from aggregator.text import fit_for_xml, squeeze

REMOVED = "removed"
REMOVED_TITLE = "已撤下"
TOMBSTONES_SHOWN = 1_000
_AT = "http://purl.org/atompub/tombstones/1.0"


def render_removed(
    everything: OutputRecord,
    tombstones: Sequence[Tombstone],
    site_title: str,
    base_url: str,
    hub: str | None = None,
) -> bytes:
    """The document, the latest first. Its namespace is the one that validators do not know."""
    moments = [one.when for one in tombstones]
    output = output_beside(everything, REMOVED, REMOVED_TITLE, moments)
    return render_feed(
        output, site_title, base_url, [_tombstone(one) for one in tombstones], Place(hub=hub)
    )


def _tombstone(one: Tombstone) -> bytes:
    """`at:deleted-entry` with ref, when and a comment (RFC 6721 3)."""
    element = etree.Element(f"{{{_AT}}}deleted-entry", nsmap={"at": _AT})
    element.set("ref", one.ref)
    element.set("when", timestamp(one.when))
    if comment := squeeze(fit_for_xml(one.comment)):
        etree.SubElement(element, f"{{{_AT}}}comment").text = comment
    return bytes(etree.tostring(element, encoding="utf-8"))
