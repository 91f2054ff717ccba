"""Rules of the state port about base trees."""

from typing import Any

import msgspec
import pytest

from syncoxiders.core import names
from syncoxiders.core.model import ROOT, Conflict, Content, Kind, Node, Replica
from syncoxiders.ports.state import BaseTree, Commit, Observation, SyncStore
from tests.contracts.state_harness import (
    Harness,
    Rules,
    agree,
    entry,
    keep,
    node,
    observe,
    replica,
)

SHA = "sha256:" + "0b" * 32
CONTENT = Content(7, SHA, 1_700_000_000_123_456_789, True)

NODES = {
    "plain": node(1),
    "folder": node(1, kind=Kind.FOLDER),
    "link": node(1, kind=Kind.LINK, content=Content(3)),
    "all": node(
        1,
        5,
        "Name",
        content=CONTENT,
        content_gen=4,
        place_gen=3,
        past=(SHA, f"md5:00 {SHA}"),
        conflict=Conflict(2, "b"),
        merge_failed="1|2",
        replicas={
            "a": Replica("e", "v", "p", "Name", 4, 3),
            "b": Replica("f", "w", "q", "Name-mapped", 3, 2, hidden=True),
            "c": Replica("", "", "", "", 4, 3, gone=True),
        },
    ),
    "tombstone": node(1, gone=True, content=CONTENT),
    "out": node(1, out=True, content=Content(0, "", 0, None)),
    "loser and tombstone": node(1, gone=True, conflict=Conflict(2, "b")),
    "not executable": node(1, content=Content(1, "md5:00", -1, False)),
    "year 2500": node(1, content=Content(1, SHA, 16_725_225_600_000_000_000)),
    "far beyond": node(1, content=Content(1 << 70, SHA, 1 << 80)),
    "name in bytes": node(1, name="caf\udce9", content=CONTENT, out=True),
    "replica in bytes": node(
        1,
        content=CONTENT,
        past=(SHA,),
        replicas={
            "a": Replica("\udce9", "\udcea", "\udceb", "\udcec", 1, 1),
            "b": Replica("plain", "", "", "n", 1, 1),
        },
    ),
    "beyond ASCII": node(1, name="Grüße 🎉", replicas={"é": Replica("é", "ü", "ö", "ß", 1, 1)}),
    "endpoint in bytes": node(1, replicas={"\udce9": Replica("e", "v", "p", "n", 1, 1)}),
    "huge id": node((1 << 63) - 2),
    "root": Node(ROOT, ROOT, "", Kind.FOLDER),
}


class BaseRules(Rules):
    @pytest.fixture
    def base(self, sync: SyncStore) -> BaseTree:
        return sync.base()


