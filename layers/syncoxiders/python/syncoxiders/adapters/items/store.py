"""The state of syncs upon tables of items, shared by planners and workers.

There are no transactions. What a commit does is done in an order in which a death between any
two writes leaves something that every reader understands, and the next planner goes on from.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from syncoxiders.adapters.items import _full
from syncoxiders.adapters.items._batches import Batches
from syncoxiders.adapters.items._codec import pack, unpack_as
from syncoxiders.adapters.items._counters import Counters
from syncoxiders.adapters.items._entries import (
    Entries,
    ItemsObservedTree,
    Where,
    Wish,
    claim,
    claimants,
    wishes_of,
)
from syncoxiders.adapters.items._keys import Keys
from syncoxiders.adapters.items._log import ChangeLogs
from syncoxiders.adapters.items._nodes import Claims, Nodes, Step
from syncoxiders.adapters.items._runs import Runs
from syncoxiders.adapters.items._tables import Tables, one
from syncoxiders.adapters.items._texts import Texts
from syncoxiders.core.model import Action, EndpointId, EntryId, Node, NodeId
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.items import AtMost, Items, Raced, Update
from syncoxiders.ports.pipeline import Batch
from syncoxiders.ports.state import Commit, Event, RunRecord, SyncRecord


class ItemsStates:
    """A store of shared syncs in two tables: ``tree`` and ``journal`` of docs/pipeline.md.

    ``now`` is the time in seconds since the epoch; ``token`` gives texts that nobody else ever
    gives; with ``threads`` full reads ask for so many shards at once.
    """

    def __init__(
        self,
        tree: Items,
        journal: Items,
        *,
        now: Callable[[], float] | None = None,
        token: Callable[[], str] | None = None,
        threads: int = 0,
    ) -> None:
        tables = Tables(tree, journal, threads=threads)
        self._tables = Tables(tree, journal, now or tables.now, token or tables.token, threads)

    def sync(self, owner: str, name: str, fence: int | None = None) -> "ItemsSync":
        """Return one owner's sync; it need not exist yet."""
        return ItemsSync(self._tables, Keys(owner, name), fence)

    def close(self) -> None:
        """Release nothing: the tables are the caller's."""


