"""What the deployed system does not ask for twice: of tables each unit is paid for."""

from typing import Any

import pytest

from syncoxiders.adapters.items._keys import sort_key
from syncoxiders.adapters.memory.items import MemoryItems, Usage
from syncoxiders.adapters.memory.provider import MemoryFeedProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import ROOT_ENTRY, Ref, Traits
from tests.engine.deployed import Deployed

MANY = 100


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Two accounts with feeds, in step."""
    found = Deployed()
    quirks = Quirks(traits=Traits(sets_meta=True))
    for name in "ab":
        feed = MemoryFeedProvider(quirks, clock=found.clock, name=name)
        found.providers[name] = feed
        monkeypatch.setattr(found, name, feed)
    for number in range(MANY):
        found.a.write(f"folder/{number}", b"%d" % number)
    for _ in range(3):
        found.look()
    assert found.b.tree() == found.a.tree()
    return found


def test_new_folder(world: Deployed) -> None:
    """What is in a new folder is listed with it, and not asked for again one by one."""
    world.failing = {"merge"}
    world.look()
    world.a.calls.clear()
    for number in range(MANY):
        world.a.write(f"new/{number}", b"%d" % number)
    world.look()
    assert world.a.calls["rescan"] == 1
    assert world.a.calls["get"] == 0


def test_reads_of_a_plan(world: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan of edits reads each entry that was edited, and the nodes together."""
    world.failing = {"merge"}
    for number in range(0, MANY, 4):
        world.a.write(f"folder/{number}", b"edited %d" % number)
    world.look()
    seen: list[Usage] = []
    rows: list[float] = []
    inner, pages = MemoryItems.get, MemoryItems._page

    def get(table: MemoryItems, keys: list[tuple[str, str]], **kwargs: bool) -> object:
        before = table.usage.copy()
        found = inner(table, keys, **kwargs)
        if table is world.tree and len(keys) > 1:
            seen.append(table.usage.minus(before))
        return found

    def page(table: MemoryItems, name: str, *args: Any, **kwargs: Any) -> object:
        before = table.usage.copy()
        found = pages(table, name, *args, **kwargs)
        if "#n#" in name:
            rows.append(table.usage.minus(before).read_units)
        return found

    monkeypatch.setattr(MemoryItems, "get", get)
    monkeypatch.setattr(MemoryItems, "_page", page)
    world.failing = {"apply"}
    world.settle()
    read = sum(each.read_units for each in seen)
    assert read == MANY / 4, "the entries that were edited; of the others base tells"
    assert sum(rows) < MANY / 4 / 2, "nodes that lie close together"


def test_reads_of_edits_that_lie_apart(world: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit asks for its own file; of the folders above it base tells, and of places nobody."""
    for number in range(MANY):
        world.a.write(f"apart/{number // 5}/{number}", b"%d" % number)
    for _ in range(3):
        world.look()
    folders: set[str] = set()
    for provider in (world.a, world.b):
        above = provider.at(Ref(ROOT_ENTRY, ""), "apart")
        assert above is not None
        for number in range(MANY // 5):
            folder = provider.at(Ref(above.id, above.name), str(number))
            assert folder is not None
            folders |= {sort_key(above.id), sort_key(folder.id)}
    asked: list[tuple[str, str]] = []
    inner, pages = MemoryItems.get, MemoryItems._page

    def get(table: MemoryItems, keys: list[tuple[str, str]], **kwargs: bool) -> object:
        asked.extend(keys if table is world.tree else [])
        return inner(table, keys, **kwargs)

    def page(table: MemoryItems, name: str, *args: Any, **kwargs: Any) -> object:
        asked.extend([(name, "")] if table is world.tree else [])
        return pages(table, name, *args, **kwargs)

    monkeypatch.setattr(MemoryItems, "get", get)
    monkeypatch.setattr(MemoryItems, "_page", page)
    for number in range(0, MANY, 5):
        world.a.write(f"apart/{number // 5}/{number}", b"edited %d" % number)
    world.look()
    world.look()
    monkeypatch.undo()
    assert world.b.tree() == world.a.tree()
    assert not [key for key in asked if key[1] in folders], "entries of folders"
    assert not [name for name, _ in asked if "#np#" in name or "#ep#" in name], "places"