class TestNodes(BaseRules):
    def test_empty(self, base: BaseTree) -> None:
        """A tree that nobody wrote to is empty, and can be asked everything."""
        assert base.get([1]) == {}
        assert base.children(ROOT) == base.at(ROOT, "name") == base.conflicts() == []
        assert base.of("a", ["1"]) == {}
        assert not [*base.suspects(["a"]), *base.ids()]
        assert not list(base.unbound("a"))
        assert base.count() == 0
        assert base.next_id() == 1

    @pytest.mark.parametrize("one", NODES.values(), ids=NODES.keys())
    def test_exact(self, harness: Harness, one: Node) -> None:
        """A node is kept exactly, whichever way it is asked for, also over a restart."""
        keep(harness.store.sync("owner", "work"), one)
        base = harness.reopen().sync("owner", "work").base()
        assert base.get([one.id]) == {one.id: one}
        assert base.children(one.parent) == [one]
        assert base.at(one.parent, names.key(one.name)) == ([] if one.gone else [one])
        assert type(base.get([one.id])[one.id].kind) is Kind

    def test_get_many(self, sync: SyncStore, base: BaseTree) -> None:
        """Any number may be asked for at once; those that are not there are left out."""
        many = {number: node(number) for number in range(1, 1_500)}
        keep(sync, *many.values())
        assert base.get(range(3_000)) == many

    def test_children(self, sync: SyncStore, base: BaseTree) -> None:
        """A folder's nodes are those directly in it, tombstones included."""
        keep(sync, node(1, kind=Kind.FOLDER), node(2, 1), node(3, 1, gone=True), node(4, 2))
        assert sorted(one.id for one in base.children(1)) == [2, 3]

    def test_at(self, sync: SyncStore, base: BaseTree) -> None:
        """All nodes whose name has the key are found, without tombstones."""
        keep(sync, node(1, name="Name"), node(2, name="NAME"), node(3, name="name", gone=True))
        keep(sync, node(4, name="other"), node(5, 1, "name"))
        assert sorted(one.id for one in base.at(ROOT, "name")) == [1, 2]

    def test_replaced(self, sync: SyncStore, base: BaseTree) -> None:
        """A node that is put again is replaced, wherever it stood; the last put counts."""
        keep(sync, node(1, 5, "old"))
        keep(sync, node(1, 6, "between"), node(1, 7, "new"))
        assert base.children(5) == base.children(6) == []
        assert base.at(7, "new") == [node(1, 7, "new")]
        assert base.count() == 1

    def test_forgotten(self, sync: SyncStore, base: BaseTree) -> None:
        """A forgotten node is not there any more, and no entry belongs to it."""
        agree(sync, 1, 2)
        sync.commit(Commit(nodes=[node(3)], forget=[1, 3, 9]))
        assert list(base.get([1, 2, 3])) == [2]
        assert [one.id for one in base.children(ROOT)] == [2]
        assert base.of("a", ["e1", "e2"]) == {"e2": 2}
        assert base.count() == 1
        assert list(base.ids()) == [[2]]

    def test_apart(self, harness: Harness, sync: SyncStore) -> None:
        """A base tree belongs to one owner's one sync."""
        agree(sync, 1)
        for owner, name in (("owner", "other"), ("other", "work")):
            base = harness.store.sync(owner, name).base()
            assert base.get([1]) == {}
            assert base.of("a", ["e1"]) == {}
            assert (base.count(), base.next_id()) == (0, 1)

    def test_ids(self, sync: SyncStore, base: BaseTree) -> None:
        """The ids of all nodes come in batches, each once, commits between them allowed."""
        keep(sync, *(node(number, gone=number % 2 == 0) for number in range(1, 2_501)))
        found: list[int] = []
        for batch in base.ids():
            assert batch
            found += batch
            keep(sync, node(batch[0], name="renamed"))
        assert sorted(found) == list(range(1, 2_501))

    def test_count(self, sync: SyncStore, base: BaseTree) -> None:
        """Tombstones do not count, also those that come back."""
        keep(sync, node(1), node(2), node(3, gone=True))
        assert base.count() == 2
        keep(sync, node(1, gone=True), node(3))
        assert base.count() == 2
        sync.commit(Commit(forget=[1, 2]))
        assert base.count() == 1

    def test_next_id(self, harness: Harness, sync: SyncStore, base: BaseTree) -> None:
        """A number is never given twice, forgotten nodes and restarts notwithstanding."""
        keep(sync, node(7), node(3))
        assert base.next_id() == 8
        sync.commit(Commit(forget=[7]))
        sync.commit(Commit(nodes=[node(9)], forget=[9]))
        assert base.next_id() == 10
        assert harness.reopen().sync("owner", "work").base().next_id() == 10

    def test_conflicts(self, sync: SyncStore, base: BaseTree) -> None:
        """Kept losers of conflicts are listed until they are deleted or resolved."""
        loser = node(1, conflict=Conflict(5, "b"))
        keep(sync, loser, node(2), node(3, gone=True, conflict=Conflict(5, "b")))
        assert base.conflicts() == [loser]
        keep(sync, node(1))
        assert base.conflicts() == []


