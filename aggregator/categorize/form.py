"""A classifier's bytes → whether this version of the program can read them; without numpy."""

from __future__ import annotations

import json

# A line of JSON, then numpy's own. 1 had a temperature, 2 judges by the lead of the first class.
FORMAT = 2
SEPARATOR = b"\n"


def is_current(data: bytes) -> bool:
    """Whether `from_bytes` reads it."""
    try:
        return bool(json.loads(data.partition(SEPARATOR)[0]).get("format") == FORMAT)
    except (ValueError, AttributeError):
        return False
