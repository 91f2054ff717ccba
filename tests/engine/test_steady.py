"""The planner's view of a store that others write to meanwhile."""

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.model import ROOT_ENTRY, Endpoint, Kind, Traits
from syncoxiders.core.rule import Rule
from syncoxiders.engine.pipeline.steady import SteadyView
from syncoxiders.ports.state import SyncStore
from tests.contracts.state_harness import entry, observe

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
