"""The contract of shared stores for work that is handed out: batches, and what waits for them."""

import msgspec
import pytest

from syncoxiders.core.model import Source
from syncoxiders.core.plan import Merge, Probe
from syncoxiders.ports.pipeline import Batch, SharedStore
from syncoxiders.ports.state import Commit
from tests.contracts.shared_harness import SharedHarness, SharedRules
from tests.contracts.state_harness import action, keep, node

BATCH = Batch(
    "b1",
    "a",
    lane=2,
    needs=frozenset({"a", "b"}),
    actions=((1, "x"), (1 << 40, "y")),
    probes=(Probe("a", "caf\udce9", "v", 5, ("sha256", "md5")),),
    merges=(Merge(7, (Source("a", "x", "1"), Source("b", "y", "2")), "key"),),
    run=3,
    rule="rule",
    failed=frozenset({"z"}),
    opened=1.5,
)


def waiting(ident: str, *on: str) -> Batch:
    return Batch(ident, "a", waits=frozenset(on))


class TestBatches(SharedRules):
    def test_exact(self, one: SharedStore, other: SharedStore) -> None:
        """A batch is kept exactly until it is done."""
        one.put_batches([BATCH])
        assert other.batch("b1") == BATCH
        assert other.batches() == [BATCH]
        assert other.finish_batch("b1", ()) == []
        assert one.batch("b1") is None
        assert one.batches() == []
        assert one.batch("none") is None

    def test_large(self, one: SharedStore) -> None:
        """A hundred actions and probes are one batch."""
        actions = tuple((number, f"{number:016x}") for number in range(100))
        probes = tuple(Probe("a", "x" * 900, f"{n}", n, ("sha256",)) for n in range(100))
        batch = msgspec.structs.replace(BATCH, actions=actions, probes=probes)
        one.put_batches([batch])
        assert one.batch("b1") == batch

    def test_apart(self, harness: SharedHarness, one: SharedStore) -> None:
        """A batch is one sync's."""
        one.put_batches([BATCH])
        elsewhere = harness.store.sync("owner", "other")
        assert elsewhere.batches() == []
        assert elsewhere.begin_batch("b1", 1.0) is None
        assert elsewhere.finish_batch("b1", ()) == []
        assert one.batch("b1") == BATCH

    def test_begun(self, one: SharedStore, other: SharedStore) -> None:
        """Who begins a batch learns whether it was begun before."""
        one.put_batches([BATCH])
        assert other.begin_batch("b1", 7.5) == BATCH
        begun = one.begin_batch("b1", 8.5)
        assert begun == msgspec.structs.replace(BATCH, begun=7.5, tries=1)
        assert one.batch("b1") == msgspec.structs.replace(BATCH, begun=8.5, tries=2)
        one.finish_batch("b1", ())
        assert one.begin_batch("b1", 9.5) is None
        assert one.begin_batch("none", 9.5) is None

    def test_put_off(self, one: SharedStore, other: SharedStore) -> None:
        """A batch that is put off is so until it is begun again."""
        one.put_batches([BATCH])
        one.begin_batch("b1", 7.5)
        other.put_off_batch("b1", 99.5)
        put_off = msgspec.structs.replace(BATCH, begun=7.5, tries=1, put_off=99.5)
        assert one.batches() == [put_off]
        assert one.begin_batch("b1", 100.5) == put_off
        assert one.batch("b1") == msgspec.structs.replace(BATCH, begun=100.5, tries=2)
        one.finish_batch("b1", ())
        other.put_off_batch("b1", 200.0)
        other.put_off_batch("none", 200.0)
        assert one.batches() == []

    def test_put_off_once_it_is_told(self, one: SharedStore, other: SharedStore) -> None:
        """A batch of which it is known what was done is as one that was never begun."""
        one.put_batches([BATCH])
        other.begin_batch("b1", 7.5)
        other.put_off_batch("b1", 99.5, told=True)
        assert one.batches() == [msgspec.structs.replace(BATCH, tries=1, put_off=99.5)]

    def test_put_off_in_part(self, one: SharedStore, other: SharedStore) -> None:
        """What it is not to do any more is remembered of a batch that is put off."""
        one.put_batches([msgspec.structs.replace(BATCH, failed=frozenset("x"))])
        one.begin_batch("b1", 7.5)
        other.put_off_batch("b1", 99.5, {"y", "z"})
        found = one.batch("b1")
        assert found is not None
        assert found.failed == frozenset("xyz")

    def test_limit(self, one: SharedStore) -> None:
        """If only some are asked for, what is done does not count."""
        one.put_batches([waiting(f"{number}") for number in range(5)])
        one.finish_batch("0", ())
        assert len(one.batches(limit=1)) == 1
        assert len(one.batches(limit=9)) == len(one.batches()) == 4

    def test_waits(self, one: SharedStore, other: SharedStore) -> None:
        """A batch is ready once all are done that it waits for, in one call or several."""
        one.put_batches([waiting("1"), waiting("2"), waiting("3", "1", "2"), waiting("4", "3")])
        assert other.finish_batch("1", ()) == []
        (third,) = one.batches()[1:2]
        assert third == waiting("3", "2")
        assert other.finish_batch("2", ()) == [waiting("3")]
        assert other.finish_batch("3", ()) == [waiting("4")]

    def test_put_later(self, one: SharedStore, other: SharedStore) -> None:
        """A batch may wait for one that is there already."""
        one.put_batches([waiting("1")])
        other.put_batches([waiting("2", "1")])
        assert one.finish_batch("1", ()) == [waiting("2")]

    def test_put_too_late(self, one: SharedStore, other: SharedStore) -> None:
        """One that is put when what it waits for is done does not wait."""
        one.put_batches([waiting("1"), waiting("2"), waiting("3", "2")])
        one.finish_batch("1", ())
        one.finish_batch("2", ["x"])
        other.put_batches([waiting("4", "1", "2", "never"), waiting("5", "4")])
        fourth = msgspec.structs.replace(waiting("4"), failed=frozenset({"x"}))
        assert one.batch("4") == fourth
        assert one.finish_batch("4", ()) == [waiting("5")]

    def test_nobody_told(self, one: SharedStore, other: SharedStore) -> None:
        """One that was put by somebody who died before it told whom it waits for is found."""
        one.put_batches([waiting("2", "1", "3"), waiting("3")])
        assert other.finish_batch("3", ()) == [waiting("2")]
        assert other.finish_batch("1", ()) == []

    def test_failed(self, one: SharedStore, other: SharedStore) -> None:
        """What was not done is told to those that wait."""
        one.put_batches([waiting("1"), waiting("2"), waiting("3", "1", "2")])
        other.finish_batch("1", ["x"])
        (third,) = other.finish_batch("2", ["y", "z"])
        assert third == msgspec.structs.replace(waiting("3"), failed=frozenset("xyz"))

    def test_finished_again(self, one: SharedStore, other: SharedStore) -> None:
        """To finish again tells again who is ready, without what has been done since."""
        one.put_batches([waiting("1"), waiting("2", "1"), waiting("3", "1")])
        assert len(one.finish_batch("1", ["x"])) == 2
        other.finish_batch("2", ())
        (third,) = other.finish_batch("1", ())
        assert third == msgspec.structs.replace(waiting("3"), failed=frozenset("x"))

    def test_put_again(self, one: SharedStore, other: SharedStore) -> None:
        """To put a batch again changes nothing: an answer may have been lost."""
        one.put_batches([waiting("1"), waiting("2", "1")])
        one.begin_batch("1", 5.0)
        other.put_batches([waiting("1"), waiting("2", "1")])
        assert one.batch("1") == msgspec.structs.replace(waiting("1"), begun=5.0, tries=1)
        assert one.finish_batch("1", ()) == [waiting("2")]
        other.put_batches([waiting("1")])
        assert one.batch("1") is None