class ItemsSync:
    """One owner's sync. An object is for one piece of work: it keeps in mind what it has read."""

    def __init__(self, tables: Tables, keys: Keys, fence: int | None) -> None:
        self._tables = tables
        self._keys = keys
        self._fence = fence
        self._entries = Entries(tables, keys)
        self._nodes = Nodes(tables, keys)
        self._logs = ChangeLogs(tables, keys)
        self._batches = Batches(tables, keys)
        self._counters = Counters(tables, keys, fence)
        self._runs = Runs(tables, keys)
        self._texts = Texts(tables, keys)

    # -- trees ---------------------------------------------------------------------------------

    def observed(self, endpoint: EndpointId) -> ItemsObservedTree:
        """Return the observed tree of an endpoint."""
        return ItemsObservedTree(
            self._entries,
            endpoint,
            lambda: self._counters.entries(endpoint),
            lambda after, limit: self._changes(endpoint, after, limit),
        )

    def base(self) -> "ItemsBaseTree":
        """Return the base tree."""
        return ItemsBaseTree(self._tables, self._entries, self._nodes, self._counters)

    def _changes(self, endpoint: EndpointId, after: int, limit: int) -> tuple[list[EntryId], int]:
        self._stale()  # what is planned from the log is read after it
        return self._logs.read(endpoint, after, limit)

    def _stale(self) -> None:
        self._nodes.stale()
        self._entries.stale()

    def confirmed(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> Mapping[EntryId, float]:
        """Return when what is known of entries was confirmed or asked for."""
        read = self._entries.read([(endpoint, each) for each in dict.fromkeys(ids)])
        return {where[1]: known.seen / 1e6 for where, known in read.items() if known.seen}

    def trim(self, planned: Mapping[EndpointId, int]) -> None:
        """Drop the change log up to these positions."""
        for endpoint, position in planned.items():
            self._logs.trim(endpoint, position)

    # -- commits -------------------------------------------------------------------------------

    def record(self) -> SyncRecord | None:
        """Return the sync's record, or None if it is new."""
        key = self._keys.head("record")
        item = self._tables.journal.get([key]).get(key)
        data = None if item is None else item.attributes.get("data")
        return None if data is None else unpack_as(data, SyncRecord)

    def commit(self, change: Commit) -> frozenset[NodeId]:
        """Write each node on its own; returns those that lost a race.

        The order: claims on entries and nodes; then, where actions are closed, what they made of
        entries, before the nodes that they belong to: a node that has no open action never
        promises more than is observed. The change log comes between, so that what it speaks of is
        there, and nothing that is closed can be missing from it. The record is last.
        """
        nodes = self._nodes
        steps = nodes.steps(
            change.nodes, change.forget, change.opened, change.closed, self._find_actions
        )
        closing = {node for node, step in steps.items() if nodes.closes(node, step)}
        self._use_ids(change.nodes)
        first, last = (
            _Writing(
                {node: step for node, step in steps.items() if (node in closing) is closes},
                {node: nodes.claims(node, step) for node, step in steps.items()},
            )
            for closes in (False, True)
        )
        self._write(first)
        self._observe(change, last)
        self._write(last)
        grown = dict(last.entries)
        for endpoint, more in first.entries.items():
            grown[endpoint] = grown.get(endpoint, 0) + more
        self._counters.grow(first.nodes + last.nodes, grown)
        if change.losses:
            self._counters.lose(change.at, change.losses)
        if change.record is not None:
            self._put_record(change.record)
        return frozenset(first.lost | last.lost)

    def _observe(self, change: Commit, writing: "_Writing") -> None:
        """Write what is observed, with the claims of the first nodes to be written; then log."""
        wishes = {
            where: wish
            for seen in change.observed
            for where, wish in wishes_of(seen.endpoint, seen.put, seen.gone, seen.asked)
        }
        if wishes:
            self._claim(writing, writing.next_ready(), wishes)
        touched: dict[EndpointId, list[EntryId]] = {}
        for seen in change.observed:
            if seen.log:
                ids = touched.setdefault(seen.endpoint, [])
                ids += [entry.id for entry in seen.put]
                ids += seen.gone
        for endpoint, ids in touched.items():
            self._logs.append(endpoint, ids)

    def _write(self, writing: "_Writing") -> None:
        """Write nodes in one conditional write each, those that let go of entries first."""
        while writing.todo:
            ready = writing.next_ready()
            self._claim(writing, ready, {})
            steps = {node: writing.todo.pop(node) for node in ready}
            lost, more = self._nodes.write(
                {node: step for node, step in steps.items() if node not in writing.lost}
            )
            writing.lost |= lost
            writing.nodes += more
            drops: dict[Where, Wish] = {}
            for node in steps.keys() - writing.lost:
                writing.written[node] = steps[node]
                for endpoint, entry, old in writing.claims[node].dropped:
                    drops.setdefault((endpoint, entry), Wish()).drop.add(old)
            if drops:
                self._entries.write(drops, lambda _where, _node: False)

    def _claim(
        self, writing: "_Writing", ready: Iterable[NodeId], wishes: dict[Where, Wish]
    ) -> None:
        """Bind entries to the nodes that are about to have them, unless that was done before."""
        owners: dict[Where, NodeId] = {}
        for node in ready:
            if node in writing.bound:
                continue
            writing.bound.add(node)
            for where, gone in writing.claims[node].added.items():
                wish = wishes.setdefault(where, Wish())
                wish.add.add(claim(node, gone=gone))
                if not gone:
                    wish.claimant = owners[where] = node
        if wishes:
            outcome = self._entries.write(
                wishes, lambda where, node: self._without_right(where, node, writing)
            )
            for endpoint, more in outcome.grown.items():
                writing.entries[endpoint] = writing.entries.get(endpoint, 0) + more
            writing.lost |= {owners[where] for where in outcome.refused}

    def _use_ids(self, put: Sequence[Node]) -> None:
        """Remember ids of new nodes before they are used."""
        new = [node.id for node in put if self._nodes.before(node.id) is None]
        if new:
            self._counters.use(max(new))

    def _without_right(self, where: Where, node: NodeId, writing: "_Writing") -> bool:
        """Say whether a node that claims an entry has no right to it, and will never have.

        It has none if this very commit has let it go of the entry, or does together with the
        claim. Else, if the node is there without it, whoever means to give it to the node has to
        lose the race first; if it is not there its planner died, and its id is made void.
        """
        step = writing.written.get(node) or writing.circle.get(node)
        if step is not None:
            return step.node is None or not _holds(step.node, where)
        held = self._nodes.read([node]).get(node)
        if held is None or (held.node is None and not held.open):
            return self._nodes.make_void(node)
        if any(action.endpoint == where[0] for _, action in held.open):
            return False
        if held.node is None or _holds(held.node, where):
            return False
        return self._nodes.disown(node, held)

    def _put_record(self, record: SyncRecord) -> None:
        key, data = self._keys.head("record"), pack(record)
        if self._fence is None:
            change = Update(key, {"data": data})
        else:
            fence = self._fence
            change = Update(key, {"data": data, "fence": fence}, when=AtMost("fence", fence))
        if isinstance(one(self._tables.journal.write([change])), Raced):
            raise StateBusy("Another planner has taken over.")

    def _find_actions(self, unknown: Collection[str]) -> None:
        """Look through all nodes for actions that were not read before they are closed."""
        found = [
            action.node
            for action in _full.open_actions(self._nodes, self._tables.threads)
            if action.id in unknown
        ]
        self._nodes.read(found)

    # -- actions -------------------------------------------------------------------------------

    def open_actions(self) -> list[Action]:
        """Return the actions that were opened and not closed, in the order of opening."""
        found = _full.open_actions(self._nodes, self._tables.threads)
        self._nodes.read({action.node for action in found})
        return found

    def open_of(self, nodes: Iterable[NodeId], *, fresh: bool = True) -> dict[NodeId, list[Action]]:
        """Return the open actions of those nodes that have some, in the order of opening.

        Unless it has to be ``fresh``, what this object has read before is good enough.
        """
        if not fresh:
            read = self._nodes.known(nodes)
        else:
            self._stale()
            read = self._nodes.read_ahead(nodes)
        for node, held in read.items():
            if held.again and not held.open:
                self._nodes.released.add(node)
        return {
            node: [action for _, action in sorted(held.open, key=lambda each: each[0])]
            for node, held in read.items()
            if held.open
        }

    def hold(self, nodes: Collection[NodeId]) -> frozenset[NodeId]:
        """Mark nodes to be planned again once their open actions are closed."""
        self._stale()
        return self._nodes.hold(nodes)

    def released(self) -> frozenset[NodeId]:
        """Return, and forget, held nodes that this object found or made free of open actions."""
        found = frozenset(self._nodes.released)
        self._nodes.released.clear()
        return found

    def touch(self, touched: Iterable[tuple[EndpointId, EntryId]]) -> None:
        """Put entries into the change logs as they are, to be planned again."""
        ids: dict[EndpointId, list[EntryId]] = {}
        for endpoint, entry in touched:
            ids.setdefault(endpoint, []).append(entry)
        for endpoint, found in ids.items():
            self._logs.append(endpoint, found)

    def put_batches(self, batches: Sequence[Batch]) -> None:
        """Keep batches; those that wait for others must come with or after them."""
        self._batches.put(batches)

    def batch(self, batch: str) -> Batch | None:
        """Return a batch, None once it is done."""
        return self._batches.get(batch)

    def begin_batch(self, batch: str, at: float) -> Batch | None:
        """Note that a batch is begun; returns it as it was before, None if it is done."""
        return self._batches.begin(batch, at)

    def put_off_batch(self, batch: str, until: float) -> None:
        """Note that a batch is to be begun again, not before then; it may be done by now."""
        self._batches.put_off(batch, until)

    def finish_batch(self, batch: str, failed: Collection[str]) -> list[Batch]:
        """Let go of a batch; returns those that waited for it, and now wait for none."""
        return self._batches.finish(batch, failed)

    def batches(self, limit: int = 0) -> list[Batch]:
        """Return all batches that are not done, or only so many."""
        return self._batches.all(limit)

    # -- losses, runs, texts -------------------------------------------------------------------

    def losses(self, since: float) -> int:
        """Return how many base nodes were deleted or overwritten since a time."""
        return self._counters.lost(since)

    def begin_run(self, started: float) -> int:
        """Open a run and return its number. Runs left open by a dead process are ended."""
        return self._runs.begin(started)

    def log(self, run: int, events: Sequence[Event]) -> None:
        """Append to a run's log."""
        self._runs.log(run, events)

    def end_run(self, run: RunRecord) -> None:
        """Close a run."""
        self._runs.end(run)

    def runs(self, limit: int) -> list[RunRecord]:
        """Return the newest runs, newest first."""
        return self._runs.newest(limit)

    def events(self, run: int) -> list[Event]:
        """Return a run's log in order."""
        return self._runs.events(run)

    def save_text(self, key: str, text: str) -> None:
        """Keep a text under a key; ``""`` removes it."""
        self._texts.save(key, text)

    def text(self, key: str) -> str:
        """Return a kept text, ``""`` if there is none."""
        return self._texts.get(key)


@dataclass(slots=True)
class _Writing:
    """Nodes of a commit on their way.

    ``todo`` are steps to be taken, ``written`` those that were, ``circle`` those that take
    entries from each other, all at once. ``bound`` are nodes whose claims were written.
    ``nodes`` and ``entries`` are how many more there are.
    """

    todo: dict[NodeId, Step]
    claims: dict[NodeId, Claims]
    written: dict[NodeId, Step] = field(default_factory=dict)
    circle: dict[NodeId, Step] = field(default_factory=dict)
    bound: set[NodeId] = field(default_factory=set)
    lost: set[NodeId] = field(default_factory=set)
    nodes: int = 0
    entries: dict[EndpointId, int] = field(default_factory=dict)

    def next_ready(self) -> list[NodeId]:
        """Return the nodes that take no entry from one that is still to let go of it."""
        givers = {
            (endpoint, entry): node
            for node in self.todo
            for endpoint, entry, _ in self.claims[node].dropped
            if (endpoint, entry) not in self.claims[node].added
        }
        if not givers:
            return list(self.todo)
        ready = [
            node
            for node in self.todo
            if all(
                gone or givers.get(where, node) == node
                for where, gone in self.claims[node].added.items()
            )
        ]
        if not ready:
            self.circle = dict(self.todo)
        return ready or list(self.todo)


class ItemsBaseTree:
    """The base tree of one sync."""

    def __init__(self, tables: Tables, entries: Entries, nodes: Nodes, counters: Counters) -> None:
        self._tables = tables
        self._entries = entries
        self._nodes = nodes
        self._counters = counters

    def get(self, ids: Iterable[NodeId]) -> dict[NodeId, Node]:
        """Return those that are there, tombstones included."""
        read = self._nodes.read_once(ids)
        return {node: held.node for node, held in read.items() if held.node is not None}

    def children(self, parent: NodeId) -> list[Node]:
        """Return the nodes in a folder, tombstones included."""
        return self._nodes.placed(parent)

    def at(self, parent: NodeId, key: str) -> list[Node]:
        """Return the nodes in a folder whose name has this ``names.key``, no tombstones."""
        return self._nodes.placed(parent, key)

    def of(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> dict[EntryId, NodeId]:
        """Return which node each entry belongs to, where it belongs to one.

        Where several nodes claim it, one that is not ``gone`` goes first, then the newest. A
        claim counts if the node has the entry, or an open action at the endpoint, by which it may
        be about to get it.
        """
        read = self._entries.read_ahead([(endpoint, each) for each in dict.fromkeys(ids) if each])
        wanted = {node for known in read.values() for node in claimants(known.claims)}
        held = self._nodes.read_ahead(sorted(wanted))
        best: dict[EntryId, tuple[int, NodeId]] = {}
        for where, known in read.items():
            for node in claimants(known.claims):
                item = held.get(node)
                replica = item.node.replicas.get(endpoint) if item and item.node else None
                if replica is not None and replica.entry == where[1]:
                    rank = 0 if replica.gone else 2
                elif item is not None and any(each.endpoint == endpoint for _, each in item.open):
                    rank = 1
                else:
                    continue
                best[where[1]] = max(best.get(where[1], (-1, -1)), (rank, node))
        return {entry: node for entry, (_, node) in best.items()}

    def suspects(self, endpoints: Sequence[EndpointId]) -> Iterator[list[NodeId]]:
        """Yield, in batches, the nodes that a full plan must look at."""
        return _full.suspects(self._nodes, self._entries, endpoints, self._tables.threads)

    def unbound(self, endpoint: EndpointId) -> Iterator[list[EntryId]]:
        """Yield, in batches, the observed entries that belong to no node."""
        return _full.unbound(self._nodes, self._entries, endpoint, self._tables.threads)

    def ids(self) -> Iterator[list[NodeId]]:
        """Yield the ids of all nodes in batches."""
        return _full.ids(self._nodes, self._tables.threads)

    def count(self) -> int:
        """Return how many nodes there are, without tombstones."""
        return self._counters.nodes()

    def next_id(self) -> NodeId:
        """Return a number above every id ever used in this tree (at least 1)."""
        return self._counters.next_id()

    def conflicts(self) -> list[Node]:
        """Return the nodes, without tombstones, that are kept losers of conflicts."""
        return self._nodes.losers()


def _holds(node: Node, where: Where) -> bool:
    """Say whether a node has an entry for a replica that is not gone."""
    replica = node.replicas.get(where[0])
    return replica is not None and replica.entry == where[1] and not replica.gone
