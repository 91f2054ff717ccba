"""Of what something is new when something is written to a table."""

import pytest

from syncoxiders.adapters.items._keys import Keys
from syncoxiders.adapters.items.listeners import ItemsListeners
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.items.telling import TellingItems
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.items import Absent, Delete, Item, Put
from syncoxiders.ports.live import Topic
from syncoxiders.ports.pipeline import Batch
from syncoxiders.ports.registry import SyncSettings

NEWS = list[tuple[str, Topic, str]]


@pytest.fixture
def news() -> NEWS:
    return []


@pytest.fixture
def items(news: NEWS) -> TellingItems:
    return TellingItems(MemoryItems(), lambda *told: news.append(told))


def test_accounts_and_syncs(items: TellingItems, news: NEWS) -> None:
    """What is set of an account or a sync, or counted, is news of it."""
    registry = ItemsRegistry(items)
    registry.put_account("ann", Account("work", "drive"))
    assert news == [("ann", "account", "work")]
    registry.hint("ann", "work")
    registry.put_sync("ann", SyncSettings("photos", ()))
    registry.remove_sync("ann", "photos")
    assert news[1:] == [
        ("ann", "account", "work"),
        ("ann", "sync", "photos"),
        ("ann", "sync", "photos"),
    ]


def test_the_state_of_a_sync(items: TellingItems, news: NEWS) -> None:
    """A run, a batch and a plan are news of a sync, whatever it and its owner are called."""
    states = ItemsStates(items, items, now=lambda: 1_700_000_000.0)
    store = states.sync("ann#b", "a/b #1")
    store.put_batches([Batch("b1", "left")])
    assert set(news) == {("ann#b", "sync", "a/b #1")}
    news.clear()
    store.save_text("plan:p1", "what is planned")
    assert set(news) == {("ann#b", "plan", "a/b #1")}
    news.clear()
    store.save_text("looking:left", "how far a look has come")
    assert news == []


def test_conflicts(items: TellingItems, news: NEWS) -> None:
    """A kept loser is news of the sync's conflicts, and so is that it is none any more."""
    key = (Keys("ann", "photos").losers(), "loser/token/1")
    items.write([Put(Item(key))])
    items.write([Delete(key)])
    assert news == [("ann", "conflict", "photos")] * 2


def test_what_is_no_news(items: TellingItems, news: NEWS) -> None:
    """What did not become so, what nobody sees, and who listens, is no news."""
    key = Keys("ann", "photos").head("record")
    items.write([Put(Item(key), when=Absent())])
    assert news == [("ann", "sync", "photos")]
    items.write([Put(Item(key), when=Absent())])
    items.write([Put(Item((Keys("ann", "photos").log("left"), "1")))])
    items.write([Put(Item(Keys("ann", "photos").node(1)))])
    ItemsListeners(items).put_ticket("word", "ann", "s1", 1_700_000_060.0)
    assert len(news) == 1