class TestHold(SharedRules):
    @pytest.fixture(autouse=True)
    def opened(self, one: SharedStore) -> None:
        keep(one, node(1), node(2))
        one.commit(Commit(opened=[action("x"), action("y")]))

    def test_released(self, one: SharedStore, other: SharedStore) -> None:
        """Who closes the last action of a held node is told, once."""
        assert other.hold([1, 2, 3]) == {2, 3}
        one.commit(Commit(nodes=[node(1, name="new")], closed=["x"]))
        assert one.released() == frozenset()
        one.commit(Commit(closed=["y"]))
        assert one.released() == {1}
        assert one.released() == frozenset()
        assert other.released() == frozenset()

    def test_not_held(self, one: SharedStore) -> None:
        """Of a node that nobody held nothing is told."""
        one.commit(Commit(closed=["x", "y"]))
        assert one.released() == frozenset()

    def test_closed_before(self, one: SharedStore, other: SharedStore) -> None:
        """A node whose actions were closed before is not held."""
        other.open_of([1])
        one.commit(Commit(closed=["x", "y"]))
        assert other.hold([1]) == {1}
        assert one.released() == frozenset()

    def test_held_twice(self, one: SharedStore, other: SharedStore) -> None:
        """A node may be held again; it is released once."""
        assert other.hold([1]) == one.hold([1]) == frozenset()
        one.commit(Commit(closed=["x", "y"]))
        assert one.released() == {1}

    def test_does_not_disturb(self, one: SharedStore, other: SharedStore) -> None:
        """Holding changes nothing that the worker's write depends on."""
        other.hold([1])
        assert one.commit(Commit(nodes=[node(1, name="new")], closed=["x"])) == frozenset()
        assert one.base().get([1])[1].name == "new"

    def test_forgotten(self, one: SharedStore, other: SharedStore) -> None:
        """A held node that is forgotten with its last action is told of as well."""
        other.hold([1])
        one.commit(Commit(forget=[1], closed=["x", "y"]))
        assert one.released() == {1}

    def test_opened_anew(self, one: SharedStore, other: SharedStore) -> None:
        """What a plan opens anew is held by nobody any more."""
        other.hold([1])
        one.commit(Commit(closed=["x", "y"]))
        one.released()
        one.commit(Commit(opened=[action("z")]))
        one.commit(Commit(closed=["z"]))
        assert one.released() == frozenset()

    def test_closer_died(self, one: SharedStore, other: SharedStore) -> None:
        """If the closer died before it told, who asks for the actions next is told."""
        other.hold([1])
        one.commit(Commit(closed=["x", "y"]))
        assert other.open_of([1, 2]) == {}
        assert other.released() == {1}

    @pytest.fixture
    def away(self, one: SharedStore) -> str:
        """An endpoint at which an action is open upon the node as well."""
        one.commit(Commit(opened=[msgspec.structs.replace(action("away"), endpoint="b")]))
        return "b"

    def test_away(self, one: SharedStore, other: SharedStore, away: str) -> None:
        """Nobody waits for what is open at who is away; all of it closed, it is told of again."""
        assert other.hold([1, 2], [away]) == {2}
        one.commit(Commit(closed=["x"]))
        assert one.released() == frozenset()
        one.commit(Commit(closed=["y"]))
        assert one.released() == {1}
        one.commit(Commit(closed=["away"]))
        assert one.released() == {1}

    def test_away_alone(self, one: SharedStore, other: SharedStore, away: str) -> None:
        """Where nothing else is open a node is not held."""
        one.commit(Commit(closed=["x", "y"]))
        assert other.hold([1], [away]) == {1}
        assert other.hold([1]) == frozenset()

    def test_away_since(self, one: SharedStore, other: SharedStore, away: str) -> None:
        """Who is found to be away by others is not waited for any more."""
        assert other.hold([1]) == one.hold([1], [away]) == other.hold([1]) == frozenset()
        one.commit(Commit(closed=["x", "y"]))
        assert one.released() == {1}

    def test_opened_beside(self, one: SharedStore, other: SharedStore, away: str) -> None:
        """What is planned while something is open at who is away does not end the wait."""
        other.hold([1], [away])
        one.commit(Commit(closed=["x", "y"], opened=[action("z")]))
        one.released()
        one.commit(Commit(closed=["z"]))
        assert one.released() == {1}

    def test_closer_died_beside(self, one: SharedStore, other: SharedStore, away: str) -> None:
        """If the closer died before it told, who asks next is told though one is still away."""
        other.hold([1], [away])
        one.commit(Commit(closed=["x", "y"]))
        assert other.open_of([1]).keys() == {1}
        assert other.released() == {1}

    def test_known_without_actions(self, one: SharedStore, other: SharedStore) -> None:
        """Who only goes by what was read before has asked about others, and is told of nothing."""
        other.hold([1])
        one.commit(Commit(closed=["x", "y"]))
        assert other.open_of([1], fresh=False).keys() <= {1}
        assert other.released() == frozenset()
        assert other.open_of([1]) == {}
        assert other.released() == {1}
