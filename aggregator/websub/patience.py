"""How long to wait after failures of others: a growing time, a day in all."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
# What cannot be delivered for so long is given up.
PATIENCE = timedelta(days=1)


def wait_after(failures: int) -> timedelta:
    """The wait before the next attempt after so many failures: doubling, a bit by chance."""
    wait = min(FIRST_WAIT * (1 << min(failures, 20)), LONGEST_WAIT)
    return wait * (1 + random.random() / 4)
