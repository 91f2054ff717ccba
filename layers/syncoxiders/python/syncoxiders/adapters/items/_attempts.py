"""How a node is written: in one change that counts only if the node still is as it was read.

The items that make the node known where it stands from then on are put before the change, those
that made it known elsewhere are deleted after it.
"""

from collections.abc import Callable, Iterator

import msgspec

from syncoxiders.adapters.items._codec import pack, pack_node, pack_open
from syncoxiders.adapters.items._held import Held, Step, is_loser
from syncoxiders.adapters.items._keys import Keys, name_key, shard_of_name
from syncoxiders.adapters.items._tables import Tables
from syncoxiders.core import names
from syncoxiders.core.model import EndpointId, EntryId, Node, NodeId
from syncoxiders.ports.items import (
    Absent,
    Delete,
    Equals,
    Every,
    Item,
    Key,
    Missing,
    Put,
    Update,
    Value,
)


class Attempt(msgspec.Struct):
    """An attempt: the places to put before, the change, and the places to clear after it.

    ``rev`` is what the item then has, ``token`` that of its new places; ``""`` for none.
    """

    change: Put | Update | Delete
    rev: str = ""
    token: str = ""
    place: list[Put] = msgspec.field(default_factory=list)
    cleared: list[Delete] = msgspec.field(default_factory=list)


class Attempts:
    """Makes attempts to write nodes. ``at`` returns the token of where an entry stands."""

    def __init__(
        self, tables: Tables, keys: Keys, at: Callable[[tuple[EndpointId, EntryId]], str]
    ) -> None:
        self._tables = tables
        self._keys = keys
        self._at = at

    def to_write(self, node: NodeId, before: Held, step: Step) -> Attempt:
        """Return how a step is taken from what the node's item was read as."""
        value = step.node if step.replaced else before.node
        opened = {action.id: (order, action) for order, action in before.open}
        for ident, (order, action) in step.opened.items():
            opened[ident] = (opened[ident][0] if ident in opened else order, action)
        for ident in step.closed:
            opened.pop(ident, None)
        key = self._keys.node(node)
        if value is None and not opened:
            # a mark that came after it was read must not go unseen
            tried = Attempt(Delete(key, Every((Equals("rev", before.rev), Missing("again")))))
            self._place(node, before, None, tried)
            return tried
        tried = Attempt(Delete(key), rev=self._tables.token())
        put: dict[str, Value] = {"rev": tried.rev}
        remove: list[str] = []
        self._place(node, before, value, tried)
        if value is None:
            remove += ["data", "at"]
        else:
            put["data"] = pack_node(value)
            put["at"] = tried.token or before.at
        if opened:
            put["open"] = pack_open(list(opened.values()))
        else:
            remove.append("open")
        if ats := self._ats(before, value):
            put["ats"] = pack(ats)
        elif before.ats:
            remove.append("ats")
        if step.opened and step.opened.keys() == opened.keys():
            remove += ["again", "away"]  # from now on it is planned anew
        if before.rev:
            tried.change = Update(key, put, tuple(remove), when=Equals("rev", before.rev))
        else:
            tried.change = Put(Item(key, put), Absent())
        return tried

    def _ats(self, before: Held, value: Node | None) -> dict[EndpointId, str]:
        """Return the tokens of where the replicas of a node stand, as far as they are known."""
        found: dict[EndpointId, str] = {}
        for endpoint, replica in value.replicas.items() if value is not None else ():
            if at := self._at((endpoint, replica.entry)):
                found[endpoint] = at
            elif endpoint in before.ats and before.node is not None:
                old = before.node.replicas[endpoint]
                if (old.entry, old.parent, old.name) == (
                    replica.entry,
                    replica.parent,
                    replica.name,
                ):
                    found[endpoint] = before.ats[endpoint]
        return found

    def _place(self, node: NodeId, before: Held, value: Node | None, tried: Attempt) -> None:
        old = set(self._places(before.node))
        new = set(self._places(value))
        if old == new and before.at:
            return
        if before.at:
            tried.cleared = [Delete(_place_key(each, node, before.at)) for each in sorted(old)]
        if new:
            tried.token = self._tables.token()
            tried.place = [Put(Item(_place_key(each, node, tried.token))) for each in sorted(new)]

    def _places(self, node: Node | None) -> Iterator[tuple[str, str]]:
        """Yield the partitions that make a node known, and the beginning of the sort key."""
        if node is None:
            return
        name = name_key(names.key(node.name))
        yield self._keys.nodes_in(node.parent, shard_of_name(name)), name
        if is_loser(node):
            yield self._keys.losers(), "loser"


def _place_key(place: tuple[str, str], node: NodeId, token: str) -> Key:
    return place[0], f"{place[1]}/{token}/{node:x}"
