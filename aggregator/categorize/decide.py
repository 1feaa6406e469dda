"""A source's own categories, else rules → an entry's categories with the evidence for each.

No decision at all is an answer too: such an entry is published as uncategorized (未分类).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from aggregator.html import visible_text
from aggregator.model import Category, CategoryDecision, Tag, Text
from aggregator.query import PreparedItem, Query, matches, parse_query, prepare

# A rule looks at this many characters of the text: a rule is about what an article is on, and a
# book of 10 MB must not hold up the others.
TEXT_LIMIT = 20_000


class Categorizable(Protocol):
    """What of an entry the rules can see; Entry and UndecidedEntry both have it."""

    @property
    def title(self) -> Text | None: ...
    @property
    def summary(self) -> Text | None: ...
    @property
    def content(self) -> Text | None: ...
    @property
    def link(self) -> str | None: ...
    @property
    def authors(self) -> tuple[str, ...]: ...
    @property
    def tags(self) -> tuple[Tag, ...]: ...
    @property
    def language(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of all categories, read once: (category, the rule as written, its query)."""

    rules: tuple[tuple[str, str, Query], ...] = ()

    @classmethod
    def of(cls, categories: Iterable[Category]) -> Rules:
        """Read the rules of `categories`. Raises QueryError; feeds.yaml was checked before."""
        return cls(
            tuple(
                (category.id, rule, parse_query(rule))
                for category in categories
                for rule in category.rules
            )
        )


def decide_categories(
    source_name: str, own: tuple[str, ...], rules: Rules, entry: Categorizable
) -> tuple[CategoryDecision, ...]:
    """The entry's categories: the source's `own` where it has any, else those whose rules match."""
    if own:
        return tuple(CategoryDecision(category, "source", source_name) for category in own)
    if not rules.rules:
        return ()
    item = prepare(item_fields(source_name, entry))
    return tuple(_by_rules(rules, item))


def _by_rules(rules: Rules, item: PreparedItem) -> Iterable[CategoryDecision]:
    decided: set[str] = set()
    for category, text, query in rules.rules:
        if category not in decided and matches(query, item):
            decided.add(category)
            yield CategoryDecision(category, "rule", text)


def item_fields(source_name: str, entry: Categorizable) -> Mapping[str, tuple[str, ...]]:
    """The fields of an entry by the names the query language has for them."""
    text = entry.content or entry.summary
    return {
        "title": _plain(entry.title),
        "text": tuple(part[:TEXT_LIMIT] for part in _plain(text)),
        "source": (source_name,),
        "tag": tuple(tag.label or tag.term for tag in entry.tags),
        "link": (entry.link,) if entry.link else (),
        "author": entry.authors,
        "lang": (entry.language,) if entry.language else (),
    }


def _plain(text: Text | None) -> tuple[str, ...]:
    if text is None:
        return ()
    return (visible_text(text.value) if text.kind == "html" else text.value,)
