"""What entered an output, in order → the archives it stands in (RFC 5005 4): by month, by count.

An archive is open until it is full or another month begins; then it is sealed and gains no more.
Which one an entry stands in depends on the order of entry alone, never on when it was published.
Months are those of UTC, so that no setting moves what stands in sealed archives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC

from aggregator.model import Archive, Entered

# Few enough that the open archive, which is written with every new entry, is cheap, and many
# enough that a reader who catches up with years of a busy output makes few requests.
ENTRIES_IN_ARCHIVE = 50


def extend(last: Archive | None, output_id: int, entered: Iterable[Entered]) -> list[Archive]:
    """The archives that change when entries follow after `last`, the open one; oldest first."""
    changed: list[Archive] = []
    for one in entered:
        # A clock that was set back does not lead into an earlier month.
        month = one.entered_at.astimezone(UTC).strftime("%Y-%m")
        month = max(month, last.month) if last is not None else month
        if last is not None and last.month == month and last.count < ENTRIES_IN_ARCHIVE:
            last = replace(
                last,
                last_position=one.position,
                count=last.count + 1,
                last_entered_at=one.entered_at,
            )
            if changed:
                changed.pop()
        else:
            if last is not None:
                sealed = replace(last, sealed_at=one.entered_at, sealed_revision=one.revision)
                if changed:
                    changed.pop()
                changed.append(sealed)
            part = last.part + 1 if last is not None and last.month == month else 1
            last = Archive(
                output_id=output_id,
                month=month,
                part=part,
                first_position=one.position,
                last_position=one.position,
                count=1,
                opened_at=one.entered_at,
                opened_revision=one.revision,
                last_entered_at=one.entered_at,
            )
        changed.append(last)
    return changed
