"""Who may use a deployment, upon items in memory, passes its contract."""

import pytest

from syncoxiders.adapters.items.apps import ItemsApps
from syncoxiders.adapters.items.people import ItemsPeople, ItemsWords
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.ports.items import Items
from tests.contracts.people_contract import *  # noqa: F403 -- the suite is its names


@pytest.fixture
def control() -> Items:
    return MemoryItems()


@pytest.fixture
def people(control: Items) -> ItemsPeople:
    return ItemsPeople(control)


@pytest.fixture
def words(control: Items) -> ItemsWords:
    return ItemsWords(control)


@pytest.fixture
def apps(control: Items) -> ItemsApps:
    return ItemsApps(control)
