"""What the deployed state costs: a few units for each change, however much it holds."""

import threading

import msgspec
import pytest

from syncoxiders.adapters.items.store import ItemsStates, ItemsSync
from syncoxiders.adapters.memory.items import MemoryItems, Usage, size_of
from syncoxiders.core.model import Action, ActionKind, Content, Entry, Kind, Node, Replica, Source
from syncoxiders.core.names import key as keyed
from syncoxiders.engine.view import StoreView
from syncoxiders.ports.pipeline import Batch
from syncoxiders.ports.state import Commit, Observation, SyncRecord
from tests.contracts.shared_harness import ItemsHarness

CHANGES = 100
IN_FOLDER = 50


def sha(text: str) -> str:
    return f"sha256:{text.encode().hex():0>64}"


def seen(endpoint: str, number: int, version: int = 1) -> Entry:
    """An entry as Drive and Dropbox have them: long opaque ids, a hash, a name of some length."""
    folder = f"1{endpoint}FoldErId{number // IN_FOLDER:024x}"
    ident = f"1{endpoint}FileIdOfDrive{number:018x}"
    name = f"Quarterly report, part {number:05} (final).docx"
    revision = f"0B1{endpoint}revision{version:028x}"
    hashes = sha(f"{number}|{version}")
    return Entry(
        ident, folder, name, Kind.FILE, revision, 123_456, 1_760_000_000_123_456_789, hashes
    )


def agreed(number: int, version: int = 1, *endpoints: str) -> Node:
    entries = {endpoint: seen(endpoint, number, version) for endpoint in endpoints or ("a", "b")}
    first = seen("a", number, version)
    return Node(
        number,
        number // IN_FOLDER,
        first.name,
        Kind.FILE,
        Content(first.size, first.hashes, first.mtime_ns),
        content_gen=version,
        past=tuple(sha(f"{number}|{old}") for old in range(1, version)),
        replicas={
            endpoint: Replica(each.id, each.version, each.parent, each.name, version, 1)
            for endpoint, each in entries.items()
        },
    )


class Counting(ItemsHarness):
    def __init__(self) -> None:
        self.tables = (MemoryItems(), MemoryItems())
        super().__init__(*self.tables)
        self.before = self._usage()

    def _usage(self) -> list[Usage]:
        return [table.usage.copy() for table in self.tables]

    def sync(self) -> ItemsSync:
        return self.store.sync("me", "01JABCDEFGHJKMNPQRSTVWXYZ0")

    def since(self) -> Usage:
        """Return what was asked since the last time."""
        now = self._usage()
        tree, journal = (each.minus(old) for each, old in zip(now, self.before, strict=True))
        self.before = now
        return Usage(
            tree.reads + journal.reads,
            tree.writes + journal.writes,
            tree.read_units + journal.read_units,
            tree.write_units + journal.write_units,
        )


def filled(count: int) -> Counting:
    world = Counting()
    for start in range(0, count, 1_000):
        numbers = range(max(start, 1), min(start + 1_000, count))
        sync = world.sync()
        for endpoint in ("a", "b"):
            entries = [seen(endpoint, number) for number in numbers]
            sync.commit(Commit(observed=[Observation(endpoint, entries, asked=1.0, log=False)]))
        sync.commit(Commit(nodes=[agreed(number) for number in numbers]))
    world.since()
    return world


def opened(kind: ActionKind, node: Node) -> Action:
    source, target = node.replicas["a"], seen("b", node.id)
    return Action(
        f"{node.id:016x}",
        kind,
        "b",
        node.id,
        entry=target.id if kind is ActionKind.UPDATE else "",
        expect=target.version if kind is ActionKind.UPDATE else "",
        parent=node.parent,
        name=node.name,
        size=123_456,
        source=Source("a", source.entry, source.version),
        keep=True,
        content_gen=node.content_gen,
        place_gen=1,
    )


