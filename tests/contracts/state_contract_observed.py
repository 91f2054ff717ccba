"""Rules of the state port about observed trees and their change logs."""

import pytest

from syncoxiders.core import names
from syncoxiders.core.model import ROOT_ENTRY, Entry, Kind
from syncoxiders.ports.state import Commit, Observation, ObservedTree, SyncStore
from tests.contracts.state_harness import Harness, Rules, entry, observe

SHA = "sha256:" + "0a" * 32

ENTRIES = {
    "plain": entry("1"),
    "folder": entry("1", kind=Kind.FOLDER),
    "link": entry("1", kind=Kind.LINK, size=7, version="v"),
    "all": entry(
        "1",
        "folder",
        "Name",
        version="v",
        size=1 << 62,
        mtime_ns=1_700_000_000_123_456_789,
        hashes=SHA,
        executable=True,
        provisional=True,
        mark="m",
    ),
    "not executable": entry("1", executable=False),
    "several hashes": entry("1", hashes=f"md5:00 {SHA}"),
    "hash in capitals": entry("1", hashes=SHA.upper().replace("SHA256", "sha256")),
    "no hash at all": entry("1", hashes="sha256:" + "zz" * 32),
    "before 1970": entry("1", mtime_ns=-1),
    "in the year 2500": entry("1", mtime_ns=16_725_225_600_000_000_000, executable=True),
    "somebody else's": entry("1", hashes=SHA, foreign=True, executable=True),
    "lost": entry("1", foreign=True, lost=True),
    "far beyond": entry("1", mtime_ns=1 << 80, hashes=SHA, provisional=True),
    "name in bytes": entry("1", name="caf\udce9", hashes=SHA, executable=False),
    "folder in bytes": entry("1", "caf\udce9", "Name", mark="m"),
    "id in bytes": entry("caf\udce9", mark="m"),
    "version and mark in bytes": entry("1", version="\udcff", mark="\udcfe"),
    "half a character": entry("1", name="\ud83d"),
    "controls": entry("1", name="a\nb\t'\"%_\\\x7f"),
    "beyond ASCII": entry("1", name="Grüße 🎉", version="é"),
    "decomposed": entry("1", name="é"),
    "long": entry("x" * 4000, "y" * 4000, "z" * 255, version="v" * 4000),
}


