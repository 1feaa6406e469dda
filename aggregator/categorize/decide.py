"""An entry → its categories with the evidence for each, by the first of these that says anything:

a person's correction, the source's own categories, the source's `map` and the rules, the learned
classifier where it is sure enough. No decision at all is an answer too: such an entry is published
as uncategorized (未分类).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from aggregator.html import visible_text
from aggregator.model import Category, CategoryDecision, Config, Tag, Text
from aggregator.query import PreparedItem, Query, date_text, matches, parse_query, prepare
from aggregator.text import normal_form

if TYPE_CHECKING:
    from aggregator.categorize.classifier import Classifier, Verdict
    from aggregator.categorize.features import Reading

# The name of what nothing takes; a correction to it says that an entry belongs in no category.
UNCATEGORIZED = "uncategorized"

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
    @property
    def published(self) -> datetime | None: ...


# What a person said of a story: its categories, and when.
Corrected = tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An entry whose categories are asked for.

    `outlet` is whom its text credits, `corrected` what a person said of its story.
    """

    source_name: str
    entry: Categorizable
    outlet: str | None = None
    corrected: Corrected | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The categories of an entry, and what the classifier said of it where it was asked."""

    categories: tuple[CategoryDecision, ...]
    verdict: Verdict | None = None


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


@dataclass(frozen=True, slots=True)
class Decider:
    """All that decides, for the sources of one config; `number` is the classifier's in the store.

    `own` and `maps` go by source: its own categories, and ours for the origin's (in normal form).
    """

    rules: Rules
    own: Mapping[str, tuple[str, ...]]
    maps: Mapping[str, Mapping[str, str]]
    precision: Mapping[str, float]
    classifier: Classifier | None = None
    number: int | None = None

    @classmethod
    def of(cls, config: Config, body: bytes | None = None, number: int | None = None) -> Decider:
        """For a config, with the classifier that `body` holds (see classifier.to_bytes), if any.

        Raises ValueError for a classifier of another version of this program.
        """
        precision = {category.id: category.precision for category in config.categories}
        classifier = None
        if body is not None:
            from aggregator.categorize.classifier import from_bytes  # numpy costs 0.1 s

            classifier = from_bytes(body).wanting(precision)
        return cls(
            Rules.of(config.categories),
            {source.id: source.categories for source in config.sources},
            {
                source.id: {normal_form(said): ours for said, ours in source.map}
                for source in config.sources
                if source.map
            },
            precision,
            classifier,
            number,
        )

    def decide(self, asked: Sequence[Unplaced]) -> list[Placed]:
        """The categories of entries, in the order given. Many at once cost less."""
        placed: list[Placed] = []
        open_ones: list[int] = []
        for one in asked:
            if one.corrected is not None:
                placed.append(Placed(by_correction(one.corrected)))
                continue
            found = self._by_config(one)
            if not found and self.classifier is not None:
                open_ones.append(len(placed))
            placed.append(Placed(found))
        if open_ones and self.classifier is not None:
            readings = [reading_of(asked[at].entry) for at in open_ones]
            for at, verdict in zip(open_ones, self.classifier.judge(readings), strict=True):
                placed[at] = Placed(self._by_model(verdict), verdict)
        return placed

    def _by_model(self, verdict: Verdict) -> tuple[CategoryDecision, ...]:
        if not verdict.sure or verdict.category not in self.precision:
            return ()
        said = f"model {self.number or 0}: {verdict.probability:.3f}"
        return (CategoryDecision(verdict.category, "model", said),)

    def _by_config(self, asked: Unplaced) -> tuple[CategoryDecision, ...]:
        own = self.own.get(asked.source_name, ())
        mapped = self.maps.get(asked.source_name)
        if own or not mapped:
            return decide_categories(asked, own, self.rules)
        found: dict[str, CategoryDecision] = {}
        for tag in asked.entry.tags:
            for said in (tag.term, tag.label):
                ours = mapped.get(normal_form(said)) if said else None
                if ours is not None:
                    decision = CategoryDecision(ours, "rule", f"map: {said}")
                    found.setdefault(ours, decision)
        for decision in decide_categories(asked, (), self.rules):
            found.setdefault(decision.category, decision)
        return tuple(found.values())


def by_correction(corrected: Corrected) -> tuple[CategoryDecision, ...]:
    """The decisions of a person's correction; none where it says uncategorized."""
    return tuple(
        CategoryDecision(category, "correction", f"relabel, {at:%Y-%m-%dT%H:%M:%SZ}")
        for category, at in corrected
        if category != UNCATEGORIZED
    )


def reading_of(entry: Categorizable) -> Reading:
    """What the classifier reads of an entry."""
    from aggregator.categorize.features import Reading

    title, text = _plain(entry.title), _plain(entry.content or entry.summary)
    tags = tuple(tag.label or tag.term for tag in entry.tags)
    return Reading(title[0] if title else "", text[0] if text else "", tags)


def decide_categories(
    asked: Unplaced, own: tuple[str, ...], rules: Rules
) -> tuple[CategoryDecision, ...]:
    """The entry's categories: the source's `own` where it has any, else those whose rules match."""
    if own:
        return tuple(CategoryDecision(category, "source", asked.source_name) for category in own)
    if not rules.rules:
        return ()
    return tuple(_by_rules(rules, prepare(item_fields(asked))))


def _by_rules(rules: Rules, item: PreparedItem) -> Iterable[CategoryDecision]:
    decided: set[str] = set()
    for category, text, query in rules.rules:
        if category not in decided and matches(query, item):
            decided.add(category)
            yield CategoryDecision(category, "rule", text)


def item_fields(asked: Unplaced) -> Mapping[str, tuple[str, ...]]:
    """The fields of an entry by the names the query language has for them."""
    entry = asked.entry
    text = entry.content or entry.summary
    return {
        "title": _plain(entry.title),
        "text": tuple(part[:TEXT_LIMIT] for part in _plain(text)),
        "source": (asked.source_name,),
        "outlet": (asked.outlet,) if asked.outlet else (),
        "tag": tuple(tag.label or tag.term for tag in entry.tags),
        # An origin has one word for both: what it files an article under.
        "section": tuple(tag.label or tag.term for tag in entry.tags),
        "link": (entry.link,) if entry.link else (),
        "author": entry.authors,
        "lang": (entry.language,) if entry.language else (),
        "date": (date_text(entry.published),) if entry.published else (),
    }


def _plain(text: Text | None) -> tuple[str, ...]:
    if text is None:
        return ()
    return (visible_text(text.value) if text.kind == "html" else text.value,)
