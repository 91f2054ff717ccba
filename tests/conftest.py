"""What all tests share: assertions in the contract suites explain themselves."""

import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.aws.deployed import deployed, guarded, synthesised
from tests.aws.fixtures import ministack
from tests.aws.tables import dynamo

__all__ = ["deployed", "dynamo", "guarded", "ministack", "synthesised"]

# How quick the machine is says nothing of what is tested.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")

# Where it is ignored (a shell does so for what it starts in the background) nothing that a test
# starts could be ended by Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest.register_assert_rewrite(
    "tests.contracts.blob_contract",
    "tests.contracts.items_contract",
    "tests.contracts.leases_contract",
    "tests.contracts.listeners_contract",
    "tests.contracts.people_contract",
    "tests.contracts.provider_contract_changing",
    "tests.contracts.provider_contract_clouds",
    "tests.contracts.provider_contract_looking",
    "tests.contracts.provider_contract_reading",
    "tests.contracts.provider_contract_uploading",
    "tests.contracts.provider_harness",
    "tests.contracts.queue_contract",
    "tests.contracts.registry_contract",
    "tests.contracts.shared_contract_looks",
    "tests.contracts.shared_contract_paging",
    "tests.contracts.shared_contract_races",
    "tests.contracts.shared_contract_reserved",
    "tests.contracts.shared_contract_texts",
    "tests.contracts.shared_contract_work",
    "tests.contracts.shared_scenes",
    "tests.contracts.state_contract_base",
    "tests.contracts.state_contract_journal",
    "tests.contracts.state_contract_observed",
    "tests.contracts.state_harness",
    "tests.contracts.vault_contract",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: whoever is done early takes some of the rest from others."""
    items.sort(key=lambda item: "slow" not in item.keywords)
