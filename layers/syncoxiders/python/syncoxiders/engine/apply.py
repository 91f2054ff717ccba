"""Running a plan's actions: in order, several transfers at once, journaled in batches.

An action that has succeeded is closed together with the base update that it causes, in batches,
each after the providers were told to make what was written durable.
"""

import concurrent.futures
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

import msgspec

from syncoxiders.core.model import (
    ROOT,
    Action,
    ActionKind,
    EndpointId,
    Entry,
    EntryId,
    Kind,
    NodeId,
)
from syncoxiders.core.plan import Plan
from syncoxiders.engine.closing import BATCH_ACTIONS, Closings
from syncoxiders.engine.context import Context
from syncoxiders.engine.interrupted import OutOfTime, Unexpected
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
    StateError,
    Throttled,
    Unreachable,
)
from syncoxiders.ports.state import Commit, Event, Observation

TRANSFERS = {ActionKind.CREATE, ActionKind.UPDATE}
SMALL = 1 << 18
"""Up to this size a file between two local endpoints is carried at once, not by a thread."""

GATHER = 256
GATHER_BYTES = 1 << 23
"""So many small files, or bytes of them, are carried in one go."""

AHEAD = 32
"""So many transfers, or lots of small files that are carried in one go, may wait for a thread."""

AWAY = (Unreachable, RootLost, Throttled, Revoked, OutOfTime)
"""After these the same may succeed some time later."""

Result: TypeAlias = Entry | ProviderError | None
Flight: TypeAlias = concurrent.futures.Future[list[Result]]


