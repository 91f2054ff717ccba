"""State and blobs in memory, for tests and simulations.

What is in a :class:`MemoryStateStore` has been committed: a simulation that "kills the process"
drops the engine and goes on with the same store, or with an earlier :class:`Snapshot` where the
last commits are to be lost with it.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeAlias, TypeVar

import msgspec

from syncoxiders.adapters.state import limits
from syncoxiders.adapters.state.blobs import address, genuine
from syncoxiders.core import names
from syncoxiders.core.model import Action, EndpointId, Entry, EntryId, Node, NodeId, Replica
from syncoxiders.ports.state import Commit, Event, Observation, RunRecord, SyncRecord

_BATCH = 1_000

Key: TypeAlias = tuple[str, str]
"""Owner and name of a sync."""

Hook: TypeAlias = Callable[[Commit], None]

T = TypeVar("T")


class _Observed:
    """The observed tree of one endpoint, and its change log."""

    __slots__ = ("entries", "folders", "log", "trimmed")

    def __init__(self) -> None:
        self.entries: dict[EntryId, Entry] = {}
        self.folders: dict[EntryId, dict[EntryId, Entry]] = {}
        self.log: list[EntryId] = []
        self.trimmed = 0

    def copy(self) -> "_Observed":
        new = _Observed()
        new.entries = self.entries.copy()
        new.folders = {folder: held.copy() for folder, held in self.folders.items()}
        new.log = self.log.copy()
        new.trimmed = self.trimmed
        return new

    def apply(self, seen: Observation) -> None:
        for entry in seen.put:
            self._drop(entry.id)
            self.entries[entry.id] = entry
            self.folders.setdefault(entry.parent, {})[entry.id] = entry
        for gone in seen.gone:
            self._drop(gone)
        if seen.log:
            self.log += [entry.id for entry in seen.put]
            self.log += seen.gone

    def _drop(self, entry: EntryId) -> None:
        old = self.entries.pop(entry, None)
        if old is not None:
            held = self.folders[old.parent]
            del held[entry]
            if not held:
                del self.folders[old.parent]

    def differs(self, replica: Replica) -> bool:
        """Say whether what is observed is not what the replica says."""
        seen = self.entries.get(replica.entry)
        if seen is None or replica.gone:
            return (seen is None) is not replica.gone
        return (
            seen.version != replica.version
            or seen.parent != replica.parent
            or seen.name != replica.name
        )


class _Sync:
    """Everything that is held of one sync."""

    __slots__ = (
        "actions",
        "events",
        "folders",
        "highest",
        "last_run",
        "losses",
        "nodes",
        "observed",
        "owners",
        "record",
        "runs",
        "texts",
    )

    def __init__(self) -> None:
        self.record: SyncRecord | None = None
        self.nodes: dict[NodeId, Node] = {}
        self.folders: dict[NodeId, dict[NodeId, None]] = {}
        self.owners: dict[tuple[EndpointId, EntryId], tuple[NodeId, ...]] = {}
        self.highest = 0
        self.observed: dict[EndpointId, _Observed] = {}
        self.actions: dict[str, Action] = {}
        self.losses: Counter[float] = Counter()
        self.runs: dict[int, RunRecord] = {}
        self.last_run = 0
        self.events: deque[tuple[int, Event]] = deque(maxlen=limits.KEEP_EVENTS)
        self.texts: dict[str, str] = {}

    def copy(self) -> "_Sync":
        new = _Sync()
        new.record = self.record
        new.nodes = self.nodes.copy()
        new.folders = {parent: held.copy() for parent, held in self.folders.items()}
        new.owners = self.owners.copy()
        new.highest = self.highest
        new.observed = {endpoint: tree.copy() for endpoint, tree in self.observed.items()}
        new.actions = self.actions.copy()
        new.losses = self.losses.copy()
        new.runs = self.runs.copy()
        new.last_run = self.last_run
        new.events = self.events.copy()
        new.texts = self.texts.copy()
        return new

    def tree(self, endpoint: EndpointId) -> _Observed:
        tree = self.observed.get(endpoint)
        if tree is None:
            tree = self.observed[endpoint] = _Observed()
        return tree

    def apply(self, change: Commit) -> None:
        for node in change.nodes:
            self._put(node)
        for forgotten in change.forget:
            self._drop(forgotten)
        for action in change.opened:
            self.actions[action.id] = action
        for closed in change.closed:
            self.actions.pop(closed, None)
        for seen in change.observed:
            self.tree(seen.endpoint).apply(seen)
        if change.record is not None:
            self.record = change.record
        if change.losses:
            self.losses[change.at] += change.losses
            for at in [at for at in self.losses if at < change.at - limits.KEEP_LOSSES]:
                del self.losses[at]

    def _put(self, node: Node) -> None:
        self._drop(node.id)
        self.nodes[node.id] = node
        self.folders.setdefault(node.parent, {})[node.id] = None
        for endpoint, replica in node.replicas.items():
            place = (endpoint, replica.entry)
            self.owners[place] = (*self.owners.get(place, ()), node.id)
        self.highest = max(self.highest, node.id)

    def _drop(self, node: NodeId) -> None:
        old = self.nodes.pop(node, None)
        if old is None:
            return
        held = self.folders[old.parent]
        del held[node]
        if not held:
            del self.folders[old.parent]
        for endpoint, replica in old.replicas.items():
            place = (endpoint, replica.entry)
            left = tuple(other for other in self.owners[place] if other != node)
            if left:
                self.owners[place] = left
            else:
                del self.owners[place]

    def owner(self, endpoint: EndpointId, entry: EntryId) -> NodeId | None:
        found = self.owners.get((endpoint, entry), ())
        if len(found) > 1:
            return max(found, key=lambda node: (not self.nodes[node].replicas[endpoint].gone, node))
        return found[0] if found else None

    def suspect(self, node: Node, endpoints: Sequence[EndpointId]) -> bool:
        if node.gone or node.out:
            return True
        for endpoint in endpoints:
            replica = node.replicas.get(endpoint)
            if (
                replica is None
                or replica.left
                or replica.content_gen < node.content_gen
                or replica.place_gen < node.place_gen
                or self.tree(endpoint).differs(replica)
            ):
                return True
        return False


Snapshot: TypeAlias = Mapping[Key, _Sync]
"""The whole store at one moment. Opaque."""


class MemoryStateStore:
    """A state store in dictionaries.

    ``before`` and ``after`` are called around each commit; a crash is injected by raising from
    them: from ``before`` nothing has been committed, from ``after`` all of it has.
    """

    def __init__(self) -> None:
        self.before: Hook | None = None
        self.after: Hook | None = None
        self._syncs: dict[Key, _Sync] = {}

    def sync(self, owner: str, name: str) -> "MemorySync":
        """Return one owner's sync; it need not exist yet."""
        return MemorySync(self, (owner, name))

    def close(self) -> None:
        """Release nothing: the store can be used again, as a file could be opened again."""

    def snapshot(self) -> Snapshot:
        """Return the store as it is; it can be restored any number of times."""
        return {key: sync.copy() for key, sync in self._syncs.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, also for syncs and trees that were handed out."""
        self._syncs = {key: sync.copy() for key, sync in snapshot.items()}

    def _held(self, key: Key) -> _Sync:
        held = self._syncs.get(key)
        if held is None:
            held = self._syncs[key] = _Sync()
        return held


class MemorySync:
    """One owner's sync in a :class:`MemoryStateStore`."""

    def __init__(self, store: MemoryStateStore, key: Key) -> None:
        self._store = store
        self._key = key

    @property
    def _held(self) -> _Sync:
        return self._store._held(self._key)  # noqa: SLF001 -- the store and its parts are one

    def record(self) -> SyncRecord | None:
        """Return the sync's record, or None if it is new."""
        return self._held.record

    def observed(self, endpoint: EndpointId) -> "MemoryObservedTree":
        """Return the observed tree of an endpoint."""
        return MemoryObservedTree(self, endpoint)

    def base(self) -> "MemoryBaseTree":
        """Return the base tree."""
        return MemoryBaseTree(self)

    def commit(self, change: Commit) -> frozenset[NodeId]:
        """Apply all of it or nothing, in the order: nodes, journal, observed, record."""
        if self._store.before is not None:
            self._store.before(change)
        self._held.apply(change)
        if self._store.after is not None:
            self._store.after(change)
        return frozenset()

    def trim(self, planned: Mapping[EndpointId, int]) -> None:
        """Drop the change log up to these positions."""
        for endpoint, position in planned.items():
            tree = self._held.tree(endpoint)
            drop = min(max(position - tree.trimmed, 0), len(tree.log))
            del tree.log[:drop]
            tree.trimmed += drop

    def open_actions(self) -> list[Action]:
        """Return the actions that were opened and not closed, in the order of opening."""
        return list(self._held.actions.values())

    def losses(self, since: float) -> int:
        """Return how many base nodes were deleted or overwritten since a time."""
        return sum(count for at, count in self._held.losses.items() if at >= since)

    def begin_run(self, started: float) -> int:
        """Open a run and return its number. Runs left open by a dead process are ended."""
        held = self._held
        for run in list(held.runs.values()):
            if not run.outcome:
                held.runs[run.id] = msgspec.structs.replace(
                    run, ended=started, outcome="interrupted"
                )
        held.last_run += 1
        held.runs[held.last_run] = RunRecord(held.last_run, started)
        for old in list(held.runs)[: -limits.KEEP_RUNS]:
            del held.runs[old]
        return held.last_run

    def log(self, run: int, events: Sequence[Event]) -> None:
        """Append to a run's log."""
        if run in self._held.runs:
            self._held.events.extend((run, event) for event in events)

    def end_run(self, run: RunRecord) -> None:
        """Close a run."""
        if run.id in self._held.runs:
            self._held.runs[run.id] = run

    def runs(self, limit: int) -> list[RunRecord]:
        """Return the newest runs, newest first."""
        return list(islice(reversed(self._held.runs.values()), limit))

    def events(self, run: int) -> list[Event]:
        """Return a run's log in order."""
        held = self._held
        return [event for of, event in held.events if of == run] if run in held.runs else []

    def save_text(self, key: str, text: str) -> None:
        """Keep a small text under a key; ``""`` removes it."""
        if text:
            self._held.texts[key] = text
        else:
            self._held.texts.pop(key, None)

    def text(self, key: str) -> str:
        """Return a kept text, ``""`` if there is none."""
        return self._held.texts.get(key, "")

    def texts(self, prefix: str) -> list[str]:
        """Return the keys of the kept texts that begin so."""
        return [key for key in self._held.texts if key.startswith(prefix)]


class MemoryObservedTree:
    """The observed tree of one endpoint in a :class:`MemoryStateStore`."""

    def __init__(self, sync: MemorySync, endpoint: EndpointId) -> None:
        self._sync = sync
        self._endpoint = endpoint

    @property
    def _tree(self) -> _Observed:
        return self._sync._held.tree(self._endpoint)  # noqa: SLF001 -- the store and its parts are one

    def get(self, ids: Iterable[EntryId]) -> dict[EntryId, Entry]:
        """Return those that are there."""
        entries = self._tree.entries
        return {entry: entries[entry] for entry in ids if entry in entries}

    def children(self, folder: EntryId) -> list[Entry]:
        """Return the entries in a folder, in no particular order."""
        return list(self._tree.folders.get(folder, {}).values())

    def at(self, folder: EntryId, key: str) -> list[Entry]:
        """Return the entries in a folder whose name has this ``names.key``."""
        return [entry for entry in self.children(folder) if names.key(entry.name) == key]

    def count(self) -> int:
        """Return how many entries there are."""
        return len(self._tree.entries)

    def changes(self, after: int, limit: int) -> tuple[list[EntryId], int]:
        """Return ids touched since a change-log position, and the position reached."""
        tree = self._tree
        start = max(after - tree.trimmed, 0)
        ids = tree.log[start : start + limit]
        return ids, tree.trimmed + min(start, len(tree.log)) + len(ids)


class MemoryBaseTree:
    """The base tree of one sync in a :class:`MemoryStateStore`."""

    def __init__(self, sync: MemorySync) -> None:
        self._sync = sync

    @property
    def _held(self) -> _Sync:
        return self._sync._held  # noqa: SLF001 -- the store and its parts are one

    def get(self, ids: Iterable[NodeId]) -> dict[NodeId, Node]:
        """Return those that are there, tombstones included."""
        nodes = self._held.nodes
        return {node: nodes[node] for node in ids if node in nodes}

    def children(self, parent: NodeId) -> list[Node]:
        """Return the nodes in a folder, tombstones included."""
        nodes = self._held.nodes
        return [nodes[node] for node in self._held.folders.get(parent, ())]

    def at(self, parent: NodeId, key: str) -> list[Node]:
        """Return the nodes in a folder whose name has this ``names.key``, no tombstones."""
        return [
            node for node in self.children(parent) if not node.gone and names.key(node.name) == key
        ]

    def of(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> dict[EntryId, NodeId]:
        """Return which node each entry belongs to, where it belongs to one.

        Where several nodes claim it, one that is not ``gone`` goes first, then the newest.
        """
        held = self._held
        found = {entry: held.owner(endpoint, entry) for entry in ids if entry}
        return {entry: node for entry, node in found.items() if node is not None}

    def suspects(self, endpoints: Sequence[EndpointId]) -> Iterator[list[NodeId]]:
        """Yield, in batches, the nodes that a full plan must look at."""
        held = self._held
        return _batches([node.id for node in held.nodes.values() if held.suspect(node, endpoints)])

    def unbound(self, endpoint: EndpointId) -> Iterator[list[EntryId]]:
        """Yield, in batches, the observed entries that belong to no node."""
        held = self._held
        return _batches(
            [entry for entry in held.tree(endpoint).entries if (endpoint, entry) not in held.owners]
        )

    def ids(self) -> Iterator[list[NodeId]]:
        """Yield the ids of all nodes in batches."""
        return _batches(list(self._held.nodes))

    def count(self) -> int:
        """Return how many nodes there are, without tombstones."""
        return sum(not node.gone for node in self._held.nodes.values())

    def next_id(self) -> NodeId:
        """Return a number above every id ever used in this tree (at least 1)."""
        return self._held.highest + 1

    def conflicts(self) -> list[Node]:
        """Return the nodes, without tombstones, that are kept losers of conflicts."""
        return [node for node in self._held.nodes.values() if node.conflict and not node.gone]


class MemoryBlobStore:
    """Blobs in a dictionary; the least recently used go first."""

    def __init__(self, limit_bytes: int = 1 << 26) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._blobs: dict[str, bytes] = {}

    def put(self, digest: str, data: bytes) -> None:
        """Keep the bytes; older ones may be evicted for them. Too large is silently not kept."""
        name = address(digest)
        self._forget(name)
        if not name or len(data) > self._limit:
            return
        self._blobs[name] = data
        self._size += len(data)
        while self._size > self._limit:
            self._forget(next(iter(self._blobs)))

    def get(self, digest: str) -> bytes | None:
        """Return the bytes, verified against the digest, or None if they were forgotten."""
        name = address(digest)
        data = self._blobs.pop(name, None)
        if data is None:
            return None
        if not genuine(name, data):
            self._size -= len(data)
            return None
        self._blobs[name] = data
        return data

    def _forget(self, name: str) -> None:
        self._size -= len(self._blobs.pop(name, b""))


def _batches(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