class TestEntries(Rules):
    @pytest.fixture
    def tree(self, sync: SyncStore) -> ObservedTree:
        return sync.observed("a")

    def test_empty(self, tree: ObservedTree) -> None:
        """A tree that nobody wrote to is empty, and can be asked everything."""
        assert tree.get(["1"]) == {}
        assert tree.children(ROOT_ENTRY) == []
        assert tree.at(ROOT_ENTRY, "name") == []
        assert tree.count() == 0
        assert tree.changes(0, 10) == ([], 0)

    @pytest.mark.parametrize("seen", ENTRIES.values(), ids=ENTRIES.keys())
    def test_exact(self, harness: Harness, seen: Entry) -> None:
        """An entry is kept exactly, whichever way it is asked for, also over a restart."""
        observe(harness.store.sync("owner", "work"), seen)
        tree = harness.reopen().sync("owner", "work").observed("a")
        found = [
            *tree.get([seen.id]).values(),
            *tree.children(seen.parent),
            *tree.at(seen.parent, names.key(seen.name)),
        ]
        assert found == [seen] * 3
        assert all(type(one.kind) is Kind and one.executable is seen.executable for one in found)
        assert tree.changes(0, 10)[0] == [seen.id]

    def test_get(self, sync: SyncStore, tree: ObservedTree) -> None:
        """Those that are there are returned by id; an id may be asked for twice."""
        observe(sync, entry("1"), entry("2"))
        assert tree.get(["2", "3", "2"]) == {"2": entry("2")}
        assert tree.get([]) == {}
        assert tree.get(iter(["1"])) == {"1": entry("1")}

    def test_get_many(self, sync: SyncStore, tree: ObservedTree) -> None:
        """Any number of ids may be asked for at once."""
        many = {str(number): entry(str(number)) for number in range(1_500)}
        observe(sync, *many.values())
        assert tree.get(many) == many

    def test_children(self, sync: SyncStore, tree: ObservedTree) -> None:
        """A folder's entries are those directly in it."""
        observe(sync, entry("1", kind=Kind.FOLDER), entry("2", "1"), entry("3", "2"))
        assert tree.children(ROOT_ENTRY) == [entry("1", kind=Kind.FOLDER)]
        assert tree.children("1") == [entry("2", "1")]
        assert tree.children("4") == []

    def test_orphan(self, sync: SyncStore, tree: ObservedTree) -> None:
        """An entry may be reported before its folder."""
        observe(sync, entry("2", "1"))
        assert tree.children("1") == [entry("2", "1")]

    def test_at(self, sync: SyncStore, tree: ObservedTree) -> None:
        """All entries whose name has the key are found, in this folder only."""
        same = [entry("1", name="Cafe\u0301"), entry("2", name="CAF\u00c9")]
        observe(sync, *same, entry("3", name="cafe"), entry("4", "1", "café"))
        found = tree.at(ROOT_ENTRY, names.key("café"))
        assert sorted(found, key=lambda one: one.id) == same

    def test_count(self, sync: SyncStore, tree: ObservedTree) -> None:
        """The count follows what comes, goes, and merely changes."""
        observe(sync, entry("1"), entry("2"))
        observe(sync, entry("2", "1"), entry("3"), gone=["1", "4"])
        assert tree.count() == 2
        observe(sync, gone=["2", "3"])
        assert tree.count() == 0

    def test_replaced(self, sync: SyncStore, tree: ObservedTree) -> None:
        """What is seen replaces what was seen of the same id, wherever that stood."""
        observe(sync, entry("1", "x", "Old", version="1"))
        new = entry("1", "y", "New", version="2")
        observe(sync, new)
        assert tree.get(["1"]) == {"1": new}
        assert (tree.children("x"), tree.children("y")) == ([], [new])
        assert tree.at("x", "old") == []

    def test_swapped(self, sync: SyncStore, tree: ObservedTree) -> None:
        """Two entries may take each other's place at once."""
        observe(sync, entry("1", name="a"), entry("2", name="b"))
        observe(sync, entry("1", name="b"), entry("2", name="a"))
        assert tree.at(ROOT_ENTRY, "a") == [entry("2", name="a")]

    def test_same_place(self, sync: SyncStore, tree: ObservedTree) -> None:
        """Some providers hold two entries of one name in one folder."""
        observe(sync, entry("1", name="a"), entry("2", name="a"))
        assert len(tree.at(ROOT_ENTRY, "a")) == 2

    def test_gone(self, sync: SyncStore, tree: ObservedTree) -> None:
        """What is gone is not there any more; what never was may go too."""
        observe(sync, entry("1"))
        observe(sync, gone=["1", "2"])
        assert tree.get(["1"]) == {}
        assert tree.children(ROOT_ENTRY) == []

    def test_last_word(self, sync: SyncStore, tree: ObservedTree) -> None:
        """Observations of one commit apply in their order, and within one, ``gone`` last."""
        put = Observation(
            "a", [entry("1", version="1"), entry("1", version="2"), entry("2")], ["2"]
        )
        sync.commit(
            Commit(observed=[put, Observation("a", [entry("3")]), Observation("a", (), "3")])
        )
        assert tree.get("123") == {"1": entry("1", version="2")}
        assert tree.count() == 1

    def test_apart(self, harness: Harness, sync: SyncStore) -> None:
        """Endpoints do not see each other's entries, owners not each other's endpoints."""
        observe(sync, entry("1"))
        for tree in (sync.observed("b"), harness.store.sync("other", "work").observed("a")):
            assert tree.get(["1"]) == {}
            assert tree.children(ROOT_ENTRY) == []
            assert tree.count() == 0
            assert tree.changes(0, 10) == ([], 0)

    def test_handed_out_before(self, sync: SyncStore, tree: ObservedTree) -> None:
        """A tree that was handed out shows what is committed later."""
        assert tree.count() == 0
        observe(sync, entry("1"))
        assert tree.count() == 1


