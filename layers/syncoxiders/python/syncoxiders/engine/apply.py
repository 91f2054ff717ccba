"""Running a plan's actions: in order, several transfers at once, journaled in batches.

An action that has succeeded is closed together with the base update that it causes, in batches,
each after the providers were told to make what was written durable.
"""

import concurrent.futures
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from syncoxiders.core.model import (
    Action,
    ActionKind,
    EndpointId,
    Entry,
    EntryId,
    Kind,
    Node,
    NodeId,
)
from syncoxiders.core.plan import LOSING, Plan, closed
from syncoxiders.engine.claims import outclaimed
from syncoxiders.engine.context import Context
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.parking import park
from syncoxiders.engine.places import Places
from syncoxiders.engine.rekey import rekey
from syncoxiders.ports.errors import (
    Changing,
    Full,
    ProviderError,
    Revoked,
    RootLost,
    Stale,
    Throttled,
    Unreachable,
)
from syncoxiders.ports.state import Commit, Event, Observation, SyncStore

TRANSFERS = {ActionKind.CREATE, ActionKind.UPDATE}
SMALL = 1 << 18
"""Up to this size a file between two local endpoints is carried at once, not by a thread."""

BATCH_ACTIONS = 4_000
BATCH_SECONDS = 20.0

GATHER = 256
GATHER_BYTES = 1 << 23
"""So many small files, or bytes of them, are carried in one go."""

AHEAD = 32
"""So many transfers, or lots of small files that are carried in one go, may wait for a thread."""

Result: TypeAlias = Entry | ProviderError | None
Flight: TypeAlias = concurrent.futures.Future[list[Result]]


class Applied(msgspec.Struct):
    """What became of the actions.

    ``stale`` are endpoints and entries (folders included) that have to be looked at again,
    ``again`` those that have to be planned again, as have the ``nodes``. ``open`` are nodes of
    which an action may or may not have been done; it stays open in the journal.
    ``left`` and ``errors`` explain; ``away`` are endpoints that cannot be used any more, ``full``
    those that take no more content.
    """

    done: dict[str, int] = {}
    failed: set[str] = set()
    errors: list[Event] = []
    left: list[Event] = []
    stale: set[tuple[EndpointId, EntryId]] = set()
    again: set[tuple[EndpointId, EntryId]] = set()
    nodes: set[NodeId] = set()
    open: set[NodeId] = set()
    away: dict[EndpointId, str] = {}
    full: set[EndpointId] = set()


