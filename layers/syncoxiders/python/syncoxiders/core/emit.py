"""From targets to actions: what has to be done at each endpoint, and in which order."""

from collections.abc import Callable, Iterable

import msgspec

from syncoxiders.core import hashes, names
from syncoxiders.core.draft import Draft, Work, by_id
from syncoxiders.core.model import (
    ROOT,
    ROOT_ENTRY,
    Action,
    ActionKind,
    Endpoint,
    EndpointId,
    Entry,
    EntryId,
    Kind,
    Mode,
    NodeId,
    Source,
)
from syncoxiders.core.versions import Side, ask, content_of, same

_PHASE = {
    ActionKind.MAKE_FOLDER: 0,
    ActionKind.MOVE: 0,
    ActionKind.META: 1,
    ActionKind.UPDATE: 1,
    ActionKind.CREATE: 1,
    ActionKind.DELETE: 2,
}


class Emitter:
    """Derives actions from a draft; deals with names and with what stands in the way.

    ``postponed`` are nodes for which something has to be done that cannot be done yet.
    """

    def __init__(self, draft: Draft, decided: set[NodeId]) -> None:
        self.draft = draft
        self.works = by_id(draft.works[node] for node in decided if not draft.works[node].frozen)
        self.decided = decided
        self.postponed: set[NodeId] = set()
        self._actions: dict[tuple[EndpointId, NodeId], list[Action]] = {}
        self._blockers: dict[str, list[tuple[EndpointId, NodeId]]] = {}
        self._names: dict[tuple[EndpointId, NodeId], set[str]] = {}

    def actions(self) -> list[Action]:
        """Return the actions, each after those that it has to wait for."""
        for endpoint in self.draft.active:
            for work in sorted(self.works, key=self._depth):
                self._emit(work, endpoint)
        self._drop_what_waits_in_vain()
        return Ordering(self._actions, self._blockers, self._passing_name).ordered()

    def _drop_what_waits_in_vain(self) -> None:
        """Postpone actions that come after what is not going to happen in this plan."""
        while True:
            vain = {
                action.id: action
                for group in self._actions.values()
                for action in group
                if not all(map(self._gives_way, self._blockers[action.id]))
            }
            if not vain:
                return
            for action in vain.values():
                self._actions[action.endpoint, action.node].remove(action)
                self.postponed.add(action.node)
            self._actions = {key: group for key, group in self._actions.items() if group}

    def _gives_way(self, blocker: tuple[EndpointId, NodeId]) -> bool:
        """Say whether a node is made, moved or deleted at an endpoint by this plan."""
        return any(_PHASE[each.kind] != 1 for each in self._actions.get(blocker, ()))

    def _passing_name(self, action: Action) -> str:
        """Return a free name at an endpoint's root for what has to get out of the way."""
        number = 0
        while True:
            name = f"{action.name[:40]}.moving-{action.node}" + (f"-{number}" if number else "")
            found = self.draft.view.entries_at(action.endpoint, ROOT_ENTRY, names.key(name))
            if not found:
                return name
            number += 1

    def _depth(self, work: Work) -> tuple[int, NodeId]:
        if work.kind is Kind.FOLDER:
            return (len(list(self.draft.ancestors(work.id))), work.id)
        return (1 << 30, work.id)

    def _enforced(self, endpoint: Endpoint) -> bool:
        rule = self.draft.rule
        return rule.mode is Mode.TWO_WAY or endpoint.id != rule.endpoints[0].id

    def _offered(self, work: Work) -> bool:
        """Say whether every endpoint is to have a node: by most modes only if the source has it."""
        rule = self.draft.rule
        return rule.mode is Mode.TWO_WAY or rule.endpoints[0].id in work.entries

    def _add(
        self,
        action: Action,
        blockers: Iterable[tuple[EndpointId, NodeId]] = (),
    ) -> None:
        self._actions.setdefault((action.endpoint, action.node), []).append(action)
        self._blockers[action.id] = [
            each for each in blockers if each != (action.endpoint, action.node)
        ]

    def _emit(self, work: Work, endpoint: Endpoint) -> None:
        if work.out or work.forget or work.id == ROOT:
            return
        entry, replica = work.entries.get(endpoint.id), work.replicas.get(endpoint.id)
        if work.gone:
            if entry is not None and replica is not None:
                self._delete(work, endpoint, entry)
            return
        if not self._enforced(endpoint):
            if self.draft.rule.mode is Mode.MOVE and entry is not None:
                self._hand_over(work, endpoint, entry)
            return
        if entry is None:
            if replica is None and self._offered(work):
                self._create(work, endpoint)
            return
        if replica is None:
            return
        if replica.place_gen < work.place_gen:
            self._move(work, endpoint, entry)
        if replica.content_gen < work.content_gen and work.kind is not Kind.FOLDER:
            self._update(work, endpoint, entry)

    # -- kinds of action -----------------------------------------------------------------------

    def _delete(self, work: Work, endpoint: Endpoint, entry: Entry) -> None:
        blockers: list[tuple[EndpointId, NodeId]] = []
        if work.kind is Kind.FOLDER:
            hidden = False
            for child in self.draft.view.entries_in(endpoint.id, entry.id):
                node = self.draft.node_of(endpoint.id, child.id)
                if node is None or self.draft.work(node).out:
                    if not self.draft.hidden(endpoint.id, child):
                        self.postponed.add(work.id)  # until what is new in it is decided
                        return
                    hidden = True
                elif self._is_leaving(endpoint.id, node, entry.id):
                    blockers.append((endpoint.id, node))
                else:
                    inner = self.draft.work(node).replicas.get(endpoint.id)
                    if inner is None or not inner.hidden:
                        self.postponed.add(work.id)
                        return
                    hidden = True
            if hidden:
                self._hide(work, endpoint)
                return
        self._add(
            Action(
                id=f"{work.id}:{endpoint.id}:delete:{work.content_gen}.{work.place_gen}",
                kind=ActionKind.DELETE,
                endpoint=endpoint.id,
                node=work.id,
                entry=entry.id,
                expect=entry.version,
                size=max(entry.size, 0),
                because=self._absence(work, endpoint.id),
                keep=endpoint.id in work.keep,
            ),
            blockers,
        )

    def _hide(self, work: Work, endpoint: Endpoint) -> None:
        """Leave a deleted folder out of view while it holds what the filter hides."""
        self.postponed.add(work.id)
        replica = work.replicas[endpoint.id]
        if not replica.hidden:
            work.replicas[endpoint.id] = msgspec.structs.replace(replica, hidden=True)
            self.draft.note("note", endpoint.id, work, "stays: it holds filtered content")

    def _absence(self, work: Work, endpoint: EndpointId) -> Source | None:
        """Return where the node was deleted: the reason for deleting it here.

        Who can be reached now comes first; but one who cannot is a reason that cannot be checked,
        and so must not be left out.
        """
        away = [each for each in self.draft.rule.endpoints if each.id in self.draft.look.away]
        for each in [*self.draft.active, *away]:
            replica = work.replicas.get(each.id)
            if each.id != endpoint and replica is not None and replica.gone:
                return Source(each.id, replica.entry, "")
        if self.draft.rule.mode is Mode.TWO_WAY:
            return None
        return Source(self.draft.rule.endpoints[0].id, "", "")

    def _hand_over(self, work: Work, endpoint: Endpoint, entry: Entry) -> None:
        """Move: delete at the source what every destination has, proved by content."""
        if work.kind is Kind.FOLDER or work.content is None:
            return
        others = [each for each in self.draft.rule.endpoints if each.id != endpoint.id]
        held: list[Entry] = []
        for other in others:
            theirs, replica = work.entries.get(other.id), work.replicas.get(other.id)
            if (
                theirs is None
                or replica is None
                or replica.content_gen < work.content_gen
                or replica.version != theirs.version
            ):
                return
            held.append(theirs)
        verdicts = [same(content_of(entry), content_of(each)) for each in held]
        if None in verdicts:
            sides = [Side.of(each.id, its) for each, its in zip(others, held, strict=True)]
            if ask(self.draft, *((Side.of(endpoint.id, entry), each) for each in sides)):
                self.postponed.add(work.id)
            return
        if not all(verdicts):
            return
        self._add(
            Action(
                id=f"{work.id}:{endpoint.id}:delete:{work.content_gen}.{work.place_gen}",
                kind=ActionKind.DELETE,
                endpoint=endpoint.id,
                node=work.id,
                entry=entry.id,
                expect=entry.version,
                size=max(entry.size, 0),
                because=Source(others[0].id, held[0].id, held[0].version),
            )
        )

    def _create(self, work: Work, endpoint: Endpoint) -> None:
        if work.kind is Kind.LINK and not endpoint.traits.keeps_links:
            return
        source = None
        if work.kind is not Kind.FOLDER:
            source = self._source(work, endpoint.id)
            if source is None:
                self.postponed.add(work.id)
                return
        place = self._place(work, endpoint, None)
        if place is None:
            self.postponed.add(work.id)
            return
        name, blockers = place
        kind = ActionKind.MAKE_FOLDER if work.kind is Kind.FOLDER else ActionKind.CREATE
        self._add(
            Action(
                id=f"{work.id}:{endpoint.id}:{kind.value}:{work.content_gen}.{work.place_gen}",
                kind=kind,
                endpoint=endpoint.id,
                node=work.id,
                parent=work.parent,
                name=name,
                size=max(work.content.size, 0) if work.content else 0,
                source=source,
                content_gen=work.content_gen,
                place_gen=work.place_gen,
            ),
            blockers,
        )

    def _update(self, work: Work, endpoint: Endpoint, entry: Entry) -> None:
        source = self._source(work, endpoint.id)
        if source is None or work.content is None:
            self.postponed.add(work.id)
            return
        origin = work.entries[source.endpoint]
        known = hashes.merged(work.content.hashes, origin.hashes)
        content = msgspec.structs.replace(work.content, hashes=known)
        alike = same(content_of(entry), content)
        replica = work.replicas[endpoint.id]
        bit = work.content.executable
        sets_meta = endpoint.traits.sets_meta
        if not sets_meta and None not in {bit, entry.executable} and bit != entry.executable:
            alike = False  # there is no other way to set the bit than to write the file anew
        if alike and not sets_meta:
            work.replicas[endpoint.id] = msgspec.structs.replace(
                replica, content_gen=work.content_gen
            )
            return
        kind = ActionKind.META if alike else ActionKind.UPDATE
        self._add(
            Action(
                id=f"{work.id}:{endpoint.id}:{kind.value}:{work.content_gen}.{work.place_gen}",
                kind=kind,
                endpoint=endpoint.id,
                node=work.id,
                entry=entry.id,
                expect=entry.version,
                size=max(work.content.size, 0),
                source=source,
                keep=replica.left,  # what a person wrote there is about to be replaced
                content_gen=work.content_gen,
            )
        )

    def _move(self, work: Work, endpoint: Endpoint, entry: Entry) -> None:
        place = self._place(work, endpoint, entry)
        if place is None:
            self.postponed.add(work.id)
            return
        name, blockers = place
        parent = self.draft.entry_of(endpoint.id, work.parent)
        if parent == entry.parent and name == entry.name:
            work.replicas[endpoint.id] = msgspec.structs.replace(
                work.replicas[endpoint.id],
                parent=entry.parent,
                name=entry.name,
                place_gen=work.place_gen,
            )
            return
        if work.kind is Kind.FOLDER:
            before = self._ways_out(work, endpoint.id, entry.id)
            if before is None:
                self.postponed.add(work.id)
                return
            blockers = [*blockers, *before]
        self._add(
            Action(
                id=f"{work.id}:{endpoint.id}:move:{work.content_gen}.{work.place_gen}",
                kind=ActionKind.MOVE,
                endpoint=endpoint.id,
                node=work.id,
                entry=entry.id,
                expect=entry.version,
                parent=work.parent,
                name=name,
                because=self._example(work, endpoint.id),
                place_gen=work.place_gen,
            ),
            blockers,
        )

    def _example(self, work: Work, endpoint: EndpointId) -> Source | None:
        """Return an endpoint that has the node at its place: the reason for moving it here."""
        for each in self.draft.active:
            replica, entry = work.replicas.get(each.id), work.entries.get(each.id)
            if (
                each.id != endpoint
                and replica is not None
                and entry is not None
                and replica.place_gen == work.place_gen
                and (entry.parent, entry.name) == (replica.parent, replica.name)
            ):
                return Source(each.id, entry.id, "")
        return None

    def _source(self, work: Work, endpoint: EndpointId) -> Source | None:
        """Return who has the agreed content, untouched; a cheap one first."""
        found: list[tuple[bool, Source]] = []
        for each in self.draft.active:
            replica, entry = work.replicas.get(each.id), work.entries.get(each.id)
            if (
                each.id != endpoint
                and replica is not None
                and entry is not None
                and not (replica.gone or replica.left)
                and replica.version == entry.version
                and replica.entry == entry.id
                and replica.content_gen == work.content_gen
            ):
                source = Source(each.id, entry.id, entry.version)
                found.append((not each.traits.cheap_hash, source))
        return min(found, key=lambda each: each[0])[1] if found else None

    # -- places --------------------------------------------------------------------------------

    def _place(
        self, work: Work, endpoint: Endpoint, entry: Entry | None
    ) -> tuple[str, list[tuple[EndpointId, NodeId]]] | None:
        """Return the name to use at an endpoint and what must go before; None to wait."""
        blockers: list[tuple[EndpointId, NodeId]] = []
        folder: EntryId | None = ROOT_ENTRY
        if work.parent != ROOT:
            folder = self.draft.entry_of(endpoint.id, work.parent)
            above = self.draft.work(work.parent)
            if above.gone or above.frozen or above.out:
                return None
            if folder is None:
                if (endpoint.id, work.parent) not in self._actions:
                    return None
                blockers.append((endpoint.id, work.parent))
        given = self._names.setdefault((endpoint.id, work.parent), set())
        waits = False

        def taken(name: str) -> bool:
            nonlocal waits
            form = names.folded(name, endpoint.traits)
            if form in given:
                return True
            if folder is None:
                return False
            for found in self.draft.view.entries_at(endpoint.id, folder, names.key(name)):
                if names.folded(found.name, endpoint.traits) != form or (
                    entry is not None and found.id == entry.id
                ):
                    continue
                node = self.draft.node_of(endpoint.id, found.id)
                if node is not None and self._is_leaving(endpoint.id, node, folder):
                    blockers.append((endpoint.id, node))
                    continue
                if node is None or node not in self.draft.works or self._is_unknown(node):
                    waits = waits or found.name == name
                elif self._is_due(node, endpoint.id):
                    waits = True
                return True
            return False

        name = names.local_name(work.name, endpoint.traits, taken)
        if waits:
            return None
        given.add(names.folded(name, endpoint.traits))
        return name, blockers

    def _is_unknown(self, node: NodeId) -> bool:
        """Say whether nothing is decided of a node yet, or as long as a filter hides it."""
        work = self.draft.works[node]
        return work.frozen or work.out or node in self.draft.look.open

    def _is_due(self, node: NodeId, endpoint: EndpointId) -> bool:
        """Say whether a node has to leave its place at an endpoint, in whatever plan."""
        work = self.draft.works[node]
        replica = work.replicas.get(endpoint)
        return replica is not None and (
            (work.gone and not replica.hidden)
            or replica.place_gen < work.place_gen
            or self.draft.is_moved(work, endpoint)
        )

    def _is_leaving(self, endpoint: EndpointId, node: NodeId, folder: EntryId) -> bool:
        """Say whether this plan takes a node out of its place in a folder at an endpoint."""
        if node not in self.decided or node in self.draft.look.open:
            return False
        work = self.draft.work(node)
        if work.frozen or work.out:
            return False
        replica, entry = work.replicas.get(endpoint), work.entries.get(endpoint)
        if work.gone:
            return replica is not None and not replica.hidden
        if replica is None or entry is None or entry.parent != folder:
            return False
        return replica.place_gen < work.place_gen and self._enforced(
            self.draft.rule.endpoint(endpoint)
        )

    # -- folders that go through each other ----------------------------------------------------

    def _ways_out(
        self, work: Work, endpoint: EndpointId, mover: EntryId
    ) -> list[tuple[EndpointId, NodeId]] | None:
        """Return the moves that must come before a folder's, lest it go into its own inside.

        While a plan is half done each folder stands where it stood or where it is to go. Only if
        no mixture of the two has the mover above its goal, its move can come at any time. Else it
        comes once the folders that will be above it are in place (or parked), where it cannot be
        above them. None if even that may leave it there: then it has to wait for another plan.
        """
        goal = self.draft.entry_of(endpoint, work.parent) or work.parent
        if not self._may_be_inside(endpoint, goal, mover, frozenset()):
            return []
        above = [
            each.id
            for each in self.draft.ancestors(work.id)
            if any(a.kind is ActionKind.MOVE for a in self._actions.get((endpoint, each.id), ()))
        ]
        if self._may_be_inside(endpoint, goal, mover, frozenset(above)):
            return None
        return [(endpoint, each) for each in above]

    def _may_be_inside(
        self,
        endpoint: EndpointId,
        folder: EntryId | NodeId,
        mover: EntryId,
        arrived: frozenset[NodeId],
    ) -> bool:
        """Say whether a folder may be in the mover while moves are under way.

        The folder, and those above it, go by their entries, or by their nodes while they have
        none. Of nodes that have ``arrived`` it is known where they are.
        """
        todo: list[EntryId | NodeId] = [folder]
        seen: set[EntryId | NodeId] = {ROOT, ROOT_ENTRY}
        while todo:
            each = todo.pop()
            if each == mover:
                return True
            if each in seen:
                continue
            seen.add(each)
            node = self.draft.node_of(endpoint, each) if isinstance(each, str) else each
            if node is not None and (isinstance(each, int) or self._may_move(endpoint, node)):
                parent = self.draft.work(node).parent
                todo.append(self.draft.entry_of(endpoint, parent) or parent)
            if isinstance(each, str) and node not in arrived:
                entry = self.draft.view.entry(endpoint, each)
                if entry is not None:
                    todo.append(entry.parent)
        return False

    def _may_move(self, endpoint: EndpointId, node: NodeId) -> bool:
        """Say whether this plan may bring a node to another place at an endpoint."""
        work = self.draft.works.get(node)
        replica = work.replicas.get(endpoint) if work is not None else None
        return (
            work is not None
            and node in self.decided
            and not work.gone
            and replica is not None
            and replica.place_gen < work.place_gen
        )


