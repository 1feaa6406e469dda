"""Outputs and sources → the OPML documents that list them (OPML 2.0)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lxml import etree

from aggregator.config.opml import write_opml
from aggregator.config.secrets import secrets_of, shown_url
from aggregator.model import Config, OutputRecord
from aggregator.publish.feed import address_of
from aggregator.text import fit_for_xml, squeeze

HIDDEN = "***"


def render_index(
    outputs: Iterable[OutputRecord], further: Iterable[tuple[str, str]], config: Config
) -> bytes:
    """OPML of all outputs, then of `further` feeds (name, title) that are no output's.

    No date is written: the same outputs give the same bytes.
    """
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = squeeze(fit_for_xml(config.title))
    body = etree.SubElement(root, "body")
    listed = [(output.name, output.title) for output in outputs]
    for name, title in [*listed, *further]:
        shown = squeeze(fit_for_xml(title)) or name
        about = {
            "type": "rss",
            "text": shown,
            "title": shown,
            "xmlUrl": address_of(config.base_url, name, None, "atom"),
            "htmlUrl": f"{config.base_url}/",
        }
        etree.SubElement(body, "outline", about)
    etree.indent(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written + b"\n"


def render_sources(config: Config) -> bytes:
    """OPML of the sources by category, without a secret in any address.

    A source whose address holds one is listed without it: whoever reads the list cannot poll it.
    """
    hidden = secrets_of(config)

    def shown(url: str) -> str:
        url = shown_url(url)
        for secret in hidden:
            url = url.replace(secret, HIDDEN)
        return url

    sources = [source for source in config.sources if source.enabled]
    urls = {source.id: shown(source.url) for source in sources}
    shown_to_all = [one for one in config.categories if not one.private]
    names = {one.id for one in shown_to_all}
    sources = [
        replace(one, categories=tuple(name for name in one.categories if name in names))
        for one in sources
    ]
    return write_opml(config.title, shown_to_all, sources, urls)
