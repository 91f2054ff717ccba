"""Closing actions that were done, with the base update that each causes, in batches."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from syncoxiders.core.model import Action, EndpointId, Entry, EntryId, Node, NodeId
from syncoxiders.core.plan import LOSING, closed
from syncoxiders.engine.claims import outclaimed
from syncoxiders.engine.context import Context
from syncoxiders.engine.guard import adds_up
from syncoxiders.engine.places import Places
from syncoxiders.engine.rekey import Rekeyed
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.state import Commit, Observation, SyncStore

BATCH_ACTIONS = 5_000
BATCH_SECONDS = 20.0

ROUNDS = 20
"""So often is a close tried again that others came before."""

BUSY = "Others keep changing what is to be closed; try again later."


class Closings:
    """What is done and not closed yet. ``places`` are told at once, the store by :meth:`flush`.

    ``counts_losses`` is for a journal in which losses count once they are done.
    """

    def __init__(self, context: Context, places: Places, *, counts_losses: bool = True) -> None:
        self._context = context
        self._places = places
        self._counts_losses = counts_losses
        self._closed: list[str] = []
        self._nodes: dict[int, Node | None] = {}
        self._done: dict[NodeId, list[tuple[Action, Entry | None]]] = {}
        self._moved: list[Rekeyed] = []
        self._put: dict[EndpointId, dict[EntryId, Entry | None]] = {}
        self._begun: dict[EndpointId, dict[EntryId, float]] = {}
        self._losses: set[int] = set()
        self._touched: set[EndpointId] = set()
        self._since = context.clock.now()

    @property
    def count(self) -> int:
        """How many actions there are to be closed."""
        return len(self._closed)

    def are_due(self) -> bool:
        """Say whether there are enough of them, or they have waited long enough."""
        late = self._context.clock.now() - self._since > BATCH_SECONDS
        return late or self.count >= BATCH_ACTIONS

    def drop(self, action: str) -> None:
        """Close an action that was not done."""
        self._closed.append(action)

    def add(
        self, action: Action, subject: EntryId, entry: Entry | None, *, begun: float = 0.0
    ) -> None:
        """Close an action that was done upon ``subject``; ``entry`` is what stands there now.

        ``begun`` is when it was begun, 0 where nobody else writes what is observed.
        """
        endpoint = action.endpoint
        before = self._places.node(action.node)
        if before is None:
            raise LookupError(f"node {action.node} has an open action and is not in base")
        self._know(action.node, closed(before, action, entry))
        self._done.setdefault(action.node, []).append((action, entry))
        if self._counts_losses and action.kind in LOSING:
            replaced = self._places.entry(endpoint, subject) if subject else None
            if adds_up(action, replaced, self._context.clock.now()):
                self._losses.add(action.node)
        put = self._put.setdefault(endpoint, {})
        if subject and (entry is None or entry.id != subject):
            put[subject] = None
            self._places.drop(endpoint, subject)
        if entry is not None:
            put[entry.id] = entry
            self._places.put(endpoint, entry)
        if begun:
            ids = [each for each in (subject, entry.id if entry is not None else "") if each]
            self._begun.setdefault(endpoint, {}).update(dict.fromkeys(ids, begun))
        self._touched.add(endpoint)
        if action.source is not None:
            self._touched.add(action.source.endpoint)
        self._closed.append(action.id)

    def take(self, found: Rekeyed) -> None:
        """Take in what has other ids now that its folder was moved."""
        self._moved.append(found)
        put = self._put.setdefault(found.endpoint, {})
        put.update(dict.fromkeys(found.gone))
        put.update({each.id: each for each in found.put})
        self._nodes.update({node.id: node for node in found.nodes})

    def settle(self, endpoints: Iterable[EndpointId]) -> frozenset[EndpointId]:
        """Make durable what was done at some endpoints, which are returned."""
        providers = self._context.providers
        for endpoint in sorted(endpoints):
            providers[endpoint].settle()
        return frozenset(endpoints)

    def flush(self, settled: frozenset[EndpointId] = frozenset()) -> set[NodeId]:
        """Make what was done durable, then close it; returns nodes to be planned again.

        At endpoints that are ``settled`` all that is to be closed has been made so.
        """
        self._since = self._context.clock.now()
        if not self._closed:
            return set()
        self.settle(self._touched - settled)
        again: set[NodeId] = set(self._part_claims())
        losses = len(self._losses)
        store, at = self._context.store, self._since
        raced = commit(
            store,
            self._nodes,
            self._closed,
            self._put,
            at=at,
            losses=losses,
            begun=self._begun,
            moved=self._moved,
        )
        for _ in range(ROUNDS):
            if not raced:
                break
            again.update(each for each in raced if each not in self._done)
            raced = self._close_again(each for each in raced if each in self._done)
        if raced:
            raise StateUnavailable(BUSY)
        self._closed, self._nodes, self._done, self._put, self._moved = [], {}, {}, {}, []
        self._losses, self._touched, self._begun = set(), set(), {}
        return again

    def _know(self, node: NodeId, value: Node | None) -> None:
        self._nodes[node] = value
        if value is None:
            self._places.forget(node)
        else:
            self._places.know(value)

    def _part_claims(self) -> list[NodeId]:
        """Let nodes go of entries that have become another's; they are planned again."""
        losers = outclaimed(self._context.store, self._context.rule, self._places, self._nodes)
        for node in losers.values():
            self._places.know(node)
        self._nodes.update(losers)
        return list(losers)

    def _close_again(self, raced: Iterable[NodeId]) -> frozenset[NodeId]:
        """Close what was changed meanwhile, since its part at another endpoint is done."""
        nodes: dict[int, Node | None] = {}
        ids: list[str] = []
        for node, found in self._context.store.base().get(raced).items():
            value: Node | None = found
            for action, entry in self._done[node]:
                value = closed(value, action, entry) if value is not None else None
                ids.append(action.id)
            self._know(node, value)
            nodes[node] = value
        return commit(self._context.store, nodes, ids, {}, at=self._since, losses=0)