class TestChanges(Rules):
    @pytest.fixture
    def tree(self, sync: SyncStore) -> ObservedTree:
        return sync.observed("a")

    def test_order(self, sync: SyncStore, tree: ObservedTree) -> None:
        """The touched ids come in the order of commits, those that are gone included."""
        observe(sync, entry("1"), entry("2"), gone=["3"])
        observe(sync, entry("1"))
        ids, end = tree.changes(0, 10)
        assert ids == ["1", "2", "3", "1"]
        assert tree.changes(end, 10) == ([], end)

    def test_not_logged(self, sync: SyncStore, tree: ObservedTree) -> None:
        """What the engine wrote itself is seen, but not logged."""
        observe(sync, entry("1"), gone=["2"], log=False)
        assert tree.count() == 1
        assert tree.changes(0, 10) == ([], 0)

    def test_resumed(self, sync: SyncStore, tree: ObservedTree) -> None:
        """From the position reached, what came since is told."""
        observe(sync, entry("1"))
        _, position = tree.changes(0, 10)
        observe(sync, entry("2"))
        assert tree.changes(position, 10)[0] == ["2"]

    @pytest.mark.parametrize("limit", [100, 999, 5_000])
    def test_paged(self, sync: SyncStore, tree: ObservedTree, limit: int) -> None:
        """However it is paged, nothing is left out, and pages are about as long as asked for."""
        first, second = [str(n) for n in range(2_300)], [str(n) for n in range(2_300, 2_303)]
        observe(sync, *map(entry, first))
        observe(sync, *map(entry, second))
        found: list[str] = []
        position = 0
        while page := tree.changes(position, limit):
            ids, position = page
            if not ids:
                break
            assert len(ids) <= limit + 1_000
            found += ids
        assert found == first + second

    def test_trimmed(self, sync: SyncStore, tree: ObservedTree) -> None:
        """Positions hold when the log is trimmed: what lies behind them stays."""
        observe(sync, entry("1"), entry("2"))
        _, middle = tree.changes(0, 10)
        observe(sync, entry("3"))
        rest = tree.changes(middle, 10)
        sync.trim({"a": middle})
        assert tree.changes(middle, 10) == rest
        assert tree.changes(0, 10)[1] == rest[1]
        assert tree.changes(0, 10)[0][-len(rest[0]) :] == rest[0]
        sync.trim({"a": rest[1]})
        assert tree.changes(0, 10)[1] == rest[1]
        assert tree.changes(rest[1], 10) == ([], rest[1])
        observe(sync, entry("4"))
        assert tree.changes(rest[1], 10)[0] == ["4"]

    def test_trimmed_amid(self, sync: SyncStore, tree: ObservedTree) -> None:
        """A position within a commit loses nothing behind it when the log is trimmed to it."""
        observe(sync, entry("1"), entry("2"), entry("3"))
        ids, position = tree.changes(0, 1)
        rest = tree.changes(position, 10)
        assert ids + rest[0] == ["1", "2", "3"]
        sync.trim({"a": position})
        assert tree.changes(position, 10) == rest

    def test_trimmed_elsewhere(self, sync: SyncStore) -> None:
        """Trimming one endpoint's log, or that of one nobody knows, leaves the others alone."""
        observe(sync, entry("1"), at="a")
        observe(sync, entry("2"), at="b")
        sync.trim({"a": 1, "nobody": 5})
        assert sync.observed("b").changes(0, 10)[0] == ["2"]

    def test_restart(self, harness: Harness, sync: SyncStore) -> None:
        """Positions hold over a restart."""
        observe(sync, entry("1"))
        _, position = sync.observed("a").changes(0, 10)
        sync = harness.reopen().sync("owner", "work")
        observe(sync, entry("2"))
        assert sync.observed("a").changes(position, 10)[0] == ["2"]
