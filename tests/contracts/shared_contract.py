"""The contract of :mod:`syncoxiders.ports.pipeline`, as a suite that every adapter passes.

A test module imports everything from here and adds a fixture ``harness``, which gives a fresh
store for each test.
"""

from tests.contracts.shared_contract_looks import TestConfirmed, TestLog, TestUnowned
from tests.contracts.shared_contract_paging import TestPaging
from tests.contracts.shared_contract_races import (
    TestEntryRaces,
    TestFence,
    TestInFlight,
    TestNodeRaces,
)
from tests.contracts.shared_contract_reserved import TestReplaced, TestReserved
from tests.contracts.shared_contract_texts import TestTexts
from tests.contracts.shared_contract_work import TestBatches, TestHold

__all__ = [
    "TestBatches",
    "TestConfirmed",
    "TestEntryRaces",
    "TestFence",
    "TestHold",
    "TestInFlight",
    "TestLog",
    "TestNodeRaces",
    "TestPaging",
    "TestReplaced",
    "TestReserved",
    "TestTexts",
    "TestUnowned",
]
