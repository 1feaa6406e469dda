"""`show`: a story of the store → all that is known of it, for people or as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from aggregator.cli.opened import reader_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_or_exit
from aggregator.cli.versions import readable, version_lines, versions_json, what_changed
from aggregator.dedupe.links import link_key
from aggregator.model import Snapshot, StoryDetails
from aggregator.store import StoreReader
from aggregator.text import fit_for_xml
from aggregator.web.view import headline_of

ItemArgument = Annotated[
    str, typer.Argument(metavar="ITEM", help="The first digits of an item's key, or an address.")
]
CANDIDATES = 20


def command(
    item: ItemArgument,
    versions: Annotated[
        bool, typer.Option("--versions", help="The text of every version of every carrier.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="What changed from each version to the next.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show one item. Exit code 1 when there is none, 2 when ITEM means several."""
    loaded = load_or_exit(config)
    with reader_or_exit(loaded) as reader:
        details = find_one(reader, item.strip())
    if as_json:
        shown = story_json(details) | versions_json(details, versions, diff)
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        zone = ZoneInfo(loaded.timezone)
        lines = version_lines(details, zone, diff) if versions or diff else []
        typer.echo("\n".join(lines or story_lines(details, zone)))


def find_one(reader: StoreReader, item: str) -> StoryDetails:
    """The one story that `item` means; else says so on standard error and ends the command."""
    keys = reader.find_stories(item, link_key(item), CANDIDATES)
    found = [details for key in keys if (details := reader.story_details(key)) is not None]
    if not found:
        typer.echo(f"no item has a key that begins with {item!r}, nor that address or id", err=True)
        raise typer.Exit(1)
    if len(found) > 1:
        _stop_at_several(item, found)
    return found[0]


def _stop_at_several(item: str, found: Sequence[StoryDetails]) -> NoReturn:
    many = f"{CANDIDATES} or more" if len(found) == CANDIDATES else str(len(found))
    typer.echo(f"{item!r} means {many} items; say which by more digits:", err=True)
    for details in found:
        story = details.story
        typer.echo(f"  {story.key}  {headline_of(story.snapshot, story.source_title)}", err=True)
    raise typer.Exit(2)


# ---------------------------------------------------------------- for people


def story_lines(details: StoryDetails, zone: tzinfo) -> list[str]:
    """The story line by line, times in `zone`."""
    story, shown = details.story, details.story.snapshot
    lines = [
        _fit(headline_of(shown, story.source_title)),
        "",
        _row("item", story.key),
        _row("atom id", story.atom_id),
        _row("published", _local(shown.published, zone)),
        _row("first taken", _local(story.first_taken_at, zone)),
        _row("updated", _local(story.updated_at, zone)),
    ]
    if shown.authors:
        lines.append(_row("by", ", ".join(shown.authors)))
    lines.append(_row("outputs", ", ".join(details.outputs) or "none"))
    for section in (_decisions, _carriers, _snapshots):
        lines += ["", *section(details, zone)]
    lines += ["", *_text_lines(shown)]
    return lines


def _decisions(details: StoryDetails, zone: tzinfo) -> list[str]:
    if not details.decisions:
        return ["categories", "  none was decided: it stands among the uncategorized"]
    lines = ["categories"]
    for _, decision, at in details.decisions:
        why = f": {_fit(decision.evidence)}" if decision.evidence else ""
        decided = f"decided by {decision.decided_by}{why}"
        lines.append(f"  {decision.category}  {decided}  ({_local(at, zone)})")
    return list(dict.fromkeys(lines))


def _carriers(details: StoryDetails, zone: tzinfo) -> list[str]:
    lines = [f"carriers ({len(details.story.carriers)})"]
    if details.story.origin:
        lines.append(f"  origin: {details.story.origin}")
    if details.story.outlet:
        lines.append(f"  the text credits {_fit(details.story.outlet)}")
    for carrier in details.story.carriers:
        named = f"{_fit(carrier.source_title)} ({carrier.source_name})"
        lines.append(f"  {named}  seen {_local(carrier.first_seen_at, zone)}")
        if carrier.published:
            lines.append(f"    published {_local(carrier.published, zone)}")
        lines.append(f"    {_fit(carrier.link) if carrier.link else 'no link'}")
    return lines


def _snapshots(details: StoryDetails, zone: tzinfo) -> list[str]:
    names = {c.entry_id: c.source_name for c in details.story.carriers}
    lines = [f"snapshots ({len(details.snapshots)})"]
    for snapshot in details.snapshots:
        whose = names.get(snapshot.entry_id, "")
        taken = _local(snapshot.taken_at, zone)
        lines.append(f"  {taken}  {whose} #{snapshot.number}  {what_changed(snapshot)}")
        lines.append(f"    sha256 {snapshot.digest}")
    return lines


def _text_lines(shown: Snapshot) -> list[str]:
    text = readable(shown.content) or readable(shown.summary)
    return ["text", text if text else "  it came without text"]


def _fit(text: str) -> str:
    """Without control characters: what comes from outside must not steer a terminal."""
    return fit_for_xml(text)


def _row(name: str, value: str) -> str:
    return f"{name:<12} {_fit(value)}"


def _local(moment: datetime | None, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else "–"


# ---------------------------------------------------------------- for scripts


def story_json(details: StoryDetails) -> dict[str, object]:
    """The story as one JSON object; times in UTC (RFC 3339) or null."""
    story, shown = details.story, details.story.snapshot
    return {
        "item": story.key,
        "id": story.atom_id,
        "title": headline_of(shown, story.source_title),
        "link": shown.link,
        "published": _utc(shown.published),
        "first_taken": _utc(story.first_taken_at),
        "updated": _utc(story.updated_at),
        "authors": list(shown.authors),
        "outlet": story.outlet,
        "origin": story.origin,
        "outputs": list(details.outputs),
        "categories": [
            {
                "category": decision.category,
                "decided_by": decision.decided_by,
                "evidence": decision.evidence,
                "decided": _utc(at),
            }
            for _, decision, at in details.decisions
        ],
        "carriers": [
            {
                "source": carrier.source_name,
                "title": carrier.title,
                "link": carrier.link,
                "guid": carrier.guid,
                "published": _utc(carrier.published),
                "first_seen": _utc(carrier.first_seen_at),
            }
            for carrier in story.carriers
        ],
        "snapshots": [_snapshot_json(snapshot, details) for snapshot in details.snapshots],
        "text": readable(shown.content) or readable(shown.summary) or None,
    }


def _snapshot_json(snapshot: Snapshot, details: StoryDetails) -> dict[str, object]:
    names = {c.entry_id: c.source_name for c in details.story.carriers}
    return {
        "source": names.get(snapshot.entry_id),
        "number": snapshot.number,
        "taken": _utc(snapshot.taken_at),
        "digest": snapshot.digest,
        "changed": list(snapshot.changed),
    }


def _utc(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None
