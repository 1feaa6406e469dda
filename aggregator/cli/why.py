"""`why`: an item → the decisions about it, with their evidence: category, carriers, candidates."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from aggregator.carrying import article_of_texts, marks_of
from aggregator.cli.opened import reader_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_or_exit
from aggregator.cli.show import find_one
from aggregator.cli.versions import readable
from aggregator.cli.why_category import category_json, category_lines
from aggregator.dedupe.article import Article
from aggregator.dedupe.verify import compare, passages
from aggregator.model import Snapshot, StoryDetails
from aggregator.store import StoreReader
from aggregator.text import fit_for_xml, shorten

LONGEST_PASSAGE = 60
WORDS = {
    "link": "same address and same text",
    "digest": "the same text, but for form and padding",
    "text": "a near-duplicate",
    "merge": "merged by hand",
}
AGAINST = {
    "same": "the same article",
    "unlike": "too little of it is the same",
    "replaced": "it says other things in the same places",
    "figures": "its figures are others",
    "title": "what differs in the text differs in the titles too",
    "short": "the text is too short to tell",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text that was weighed against the item's, and what came of it."""

    title: str
    source: str
    taken: bool
    how: str
    contained: float
    same: float
    own: float
    replacements: int
    figures: int
    passages: list[str]


def command(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="An item's key, or an address.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell why. Exit code 1 when there is no such item, 2 when ITEM means several."""
    loaded = load_or_exit(config)
    with reader_or_exit(loaded) as reader:
        reader.recognise_within(loaded.stories.window_days)
        details = find_one(reader, item.strip())
        category = category_json(reader, loaded, details)
        weighed = [*_carriers(reader, details), *_candidates(reader, details)]
    if as_json:
        typer.echo(json.dumps(_as_json(details, weighed, category), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(_lines(details, weighed, category)))


def _carriers(reader: StoreReader, details: StoryDetails) -> list[Weighed]:
    """The carriers with the evidence kept for each, and the passages that matched."""
    found: list[Weighed] = []
    for kept in reader.story_likenesses(details.story.key):
        like, mine, theirs = kept.likeness, kept.snapshot, kept.matched
        shared: list[str] = []
        if mine is not None and theirs is not None:
            one, other = (_article(snapshot) for snapshot in (mine, theirs))
            shared = [shorten(text, LONGEST_PASSAGE) for text in passages(one, other)]
        shares = (like.contained, like.same, like.own, like.replacements, 0)
        title = readable(mine.title) if mine is not None else ""
        found.append(Weighed(title, kept.source_name, True, WORDS[like.how], *shares, shared))
    return found


def _candidates(reader: StoreReader, details: StoryDetails) -> list[Weighed]:
    """What of the last days shares fingerprints with the text shown, and why it is not the same."""
    lead = details.story.snapshot
    article = _article(lead)
    found: list[Weighed] = []
    for known in reader.similar_texts(marks_of(article).fingerprints, _asked_at(details)):
        if known.story_id == details.story.story_id:
            continue
        other = article_of_texts(known.title, known.text)
        compared = compare(article, other)
        shared = [shorten(text, LONGEST_PASSAGE) for text in passages(article, other)]
        shares = (compared.contained, compared.same, compared.own)
        counts = (compared.replacements, compared.figures)
        how = AGAINST[compared.verdict]
        found.append(
            Weighed(readable(known.title), known.tellers[0], False, how, *shares, *counts, shared)
        )
    return found


def _article(snapshot: Snapshot) -> Article:
    return article_of_texts(snapshot.title, snapshot.content or snapshot.summary)


def _asked_at(details: StoryDetails) -> datetime:
    """The window is that of the day on which the item was last told."""
    return max(one.taken_at for one in details.snapshots)


def _lines(details: StoryDetails, weighed: list[Weighed], category: dict[str, Any]) -> list[str]:
    lines = [readable(details.story.snapshot.title), "", *category_lines(category)]
    lead = details.story.carriers[0]
    lines += ["", "carriers", f"  {lead.source_name}  the first"]
    for one in weighed:
        if one.taken:
            lines += _weighed_lines(one)
    lines += ["", "candidates that were not taken"]
    others = [one for one in weighed if not one.taken]
    for one in others:
        lines += _weighed_lines(one)
    if not others:
        lines.append("  none shares enough of its text")
    return [fit_for_xml(line) for line in lines]


def _weighed_lines(one: Weighed) -> list[str]:
    lines = [f"  {one.source}  {one.how}: {one.title}"]
    figures = f", figures {one.figures}" if one.figures else ""
    if one.contained:
        lines.append(
            f"    contained {one.contained:.2f}, same {one.same:.2f}, own {one.own:.2f}, "
            f"replaced {one.replacements}{figures}"
        )
    lines += [f"    “{passage}”" for passage in one.passages]
    return lines


def _as_json(
    details: StoryDetails, weighed: list[Weighed], category: dict[str, Any]
) -> dict[str, object]:
    return {
        "item": details.story.key,
        "categories": [
            {"category": d.category, "decided_by": d.decided_by, "evidence": d.evidence}
            for _, d, _ in details.decisions
        ],
        "category": category,
        "lead": details.story.carriers[0].source_name,
        "origin": details.story.origin,
        "weighed": [asdict(one) for one in weighed],
    }
