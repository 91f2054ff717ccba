"""The memory objects pass the contract."""

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.objects import MemoryObjects
from tests.contracts.objects_contract import TestObjects

__all__ = ["TestObjects"]


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects(MemoryClock())
