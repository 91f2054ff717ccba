"""The planner's view of a store that others write to meanwhile."""

import pytest
from msgspec import structs

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.model import ROOT_ENTRY, Content, Endpoint, Kind, Traits
from syncoxiders.core.rule import Rule
from syncoxiders.engine.pipeline.steady import SteadyView
from syncoxiders.ports.state import SyncStore
from tests.contracts.state_harness import entry, keep, node, observe, replica

RULE = Rule((Endpoint("a", "a"), Endpoint("b", "b", Traits(keeps_mtime=False))))


def swapped_meanwhile() -> tuple[SyncStore, SteadyView]:
    """Return a view that has read one of two files, which then changed places."""
    store = MemoryStateStore().sync("me", "sync")
    observe(store, entry("d", name="d", kind=Kind.FOLDER), entry("x", name="x"))
    observe(store, entry("y", "d", name="y"))
    view = SteadyView(store, RULE)
    assert view.entry("a", "x") == entry("x", name="x")
    observe(store, entry("x", "d", name="y"), entry("y", name="x"))
    return store, view


def test_what_was_read_stays_where_it_was() -> None:
    """It is found where it stood, and not where it stands by now."""
    store, view = swapped_meanwhile()
    assert entry("x", name="x") in view.entries_at("a", ROOT_ENTRY, "x")
    assert entry("x", name="x") in view.entries_in("a", ROOT_ENTRY)
    assert view.entries_at("a", "d", "y") == view.entries_in("a", "d") == []
    assert SteadyView(store, RULE).entries_at("a", "d", "y") == [entry("x", "d", name="y")]


def test_what_was_read_first_in_a_folder_counts() -> None:
    """A folder's content stays as it was first come upon, by name or as a whole."""
    store, view = swapped_meanwhile()
    found = view.entries_in("a", ROOT_ENTRY)
    observe(store, entry("y", "d", name="y"), entry("z", name="z"))
    assert view.entry("a", "y") == entry("y", name="x")
    assert view.entries_at("a", "d", "y") == []
    assert {*view.entries_in("a", ROOT_ENTRY)} == {*found, entry("z", name="z")}


def test_prefetching_again_changes_nothing() -> None:
    """Nor does what is read in advance for another part of the plan."""
    store, view = swapped_meanwhile()
    view.prefetch([("a", "x"), ("a", "y")], [], ["a"])
    assert view.entry("a", "x") == entry("x", name="x")
    assert view.entry("a", "y") == entry("y", name="x")
    observe(store, gone=["x", "y"])
    view.prefetch([("a", "x"), ("a", "y")], [], ["a"])
    assert view.known_entries().keys() == {("a", "x"), ("a", "y")}


BOTH = Rule((Endpoint("a", "a"), Endpoint("b", "b")))


def edited(**fields: object) -> SyncStore:
    """Return a store with an edit at ``a``, and at ``b`` one that was not logged yet."""
    store = MemoryStateStore().sync("me", "sync")
    old = entry("x", version="1", size=3, mtime_ns=5)
    agreed = replica(old, **fields)
    known = node(1, name=old.name, content=Content(3, mtime_ns=5))
    keep(store, structs.replace(known, replicas={"a": replica(old), "b": agreed}))
    observe(store, structs.replace(old, version="2"))
    observe(store, structs.replace(old, version="3"), at="b", log=False)
    return store


def version(view: SteadyView, suspects: list[int] | None = None) -> str | None:
    view.prefetch([("a", "x")], suspects or [], ["a", "b"])
    found = view.entry("b", "x")
    return None if found is None else found.version


def test_base_tells_of_what_was_not_logged() -> None:
    """A file that is up to date at an endpoint is not read there when another one has edited it."""
    assert version(SteadyView(edited(), BOTH)) == "1"
    view = SteadyView(edited(), BOTH)
    view.prefetch([("a", "x"), ("b", "x")], [], ["a", "b"])
    found = view.entry("b", "x")
    assert found is not None
    assert found.version == "3", "it was logged"


@pytest.mark.parametrize(
    "fields",
    [{"content_gen": 0}, {"place_gen": 0}, {"gone": True}, {"hidden": True}, {"left": True}],
)
def test_what_is_not_settled_is_read(fields: dict[str, object]) -> None:
    """Where an endpoint is behind, or apart, what was observed there counts."""
    assert version(SteadyView(edited(**fields), BOTH)) == "3"


def test_what_is_planned_in_any_case_is_read() -> None:
    """So it is where nobody knows why a node is to be planned, and where no time is kept."""
    assert version(SteadyView(edited(), BOTH), [1]) == "3"
    assert version(SteadyView(edited(), RULE)) == "3"
