"""A site with a hub, closed at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.websub.hubs import HubSite


@pytest.fixture
def hub_site(tmp_path: Path) -> Iterator[HubSite]:
    made = HubSite(tmp_path)
    yield made
    made.close()
