"""The fixtures of the commands' tests: a Site that closes its store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.builder import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()