class Applier:
    """Runs the actions of one plan, which are open in the journal; all are closed at the end.

    Only the thread that calls :meth:`start` and :meth:`finish` touches its state; threads of
    ``pool`` make the transfers.
    """

    def __init__(
        self,
        context: Context,
        operations: Operations,
        places: Places,
        plan: Plan,
        pool: concurrent.futures.Executor,
    ) -> None:
        self._context = context
        self._pool = pool
        self._operations = operations
        self._places = places
        self._plan = plan
        self._result = Applied()
        self._closed: list[str] = []
        self._nodes: dict[int, Node | None] = {}
        self._put: dict[EndpointId, dict[EntryId, Entry | None]] = {}
        self._losses: set[int] = set()
        self._unanswered: set[str] = set()
        self._waiting: set[str] = set()  # for room, or for what waits for it
        self._touched: set[EndpointId] = set()
        self._since = context.clock.now()
        self._local: dict[tuple[EndpointId, EndpointId], bool] = {}
        self._gathered: list[Action] = []
        self._gathered_ids: set[str] = set()
        self._gathered_bytes = 0
        self._flying: dict[Flight, list[Action]] = {}
        self._flying_ids: dict[str, Flight] = {}

    def start(self) -> None:
        """Run everything but the last transfers, which are under way when this returns."""
        for node in self._plan.nodes:
            self._places.know(node)
        for action in self._plan.actions:
            self._start(action)
        self._send_gathered()

    def close(self) -> frozenset[NodeId]:
        """Close what is done so far; returns the nodes of what is under way."""
        self._flush()
        return frozenset(action.node for flight in self._flying.values() for action in flight)

    def finish(self) -> Applied:
        """Wait for what is under way, and close it."""
        self._land(self._flying)
        self._flush()
        return self._result

    # -- order ---------------------------------------------------------------------------------

    def _start(self, action: Action) -> None:
        if action.after:
            self._await(action.after)
        if self._result.away and not self._result.away.keys().isdisjoint(_route(action)):
            self._drop(action)
        elif self._lacks_room(action):
            self._waiting.add(action.id)
            self._drop(action)
        elif not self._result.failed.isdisjoint(action.after):
            self._result.nodes.add(action.node)
            self._drop(action)
        elif action.kind not in TRANSFERS:
            self._finish(action, *self._attempt(action))
        elif self._is_carried(action):
            self._gather(action)
        elif not self._is_small(action):
            self._fly([action], self._operate_one)
        else:
            self._finish(action, *self._attempt(action))

    def _lacks_room(self, action: Action) -> bool:
        """Say whether an action needs room where there is none, or one before it did."""
        full = action.kind in TRANSFERS and action.endpoint in self._result.full
        return full or not self._waiting.isdisjoint(action.after)

    def _await(self, ids: Sequence[str]) -> None:
        """Wait for actions that are under way."""
        if not self._gathered_ids.isdisjoint(ids):
            self._send_gathered()
        flights = [self._flying_ids[each] for each in ids if each in self._flying_ids]
        self._land(dict.fromkeys(flights))

    def _is_carried(self, action: Action) -> bool:
        """Say whether a transfer goes together with others like it."""
        return (
            action.kind is ActionKind.CREATE
            and action.source is not None
            and action.size <= SMALL
            and self._operations.can_carry(action)
        )

    def _is_small(self, action: Action) -> bool:
        """Say whether starting a thread for a transfer would cost more than it gives."""
        if action.size > SMALL:
            return False
        route = _route(action)
        local = self._local.get(route)
        if local is None:
            providers = self._context.providers
            local = all(providers[each].traits.cheap_hash for each in route if each)
            self._local[route] = local
        return local

    def _gather(self, action: Action) -> None:
        """Put a small file with others that go the same way."""
        first = self._gathered[0] if self._gathered else action
        if (
            len(self._gathered) >= GATHER
            or self._gathered_bytes > GATHER_BYTES
            or _route(first) != _route(action)
        ):
            self._send_gathered()
        self._gathered.append(action)
        self._gathered_ids.add(action.id)
        self._gathered_bytes += action.size

    def _send_gathered(self) -> None:
        if self._gathered:
            gathered, self._gathered, self._gathered_bytes = self._gathered, [], 0
            self._gathered_ids.clear()
            self._fly(gathered, self._operations.carry)

    def _fly(self, actions: list[Action], how: Callable[[list[Action]], list[Result]]) -> None:
        """Let a thread run some actions."""
        if len(self._flying) >= AHEAD:
            if len(self._closed) >= BATCH_ACTIONS // 2:
                self._flush()  # rather now, while others work, than while they wait for more
            done, _ = concurrent.futures.wait(
                self._flying, return_when=concurrent.futures.FIRST_COMPLETED
            )
            self._land(done)
        future = self._pool.submit(how, actions)
        self._flying[future] = actions
        self._flying_ids.update((action.id, future) for action in actions)

    def _land(self, flights: Iterable[Flight]) -> None:
        """Wait for threads, and take what they bring."""
        for flight in list(flights):
            for action, result in zip(self._flying.pop(flight), flight.result(), strict=True):
                del self._flying_ids[action.id]
                if isinstance(result, ProviderError):
                    self._explain(action, result)
                    self._finish(action, None, ok=False)
                else:
                    self._finish(action, result)

    # -- one action ----------------------------------------------------------------------------

    def _operate_one(self, actions: list[Action]) -> list[Result]:
        results: list[Result] = []
        for action in actions:
            try:
                results.append(self._operations.run(action))
            except ProviderError as error:
                results.append(error)
        return results

    def _attempt(self, action: Action) -> tuple[Entry | None, bool]:
        try:
            return self._operations.run(action), True
        except ProviderError as error:
            self._explain(action, error)
            return None, False

    def _explain(self, action: Action, error: ProviderError) -> None:
        """File a failure under what the engine does next."""
        path = self._plan.paths.get(action.node, action.name)
        result = self._result
        where = action.source.endpoint if error.reading and action.source else action.endpoint
        event = Event("error", where, path, str(error))
        if isinstance(error, Stale):
            if isinstance(error, Changing):
                result.left.append(msgspec.structs.replace(event, verb="left"))
            self._look_again(action)
            self._take_seen()
        elif isinstance(error, Full):
            # What needs no room goes on: a deletion may make some.
            result.errors.append(event)
            result.full.add(where)
            self._waiting.add(action.id)
        elif isinstance(error, Unreachable | RootLost | Throttled | Revoked):
            if isinstance(error, Throttled):
                event = msgspec.structs.replace(event, detail=park(self._context, where, error))
            result.errors.append(event)
            result.away[where] = event.detail
            if isinstance(error, Unreachable) and not error.reading:
                # It may have been done: the next run finds out, as after a crash.
                self._unanswered.add(action.id)
                result.open.add(action.node)
            self._look_again(action)
        else:
            result.errors.append(event)
        if event.verb == "error" and event in result.errors:
            self._context.reporter.event(event)

    def _take_seen(self) -> None:
        """Observe what a check came across."""
        while self._operations.seen:
            endpoint, entry = self._operations.seen.pop()
            self._context.store.commit(Commit(observed=[Observation(endpoint, put=[entry])]))
            self._places.put(endpoint, entry)
            self._result.again.add((endpoint, entry.id))

    def _look_again(self, action: Action) -> None:
        """Note what has to be looked at before the node can be planned again."""
        self._result.nodes.add(action.node)
        node = self._places.node(action.node)
        for endpoint, replica in node.replicas.items() if node is not None else ():
            self._result.stale.add((endpoint, replica.entry))
            self._result.stale.add((endpoint, replica.parent))
        parent = self._places.node(action.parent) if action.parent else None
        if parent is not None:
            for endpoint, replica in parent.replicas.items():
                self._result.stale.add((endpoint, replica.entry))
        elif not action.parent:
            self._result.stale.add((action.endpoint, "/"))

    def _drop(self, action: Action) -> None:
        self._result.failed.add(action.id)
        if action.id not in self._unanswered:
            self._closed.append(action.id)

    def _finish(self, action: Action, entry: Entry | None, ok: bool = True) -> None:
        path = self._plan.paths.get(action.node, action.name)
        if not ok:
            self._drop(action)
        else:
            subject = self._operations.subject(action) if action.entry else ""
            self._close(action, subject, entry)
            if action.kind is ActionKind.MOVE and entry is not None and entry.id != subject:
                self._follow_ids(action.endpoint, subject, entry)
            kind = action.kind.value
            self._result.done[kind] = self._result.done.get(kind, 0) + 1
        self._context.reporter.finished(action, path, ok=ok)
        if (
            len(self._closed) >= BATCH_ACTIONS
            or self._context.clock.now() - self._since > BATCH_SECONDS
        ):
            self._flush()

    def _close(self, action: Action, subject: EntryId, entry: Entry | None) -> None:
        endpoint = action.endpoint
        before = self._places.node(action.node)
        if before is None:
            raise LookupError(f"node {action.node} has an open action and is not in base")
        after = closed(before, action, entry)
        if after is None:
            self._places.forget(action.node)
        else:
            self._places.know(after)
        self._nodes[action.node] = after
        put = self._put.setdefault(endpoint, {})
        if subject and (entry is None or entry.id != subject):
            put[subject] = None
            self._places.drop(endpoint, subject)
        if entry is not None:
            put[entry.id] = entry
            self._places.put(endpoint, entry)
        if action.kind in LOSING:
            self._losses.add(action.node)
        self._touched.add(endpoint)
        if action.source is not None:
            self._touched.add(action.source.endpoint)
        self._closed.append(action.id)

    def _follow_ids(self, endpoint: EndpointId, old: EntryId, entry: Entry) -> None:
        """After a move that changed an id: whatever is in the folder has new ids as well."""
        if entry.kind is not Kind.FOLDER:
            return
        self._land(self._flying)
        found = rekey(self._context, self._places, endpoint, old, entry)
        put = self._put.setdefault(endpoint, {})
        put.update(dict.fromkeys(found.gone))
        put.update({each.id: each for each in found.put})
        self._nodes.update({node.id: node for node in found.nodes})
        self._result.again.update((endpoint, each) for each in found.unplanned)
        if found.lost:
            self._result.nodes.update(found.lost)
            self._result.stale.add((endpoint, entry.id))
        self._flush()
        self._places.reset()

    def _part_claims(self) -> None:
        """Let nodes go of entries that have become another's; they are planned again."""
        losers = outclaimed(self._context.store, self._context.providers, self._places, self._nodes)
        for node in losers.values():
            self._places.know(node)
        self._nodes.update(losers)
        self._result.nodes.update(losers)

    # -- journal -------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Make what was done durable, then close it."""
        self._since = self._context.clock.now()
        if not self._closed:
            return
        providers = self._context.providers
        for endpoint in sorted(self._touched):
            providers[endpoint].settle()
        self._part_claims()
        commit(
            self._context.store,
            self._nodes,
            self._closed,
            self._put,
            at=self._since,
            losses=len(self._losses),
        )
        self._closed, self._nodes, self._put = [], {}, {}
        self._losses, self._touched = set(), set()


def _route(action: Action) -> tuple[EndpointId, EndpointId]:
    """Return where an action's bytes come from and go to."""
    return (action.source.endpoint if action.source else "", action.endpoint)


def commit(
    store: SyncStore,
    nodes: dict[int, Node | None],
    closed_ids: Sequence[str],
    put: dict[EndpointId, dict[EntryId, Entry | None]],
    *,
    at: float,
    losses: int,
) -> None:
    """Close actions in the journal together with the base and observations that they caused.

    What turned out to stand elsewhere than base has it was moved by somebody meanwhile: it is
    logged, to be planned.
    """
    strays = {
        (endpoint, replica.entry)
        for node in nodes.values()
        if node is not None
        for endpoint, replica in node.replicas.items()
        if (entry := put.get(endpoint, {}).get(replica.entry)) is not None
        and not replica.gone
        and (entry.parent, entry.name) != (replica.parent, replica.name)
    }
    store.commit(
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
                )
                for endpoint, entries in put.items()
                for log in ((False, True) if strays else (False,))
            ],
            at=at,
            losses=losses,
        )
    )
