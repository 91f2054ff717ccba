"""The planner's view of a store to which others write meanwhile."""

from collections.abc import Container, Iterable, Sequence

from syncoxiders.core import names
from syncoxiders.core.model import EndpointId, Entry, EntryId, Kind, Node, NodeId
from syncoxiders.core.rule import Rule
from syncoxiders.engine.view import StoreView
from syncoxiders.ports.state import SyncStore


class SteadyView(StoreView):
    """Shows each entry as it was when it was first read, wherever it is come upon again.

    Else one that is moved meanwhile would stand at two places, or at none, and what only passes
    by would seem to take a name. What has changed since is in the log, to be planned next.

    A file's content that is up to date at an endpoint, where nothing was logged of it, is taken to
    be as base has it. If it is not, that is in the log by the time that anybody could know; what
    is done about it until then has the version that base tells for its precondition. Of ``open_``
    nodes base is not told what was logged, before their actions are closed.
    """

    def __init__(self, store: SyncStore, rule: Rule, open_: Container[NodeId] = ()) -> None:
        super().__init__(store)
        self._open = open_
        self._traits = {each.id: each.traits for each in rule.endpoints}
        self._standing: dict[tuple[EndpointId, EntryId], dict[str, dict[EntryId, Entry]]] = {}

    def _is_told(self, node: Node, endpoint: EndpointId) -> bool:
        replica, content, traits = node.replicas[endpoint], node.content, self._traits[endpoint]
        settled = (replica.content_gen, replica.place_gen) == (node.content_gen, node.place_gen)
        apart = replica.gone or replica.hidden or replica.left or node.gone or node.out
        if content is None or node.kind is not Kind.FILE or not settled or apart:
            return False
        if not (replica.entry and traits.keeps_mtime):
            return False  # the guard goes by when it was written last
        if node.id in self._open:
            return False
        self._meet(
            endpoint,
            [
                Entry(
                    replica.entry,
                    replica.parent,
                    replica.name,
                    node.kind,
                    replica.version,
                    content.size,
                    content.mtime_ns,
                    content.hashes,
                    content.executable if traits.keeps_executable else None,
                )
            ],
        )
        return True

    def _read(self, endpoint: EndpointId, ids: Sequence[EntryId]) -> None:
        new = [each for each in ids if (endpoint, each) not in self._entries]
        super()._read(endpoint, new)
        for each in new:
            self._place(endpoint, self._entries[endpoint, each])

    def entry(self, endpoint: EndpointId, entry: EntryId) -> Entry | None:
        """Return an observed entry."""
        known = (endpoint, entry) in self._entries
        found = super().entry(endpoint, entry)
        if not known:
            self._place(endpoint, found)
        return found

    def entries_in(self, endpoint: EndpointId, folder: EntryId) -> Sequence[Entry]:
        """Return the observed entries in a folder."""
        self._meet(endpoint, self._store.observed(endpoint).children(folder))
        standing = self._standing.get((endpoint, folder), {})
        return [each for some in standing.values() for each in some.values()]

    def entries_at(self, endpoint: EndpointId, folder: EntryId, key: str) -> Sequence[Entry]:
        """Return the observed entries in a folder whose name has this key."""
        self._meet(endpoint, super().entries_at(endpoint, folder, key))
        return list(self._standing.get((endpoint, folder), {}).get(key, {}).values())

    def _meet(self, endpoint: EndpointId, found: Iterable[Entry]) -> None:
        for each in found:
            if (endpoint, each.id) not in self._entries:
                self._entries[endpoint, each.id] = each
                self._place(endpoint, each)

    def _place(self, endpoint: EndpointId, entry: Entry | None) -> None:
        if entry is not None:
            folder = self._standing.setdefault((endpoint, entry.parent), {})
            folder.setdefault(names.key(entry.name), {})[entry.id] = entry
