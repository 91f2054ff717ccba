"""The OneDrive connector passes the contract, against an emulated personal drive."""

from collections.abc import Iterator

import pytest

from tests.contracts.onedrive_harness import served
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.provider_harness import Harness


@pytest.fixture
def harness() -> Iterator[Harness]:
    with served("personal", "Root") as harness:
        yield harness
