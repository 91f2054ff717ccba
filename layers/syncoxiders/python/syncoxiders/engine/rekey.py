"""After a folder was moved where ids are paths: everything in it has another id now."""

from collections.abc import Iterator

import msgspec

from syncoxiders.core.model import ROOT, EndpointId, Entry, EntryId, Kind, Node, NodeId, Ref
from syncoxiders.engine.claims import without
from syncoxiders.engine.context import Context
from syncoxiders.engine.places import Places
from syncoxiders.ports.errors import ProviderError, RootLost, Throttled, Unreachable
from syncoxiders.ports.provider import Rescans
from syncoxiders.ports.state import BaseTree


class _Nothing:
    """A tree of which nothing is known."""

    def children(self, folder: EntryId) -> list[Entry]:
        """Return nothing."""
        del folder
        return []


class Rekeyed(msgspec.Struct):
    """What became of a folder's content: nodes, entries as they are now, ids that are no more.

    ``unplanned`` are the new ids of what belongs to no node yet or was edited, ``lost`` the nodes
    that were not found again: these have to be planned, once the folder was looked at.
    ``became`` are by node its former id, and what it is now, None where it is lost.
    """

    endpoint: EndpointId = ""
    nodes: list[Node] = []
    became: dict[NodeId, tuple[EntryId, Entry | None]] = {}
    put: list[Entry] = []
    gone: list[EntryId] = []
    unplanned: list[EntryId] = []
    lost: list[NodeId] = []

    def take(self, node: Node, was: EntryId, now: Entry | None) -> None:
        """Note what a node's part has become."""
        self.became[node.id] = was, now
        self.nodes.append(self._as_now(node, now))
        if now is None:
            self.lost.append(node.id)

    def renamed(self, node: Node) -> Node:
        """Return a node that others changed since with its new id, or itself if it needs none."""
        replica = node.replicas.get(self.endpoint)
        was, now = self.became.get(node.id, ("", None))
        if replica is None or replica.gone or replica.entry != was:
            return node
        return self._as_now(node, now)

    def _as_now(self, node: Node, now: Entry | None) -> Node:
        if now is None:
            return without(node, self.endpoint)
        return _with_id(node, self.endpoint, now)


def rekey(
    context: Context,
    places: Places,
    endpoint: EndpointId,
    old: EntryId,
    moved: Entry,
    *,
    node: NodeId = ROOT,
) -> Rekeyed:
    """Return what stood in a folder with the ids that it has in the folder's new place.

    ``old`` is the folder's former id, ``moved`` the folder as it stands now. What is not found
    again by name, a folder or not as before, is no more known to be there: its former id may soon
    be another's, so the next look has to join it by its place. Raises Unreachable, Throttled or
    RootLost where nothing of it can be told at the moment: then the move has to stay open, for
    what joins by its place is new there, and could not be told from what others deleted meanwhile.
    Where it may have been heard by now that nothing is in the former place any more, ``node`` is
    the folder's, and what base knows in it is looked for as well.
    """
    result = Rekeyed(endpoint)
    provider = context.providers[endpoint]
    if not isinstance(provider, Rescans):
        return result
    store = context.store
    before = dict(walk(context, endpoint, old))
    now = _found(provider, places.child(endpoint, moved.parent, moved.name, moved.id))
    owners = store.base().of(endpoint, [entry.id for entry in before.values()])
    known = {each: places.node(each) for each in owners.values()}
    for path, was in before.items():
        there = now.get(path)
        owner = known.get(owners.get(was.id, NodeId()))
        if there is None or there.kind is not was.kind:
            if owner is not None:
                result.take(owner, was.id, None)
            continue
        same = was.version == there.version
        hashes = there.hashes or (was.hashes if same else "")
        result.put.append(msgspec.structs.replace(there, hashes=hashes))
        if not same or was.id not in owners:
            result.unplanned.append(there.id)
        if owner is not None:
            result.take(owner, was.id, there)
    result.gone = [was.id for was in before.values()]
    if node != ROOT:
        _follow(result, places, store.base(), folder=(node, old), now=now)
    return result


def _follow(
    result: Rekeyed,
    places: Places,
    base: BaseTree,
    *,
    folder: tuple[NodeId, EntryId],
    now: dict[str, Entry],
) -> None:
    """Add what base knows in a folder's former place, and nothing else does any more."""
    done = {each.id for each in result.nodes}
    todo = [("", *folder)]
    while todo:
        above, parent, entry = todo.pop()
        for child in base.children(parent):
            known = places.node(child.id)
            replica = known.replicas.get(result.endpoint) if known else None
            if known is None or replica is None or replica.gone or replica.parent != entry:
                continue
            path = f"{above}/{replica.name}"
            if known.kind is Kind.FOLDER:
                todo.append((path, known.id, replica.entry))
            there = now.get(path)
            if known.id in done or there is None or there.kind is not known.kind:
                continue
            if base.of(result.endpoint, [there.id]):
                continue  # it has become another's by now
            result.take(known, replica.entry, there)
            result.put.append(there)
            if there.version != replica.version:
                result.unplanned.append(there.id)


def _found(provider: Rescans, folder: Ref) -> dict[str, Entry]:
    """Return what stands in a folder by its path below it; nothing if it is not there."""
    children: dict[EntryId, list[Entry]] = {}
    try:
        for delta in provider.rescan(_Nothing(), [folder]):
            children[delta.folder] = list(delta.changed)
    except (Unreachable, Throttled, RootLost):
        raise
    except ProviderError:
        return {}
    now: dict[str, Entry] = {}
    todo = [("", folder.id)]
    while todo:
        above, each = todo.pop()
        for entry in children.get(each, []):
            path = f"{above}/{entry.name}"
            now[path] = entry
            if entry.kind is Kind.FOLDER:
                todo.append((path, entry.id))
    return now


def walk(context: Context, endpoint: EndpointId, folder: EntryId) -> Iterator[tuple[str, Entry]]:
    """Yield everything known in a folder with its path below it."""
    tree = context.store.observed(endpoint)
    todo = [("", folder)]
    while todo:
        above, each = todo.pop()
        for entry in tree.children(each):
            path = f"{above}/{entry.name}"
            yield path, entry
            if entry.kind is Kind.FOLDER:
                todo.append((path, entry.id))


def _with_id(node: Node, endpoint: EndpointId, entry: Entry) -> Node:
    """Return a node whose part at an endpoint has another id, in a folder that has, too."""
    replica = node.replicas[endpoint]
    renamed = msgspec.structs.replace(replica, entry=entry.id, parent=entry.parent)
    return msgspec.structs.replace(node, replicas={**node.replicas, endpoint: renamed})