class Ordering:
    """Puts actions in an order in which each can succeed, parking what moves in circles."""

    def __init__(
        self,
        actions: dict[tuple[EndpointId, NodeId], list[Action]],
        blockers: dict[str, list[tuple[EndpointId, NodeId]]],
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
        """Return all actions with their ``after`` filled in."""
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
            self._order.append(
                msgspec.structs.replace(current, after=tuple(dict.fromkeys(after)))
                if after
                else current
            )

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
        raise AssertionError("a circle of waiting actions has a move in it")

    def _enter(self, action: Action, stack: list["_Frame"]) -> None:
        if action.id in self._done or action.id in self._open:
            return
        self._open.add(action.id)
        waiting: list[Action] = []
        for key in self._blockers.get(action.id, ()):
            for other in self._actions.get(key, ()):
                # a place is freed by a move or a deletion, never by a transfer
                if _PHASE[other.kind] != 1 or action.kind is ActionKind.DELETE:
                    waiting.append(other)  # noqa: PERF401 -- the condition wants its comment
        own = self._actions[action.endpoint, action.node]
        if action is not own[0]:
            waiting.append(own[own.index(action) - 1])
        stack.append(_Frame(action, waiting))

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


class _Frame:
    """An action whose blockers are being put in order."""

    __slots__ = ("action", "after", "waiting")

    def __init__(self, action: Action, waiting: list[Action]) -> None:
        self.action = action
        self.waiting = waiting
        self.after: list[str] = []
