"""FIELD_NAMES tells people what the readers do; tables that repeat others' facts stay true."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from feedparser.sanitizer import _HTMLSanitizer

from aggregator.model import FIELD_NAMES, Enclosure, Entry, Tag, Text
from aggregator.parse import assemble, quick
from aggregator.parse.markup import KNOWN_ELEMENTS

ORDERS = {
    "title": assemble._TITLES,
    "summary": assemble._SUMMARIES,
    "content": assemble._CONTENTS,
    "published": assemble._PUBLISHED,
    "updated": assemble._UPDATED,
    "authors": assemble._AUTHORS,
    "rights": assemble._RIGHTS,
}


def test_every_name_is_a_field_of_entry() -> None:
    known = {field.name for field in fields(Entry)}
    for names in FIELD_NAMES.values():
        assert set(names) <= known


def test_the_orders_are_those_that_are_gone_by() -> None:
    for field, order in ORDERS.items():
        told = [
            name.removeprefix("atom:").lower().replace(":", "_")
            for name in FIELD_NAMES["rss"][field]
        ]
        assert told == [name for name in order if name in told]
        assert set(order) - set(told) <= {"subtitle", "dcterms_abstract", "media_copyright"}


def test_the_elements_of_html_are_feedparsers() -> None:
    assert set(_HTMLSanitizer.acceptable_elements) == KNOWN_ELEMENTS


def test_quick_records_equal_ordinary_ones() -> None:
    text = quick.text("a", "html", "b", None)
    assert text == Text("a", "html", "b", None)
    assert quick.tag("t", None, "l") == Tag("t", None, "l")
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    values = {
        "guid": "g",
        "guid_is_link": True,
        "link": "l",
        "title": text,
        "summary": None,
        "content": text,
        "published": moment,
        "updated": None,
        "authors": ("a",),
        "tags": (Tag("t"),),
        "enclosures": (Enclosure("u"),),
        "language": "zh",
        "origin": None,
        "rights": "r",
        "comments": "c",
        "raw": b"x",
        "image": "i",
    }
    assert set(values) == {field.name for field in fields(Entry)}
    made = quick.entry(**values)  # type: ignore[arg-type]
    assert made == Entry(**values)  # type: ignore[arg-type]
    assert hash(made) == hash(Entry(**values))  # type: ignore[arg-type]
