"""A node's item: what it holds, what is to become of it, and which entries are claimed for it."""

from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

import msgspec

from syncoxiders.adapters.items._claims import Claim
from syncoxiders.adapters.items._codec import unpack_as, unpack_node, unpack_open
from syncoxiders.core.model import Action, EndpointId, EntryId, Node, NodeId
from syncoxiders.ports.items import Item


class Held(msgspec.Struct, frozen=True, gc=False):
    """A node's item; ``rev`` is ``""`` where there is none.

    ``away`` are the endpoints for whose open actions those need not wait who made the mark
    ``again``.
    """

    node: Node | None = None
    open: tuple[tuple[int, Action], ...] = ()
    rev: str = ""
    at: str = ""
    again: bool = False
    away: Sequence[EndpointId] = ()
    void: bool = False
    ats: Mapping[EndpointId, str] = {}

    def is_free(self, away: Container[EndpointId] = ()) -> bool:
        """Say whether no action is open, but for those at endpoints that are ``away``."""
        return all(action.endpoint in away for _, action in self.open)

    def is_released(self) -> bool:
        """Say whether the node is marked, and free of what those who marked it wait for."""
        return self.again and self.is_free(self.away)


class Step(msgspec.Struct):
    """What is to become of a node: of itself if ``replaced``, and of its open actions."""

    node: Node | None = None
    replaced: bool = False
    opened: dict[str, tuple[int, Action]] = msgspec.field(default_factory=dict)
    closed: set[str] = msgspec.field(default_factory=set)


class Claims(NamedTuple):
    """Which entries a node newly claims; and which claims it drops.

    Of an entry that it claims otherwise than before the old claim is dropped.
    """

    added: dict[tuple[EndpointId, EntryId], Claim]
    dropped: list[tuple[tuple[EndpointId, EntryId], Claim]]


NOTHING = Held()
NO_CLAIMS = Claims({}, [])


def held_from(item: Item, node: NodeId) -> Held:
    """Return what a node's item says."""
    held = item.attributes
    data, opened, rev, at = (held.get(each) for each in ("data", "open", "rev", "at"))
    ats, away = held.get("ats"), held.get("away")
    return Held(
        None if data is None else unpack_node(data, node),
        () if opened is None else tuple(unpack_open(opened, node)),
        rev if isinstance(rev, str) else "",
        at if isinstance(at, str) else "",
        "again" in held,
        () if away is None else unpack_as(away, tuple[str, ...]),
        "void" in held,
        {} if ats is None else unpack_as(ats, dict[str, str]),
    )


def placed_node(item: Item) -> NodeId:
    """Return which node an item makes known."""
    return int(item.key[1].rsplit("/", 1)[1], 16)


def claimed(node: Node | None) -> dict[tuple[EndpointId, EntryId], bool]:
    """Return the entries that a node has for replicas, and whether as gone."""
    if node is None:
        return {}
    return {
        (endpoint, replica.entry): replica.gone
        for endpoint, replica in node.replicas.items()
        if replica.entry
    }


def counts(node: Node | None) -> bool:
    """Say whether a node is one of those that are counted."""
    return node is not None and not node.gone


def is_loser(node: Node) -> bool:
    return node.conflict is not None and not node.gone