class TestOwners(BaseRules):
    def test_of(self, sync: SyncStore, base: BaseTree) -> None:
        """Which node an entry belongs to is told per endpoint."""
        keep(sync, node(1, replicas={"a": replica(entry("x")), "b": replica(entry("y"))}))
        assert base.of("a", ["x", "y", "x"]) == {"x": 1}
        assert base.of("b", ["x", "y"]) == {"y": 1}
        assert base.of("c", ["x"]) == {}

    def test_many(self, sync: SyncStore, base: BaseTree) -> None:
        """Any number may be asked for at once."""
        keep(sync, *(node(n, replicas={"a": replica(entry(f"{n}"))}) for n in range(1, 1_500)))
        assert base.of("a", (f"{n}" for n in range(3_000))) == {f"{n}": n for n in range(1, 1_500)}

    def test_gone(self, sync: SyncStore, base: BaseTree) -> None:
        """An entry that comes back finds its node by the replica that is gone."""
        keep(sync, node(1, replicas={"a": replica(entry("x"), gone=True)}))
        assert base.of("a", ["x"]) == {"x": 1}

    @pytest.mark.parametrize("gone", [1, 2])
    def test_claimed_twice(self, sync: SyncStore, base: BaseTree, gone: int) -> None:
        """An id that a provider used again belongs to the node that is not gone."""
        for number in (1, 2):
            keep(sync, node(number, replicas={"a": replica(entry("x"), gone=number == gone)}))
        assert base.of("a", ["x"]) == {"x": 3 - gone}

    def test_never_had(self, sync: SyncStore, base: BaseTree) -> None:
        """An endpoint that confirmed a deletion without ever having the entry binds none."""
        keep(sync, *(node(n, replicas={"a": replica(entry(""), gone=True)}) for n in (1, 2)))
        assert base.of("a", [""]) == {}
        assert len(base.get([1, 2])) == 2

    def test_replaced(self, sync: SyncStore, base: BaseTree) -> None:
        """An entry that was given up, or handed to another node, is not bound any more."""
        keep(sync, node(1, replicas={"a": replica(entry("x")), "b": replica(entry("x"))}))
        keep(sync, node(1, replicas={"a": replica(entry("y"))}))
        assert base.of("a", ["x", "y"]) == {"y": 1}
        assert base.of("b", ["x"]) == {}
        keep(sync, node(1), node(2, replicas={"a": replica(entry("y"))}))
        assert base.of("a", ["y"]) == {"y": 2}

    def test_unbound(self, sync: SyncStore, base: BaseTree) -> None:
        """Observed entries that belong to no node are found, those of gone replicas not."""
        observe(sync, entry("1"), entry("2"), entry("3"))
        observe(sync, entry("1"), at="b")
        keep(sync, node(1, replicas={"a": replica(entry("1"))}))
        keep(sync, node(2, replicas={"a": replica(entry("2"), gone=True)}))
        assert list(base.unbound("a")) == [["3"]]
        assert list(base.unbound("b")) == [["1"]]
        assert list(base.unbound("c")) == []

    def test_unbound_batches(self, sync: SyncStore, base: BaseTree) -> None:
        """They come in batches, each once, also while batches are bound to nodes."""
        idents = {f"{number}" for number in range(2_500)} | {f"\udcff{n}" for n in range(9)}
        observe(sync, *map(entry, idents))
        found: list[str] = []
        for batch in base.unbound("a"):
            assert batch
            first = base.next_id()
            keep(
                sync,
                *(node(first + n, replicas={"a": replica(entry(i))}) for n, i in enumerate(batch)),
            )
            found += batch
        assert sorted(found) == sorted(idents)
        assert list(base.unbound("a")) == []


