"""Aware datetimes ↔ the text they are stored as: UTC, sortable, readable in any SQLite browser."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """`YYYY-MM-DDThh:mm:ss.ffffffZ`, always with microseconds, so that text order is time order."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def to_text_or_none(moment: datetime | None) -> str | None:
    """As `to_text`; None stays None."""
    return None if moment is None else to_text(moment)


def from_text(text: str) -> datetime:
    """The aware UTC datetime that `to_text` wrote."""
    return datetime.fromisoformat(text)


def from_text_or_none(text: str | None) -> datetime | None:
    """As `from_text`; None stays None."""
    return None if text is None else datetime.fromisoformat(text)
