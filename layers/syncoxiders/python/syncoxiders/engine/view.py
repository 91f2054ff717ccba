"""The planner's view of a store, read once per plan."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from syncoxiders.core import names
from syncoxiders.core.model import EndpointId, Entry, EntryId, Node, NodeId
from syncoxiders.ports.pipeline import Confirms
from syncoxiders.ports.state import SyncStore


class StoreView:
    """Answers the planner from a store, each fact read at most once.

    What a plan is sure to need is read in batches beforehand by :meth:`prefetch`.
    """

    def __init__(self, store: SyncStore) -> None:
        self._many = math.inf if isinstance(store, Confirms) else MANY
        self._base = store.base()
        self._store = store
        self._nodes: dict[NodeId, Node | None] = {}
        self._owners: dict[tuple[EndpointId, EntryId], NodeId | None] = {}
        self._entries: dict[tuple[EndpointId, EntryId], Entry | None] = {}
        self._nodes_at: dict[NodeId, _Folder[Node]] = {}
        self._entries_at: dict[tuple[EndpointId, EntryId], _Folder[Entry]] = {}
        self._children: dict[tuple[EndpointId, EntryId], Sequence[Entry]] = {}
        self._prefetched: Counter[tuple[EndpointId, EntryId]] = Counter()

    def prefetch(
        self,
        touched: Iterable[tuple[EndpointId, EntryId]],
        suspects: Iterable[NodeId],
        endpoints: Iterable[EndpointId],
    ) -> None:
        """Read the entries, the nodes that they belong to, and those nodes' other entries."""
        wanted: dict[EndpointId, list[EntryId]] = {endpoint: [] for endpoint in endpoints}
        for endpoint, entry in touched:
            if endpoint in wanted:
                wanted[endpoint].append(entry)
        nodes: set[NodeId] = set()
        for endpoint, ids in wanted.items():
            owners = self._base.of(endpoint, ids)
            for entry in ids:
                self._owners[endpoint, entry] = owners.get(entry)
            nodes.update(owners.values())
            self._read(endpoint, ids)
        surely = set(suspects)
        nodes |= surely
        found = self._base.get(nodes)
        for node in nodes:
            self._nodes[node] = found.get(node)
        others: dict[EndpointId, list[EntryId]] = {endpoint: [] for endpoint in wanted}
        for node, value in found.items():
            for endpoint, replica in value.replicas.items():
                if endpoint not in others or (endpoint, replica.entry) in self._entries:
                    continue
                if node in surely or not self._is_told(value, endpoint):
                    others[endpoint].append(replica.entry)
        for endpoint, ids in others.items():
            self._read(endpoint, ids)

    def _is_told(self, node: Node, endpoint: EndpointId) -> bool:
        """Say whether what base tells of an endpoint is good enough, so that nothing is read."""
        del node, endpoint
        return False

    def _read(self, endpoint: EndpointId, ids: Sequence[EntryId]) -> None:
        found = self._store.observed(endpoint).get(ids)
        for entry in ids:
            self._entries[endpoint, entry] = found.get(entry)
        self._prefetched.update((endpoint, entry.parent) for entry in found.values())

    def node(self, node: NodeId) -> Node | None:
        """Return a base node, tombstones included."""
        if node not in self._nodes:
            self._nodes[node] = self._base.get([node]).get(node)
        return self._nodes[node]

    def node_of(self, endpoint: EndpointId, entry: EntryId) -> NodeId | None:
        """Return the node that an entry belongs to."""
        key = (endpoint, entry)
        if key not in self._owners:
            self._owners[key] = self._base.of(endpoint, [entry]).get(entry)
        return self._owners[key]

    def nodes_in(self, parent: NodeId) -> Sequence[Node]:
        """Return the nodes in a folder, tombstones included."""
        found = self._base.children(parent)
        for node in found:
            self._nodes[node.id] = node
        return found

    def nodes_at(self, parent: NodeId, key: str) -> Sequence[Node]:
        """Return the nodes in a folder whose name has this key."""
        folder = self._nodes_at.get(parent)
        if folder is None:
            base = self._base
            folder = self._nodes_at[parent] = _Folder(
                lambda key: base.at(parent, key),
                lambda: [node for node in base.children(parent) if not node.gone],
                self._many,
            )
        return folder.at(key)

    def entry(self, endpoint: EndpointId, entry: EntryId) -> Entry | None:
        """Return an observed entry."""
        key = (endpoint, entry)
        if key not in self._entries:
            self._entries[key] = self._store.observed(endpoint).get([entry]).get(entry)
        return self._entries[key]

    def entries_in(self, endpoint: EndpointId, folder: EntryId) -> Sequence[Entry]:
        """Return the observed entries in a folder."""
        found = self._children.get((endpoint, folder))
        if found is None:
            found = self._store.observed(endpoint).children(folder)
            self._children[endpoint, folder] = found
            for entry in found:
                self._entries[endpoint, entry.id] = entry
        return found

    def entries_at(self, endpoint: EndpointId, folder: EntryId, key: str) -> Sequence[Entry]:
        """Return the observed entries in a folder whose name has this key."""
        found = self._entries_at.get((endpoint, folder))
        if found is None:
            tree, known = self._store.observed(endpoint), self._children.get((endpoint, folder))
            found = self._entries_at[endpoint, folder] = _Folder(
                lambda key: tree.at(folder, key),
                lambda: tree.children(folder) if known is None else known,
                self._many,
                asked=self._prefetched[endpoint, folder] if known is None else MANY,
            )
        return found.at(key)

    def known_entries(self) -> dict[tuple[EndpointId, EntryId], Entry]:
        """Return the entries that have been read so far."""
        return {key: entry for key, entry in self._entries.items() if entry is not None}


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)

MANY = 64
"""After so many names have been asked for in a folder, all of it is read at once.

That is done right away where so much in it is to be planned, since a plan asks for each. A store
that is shared is asked for each: there all of a folder may cost much more, and the store reads
together what is cheaper so.
"""


class _Folder(Generic[T]):
    """Answers what stands in a folder under a name, by point reads or from all of it.

    It must not know the view that holds it: of a run's many views each has to go when it is done.
    """

    __slots__ = ("_all", "_asked", "_by_key", "_many", "_one")

    def __init__(
        self,
        one: Callable[[str], Sequence[T]],
        every: Callable[[], Sequence[T]],
        many: float,
        asked: int = 0,
    ) -> None:
        self._many = many
        self._one = one
        self._all = every
        self._asked = asked
        self._by_key: dict[str, list[T]] | None = None

    def at(self, key: str) -> Sequence[T]:
        """Return what stands there under a name of this key."""
        if self._by_key is None:
            self._asked += 1
            if self._asked <= self._many:
                return self._one(key)
            self._by_key = {}
            for each in self._all():
                self._by_key.setdefault(names.key(each.name), []).append(each)
        return self._by_key.get(key, ())
