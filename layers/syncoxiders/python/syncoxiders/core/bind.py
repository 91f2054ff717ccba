"""Identity: which node an observed entry belongs to.

Bound entries are found by their id. A new entry joins the node that other endpoints have at the
same place, or the node whose content it carries where ids do not survive a move, or starts a
node of its own.
"""

from collections.abc import Iterable

from syncoxiders.core import names
from syncoxiders.core.counterparts import called_so, counterpart, is_shadowed, stood_at
from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.making import let_go_of_what_is_made
from syncoxiders.core.model import (
    ROOT,
    ROOT_ENTRY,
    Endpoint,
    EndpointId,
    Entry,
    EntryId,
    Kind,
    Mode,
    NodeId,
)
from syncoxiders.core.moves import MoveMatcher
from syncoxiders.core.remade import at_work_above, remains
from syncoxiders.core.states import is_new, missing, stands_at


class Binder:
    """Gathers the nodes that a plan has to decide, binding new entries as it goes."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.dirty: set[NodeId] = set()
        self._new: dict[tuple[EndpointId, EntryId], None] = {}
        self._waiting: set[tuple[EndpointId, EntryId]] = set()
        self._expected: dict[tuple[EndpointId, EntryId], NodeId] = {}
        self._written: dict[tuple[EndpointId, EntryId, str], NodeId] = {}

    def gather(self) -> list[Work]:
        """Return the nodes to decide, folders above their content, in a fixed order."""
        look = self.draft.look
        reachable = {endpoint.id for endpoint in self.draft.active}
        for node in look.suspects:
            self._suspect(node)
        for endpoint, touched in look.touched.items():
            if endpoint in reachable:
                for entry in touched:
                    self._touch(endpoint, entry)
        self._close_over_deletions()
        self._join()
        gone = self._by_depth(each for each in self.dirty if self.draft.work(each).gone)
        self._new |= dict.fromkeys(let_go_of_what_is_made(self.draft, gone))
        self._keep_places()
        self._hand_over_folders()
        self._take_in_goals()
        self._leave_what_moves()
        self._leave_to_folders()
        self._note_what_is_written()
        moves = MoveMatcher(self.draft)
        for endpoint, entry in list(self._new):
            seen = self.draft.view.entry(endpoint, entry)
            if seen is not None:
                self._adopt(endpoint, seen, moves)
        self._take_in_what_waited()
        self.draft.open.extend(sorted(node for node in self.dirty if node in look.open))
        works = [self.draft.work(node) for node in self.dirty if node not in look.open]
        return sorted(works, key=lambda work: (work.kind is not Kind.FOLDER, work.id))

    def _take_in_what_waited(self) -> None:
        """Have what is new in folders planned for which nobody waits any more.

        It waited while all were here at whom something is open that makes them, or moves them.
        """
        for node in sorted(self.dirty):
            work = self.draft.work(node)
            if work.kind is Kind.FOLDER and not work.gone and self.draft.look.unanswered(node):
                self.draft.more.extend(
                    (endpoint, child.id)
                    for endpoint, entry in work.entries.items()
                    for child in self.draft.view.entries_in(endpoint, entry.id)
                    if self.draft.node_of(endpoint, child.id) is None
                    and (endpoint, child.id) not in self._new
                )

    def _suspect(self, node: NodeId) -> None:
        if node in self.dirty or node == ROOT or not self.draft.exists(node):
            return
        self.dirty.add(node)

    def _touch(self, endpoint: EndpointId, entry: EntryId) -> None:
        node = self.draft.node_of(endpoint, entry)
        if node is None:
            self._new.setdefault((endpoint, entry))
        elif node != ROOT:
            self._suspect(node)
            if node in self.draft.look.open:
                replica = self.draft.work(node).replicas.get(endpoint)
                if replica is None or replica.entry != entry:
                    self.draft.unsure.append((endpoint, entry))  # it may never become its own

    def _close_over_deletions(self) -> None:
        """Take in everything that is in a deleted folder, to be decided together with it."""
        todo = sorted(self.dirty)
        seen: set[NodeId] = set()
        while todo:
            node = todo.pop()
            if node in seen:
                continue
            seen.add(node)
            work = self.draft.work(node)
            if work.kind is not Kind.FOLDER:
                continue
            if not (work.gone or missing(work)):
                found = remains(self.draft, work)
                self.dirty.update(each.id for each in found)
                todo.extend(each.id for each in found if each.gone)
                continue
            for below in self.draft.view.nodes_in(node):
                self._suspect(below.id)
                todo.append(below.id)
            for endpoint, entry in work.entries.items():
                for child in self.draft.view.entries_in(endpoint, entry.id):
                    self._touch(endpoint, child.id)
                    owner = self.draft.node_of(endpoint, child.id)
                    if owner is not None:
                        todo.append(owner)

    def _join(self) -> None:
        """Take back whatever would delete or rename, where endpoints that differ are joined.

        That is all nodes in a union, and nodes that come back from behind a filter.
        """
        for node in sorted(self.dirty):
            work = self.draft.work(node)
            back = work.out and not self.draft.is_out(work)
            if node in self.draft.look.open:
                continue
            if self.draft.look.union or self.draft.rule.mode is Mode.TWO_WAY:
                self._take_back(work)
            if back or self.draft.look.union:
                self._join_node(work)

    def _take_back(self, work: Work) -> None:
        """Look afresh at what a former mode left to an endpoint."""
        for endpoint, replica in list(work.replicas.items()):
            entry = work.entries.get(endpoint)
            if not replica.left or entry is None:
                continue
            if stands_at(self.draft, work, endpoint, entry):
                del work.replicas[endpoint]
            else:
                self._detach(work, endpoint)

    def _join_node(self, work: Work) -> None:
        for endpoint in missing(work):
            del work.replicas[endpoint]
        if work.entries or not work.gone:
            for endpoint in [each for each, replica in work.replicas.items() if replica.gone]:
                del work.replicas[endpoint]
        if work.gone and work.entries:
            work.gone = False
            for endpoint in list(work.entries):
                self._detach(work, endpoint)  # it joins whatever stands at its place by now
            return
        known = work.base.replicas if work.base is not None else {}
        if len(work.entries.keys() | known.keys()) > 1:
            for endpoint in [each for each in work.entries if self.draft.is_moved(work, each)]:
                self._detach(work, endpoint)

    def _detach(self, work: Work, endpoint: EndpointId) -> None:
        """Make an endpoint's part of a node new again, with everything in it.

        Not while there is an open action upon any of it: what base has of that cannot change.
        Folders of which only half of a move was heard yet may stand in each other.
        """
        found: dict[NodeId, tuple[Work, Entry]] = {}
        todo = [work]
        while todo:
            each = todo.pop()
            if each.id in self.draft.look.open:
                return
            entry = each.entries.get(endpoint)
            if entry is None or each.id in found:
                continue
            found[each.id] = each, entry
            if each.kind is Kind.FOLDER:
                for child in self.draft.view.entries_in(endpoint, entry.id):
                    owner = self.draft.node_of(endpoint, child.id)
                    if owner is not None:
                        todo.append(self.draft.work(owner))
        for each, entry in found.values():
            self.draft.unbind(each, endpoint)
            self.dirty.add(each.id)
            self._new[endpoint, entry.id] = None

    def _leave_what_moves(self) -> None:
        """Leave alone what may just be moving with its folder, where an id is a path.

        An action upon the folder is open, so what is missing now may be elsewhere.
        """
        for node in sorted(self.dirty):
            work = self.draft.work(node)
            for endpoint in missing(work):
                if not self.draft.traits[endpoint].stable_ids and any(
                    above.id in self.draft.look.open for above in self.draft.ancestors(node)
                ):
                    self.dirty.discard(node)
                    self.draft.unsure.append((endpoint, work.replicas[endpoint].entry))

    def _leave_to_folders(self) -> None:
        """Leave alone what is to be deleted while its folder is at work that may save it."""
        for node in sorted(self.dirty):
            work = self.draft.work(node)
            folder = at_work_above(self.draft, work) if node not in self.draft.look.open else None
            if folder is not None:
                self.dirty.discard(node)
                self.dirty.add(folder)
                self.draft.unsure.extend((each, it.id) for each, it in work.entries.items())

    def _take_in_goals(self) -> None:
        """Take in new folders that something known was moved into: they have to come first."""
        for node in sorted(self.dirty):
            if node in self.draft.look.open:
                continue
            for endpoint, entry in self.draft.work(node).entries.items():
                if self.draft.node_of(endpoint, entry.parent) is None:
                    self._new.setdefault((endpoint, entry.parent))

    def _keep_places(self) -> None:
        """Let a node stay with its place when an editor has put a new file there.

        The safe-save pattern: what was there is renamed or deleted, and something new of the
        same kind stands in its place. Likewise a folder that was deleted and made again.
        """
        folders = [each for each in self.dirty if self.draft.work(each).kind is Kind.FOLDER]
        files = [each for each in self.dirty if self.draft.work(each).kind is not Kind.FOLDER]
        for node in [*self._by_depth(folders), *sorted(files)]:
            work = self.draft.work(node)
            if node in self.draft.look.open:
                continue
            for endpoint in self.draft.active:
                self._keep_place(work, endpoint)

    def _by_depth(self, folders: Iterable[NodeId]) -> list[NodeId]:
        depth = {node: len(list(self.draft.ancestors(node))) for node in folders}
        return sorted(depth, key=lambda each: (depth[each], each))

    def _hand_over_folders(self) -> None:
        """Let a folder that is to be deleted be what was made anew elsewhere at its place.

        That happened while its endpoint was away. It may hold what nobody else knows of, or what
        a filter hides, so that it could not be deleted anyhow.
        """
        works = [self.draft.work(each) for each in self.dirty if each not in self.draft.look.open]
        folders = [each.id for each in works if each.gone and each.kind is Kind.FOLDER]
        for node in self._by_depth(folders):
            work = self.draft.work(node)
            for endpoint, entry in list(work.entries.items()):
                heir = self._heir(work, endpoint, entry)
                if heir is not None:
                    self.draft.unbind(work, endpoint)
                    self.draft.bind(heir, endpoint, entry)
                    self.dirty.add(heir.id)
                    for each in self.draft.view.nodes_in(node):
                        inside = self.draft.work(each.id)
                        self.draft.place(inside, heir.id, inside.name)

    def _heir(self, work: Work, endpoint: EndpointId, entry: Entry) -> Work | None:
        """Return the folder that stands elsewhere where a deleted one stands at an endpoint."""
        look = self.draft.look
        parent = self.draft.node_of(endpoint, entry.parent)
        if parent is None or is_new(work, endpoint) or self.draft.is_moved(work, endpoint):
            return None  # what was moved, or is there again, lives
        if any(each.id in look.open for each in self.draft.view.nodes_in(work.id)):
            return None
        name = names.true_name(entry.name, self.draft.traits[endpoint])
        for other in self.draft.nodes_at(parent, names.key(name)):
            free = endpoint not in other.entries and endpoint not in other.replicas
            if other.kind is Kind.FOLDER and other.name == name and free:
                return other if other.id not in look.open else None
        return None

    def _keep_place(self, work: Work, endpoint: Endpoint) -> None:
        replica = work.replicas.get(endpoint.id)
        entry = work.entries.get(endpoint.id)
        if replica is None or replica.gone:
            return
        if entry is not None and (entry.parent, entry.name) == (replica.parent, replica.name):
            return
        if entry is not None and work.kind is Kind.FOLDER:
            return
        folder: EntryId | None = replica.parent
        if folder != ROOT_ENTRY:
            above = self.draft.node_of(endpoint.id, replica.parent)
            folder = self.draft.entry_of(endpoint.id, above) if above is not None else None
        if folder is None:
            return
        for found in self.draft.view.entries_at(endpoint.id, folder, names.key(replica.name)):
            if (
                found.name == replica.name
                and found.kind is work.kind
                and self.draft.node_of(endpoint.id, found.id) is None
            ):
                if entry is not None:
                    self._new.setdefault((endpoint.id, entry.id))
                    self.draft.release(work, endpoint.id)
                self.draft.bind(work, endpoint.id, found)
                self._new.pop((endpoint.id, found.id), None)
                if found.kind is Kind.FOLDER:
                    for child in self.draft.view.entries_in(endpoint.id, found.id):
                        self._touch(endpoint.id, child.id)
                return

    def _adopt(self, endpoint: EndpointId, entry: Entry, moves: MoveMatcher) -> NodeId | None:
        """Bind a new entry, and the new folders above it; None if it is hidden or adrift."""
        known = self.draft.node_of(endpoint, entry.id)
        if known is not None:
            return known
        key = (endpoint, entry.id)
        if key in self._waiting:
            return None
        self._waiting.add(key)
        parent: NodeId | None = ROOT
        if entry.parent != ROOT_ENTRY:
            above = self.draft.view.entry(endpoint, entry.parent)
            parent = self._adopt(endpoint, above, moves) if above is not None else None
            if parent is None:
                parent = self._expected.get((endpoint, entry.parent))
        if parent is None or self.draft.hidden(endpoint, entry):
            return None
        traits = self.draft.traits[endpoint]
        name = names.true_name(entry.name, traits)
        if parent in self.draft.look.open:
            self.dirty.add(parent)  # with it, whatever is in it is planned again
            self._expect(endpoint, entry, counterpart(self.draft, endpoint, entry, parent, name))
            return None
        passing = names.passing_node(entry.name)
        if passing is not None and passing in self.draft.look.open:
            self.dirty.add(passing)  # it stands aside for a moment
            self.draft.unsure.append(key)
            return None
        if is_shadowed(self.draft, endpoint, entry, parent):
            return None
        written = self._being_written(endpoint, entry, parent)
        if written is not None:
            self.dirty.add(written)  # it may be what the action has made of it
            self.draft.unsure.append(key)
            base = self.draft.work(written).base
            if base is not None and endpoint in base.replicas:  # which alone tells that it may
                self.draft.unsure.append((endpoint, base.replicas[endpoint].entry))
            return None
        work = counterpart(self.draft, endpoint, entry, parent, name)
        if work is not None and not stood_at(self.draft, work, endpoint, parent, entry.name):
            self.draft.unbind(work, endpoint)  # what stood elsewhere is not what is new here
        if work is None and not traits.stable_ids:
            work = moves.match(endpoint, entry)
            if work is moves.UNKNOWN:
                return None
        if work is None:
            work = called_so(self.draft, endpoint, entry, parent)
        if work is None:
            reserved = self.draft.look.reserved(endpoint, entry.id)
            work = self.draft.fresh(entry.kind, parent, name, reserved)
        elif self._expect(endpoint, entry, work):
            self.draft.unsure.append(key)
            return None
        self.draft.bind(work, endpoint, entry)
        self.dirty.add(work.id)
        if entry.kind is Kind.FOLDER:
            self.draft.more.extend(
                (endpoint, child.id)
                for child in self.draft.view.entries_in(endpoint, entry.id)
                if (endpoint, child.id) not in self._new
            )
        return work.id

    def _expect(self, endpoint: EndpointId, entry: Entry, work: Work | None) -> bool:
        """Note that a node may get an entry by the action upon it that is open; False if none is.

        Once that is closed what is in a folder has to be planned again, whoever has planned the
        folder itself.
        """
        if work is None or work.id not in self.draft.look.open:
            return False
        self.dirty.add(work.id)
        self._expected[endpoint, entry.id] = work.id
        return True

    def _note_what_is_written(self) -> None:
        """Note where those with an open action stand, though they may be about to leave."""
        for node in sorted(self.dirty):
            if node in self.draft.look.open:
                for endpoint, replica in self.draft.work(node).replicas.items():
                    if not replica.gone:
                        self._written[endpoint, replica.parent, replica.name] = node

    def _being_written(self, endpoint: EndpointId, entry: Entry, parent: NodeId) -> NodeId | None:
        """Return the node that has its part where something new stands, and an open action.

        Where writing to a file changes its id, what stands there now may be what we have written.
        """
        noted = self._written.get((endpoint, entry.parent, entry.name))
        if noted is not None and self.draft.work(noted).kind is entry.kind:
            return noted
        key = names.key(entry.name)
        theirs = self.draft.view.entries_at(endpoint, entry.parent, key)
        owners = [self.draft.node_of(endpoint, each.id) for each in theirs]
        there = [self.draft.work(each) for each in owners if each is not None]
        for work in [*there, *self.draft.nodes_at(parent, key)]:
            replica = work.replicas.get(endpoint)
            if (
                work.id in self.draft.look.open
                and work.kind is entry.kind
                and replica is not None
                and not replica.gone
                and (replica.parent, replica.name) == (entry.parent, entry.name)
            ):
                return work.id
        return None