class Applied(msgspec.Struct):
    """What became of the actions.

    ``stale`` are endpoints and entries (folders included) that have to be looked at again,
    ``again`` those that have to be planned again, as have the ``nodes``. ``open`` are nodes of
    which an action may or may not have been done; it stays open in the journal.
    ``left`` and ``errors`` explain; ``away`` are endpoints that cannot be used any more,
    ``refused`` is what their providers said; ``full`` are those that take no more content. Where
    actions are handed out, ``put_off`` are those that stay open, to be tried again, and
    ``dropped`` those that are still to be closed, without having been done.
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
    refused: dict[EndpointId, ProviderError] = {}
    put_off: set[str] = set()
    dropped: list[str] = []


class Applier:
    """Runs the actions of one plan, which are open in the journal; all are closed at the end.

    Only the thread that calls :meth:`start` and :meth:`finish` touches its state; threads of
    ``pool`` make the transfers. With ``handed_out`` the plan is one batch of many: what cannot
    be done now stays open, what an error of ours stopped is closed as failed, and what is not
    begun by the time ``until`` is put off. ``away`` are endpoints that are known to be so.
    """

    def __init__(
        self,
        context: Context,
        operations: Operations,
        places: Places,
        plan: Plan,
        pool: concurrent.futures.Executor,
        *,
        handed_out: bool = False,
        failed: Iterable[str] = (),
        away: Mapping[EndpointId, str] | None = None,
        until: float = math.inf,
    ) -> None:
        self._context = context
        self._pool = pool
        self._operations = operations
        self._places = places
        self._plan = plan
        self._result = Applied(failed=set(failed), away=dict(away or {}))
        self._handed_out = handed_out
        self._until = until
        self._closings = Closings(context, places, counts_losses=not handed_out)
        self._unanswered: set[str] = set()
        self._waiting: set[str] = set()  # for room, or for what waits for it
        self._begun: dict[str, float] = {}
        self._local: dict[tuple[EndpointId, EndpointId], bool] = {}
        self._gathered: list[Action] = []
        self._gathered_ids: set[str] = set()
        self._gathered_bytes = 0
        self._flying: dict[Flight, list[Action]] = {}
        self._flying_ids: dict[str, Flight] = {}
        self._settling: concurrent.futures.Future[frozenset[EndpointId]] | None = None
        self._settled: frozenset[EndpointId] = frozenset()

    def start(self) -> None:
        """Run everything but the last transfers, which are under way when this returns.

        They are made durable as soon as the last has ended: nobody has to wait for that who has
        something else to do before :meth:`finish`.
        """
        for node in self._plan.nodes:
            self._places.know(node)
        for action in self._plan.actions:
            self._start(action)
        self._send_gathered()
        if self._flying:
            self._settling = self._pool.submit(self._settle_behind, dict(self._flying))

    def close(self) -> frozenset[NodeId]:
        """Close what is done so far; returns the nodes of what is under way, or stays open."""
        self._flush()
        flying = (action.node for flight in self._flying.values() for action in flight)
        return frozenset([*flying, *self._result.open])

    def finish(self) -> Applied:
        """Wait for what is under way, and close it."""
        if self._settling is not None:
            self._settled = self._settling.result()
        self._land(self._flying)
        self._flush()
        return self._result

    def _flush(self) -> None:
        self._result.nodes.update(self._closings.flush(self._settled))

    def _settle_behind(self, flights: Mapping[Flight, list[Action]]) -> frozenset[EndpointId]:
        """Make durable what is under way, and all before it, once it has ended.

        A thread comes to this after having begun all of it, so that it waits for others at work,
        and never for what is still to begin. Where nothing was done there may be nobody to ask; who
        cannot do it now is asked again before anything is closed.
        """
        concurrent.futures.wait(flights)
        done = [
            actions[0]
            for flight, actions in flights.items()
            if not all(isinstance(each, ProviderError) for each in flight.result())
        ]
        settled: set[EndpointId] = set()
        for endpoint in sorted({each for action in done for each in _route(action) if each}):
            with suppress(ProviderError):
                settled |= self._closings.settle([endpoint])
        return frozenset(settled)

    # -- order ---------------------------------------------------------------------------------

    def _start(self, action: Action) -> None:
        if action.after:
            self._await(action.after)
        if self._is_late(action):
            self._put_off(action)
        elif self._result.away and not self._result.away.keys().isdisjoint(needs(action)):
            self._drop(action, away=True)
        elif self._lacks_room(action):
            self._waiting.add(action.id)
            self._drop(action)
        elif not self._result.failed.isdisjoint(action.after):
            self._result.nodes.add(action.node)
            self._drop(action)
        elif action.kind not in TRANSFERS:
            self._attempt(action)
        elif self._is_carried(action):
            self._gather(action)
        elif not self._is_small(action):
            self._fly([action], self._operate_one)
        else:
            self._attempt(action)

    def _is_late(self, action: Action) -> bool:
        """Say whether time is over, or what has to be done before was put off."""
        over = self._handed_out and self._context.clock.now() >= self._until
        return over or not self._result.put_off.isdisjoint(action.after)

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
            if self._closings.count >= BATCH_ACTIONS // 2:
                self._flush()  # rather now, while others work, than while they wait for more
            done, _ = concurrent.futures.wait(
                self._flying, return_when=concurrent.futures.FIRST_COMPLETED
            )
            self._land(done)
        for action in actions:
            self._begin(action)
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
                    self._finish(action, None, error=result)
                else:
                    self._finish(action, result)

    # -- one action ----------------------------------------------------------------------------

    def _operate_one(self, actions: list[Action]) -> list[Result]:
        results: list[Result] = []
        for action in actions:
            try:
                results.append(self._operate(action))
            except ProviderError as error:
                results.append(error)
        return results

    def _operate(self, action: Action) -> Entry | None:
        try:
            return self._operations.run(action)
        except (ProviderError, StateError):
            raise
        except Exception as error:
            if not self._handed_out:
                raise
            self._context.reporter.failed(action, error)
            raise Unexpected(action, error) from error

    def _begin(self, action: Action) -> None:
        """Note when an action is begun, where others observe at the same time."""
        if self._handed_out:
            self._begun[action.id] = self._context.clock.now()

    def _attempt(self, action: Action) -> None:
        self._begin(action)
        try:
            entry = self._operate(action)
        except ProviderError as error:
            self._explain(action, error)
            self._finish(action, None, error=error)
        else:
            self._finish(action, entry)

    def _explain(self, action: Action, error: ProviderError) -> None:
        """File a failure under what the engine does next."""
        path = self._plan.paths.get(action.node, action.name)
        result = self._result
        where = error.asked or action.endpoint
        if error.reading and action.source is not None:
            where = action.source.endpoint
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
        elif isinstance(error, OutOfTime):
            pass
        elif isinstance(error, AWAY):
            if isinstance(error, Throttled):
                event = msgspec.structs.replace(event, detail=park(self._context, where, error))
            result.away[where] = event.detail
            result.refused[where] = _graver(error, result.refused.get(where))
            if isinstance(error, Unreachable) and where == action.endpoint:
                self._leave_open(action)  # whoever comes next finds out, as after a crash
            if self._handed_out:
                return
            result.errors.append(event)
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
            if entry.kind is Kind.FOLDER:
                self._result.stale.add((endpoint, entry.id))  # nobody has looked into it yet

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

    def _put_off(self, action: Action) -> None:
        """Leave an action open, to be tried again."""
        self._result.put_off.add(action.id)

    def _drop(self, action: Action, *, away: bool = False) -> None:
        """Let go of an action that was not done; where a provider is ``away``, for now."""
        if self._handed_out and away:
            self._put_off(action)
            return
        self._result.failed.add(action.id)
        if self._handed_out:
            self._result.dropped.append(action.id)
        elif action.id not in self._unanswered:
            self._closings.drop(action.id)

    def _finish(
        self, action: Action, entry: Entry | None, error: ProviderError | None = None
    ) -> None:
        path = self._plan.paths.get(action.node, action.name)
        subject = self._operations.subject(action) if action.entry else ""
        moved = action.kind is ActionKind.MOVE and entry is not None and entry.id != subject
        ok = error is None
        if error is not None:
            self._drop(action, away=isinstance(error, AWAY))
        elif moved and entry is not None and entry.kind is Kind.FOLDER:
            ok = self._close_with_content(action, subject, entry)
        else:
            self._closings.add(action, subject, entry, begun=self._begun.get(action.id, 0.0))
        if ok:
            kind = str(action.kind)
            self._result.done[kind] = self._result.done.get(kind, 0) + 1
        self._context.reporter.finished(action, path, ok=ok)
        if self._closings.are_due():
            self._flush()

    def _close_with_content(self, action: Action, subject: EntryId, entry: Entry) -> bool:
        """After a move that changed a folder's id: whatever is in it has new ids as well.

        While these cannot be told the move stays open, to be looked into again. Where others
        observe at the same time they may have heard of the move, or of parts of it, before this.
        """
        endpoint = action.endpoint
        node = action.node if self._handed_out else ROOT
        self._land(self._flying)
        self._flush()
        try:
            found = rekey(self._context, self._places, endpoint, subject, entry, node=node)
        except ProviderError as error:
            self._explain(action, error)
            self._leave_open(action)
            self._drop(action, away=True)
            return False
        self._closings.add(action, subject, entry)
        self._closings.take(found)
        self._result.again.update((endpoint, each) for each in found.unplanned)
        if found.lost:
            self._result.nodes.update(found.lost)
            self._result.stale.add((endpoint, entry.id))
        self._flush()
        self._places.reset()
        return True

    def _leave_open(self, action: Action) -> None:
        """Keep an action in the journal that may have been done."""
        self._unanswered.add(action.id)
        self._result.open.add(action.node)


def _graver(error: ProviderError, before: ProviderError | None) -> ProviderError:
    """Return which of two things that a provider said is to be heeded: its longest pause."""
    if not isinstance(before, Throttled):
        return error
    shorter = not isinstance(error, Throttled) or error.retry_after < before.retry_after
    return before if shorter else error


def needs(action: Action) -> list[EndpointId]:
    """Return the endpoints without which an action cannot be done."""
    others = [each.endpoint for each in (action.source, action.because) if each is not None]
    return [action.endpoint, *others]


def _route(action: Action) -> tuple[EndpointId, EndpointId]:
    """Return where an action's bytes come from and go to."""
    return (action.source.endpoint if action.source else "", action.endpoint)