def change(world: Counting, kind: ActionKind, numbers: range) -> Usage:
    """Do with the store what poll, merge and apply do of changes in one endpoint."""
    version = 2 if kind is ActionKind.UPDATE else 1
    poll = world.sync()
    entries = [seen("a", number, version) for number in numbers]
    poll.observed("a").get([entry.id for entry in entries])
    poll.commit(Commit(observed=[Observation("a", entries, asked=2_000.0)]))
    merge = world.store.sync("me", "01JABCDEFGHJKMNPQRSTVWXYZ0", 1 << 20)
    ids, position = merge.observed("a").changes(0, 10_000)
    base = merge.base()
    owners = base.of("a", ids)
    merge.observed("a").get(ids)
    found = base.get(owners.values())
    if kind is ActionKind.UPDATE:
        assert len(found) == len(numbers)
        merge.observed("b").get([each.replicas["b"].entry for each in found.values()])
    else:
        assert not found
        base.children(numbers.start // IN_FOLDER)
        merge.observed("b").children(seen("b", numbers.start).parent)
    behind = [
        msgspec.structs.replace(
            agreed(number, version),
            replicas={
                "a": agreed(number, version).replicas["a"],
                **({"b": found[number].replicas["b"]} if number in found else {}),
            },
        )
        for number in numbers
    ]
    if kind is ActionKind.CREATE:
        behind = [
            msgspec.structs.replace(node, id=merge.reserved("a", node.replicas["a"].entry))
            for node in behind
        ]
    actions = [opened(kind, node) for node in behind]
    assert not merge.commit(Commit(nodes=behind, opened=actions))
    handed_out = tuple((action.node, action.id) for action in actions)
    merge.put_batches([Batch("1-000001", "b", actions=handed_out, rule="0123456789abcdef")])
    merge.commit(Commit(record=SyncRecord({"a": "a", "b": "b"}, planned={"a": position})))
    merge.trim({"a": position})
    apply = world.sync()
    apply.begin_batch("1-000001", 2_001.0)
    assert len(apply.open_of(node.id for node in behind)) == len(numbers)
    apply.base().get(node.id for node in behind)
    put = [seen("b", number, version) for number in numbers]
    done = [
        msgspec.structs.replace(agreed(number, version), id=node.id)
        for number, node in zip(numbers, behind, strict=True)
    ]
    closed = [action.id for action in actions]
    observed = [Observation("b", put, log=False)]
    assert not apply.commit(
        Commit(nodes=done, closed=closed, observed=observed, at=2_001.0, losses=len(closed))
    )
    assert apply.finish_batch("1-000001", ()) == []
    return world.since()


@pytest.fixture(scope="module")
def world() -> Counting:
    return filled(2_000)


@pytest.mark.parametrize(
    ("kind", "units"), [(ActionKind.UPDATE, 4), (ActionKind.CREATE, 7)], ids=["edit", "create"]
)
def test_units(kind: ActionKind, units: int) -> None:
    """An edit writes four items and a create seven; all else is shared by a hundred of them."""
    world = filled(1_000)
    numbers = range(500, 600) if kind is ActionKind.UPDATE else range(1_000, 1_100)
    used = change(world, kind, numbers)
    assert units * CHANGES <= used.write_units <= units * CHANGES + 35
    assert used.read_units <= 4 * CHANGES + 35
    entry = world.sync().observed("b").get([seen("b", numbers[0]).id])
    assert len(entry) == 1


def test_small() -> None:
    """No item of a node, an entry or a place is larger than a write unit, the opened ones too."""
    world = filled(200)
    poll = world.sync()
    poll.commit(Commit(observed=[Observation("a", [seen("a", 7, 2)], asked=2_000.0)]))
    node = msgspec.structs.replace(
        agreed(7, 5), replicas={each: agreed(7).replicas["a"] for each in ("a", "b", "c")}
    )
    poll.base().get([7])
    poll.commit(Commit(nodes=[node], opened=[opened(ActionKind.UPDATE, node)]))
    sizes = [size_of(item.key, item.attributes) for item in world.tables[0].everything()]
    assert max(sizes) <= 1_024


@pytest.mark.parametrize("kind", [ActionKind.UPDATE, ActionKind.CREATE])
def test_same_in_any_tree(kind: ActionKind) -> None:
    """A hundred changes cost the same requests and units in trees of any size."""
    used = []
    for count in (1_000, 6_000):
        numbers = range(500, 600) if kind is ActionKind.UPDATE else range(count, count + CHANGES)
        used.append(change(filled(count), kind, numbers))
    assert used[0] == used[1]


def test_counts_cost_nothing_to_ask(world: Counting) -> None:
    """How many there are, and what was lost, is one read each."""
    sync = world.sync()
    world.since()
    assert sync.base().count() == 1_999
    assert sync.observed("a").count() == 1_999
    assert sync.losses(0.0) == 0
    assert world.since() == Usage(reads=3, read_units=3)


def test_full_reads(world: Counting) -> None:
    """What looks at everything reads each node and each entry once, in few requests."""
    world.since()
    assert not list(world.sync().base().suspects(["a", "b"]))
    used = world.since()
    assert used.reads <= 3 * 17
    assert used.writes == 0
    assert used.read_units <= 3 * 2_000 * 0.2


def test_threads() -> None:
    """Several threads at once find the same as one."""
    world = filled(500)
    store = ItemsStates(*world.tables, threads=4)
    base = store.sync("me", "01JABCDEFGHJKMNPQRSTVWXYZ0").base()
    assert sorted(each for batch in base.ids() for each in batch) == list(range(1, 500))
    assert sorted(each for batch in base.suspects(["c"]) for each in batch) == list(range(1, 500))
    for batch in base.ids():  # and whoever wants no more of it leaves no thread behind
        assert batch
        break
    assert not [each for each in threading.enumerate() if each.name == "full-read"]


@pytest.mark.parametrize(("size", "names", "units"), [(200, 100, 25), (3_000, 20, 40)])
def test_names_in_a_folder(size: int, names: int, units: int) -> None:
    """Many names of a folder cost little more than its nodes, if they are a good part of it.

    Of one that is much larger than what is asked for not all is read.
    """
    world = Counting()
    nodes = [
        msgspec.structs.replace(agreed(number), id=number + 10, parent=5, name=f"{number}")
        for number in range(size)
    ]
    world.sync().commit(Commit(nodes=nodes))
    base = world.sync().base()
    world.since()
    asked = [f"{number}" for number in range(0, size, size // names)]
    assert [[each.name for each in base.at(5, keyed(name))] for name in asked] == [
        [name] for name in asked
    ]
    assert world.since().read_units <= names + units


def test_new_names_in_a_large_folder() -> None:
    """What is new in a folder is planned at the same cost however much stands there already."""
    units = []
    for size in (300, 3_000):
        world = Counting()
        entries = [
            msgspec.structs.replace(seen("a", number), parent="folder", name=f"{number}")
            for number in range(size + 100)
        ]
        for some in (entries[:size], entries[size:]):
            world.sync().commit(Commit(observed=[Observation("a", some, asked=1.0)]))
        store = world.store.sync("me", "01JABCDEFGHJKMNPQRSTVWXYZ0", 1)
        new = [each.id for each in entries[size:]]
        store.base().of("a", new)
        view = StoreView(store)
        world.since()
        for each in entries[size:]:
            assert view.entries_at("a", "folder", keyed(each.name)) == [each]
            assert not view.nodes_at(1, keyed(each.name))
        units.append(world.since().read_units)
    assert max(units) <= 2 * 100 + 35
