"""The contract of :mod:`syncoxiders.ports.state`, as a suite that every adapter passes.

A test module imports everything from here and adds a fixture ``harness``, which gives a fresh
store for each test.
"""

from tests.contracts.state_contract_base import TestNodes, TestOwners, TestSuspects
from tests.contracts.state_contract_journal import (
    TestCommit,
    TestJournal,
    TestLosses,
    TestRuns,
    TestTexts,
)
from tests.contracts.state_contract_observed import TestChanges, TestEntries

__all__ = [
    "TestChanges",
    "TestCommit",
    "TestEntries",
    "TestJournal",
    "TestLosses",
    "TestNodes",
    "TestOwners",
    "TestRuns",
    "TestSuspects",
    "TestTexts",
]
