"""The text of a value under `stories:` or `outlets:` → what it means, or what is wrong."""

from __future__ import annotations

from datetime import timedelta

from aggregator.config.values import parse_duration, refuse

MAX_OUTLET = 64
MOST_WINDOW_DAYS = 365


def check_outlet(text: str) -> str:
    """A name of an outlet, or the host of its site, without white space at its ends.

    Raises InvalidValue.
    """
    name = text.strip()
    if not any(map(str.isalnum, name)):
        refuse(f"`{text}` is no name of an outlet", "write it as texts do: 嘉兴日报")
    if len(name) > MAX_OUTLET:
        refuse(f"the name has {len(name)} characters", f"at most {MAX_OUTLET}")
    if "://" in name or "/" in name:
        hint = "write the host alone, such as jiaxingren.com"
        refuse(f"`{text}` is an address, not a name or a host", hint)
    return name


def parse_window(text: str) -> int:
    """How many days back reposts are recognised, 1 to 365. Raises InvalidValue."""
    span = parse_duration(text)
    days = span.days
    if span != timedelta(days=days) or not 1 <= days <= MOST_WINDOW_DAYS:
        refuse(f"`{text}` is not 1 to {MOST_WINDOW_DAYS} whole days", "write 14d or 2w")
    return days
