"""Every version of an item's entries → their texts, or what changed from each to the next."""

from __future__ import annotations

from datetime import tzinfo
from itertools import groupby

from aggregator.changes import changes_between, marked
from aggregator.html import readable_text
from aggregator.model import Snapshot, StoryDetails, Text
from aggregator.text import fit_for_xml

# Characters shown on either side of a change.
CONTEXT = 20


def readable(text: Text | None) -> str:
    """A text as a person reads it, a line for each block, fit for a terminal; "" for none."""
    if text is None:
        return ""
    return fit_for_xml(readable_text(text.value) if text.kind == "html" else text.value.strip())


def text_of(snapshot: Snapshot) -> str:
    """The readable text of a snapshot."""
    return readable(snapshot.content) or readable(snapshot.summary)


def what_changed(snapshot: Snapshot) -> str:
    """What a version is, beside the one before."""
    named = {"fulltext": "full text of its page", "reextracted": "read anew from the kept page"}
    if not snapshot.changed:
        return "first"
    return named.get(snapshot.changed[0]) or ", ".join(snapshot.changed) + " changed"


def version_lines(details: StoryDetails, zone: tzinfo, diff: bool) -> list[str]:
    """The versions of each entry, the oldest first: whole, or from the second on what changed."""
    names = {c.entry_id: (c.source_title, c.source_name) for c in details.story.carriers}
    lines: list[str] = []
    for entry_id, group in groupby(details.snapshots, key=lambda one: one.entry_id):
        title, name = names.get(entry_id, ("", ""))
        lines += [f"{fit_for_xml(title)} ({name})", ""]
        before: Snapshot | None = None
        for snapshot in group:
            taken = f"{snapshot.taken_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
            lines.append(
                f"#{snapshot.number}  {taken}  {what_changed(snapshot)}  sha256 {snapshot.digest}"
            )
            if before is None or not diff:
                lines += [readable(snapshot.title), text_of(snapshot), *_own(snapshot), ""]
            else:
                lines += [*_changes(before, snapshot), ""]
            before = snapshot
    return lines


def _own(snapshot: Snapshot) -> list[str]:
    """The feed's own text, where that of the entry's page stands in its place."""
    return ["", "the feed's own text:", readable(snapshot.own)] if snapshot.own else []


def _changes(before: Snapshot, after: Snapshot) -> list[str]:
    lines: list[str] = []
    for name, old, new in (
        ("title", readable(before.title), readable(after.title)),
        ("text", text_of(before), text_of(after)),
        ("link", before.link or "", after.link or ""),
    ):
        if old != new:
            lines.append(f"{name}: {fit_for_xml(marked(changes_between(old, new), CONTEXT))}")
    if before.enclosures != after.enclosures:
        gone = [f"[-{one.url}-]" for one in before.enclosures if one not in after.enclosures]
        come = [f"{{+{one.url}+}}" for one in after.enclosures if one not in before.enclosures]
        lines.append(fit_for_xml("enclosures: " + " ".join([*gone, *come])))
    return lines


def versions_json(details: StoryDetails, versions: bool, diff: bool) -> dict[str, object]:
    """What `--versions` and `--diff` add to the JSON object, in the order of the snapshots."""
    if not versions and not diff:
        return {}
    names = {c.entry_id: c.source_name for c in details.story.carriers}
    found: list[dict[str, object]] = []
    before: Snapshot | None = None
    for snapshot in details.snapshots:
        one: dict[str, object] = {
            "source": names.get(snapshot.entry_id),
            "number": snapshot.number,
            "title": readable(snapshot.title) or None,
            "text": text_of(snapshot) or None,
            "own_text": readable(snapshot.own) or None,
        }
        if diff and before is not None and before.entry_id == snapshot.entry_id:
            pieces = changes_between(text_of(before), text_of(snapshot))
            one["changes"] = [[piece.kind, piece.text] for piece in pieces]
        found.append(one)
        before = snapshot
    return {"versions": found}