class TestSuspects(BaseRules):
    @pytest.fixture
    def suspects(self, base: BaseTree) -> Any:
        def ask(*endpoints: str) -> list[int]:
            return sorted(n for batch in base.suspects(endpoints or ("a", "b")) for n in batch)

        return ask

    def test_settled(self, sync: SyncStore, suspects: Any) -> None:
        """Nodes whose replicas are as observed at all endpoints are not looked at."""
        agree(sync, 1, 2)
        keep(sync, node(3, replicas={e: replica(entry(""), gone=True) for e in ("a", "b")}))
        assert suspects() == []

    def test_hidden(self, sync: SyncStore, suspects: Any) -> None:
        """That a replica is hidden makes no difference."""
        ours = entry("x", version="1")
        observe(sync, ours)
        keep(sync, node(1, replicas={"a": replica(ours, hidden=True)}))
        assert suspects("a") == []

    @pytest.mark.parametrize(
        "change",
        [{"version": "2"}, {"parent": "elsewhere"}, {"name": "Else"}, {"name": "NAME OF E1"}],
        ids=["version", "parent", "name", "case of the name"],
    )
    def test_differs(self, sync: SyncStore, suspects: Any, change: dict[str, str]) -> None:
        """A replica that differs from what is observed is looked at, until it is as before."""
        agree(sync, 1, 2)
        was = sync.observed("b").get(["e1"])["e1"]
        observe(sync, msgspec.structs.replace(was, **change), at="b")
        assert suspects() == [1]
        observe(sync, was, at="b")
        assert suspects() == []

    @pytest.mark.parametrize(
        "change",
        [
            {"size": 9},
            {"mtime_ns": 9},
            {"hashes": SHA},
            {"executable": True},
            {"provisional": True},
        ],
    )
    def test_same(self, sync: SyncStore, suspects: Any, change: dict[str, Any]) -> None:
        """Only the version tells of content."""
        agree(sync, 1)
        was = sync.observed("b").get(["e1"])["e1"]
        observe(sync, msgspec.structs.replace(was, **change), at="b")
        assert suspects() == []

    def test_unseen(self, sync: SyncStore, suspects: Any) -> None:
        """A replica that is not observed, though not gone, is looked at."""
        agree(sync, 1, 2)
        observe(sync, at="a", gone=["e2"])
        assert suspects() == [2]

    def test_back(self, sync: SyncStore, suspects: Any) -> None:
        """A replica that is gone, and observed nevertheless, is looked at."""
        agree(sync, 1, 2)
        one = sync.base().get([1])[1]
        gone = msgspec.structs.replace(one.replicas["a"], gone=True)
        keep(sync, msgspec.structs.replace(one, replicas={**one.replicas, "a": gone}))
        assert suspects() == [1]
        observe(sync, at="a", gone=["e1"])
        assert suspects() == []

    @pytest.mark.parametrize("change", [{"content_gen": 2}, {"place_gen": 2}])
    def test_behind(self, sync: SyncStore, suspects: Any, change: dict[str, int]) -> None:
        """A replica that has not reached the node's generation is looked at."""
        agree(sync, 1, 2)
        one = sync.base().get([1])[1]
        ahead = {"a": msgspec.structs.replace(one.replicas["a"], **change), "b": one.replicas["b"]}
        keep(sync, msgspec.structs.replace(one, replicas=ahead, **change))
        assert suspects("a") == []
        assert suspects("b") == suspects() == [1]

    def test_behind_and_gone(self, sync: SyncStore, suspects: Any) -> None:
        """That holds of gone replicas too: the endpoint may have to get the node back."""
        keep(sync, node(1, content_gen=2, replicas={"a": replica(entry("x"), gone=True)}))
        assert suspects("a") == [1]

    def test_lacking(self, sync: SyncStore, suspects: Any) -> None:
        """A node without a replica at one of the endpoints is looked at."""
        agree(sync, 1, 2)
        assert suspects("a", "c") == [1, 2]
        one = sync.base().get([1])[1]
        keep(sync, msgspec.structs.replace(one, replicas={"b": one.replicas["b"]}))
        assert suspects("a") == suspects() == [1]
        assert suspects("b") == []

    def test_bare(self, sync: SyncStore, suspects: Any) -> None:
        """So is a node without any replica."""
        keep(sync, node(1))
        assert suspects() == [1]

    @pytest.mark.parametrize("mark", ["gone", "out"])
    def test_marked(self, sync: SyncStore, suspects: Any, mark: str) -> None:
        """Every tombstone and every node that is out is looked at."""
        agree(sync, 1, **{mark: True})
        agree(sync, 2)
        assert suspects() == suspects("a") == [1]

    def test_elsewhere(self, sync: SyncStore, suspects: Any) -> None:
        """What happens at endpoints that are not asked for does not count."""
        agree(sync, 1)
        observe(sync, at="b", gone=["e1"])
        assert suspects("a") == []

    def test_bytes(self, sync: SyncStore, suspects: Any) -> None:
        """Names that are not valid Unicode compare as exactly as others."""
        ours = entry("\udce9", "\udcea", "\udceb", version="\udcec")
        observe(sync, ours)
        keep(sync, node(1, name="\udceb", replicas={"a": replica(ours)}))
        assert suspects("a") == []
        observe(sync, msgspec.structs.replace(ours, name="\udcee"))
        assert suspects("a") == [1]

    def test_batches(self, sync: SyncStore, base: BaseTree) -> None:
        """They come in batches, each once, also while batches are settled."""
        entries = [entry(f"{number}", version="1") for number in range(1, 2_501)]
        stale = [msgspec.structs.replace(seen, version="0") for seen in entries]
        keep(
            sync,
            *(node(int(seen.id), content_gen=2, replicas={"a": replica(seen)}) for seen in stale),
        )
        sync.commit(Commit(observed=[Observation("a", entries)]))
        found: list[int] = []
        for batch in base.suspects(["a"]):
            assert batch
            found += batch
            keep(sync, *(node(n, replicas={"a": replica(entries[n - 1])}) for n in batch))
        assert sorted(found) == list(range(1, 2_501))
        assert list(base.suspects(["a"])) == []
