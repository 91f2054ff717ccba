"""The order of actions: each after those that it has to wait for, circles broken by parking."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

import msgspec

from syncoxiders.core.model import ROOT, Action, ActionKind, EndpointId, NodeId

Site: TypeAlias = tuple[EndpointId, NodeId]
"""A node at an endpoint."""

_PHASE = {
    ActionKind.MAKE_FOLDER: 0,
    ActionKind.MOVE: 0,
    ActionKind.META: 1,
    ActionKind.UPDATE: 1,
    ActionKind.CREATE: 1,
    ActionKind.DELETE: 2,
}


def is_transfer(action: Action) -> bool:
    """Say whether an action changes what stands at a place, and not what place it stands at."""
    return _PHASE[action.kind] == 1


def postponed(actions: dict[Site, list[Action]], blockers: Mapping[str, list[Site]]) -> set[NodeId]:
    """Take out the actions that come after what is not going to happen; returns their nodes."""
    nodes: set[NodeId] = set()

    def gives_way(site: Site) -> bool:
        return any(not is_transfer(each) for each in actions.get(site, ()))

    while True:
        # A folder is asked about once, and not for each file in it.
        sites = set(chain.from_iterable(blockers.values()))
        blocked = {site for site in sites if not gives_way(site)}
        if not blocked:
            return nodes
        vain = [
            action
            for group in actions.values()
            for action in group
            if not blocked.isdisjoint(blockers[action.id])
        ]
        if not vain:
            return nodes
        nodes |= take_out(actions, vain)


def take_out(actions: dict[Site, list[Action]], vain: Iterable[Action]) -> set[NodeId]:
    """Take out actions; returns their nodes."""
    nodes: set[NodeId] = set()
    for action in vain:
        site = (action.endpoint, action.node)
        actions[site].remove(action)
        if not actions[site]:
            del actions[site]
        nodes.add(action.node)
    return nodes


class CircleError(Exception):
    """Actions wait for each other, and none is a move, which could be parked.

    So it is with deletions where folders seem to stand in each other, as long as only half of a
    move was heard.
    """

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__(f"{len(actions)} actions wait for each other")
        self.actions = actions


class Ordering:
    """Puts actions in an order in which each can succeed, parking what moves in circles."""

    def __init__(
        self,
        actions: dict[Site, list[Action]],
        blockers: dict[str, list[Site]],
        passing_name: Callable[[Action], str],
    ) -> None:
        self._passing_name = passing_name
        self._actions = actions
        self._blockers = blockers
        self._done: set[str] = set()
        self._open: set[str] = set()
        self._order: list[Action] = []
        self._parked: dict[str, Action] = {}

    def ordered(self) -> list[Action]:
        """Return all actions with their ``after`` filled in. Raises CircleError."""
        every = [action for group in self._actions.values() for action in group]
        for action in sorted(every, key=lambda each: _PHASE[each.kind]):
            self._visit(action)
        return self._order

    def _visit(self, action: Action) -> None:
        stack: list[_Frame] = []
        if action.id in self._done:
            return
        blockers = self._blockers.get(action.id)
        if not blockers and self._actions[action.endpoint, action.node][0] is action:
            self._done.add(action.id)
            self._order.append(action)
            return
        if action.id not in self._open and action.id not in self._parked:
            # Nearly always all that it waits for comes first anyway.
            waiting = self._waiting(action)
            if all(other.id in self._done for other in waiting):
                self._done.add(action.id)
                self._order.append(_after(action, [other.id for other in reversed(waiting)]))
                return
        self._enter(action, stack)
        while stack:
            frame = stack[-1]
            if frame.waiting:
                blocker = frame.waiting.pop()
                if blocker.id in self._open:
                    self._break(stack, blocker)
                else:
                    frame.after.append(blocker.id)
                    self._enter(blocker, stack)
                continue
            stack.pop()
            current, after = frame.action, frame.after
            self._open.discard(current.id)
            self._done.add(current.id)
            parked = self._parked.get(current.id)
            if parked is not None:
                after.append(parked.id)
            self._order.append(_after(current, after))

    def _break(self, stack: list["_Frame"], blocker: Action) -> None:
        """Break a circle of actions that wait for each other, by parking a move that is in it.

        Whoever waits for that move goes on once it is parked; the move itself comes later.
        """
        start = next(i for i, frame in enumerate(stack) if frame.action.id == blocker.id)
        if blocker.kind is ActionKind.MOVE:
            stack[-1].after.append(self._park(blocker))
            return
        for index in range(len(stack) - 1, start, -1):
            mover = stack[index].action
            if mover.kind is ActionKind.MOVE:
                for frame in stack[index:]:
                    self._open.discard(frame.action.id)
                del stack[index:]
                waiter = stack[-1]
                waiter.after = [each for each in waiter.after if each != mover.id]
                waiter.after.append(self._park(mover))
                return
        raise CircleError([frame.action for frame in stack[start:]])

    def _enter(self, action: Action, stack: list["_Frame"]) -> None:
        if action.id in self._done or action.id in self._open:
            return
        self._open.add(action.id)
        stack.append(_Frame(action, self._waiting(action)))

    def _waiting(self, action: Action) -> list[Action]:
        """Return the actions that come before one."""
        waiting: list[Action] = []
        for key in self._blockers.get(action.id, ()):
            for other in self._actions.get(key, ()):
                # a place is freed by a move or a deletion, never by a transfer
                if not is_transfer(other) or action.kind is ActionKind.DELETE:
                    waiting.append(other)  # noqa: PERF401 -- the condition wants its comment
        own = self._actions[action.endpoint, action.node]
        if action is not own[0]:
            waiting.append(own[own.index(action) - 1])
        return waiting

    def _park(self, action: Action) -> str:
        """Bring what is in the way to the root, under a passing name."""
        if action.id not in self._parked:
            parked = msgspec.structs.replace(
                action,
                id=f"{action.id}:park",
                parent=ROOT,
                name=self._passing_name(action),
                after=(),
                place_gen=0,
            )
            self._parked[action.id] = parked
            self._order.append(parked)
        return self._parked[action.id].id


def _after(action: Action, after: list[str]) -> Action:
    """Return an action that waits for these, each named once."""
    if not after:
        return action
    return msgspec.structs.replace(action, after=tuple(dict.fromkeys(after)))


class _Frame:
    """An action whose blockers are being put in order."""

    __slots__ = ("action", "after", "waiting")

    def __init__(self, action: Action, waiting: list[Action]) -> None:
        self.action = action
        self.waiting = waiting
        self.after: list[str] = []
