"""New versions of entries → `/feeds/corrections.atom`: an entry a version, the diff as content."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from uuid import NAMESPACE_URL, uuid5

from aggregator.difference import difference_html, differences, paragraphs_of
from aggregator.html import visible_text
from aggregator.model import Correction, OutputRecord, Snapshot
from aggregator.publish.feed import Place, render_feed
from aggregator.publish.iri import usable_iri
from aggregator.publish.own import OwnEntry, output_beside, render_own
from aggregator.publish.shown import content_of, republished, title_of
from aggregator.text import fit_for_xml, shorten, squeeze

CORRECTIONS = "corrections"
CORRECTIONS_TITLE = "更正"
CORRECTIONS_SHOWN = 100
# Of paragraphs that did not change so many are shown before and after one that did.
CONTEXT = 1


def render_corrections(
    everything: OutputRecord,
    corrections: Sequence[Correction],
    site_title: str,
    base_url: str,
    hub: str | None = None,
) -> bytes:
    """The document, the latest version first."""
    moments = [one.after.taken_at for one in corrections]
    output = output_beside(everything, CORRECTIONS, CORRECTIONS_TITLE, moments)
    entries = [render_own(_entry(one)).atom for one in corrections]
    return render_feed(output, site_title, base_url, entries, Place(hub=hub))


def _entry(one: Correction) -> OwnEntry:
    """A version has an id of its own, so that the second change of an entry is news too.

    It is made of what never changes: the entry's source, its first snapshot and the number.
    """
    name = f"{one.source_first_url} {one.first_digest} {one.after.number}"
    title = _plain_title(one.after, one.source_title)
    link = usable_iri(one.after.link)
    source = squeeze(fit_for_xml(one.source_title))
    return OwnEntry(
        id=f"urn:uuid:{uuid5(NAMESPACE_URL, name)}",
        title=f"更正：{title}",
        moment=one.after.taken_at,
        text=_differences(one, source),
        kind="html",
        links=(("alternate", link, ""), ("via", link, "")) if link else (),
    )


def _differences(one: Correction, source: str) -> str:
    shots = [republished(shot, one.summary_only) for shot in (one.before, one.after)]
    titles = [[_plain_title(shot, one.source_title)] for shot in shots]
    texts = [_paragraphs(shot) for shot in shots]
    parts = [f"<p>{escape(source, quote=False)}</p>"]
    if titles[0] != titles[1]:
        parts.append(difference_html(differences(*titles)))
    if texts[0] != texts[1]:
        parts.append(difference_html(differences(*texts), CONTEXT))
    return "".join(parts)


def _plain_title(shot: Snapshot, source_title: str) -> str:
    title, kind = title_of(shot, source_title)
    return shorten(visible_text(title) if kind == "html" else title, 300)


def _paragraphs(shot: Snapshot) -> list[str]:
    return paragraphs_of(content_of(shot)[0])
