"""JSON objects `{title, text}` as the scorers feed them → articles, as the corridor makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aggregator.dedupe.article import Article, article_of
from aggregator.provenance import read_provenance


def article_from(item: Mapping[str, Any]) -> Article:
    """The article of one object; absent parts are empty."""
    text = item.get("text") or ""
    return article_of(item.get("title") or "", text, read_provenance(text).boilerplate)
