"""Places at an endpoint: the name to use there, what stands in the way, what must move first."""

from collections.abc import Mapping, Sequence

from syncoxiders.core import names
from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import (
    ROOT,
    ROOT_ENTRY,
    Action,
    ActionKind,
    Endpoint,
    EndpointId,
    Entry,
    EntryId,
    Mode,
    NodeId,
)
from syncoxiders.core.order import Site


def is_enforced(draft: Draft, endpoint: Endpoint) -> bool:
    """Say whether an endpoint is brought to the target: by most modes the source is not."""
    rule = draft.rule
    return rule.mode is Mode.TWO_WAY or endpoint.id != rule.endpoints[0].id


class Placing:
    """Where nodes are to stand at endpoints, given what is done about other nodes.

    ``actions`` are those of the plan so far; it is a live view. Each name is given once.
    """

    def __init__(
        self, draft: Draft, decided: set[NodeId], actions: Mapping[Site, Sequence[Action]]
    ) -> None:
        self.draft = draft
        self.decided = decided
        self._actions = actions
        self._names: dict[tuple[EndpointId, NodeId], set[str]] = {}

    def place(
        self, work: Work, endpoint: Endpoint, entry: Entry | None
    ) -> tuple[str, list[Site]] | None:
        """Return the name to use at an endpoint and what must go before; None to wait."""
        blockers: list[Site] = []
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
                if node is not None and self.is_leaving(endpoint.id, node, folder):
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

    def is_leaving(self, endpoint: EndpointId, node: NodeId, folder: EntryId) -> bool:
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
        return replica.place_gen < work.place_gen and is_enforced(
            self.draft, self.draft.rule.endpoint(endpoint)
        )

    # -- folders that go through each other ----------------------------------------------------

    def ways_out(self, work: Work, endpoint: EndpointId, mover: EntryId) -> list[Site] | None:
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
