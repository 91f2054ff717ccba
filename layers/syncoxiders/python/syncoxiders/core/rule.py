"""What a person asks for: the rule of a sync, and the view of state that planning needs."""

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from typing import Protocol

import msgspec

from syncoxiders.core.filters import Filter
from syncoxiders.core.model import (
    ROOT,
    Endpoint,
    EndpointId,
    Entry,
    EntryId,
    Mode,
    Node,
    NodeId,
)


class Rule(msgspec.Struct, frozen=True):
    """What keeps the endpoints in step: who counts, who wins, what is left out.

    ``endpoints`` is in the order of the command; the first is the source of every mode but
    two-way. ``keep`` is a keep-mode: newer, older, bigger, smaller, or ``pathN`` from 1 on.
    """

    endpoints: tuple[Endpoint, ...]
    mode: Mode = Mode.TWO_WAY
    keep: str = "newer"
    auto_merge: bool = False
    filter: Filter = Filter()

    def endpoint(self, endpoint: EndpointId) -> Endpoint:
        """Return the endpoint with this id."""
        return next(each for each in self.endpoints if each.id == endpoint)

    @property
    def version(self) -> str:
        """A text that differs for rules under which base means something else.

        An age limit moves with time, and is none of these.
        """
        source = "" if self.mode is Mode.TWO_WAY else self.endpoints[0].id
        return f"{self.mode}|{source}|{self.filter.patterns_version}"


class View(Protocol):
    """The state that planning looks at. All of it answers for one moment."""

    def node(self, node: NodeId) -> Node | None:
        """Return a base node, tombstones included."""

    def node_of(self, endpoint: EndpointId, entry: EntryId) -> NodeId | None:
        """Return the node that an entry belongs to, ``gone`` replicas included."""

    def nodes_in(self, parent: NodeId) -> Sequence[Node]:
        """Return the nodes in a folder, tombstones included."""

    def nodes_at(self, parent: NodeId, key: str) -> Sequence[Node]:
        """Return the nodes in a folder whose name has this key, no tombstones."""

    def entry(self, endpoint: EndpointId, entry: EntryId) -> Entry | None:
        """Return an observed entry."""

    def entries_in(self, endpoint: EndpointId, folder: EntryId) -> Sequence[Entry]:
        """Return the observed entries in a folder."""

    def entries_at(self, endpoint: EndpointId, folder: EntryId, key: str) -> Sequence[Entry]:
        """Return the observed entries in a folder whose name has this key."""


def nothing_reserved(_endpoint: EndpointId, _entry: EntryId) -> NodeId | None:
    """Return None: every new node gets the next free id."""


def nobody(_node: NodeId) -> Collection[EndpointId]:
    """Return no endpoint: it is known what was done."""
    return ()


class Look(msgspec.Struct, frozen=True):
    """What is to be planned: where something may have changed since base was written.

    ``touched`` are entries that a look touched, ``suspects`` nodes to plan in any case.
    ``away`` are endpoints that cannot be reached: they take no part and are behind.
    ``open`` are nodes with an open action, which are left alone. ``unanswered`` tells of a node at
    which endpoints that are away one is open, and may have been done: nobody waits for these, but
    they keep a tombstone from being forgotten. With ``union`` nothing is deleted or renamed:
    endpoints that differ are joined (first contact, lost state, a changed rule). ``joining`` are
    endpoints that take part for the first time: whatever they have is joined, too. ``first_id`` is
    the first free node id; a node that is made for an entry has the one that is ``reserved`` for
    it, if there is one.
    """

    touched: Mapping[EndpointId, Sequence[EntryId]] = {}
    suspects: Sequence[NodeId] = ()
    away: frozenset[EndpointId] = frozenset()
    open: Container[NodeId] = frozenset()
    union: bool = False
    joining: frozenset[EndpointId] = frozenset()
    first_id: NodeId = ROOT + 1
    reserved: Callable[[EndpointId, EntryId], NodeId | None] = nothing_reserved
    unanswered: Callable[[NodeId], Collection[EndpointId]] = nobody