def commit(
    store: SyncStore,
    nodes: dict[int, Node | None],
    closed_ids: Sequence[str],
    put: dict[EndpointId, dict[EntryId, Entry | None]],
    *,
    at: float,
    losses: int,
    begun: Mapping[EndpointId, Mapping[EntryId, float]] = MappingProxyType({}),
    moved: Sequence[Rekeyed] = (),
) -> frozenset[NodeId]:
    """Close actions in the journal together with the base and observations that they caused.

    ``begun`` is when what is observed was asked for or done, as far as that is known. What was
    ``moved`` with its folder gets its new ids also where it lost a race.

    Returns the nodes that lost a race. What turned out to stand elsewhere than base has it, or
    under another version, was moved or written to by somebody meanwhile: it is logged, to be
    planned, since the next look takes for known what is observed here.
    """
    strays = {
        (endpoint, replica.entry)
        for endpoint, entries in put.items()
        for node in nodes.values()
        if node is not None
        and (replica := node.replicas.get(endpoint)) is not None
        and (entry := entries.get(replica.entry)) is not None
        and not replica.gone
        and (entry.parent, entry.name, entry.version)
        != (replica.parent, replica.name, replica.version)
    }
    raced = store.commit(
        Commit(
            nodes=[node for node in nodes.values() if node is not None],
            forget=[node for node, value in nodes.items() if value is None],
            closed=closed_ids,
            observed=[
                Observation(
                    endpoint,
                    put=[
                        entry
                        for each, entry in entries.items()
                        if entry is not None and ((endpoint, each) in strays) is log
                    ],
                    gone=[each for each, entry in entries.items() if entry is None and not log],
                    log=log,
                    begun=begun.get(endpoint, {}),
                )
                for endpoint, entries in put.items()
                for log in ((False, True) if strays else (False,))
            ],
            at=at,
            losses=losses,
        )
    )
    _rename(store, raced, moved)
    return raced


def _rename(store: SyncStore, raced: frozenset[NodeId], moved: Sequence[Rekeyed]) -> None:
    """Give their new ids to nodes that were moved with a folder and changed by others meanwhile.

    Their former ids are observed as gone by now: whoever acts upon them would find nothing there.
    """
    for _ in range(ROUNDS):
        found = store.base().get(raced) if moved and raced else {}
        renamed = dict(found)
        for each in moved:
            renamed.update({ident: each.renamed(node) for ident, node in renamed.items()})
        nodes = [node for ident, node in renamed.items() if node is not found[ident]]
        if not nodes:
            return
        raced = store.commit(Commit(nodes=nodes))
    raise StateUnavailable(BUSY)
