"""An output and its rendered entries → the bytes of its Atom feed document (RFC 4287)."""

from __future__ import annotations

from collections.abc import Sequence

from feedgen.feed import FeedGenerator

from aggregator.model import OutputRecord
from aggregator.publish.feedgen_extension import ExtraElement, FeedExtra
from aggregator.text import fit_for_xml, squeeze

_END = b"</feed>"


def render_feed(
    output: OutputRecord,
    site_title: str,
    base_url: str,
    entries: Sequence[bytes],
    hub: str | None = None,
) -> bytes:
    """The document of `output`, self link and all, around entries rendered before.

    Every address in it is built from `base_url`, but for the `hub` that it names; its id is the
    output's own and holds neither base_url nor name. Its `updated` is the output's, never the
    present.
    """
    feed = FeedGenerator()
    feed.register_extension("extra", FeedExtra, None, atom=True, rss=False)
    feed.id(f"urn:uuid:{_dashed(output.key)}")
    title = squeeze(fit_for_xml(output.title))
    site = squeeze(fit_for_xml(site_title))
    feed.title(f"{title} - {site}" if site and site != title else title or output.name)
    feed.updated(output.updated_at)
    feed.author(name=site or "aggregator")
    # No version: a new release must not change the bytes of every document.
    feed.generator("aggregator")
    extra: FeedExtra = feed.extra
    extra.title_type = "text"
    extra.elements = [
        _link("self", f"{base_url}/feeds/{output.name}.atom", "application/atom+xml"),
        _link("alternate", f"{base_url}/", "text/html"),
    ]
    if hub is not None:
        extra.elements.append(ExtraElement("link", attributes={"rel": "hub", "href": hub}))
    if output.kind == "category":
        extra.elements.append(
            ExtraElement("category", attributes={"term": output.name, "label": title})
        )
    head: bytes = feed.atom_str(encoding="UTF-8").strip().removesuffix(_END)
    return b"\n".join([head, *entries, _END + b"\n"])


def _link(rel: str, href: str, media_type: str) -> ExtraElement:
    return ExtraElement("link", attributes={"rel": rel, "href": href, "type": media_type})


def _dashed(key: str) -> str:
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
