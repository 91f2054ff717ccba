"""The memory vault passes the contract."""

import pytest

from syncoxiders.adapters.memory.vault import MemoryVault
from tests.contracts.vault_contract import *  # noqa: F403 -- the suite is its names


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()
