"""Where entries stand now: the paths that providers are told, through a run's own changes."""

import threading
from collections.abc import Mapping

from syncoxiders.core.model import (
    ROOT,
    ROOT_ENTRY,
    EndpointId,
    Entry,
    EntryId,
    Node,
    NodeId,
    Ref,
    Replica,
)
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.state import SyncStore


class Places:
    """The observed trees and base as they are while actions run, before these are committed.

    ``known`` are entries that have been read already. With ``by_base`` an entry that was not
    read stands where the node that has it was planned to have it, if that is known: somebody may
    have moved it since, which the provider's precondition tells. All may be called from several
    threads: what is known is found without the lock, which is held by whoever reads or changes
    something.
    """

    def __init__(
        self,
        store: SyncStore,
        known: Mapping[tuple[EndpointId, EntryId], Entry] | None = None,
        *,
        by_base: bool = False,
    ) -> None:
        self._store = store
        self._by_base = by_base
        self._lock = threading.RLock()
        self._entries: dict[tuple[EndpointId, EntryId], Entry | None] = dict(known or {})
        self._replicas: dict[tuple[EndpointId, EntryId], Replica] = {}
        self._folders: dict[tuple[EndpointId, EntryId], str] = {}
        self._nodes: dict[NodeId, Node | None] = {}

    def know(self, node: Node, *, stands: bool = True) -> None:
        """Take a node as it is from now on; whether it ``stands`` where base has it may be open."""
        with self._lock:
            self._nodes[node.id] = node
            if self._by_base and stands:
                self._replicas.update(
                    ((endpoint, replica.entry), replica)
                    for endpoint, replica in node.replicas.items()
                    if not replica.gone
                )

    def forget(self, node: NodeId) -> None:
        """Take a node as gone."""
        with self._lock:
            self._nodes[node] = None

    def node(self, node: NodeId) -> Node | None:
        """Return a node as it is now."""
        try:
            return self._nodes[node]
        except KeyError:
            with self._lock:
                if node not in self._nodes:
                    self._nodes[node] = self._store.base().get([node]).get(node)
                return self._nodes[node]

    def owner(self, endpoint: EndpointId, entry: EntryId) -> NodeId | None:
        """Return the node that an entry belongs to, as base has it."""
        with self._lock:
            return self._store.base().of(endpoint, [entry]).get(entry)

    def entry(self, endpoint: EndpointId, entry: EntryId) -> Entry | None:
        """Return an entry as it was last heard of."""
        key = (endpoint, entry)
        try:
            return self._entries[key]
        except KeyError:
            with self._lock:
                if key not in self._entries:
                    self._entries[key] = self._store.observed(endpoint).get([entry]).get(entry)
                return self._entries[key]

    def put(self, endpoint: EndpointId, entry: Entry) -> None:
        """Take an entry as it is from now on; a folder may have changed its place."""
        with self._lock:
            known = self._entries.get((endpoint, entry.id))
            self._entries[endpoint, entry.id] = entry
            if known is not None and (known.parent, known.name) != (entry.parent, entry.name):
                self._folders.clear()

    def drop(self, endpoint: EndpointId, entry: EntryId) -> None:
        """Take an entry as gone."""
        with self._lock:
            self._entries[endpoint, entry] = None
            if (endpoint, entry) in self._folders:
                self._folders.clear()

    def reset(self) -> None:
        """Let go of everything: it is committed by now, or has been changed in the store."""
        with self._lock:
            self._entries.clear()
            self._folders.clear()
            self._nodes.clear()
            self._replicas.clear()

    def stands(self, endpoint: EndpointId, entry: EntryId) -> tuple[EntryId, str]:
        """Return in which folder an entry stands, and its name. Raises Vanished without it."""
        key = (endpoint, entry)
        replica = None if key in self._entries else self._replicas.get(key)
        found = replica or self.entry(endpoint, entry)
        if found is None:
            raise Vanished("it is not there any more")
        return found.parent, found.name

    def folder(self, endpoint: EndpointId, folder: EntryId) -> Ref:
        """Return how to name a folder. Raises Vanished where it is not known to be there."""
        if folder == ROOT_ENTRY:
            return Ref(ROOT_ENTRY, "")
        key = (endpoint, folder)
        path = self._folders.get(key)
        if path is None:
            with self._lock:
                path = self._folders.get(key)
                if path is None:
                    path = self._folders[key] = self._path(endpoint, folder, set())
        return Ref(folder, path)

    def _path(self, endpoint: EndpointId, entry: EntryId, seen: set[EntryId]) -> str:
        parent, name = self.stands(endpoint, entry)
        if entry in seen:
            raise Vanished("a folder on the way is not there any more")
        seen.add(entry)
        if parent == ROOT_ENTRY:
            return name
        known = self._folders.get((endpoint, parent))
        if known is None:
            known = self._path(endpoint, parent, seen)
            self._folders[endpoint, parent] = known
        return f"{known}/{name}"

    def child(self, endpoint: EndpointId, folder: EntryId, name: str, entry: EntryId) -> Ref:
        """Return how to name an entry in a folder."""
        above = self.folder(endpoint, folder).path
        return Ref(entry, f"{above}/{name}" if above else name)

    def ref(self, endpoint: EndpointId, entry: EntryId) -> Ref:
        """Return how to name an entry. Raises Vanished where it is not known to be there."""
        if entry == ROOT_ENTRY:
            return Ref(ROOT_ENTRY, "")
        return self.child(endpoint, *self.stands(endpoint, entry), entry)

    def parent(self, endpoint: EndpointId, node: NodeId) -> Ref:
        """Return how to name the folder that a node is at an endpoint."""
        if node == ROOT:
            return Ref(ROOT_ENTRY, "")
        found = self.node(node)
        replica = found.replicas.get(endpoint) if found is not None else None
        if replica is None or replica.gone:
            raise Vanished("the folder it belongs in is not there any more")
        return self.folder(endpoint, replica.entry)
