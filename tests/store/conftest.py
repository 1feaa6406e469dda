"""Every implementation of the store, for the contract that all must pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.store import Store, open_store


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A new, empty store of each kind."""
    opened = open_store(f"{request.param}:{tmp_path / 'aggregator.db'}")
    yield opened
    opened.close()
