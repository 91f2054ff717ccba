"""A look at everything, where what is known stands in a circle."""

from collections.abc import Iterable

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.model import EntryId, Kind, Ref
from syncoxiders.engine.observe import Look, Observer
from syncoxiders.engine.piecewise import Begun, look_on
from syncoxiders.ports.state import Commit, Observation
from tests.contracts.state_harness import entry


def test_a_circle_is_gone_through_once() -> None:
    """Two folders that seem to stand in each other, moved while they were heard of, end it."""
    store = MemoryStateStore().sync("me", "sync")
    circle = [entry("x", "y", "x", kind=Kind.FOLDER), entry("y", "x", "y", kind=Kind.FOLDER)]
    store.commit(Commit(observed=[Observation("a", circle)]))
    observer = Observer(store, "a", MemoryProvider(name="a"), told=lambda *_: None, now=lambda: 0.0)
    asked: list[EntryId] = []

    def gone(ids: Iterable[EntryId]) -> list[Ref]:
        asked.extend(ids)
        return []

    look = look_on(
        observer,
        store.observed("a"),
        Begun(todo=("x",)),
        folders=gone,
        keep=lambda _: None,
        confirm=lambda _: None,
        now=lambda: 0.0,
    )
    assert look == Look()
    assert asked == ["x", "y"]
