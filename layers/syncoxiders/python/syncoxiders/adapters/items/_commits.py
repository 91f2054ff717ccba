"""Commits: in which order nodes, claims, observations and the log are written.

There are no transactions. What a commit does is done in an order in which a death between any
two writes leaves something that every reader understands, and the next planner goes on from.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from syncoxiders.adapters.items import _full
from syncoxiders.adapters.items._claims import Claim
from syncoxiders.adapters.items._counters import Counters
from syncoxiders.adapters.items._entries import Entries
from syncoxiders.adapters.items._held import Claims, Step
from syncoxiders.adapters.items._log import ChangeLogs
from syncoxiders.adapters.items._nodes import Nodes
from syncoxiders.adapters.items._wishes import Where, Wish, wishes_of
from syncoxiders.core.model import EndpointId, EntryId, Node, NodeId
from syncoxiders.ports.pipeline import RESERVED
from syncoxiders.ports.state import Commit


class Commits:
    """Writes what commits ask for, but for the record."""

    def __init__(
        self,
        nodes: Nodes,
        entries: Entries,
        logs: ChangeLogs,
        counters: Counters,
        threads: int,
    ) -> None:
        self._nodes = nodes
        self._entries = entries
        self._logs = logs
        self._counters = counters
        self._threads = threads

    def write(self, change: Commit) -> frozenset[NodeId]:
        """Write each node on its own; returns those that lost a race.

        The order: claims on entries, and nodes; then, where actions are closed, what they made of
        entries, before the nodes that they belong to (and those that take an entry from such a
        node): a node that has no open action never promises more than is observed. New folders
        come before what is in them, and after it those of which an endpoint has no part any more:
        what was in them is decided by what they were. Each loses the race where what has to come
        before it does. The change log comes between, so that what it speaks of is there, and
        nothing that is closed can be missing from it. What an action made is logged as well, if
        its node does not get it, and so is what is there and belongs to no node any more, and what
        is left of a node of which an endpoint was found to have no part any more.
        """
        nodes = self._nodes
        steps = nodes.steps(
            change.nodes, change.forget, change.opened, change.closed, self._find_actions
        )
        claims = {node: nodes.claims(node, step) for node, step in steps.items()}
        new = {each.id for each in change.nodes if nodes.before(each.id) is None}
        earlier = self._earlier(change.nodes, new, steps, claims)
        givers = _givers(claims)
        later = {node for node, step in steps.items() if nodes.closes(node, step)}
        while takers := {
            node
            for node, changed in claims.items()
            if node not in later and not later.isdisjoint(_takes_from(changed, givers))
        }:
            later |= takers
        if given_out := [each for each in new if each < RESERVED]:
            self._counters.use(max(given_out))  # remembered before they are used
        first, last = (
            _Writing(
                {node: step for node, step in steps.items() if (node in later) is is_later},
                claims,
                earlier,
            )
            for is_later in (False, True)
        )
        touched = _touched(change)
        made = last.made({seen.endpoint for seen in change.observed})
        dropped = [
            where
            for changed in claims.values()
            for where, _ in changed.dropped
            if where not in changed.added
        ]
        left = self._left(change, steps, claims)
        with self._logs.announced(_together(touched, [*made, *dropped, *left])):
            self._write_nodes(first)
            self._observe(change, last)
            self._logs.append(touched)
            self._write_nodes(last)
            unowned = [each for each, node in made.items() if node in last.lost]
            unowned += filter(self._entries.is_unowned, dropped)
            self._logs.append(_together({}, [*unowned, *left]))
        grown = dict(last.entries)
        for endpoint, more in first.entries.items():
            grown[endpoint] = grown.get(endpoint, 0) + more
        self._counters.grow(first.nodes + last.nodes, grown)
        if change.losses:
            self._counters.lose(change.at, change.losses)
        return frozenset(first.lost | last.lost)

    def _left(
        self, change: Commit, steps: Mapping[NodeId, Step], claims: Mapping[NodeId, Claims]
    ) -> list[Where]:
        """Return what nodes keep that lose a part, though no action upon them is closed.

        Of what a planner writes it sees to the rest itself.
        """
        if not (change.closed or change.observed):
            return []
        return [
            where
            for node, step in steps.items()
            if step.node is not None and not self._nodes.closes(node, step)
            if any(where not in claims[node].added for where, _ in claims[node].dropped)
            for where in _held_by(step.node)
        ]

    def _earlier(
        self,
        put: Sequence[Node],
        new: Container[NodeId],
        steps: Mapping[NodeId, Step],
        claims: Mapping[NodeId, Claims],
    ) -> dict[NodeId, set[NodeId]]:
        """Return, for nodes of which that is so, those that have to be written before them."""
        earlier = {each.id: {each.parent} for each in put if each.parent in new}
        losing = {
            node
            for node, changed in claims.items()
            if steps[node].node is not None
            and any(where not in changed.added for where, _ in changed.dropped)
        }
        for node in steps if losing else ():
            before = self._nodes.before(node)
            if before is not None and before.parent in losing:
                earlier.setdefault(before.parent, set()).add(node)
        return earlier

    def _observe(self, change: Commit, writing: "_Writing") -> None:
        """Write what is observed, with the claims of the first nodes to be written."""
        wishes = {where: wish for seen in change.observed for where, wish in wishes_of(seen)}
        if wishes:
            for node, step in writing.todo.items():
                for replica, endpoint, at in self._nodes.replaced(node, step):
                    where = endpoint, replica.entry
                    self._entries.assume(where, replica.parent, replica.name, at)
            self._claim(writing, writing.next_ready(), wishes)

    def _write_nodes(self, writing: "_Writing") -> None:
        """Write nodes in one conditional write each, those that let go of entries first."""
        while writing.todo:
            ready = writing.next_ready()
            writing.lost |= {each for each in ready if writing.comes_after(each, writing.lost)}
            self._claim(writing, [each for each in ready if each not in writing.lost], {})
            steps = {node: writing.todo.pop(node) for node in ready}
            lost, more = self._nodes.write(
                {node: step for node, step in steps.items() if node not in writing.lost}
            )
            writing.lost |= lost
            writing.nodes += more
            drops: dict[Where, Wish] = {}
            for node in sorted(steps.keys() - writing.lost):
                writing.written[node] = steps[node]
                for where, old in writing.claims[node].dropped:
                    drops.setdefault(where, Wish()).drop.add(old)
            if drops:
                self._entries.write(drops, lambda _where, _claim: False)

    def _claim(
        self, writing: "_Writing", ready: Iterable[NodeId], wishes: dict[Where, Wish]
    ) -> None:
        """Bind entries to the nodes that are about to have them, unless that was done before."""
        owners: dict[Where, NodeId] = {}
        for node in ready:
            if node in writing.bound:
                continue
            writing.bound.add(node)
            for where, claim in writing.claims[node].added.items():
                wish = wishes.setdefault(where, Wish())
                wish.add.append(claim)
                if not claim.gone:
                    wish.claimant = owners[where] = node
        if wishes:
            outcome = self._entries.write(
                wishes, lambda where, claim: self._without_right(where, claim, writing)
            )
            for endpoint, more in outcome.grown.items():
                writing.entries[endpoint] = writing.entries.get(endpoint, 0) + more
            writing.lost |= {owners[where] for where in outcome.refused}

    def _without_right(self, where: Where, claim: Claim, writing: "_Writing") -> bool:
        """Say whether who claims an entry has no right to it, and will never have.

        It has none if this very commit has let it go of the entry, or does together with the
        claim. Else, if the node is there without it, whoever means to give it to the node has to
        lose the race first; if it is not there its planner died, and its id is made void.
        """
        node = claim.node
        step = writing.written.get(node) or writing.circle.get(node) or writing.todo.get(node)
        if step is not None and step.replaced:
            return step.node is None or not _holds(step.node, where)
        held = self._nodes.read([node]).get(node)
        if held is None or (held.node is None and not held.open):
            return node in self._nodes.make_void([node])
        if claim.is_awaited(action for _, action in held.open):
            return False
        if held.node is None or _holds(held.node, where):
            return False
        return self._nodes.disown(node, held)

    def _find_actions(self, unknown: Collection[str]) -> None:
        """Look through all nodes for actions that were not read before they are closed."""
        found = [
            action.node
            for action in _full.open_actions(self._nodes, self._threads)
            if action.id in unknown
        ]
        self._nodes.read(found)


@dataclass(slots=True)
class _Writing:
    """Nodes of a commit on their way.

    ``todo`` are steps to be taken, ``written`` those that were, ``circle`` those that take
    entries from each other, all at once. ``bound`` are nodes whose claims were written.
    ``earlier`` are nodes that have to be written before others.
    ``nodes`` and ``entries`` are how many more there are.
    """

    todo: dict[NodeId, Step]
    claims: dict[NodeId, Claims]
    earlier: dict[NodeId, set[NodeId]]
    written: dict[NodeId, Step] = field(default_factory=dict)
    circle: dict[NodeId, Step] = field(default_factory=dict)
    bound: set[NodeId] = field(default_factory=set)
    lost: set[NodeId] = field(default_factory=set)
    nodes: int = 0
    entries: dict[EndpointId, int] = field(default_factory=dict)

    def made(self, endpoints: Container[EndpointId]) -> dict[Where, NodeId]:
        """Return the entries at these endpoints that nodes are to have from now on."""
        return {
            where: node
            for node in self.todo
            for where, claim in self.claims[node].added.items()
            if not claim.gone and where[0] in endpoints
        }

    def next_ready(self) -> list[NodeId]:
        """Return the nodes that take no entry from one that is still to let go of it.

        Of these, those before which no other has to come, if there are any.
        """
        givers = _givers({node: self.claims[node] for node in self.todo})
        ready = [node for node in self.todo if _takes_from(self.claims[node], givers) <= {node}]
        if not ready:
            self.circle = dict(self.todo)
        first = [each for each in ready if not self.comes_after(each, self.todo)]
        return first or ready or list(self.todo)

    def comes_after(self, node: NodeId, others: Collection[NodeId]) -> bool:
        """Say whether one of these others has to be written before a node."""
        return any(each in others for each in self.earlier.get(node, ()))


Ids: TypeAlias = dict[EndpointId, list[EntryId]]


def _touched(change: Commit) -> Ids:
    """Return what goes into the change logs, in order."""
    touched: Ids = {}
    for seen in change.observed:
        if seen.log and (seen.put or seen.gone):
            ids = touched.setdefault(seen.endpoint, [])
            ids += [entry.id for entry in seen.put]
            ids += seen.gone
    return touched


def _together(touched: Ids, more: Iterable[Where]) -> Ids:
    """Return ids with others after them."""
    found = {endpoint: list(ids) for endpoint, ids in touched.items()}
    for endpoint, entry in more:
        found.setdefault(endpoint, []).append(entry)
    return found


def _givers(claims: Mapping[NodeId, Claims]) -> dict[Where, NodeId]:
    """Return which node lets go of which entry."""
    return {
        where: node
        for node, changed in claims.items()
        for where, _ in changed.dropped
        if where not in changed.added
    }


def _takes_from(changed: Claims, givers: Mapping[Where, NodeId]) -> set[NodeId]:
    """Return the nodes that have to let go of an entry before another gets it."""
    if not givers:
        return set()
    return {
        givers[where]
        for where, claim in changed.added.items()
        if not claim.gone and where in givers
    }


def _held_by(node: Node) -> list[Where]:
    """Return the entries that a node has."""
    return [(each, it.entry) for each, it in node.replicas.items() if not it.gone]


def _holds(node: Node, where: Where) -> bool:
    """Say whether a node has an entry for a replica that is not gone."""
    replica = node.replicas.get(where[0])
    return replica is not None and replica.entry == where[1] and not replica.gone
