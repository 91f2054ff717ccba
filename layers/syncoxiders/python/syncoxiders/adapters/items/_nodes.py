"""Base nodes as items, each with its open actions, and where it stands.

A node's item holds the node (``data``, absent where an action was opened on a node that is not
there), its open actions (``open``), ``rev`` (a token that every write changes), ``again`` (it is
to be planned once its actions are closed, but for those at endpoints that are ``away``) and
``at``: the token of the items that make it known in its folder, as entries have one. ``ats`` are
those tokens of its replicas' entries, as far as they were known to who wrote it: what is replaced
where it stands need not be read for it.
``void`` marks an id that no node will ever have.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from syncoxiders.adapters.items._attempts import Attempt, Attempts
from syncoxiders.adapters.items._claims import Claim, action_tag
from syncoxiders.adapters.items._codec import pack
from syncoxiders.adapters.items._folders import Folders
from syncoxiders.adapters.items._held import (
    NO_CLAIMS,
    NOTHING,
    Claims,
    Held,
    Step,
    claimed,
    counts,
    held_from,
    is_loser,
    placed_node,
)
from syncoxiders.adapters.items._keys import SHARDS, Keys, name_key
from syncoxiders.adapters.items._rows import read_nodes
from syncoxiders.adapters.items._tables import Tables, put_all
from syncoxiders.core import names
from syncoxiders.core.model import Action, EndpointId, EntryId, Node, NodeId, Replica
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import Absent, Delete, Equals, Item, Put, Raced, Update

ROUNDS = 20
VOID_DAYS = 1
"""So long an id is void: its planner died before, or wrote the node."""


class Nodes:
    """The nodes of a sync.

    What is read stays in mind as it was when it was read first: a node is written only if it
    still is so. After its write, or a lost race, that is forgotten. ``at`` returns the token of
    where an entry was read to stand.
    """

    def __init__(
        self, tables: Tables, keys: Keys, at: Callable[[tuple[EndpointId, EntryId]], str]
    ) -> None:
        self._tables = tables
        self._keys = keys
        self._held: dict[NodeId, Held] = {}
        self._absent: set[NodeId] = set()
        self._fresh: dict[NodeId, Held] = {}
        self._lately: dict[NodeId, Held] = {}
        self._attempts = Attempts(tables, keys, at)
        self._folders = Folders(tables, keys.nodes_in, placed_node)
        self._node_of: dict[str, NodeId] = {}
        self._order = 0
        self.released: set[NodeId] = set()

    # -- reading -------------------------------------------------------------------------------

    def peek(self, ids: Iterable[NodeId]) -> dict[NodeId, Held]:
        """Return the items of those that have one; they do not count as read."""
        found = read_nodes(self._tables, self._keys, list(ids))
        return {node: held_from(item, node) for node, item in found.items()}

    def read(self, ids: Iterable[NodeId]) -> dict[NodeId, Held]:
        """Return the items of those that have one, as they are now."""
        wanted = dict.fromkeys(ids)
        found = read_nodes(self._tables, self._keys, wanted)
        self._absent.update(node for node in wanted if node not in found)
        return self._take({node: held_from(found[node], node) for node in wanted if node in found})

    def is_free(self, node: NodeId) -> bool:
        """Say whether an id was read, and nothing of it was found."""
        return node in self._absent

    def known(self, ids: Iterable[NodeId]) -> dict[NodeId, Held]:
        """Return the items as they were when they were read first; the others are read now."""
        wanted = dict.fromkeys(ids)
        found = {node: self._held[node] for node in wanted if node in self._held}
        missing = [node for node in wanted if node not in found and node not in self._absent]
        return found | (self.read(missing) if missing else {})

    def read_once(self, ids: Iterable[NodeId]) -> dict[NodeId, Held]:
        """Return the items like :meth:`read`, those that :meth:`read_ahead` read as they were."""
        wanted = dict.fromkeys(ids)
        known = {node: self._fresh.pop(node) for node in wanted if node in self._fresh}
        return known | self.read(node for node in wanted if node not in known)

    def read_ahead(self, ids: Iterable[NodeId]) -> dict[NodeId, Held]:
        """Return the items like :meth:`read`; who asks for them next need not read them again."""
        read = self.read(ids)
        self._fresh.update(read)
        return read

    def glance(self, ids: Iterable[NodeId]) -> dict[NodeId, Held]:
        """Return the items like :meth:`read_ahead`, of those with an action as of lately."""
        wanted = dict.fromkeys(ids)
        found = read_nodes(self._tables, self._keys, wanted, consistent=False)
        lately = {node: held_from(item, node) for node, item in found.items()}
        busy = self._take({node: held for node, held in lately.items() if held.open})
        self._fresh.update(busy)
        return busy | self.read_ahead(node for node in wanted if node not in busy)

    def stale(self) -> None:
        """Let what was read ahead, or lately, be read again."""
        self._fresh.clear()
        self._lately.clear()
        self._folders.stale()

    def forget(self) -> None:
        """Let go of what is known: it may be otherwise."""
        self._held.clear()
        self._absent.clear()
        self.stale()

    def _take(self, read: dict[NodeId, Held]) -> dict[NodeId, Held]:
        self._lately.update(read)
        for node, held in read.items():
            self._held.setdefault(node, held)
            for _, action in held.open:
                self._node_of[action.id] = node
        return read

    def placed(self, parent: NodeId, key: str | None = None) -> list[Node]:
        """Return the nodes in a folder, or those of them whose name has a ``names.key``.

        Those that were read since the last write, or :meth:`stale`, are not read again.
        """
        if key is None:
            ids = self._folders.inside(parent)
        else:
            ids = self._folders.named_lately(parent, name_key(key))
        return [
            held.node
            for held in self._read_lately(sorted(set(ids))).values()
            if held.node is not None
            and held.node.parent == parent
            and (key is None or (not held.node.gone and names.key(held.node.name) == key))
        ]

    def _read_lately(self, ids: Iterable[NodeId]) -> dict[NodeId, Held]:
        wanted = dict.fromkeys(ids)
        known = {node: self._lately[node] for node in wanted if node in self._lately}
        return known | self.read(node for node in wanted if node not in known)

    def losers(self) -> list[Node]:
        """Return the kept losers of conflicts."""
        found = self._tables.tree.query(self._keys.losers())
        held = self.read(sorted({placed_node(item) for item in found}))
        return [
            each.node for each in held.values() if each.node is not None and is_loser(each.node)
        ]

    def some_losers(self, after: str, limit: int) -> tuple[list[Node], str]:
        """Return the losers at up to ``limit`` places behind one, and the last of these places.

        Where a node has several places, only the one that it knows of counts. The place returned
        is ``""`` where there are no more.
        """
        places = list(self._tables.tree.query(self._keys.losers(), after=after, limit=limit))
        held = self.read(placed_node(item) for item in places)
        found: list[Node] = []
        for item in places:
            known = held.get(placed_node(item))
            token = item.key[1].split("/")[1]
            if known is not None and known.at == token and known.node is not None:
                found.append(known.node)
        end = places[-1].key[1] if len(places) == limit else ""
        return [each for each in found if is_loser(each)], end

    def shard(self, shard: int) -> Iterator[tuple[NodeId, Held]]:
        """Yield all items of a shard; they do not count as read."""
        for item in self._tables.tree.query(self._keys.nodes(shard)):
            node = int(item.key[1], 16)
            yield node, held_from(item, node)

    def all_shards(self) -> list[Callable[[], Iterator[tuple[NodeId, Held]]]]:
        """Return readers of all shards."""
        return [lambda shard=shard: self.shard(shard) for shard in range(SHARDS)]  # type: ignore[misc]  # mypy infers no type of a lambda with a default

    # -- writing -------------------------------------------------------------------------------

    def steps(
        self,
        nodes: Sequence[Node],
        forget: Sequence[NodeId],
        opened: Sequence[Action],
        closed: Sequence[str],
        find: Callable[[Collection[str]], None],
    ) -> dict[NodeId, Step]:
        """Return what a commit does to each node; ``find`` looks for actions' nodes.

        What is needed of the nodes as they were is known afterwards.
        """
        steps: dict[NodeId, Step] = {}
        for node in nodes:
            steps[node.id] = Step(node, replaced=True)
        for forgotten in forget:
            steps[forgotten] = Step(None, replaced=True)
        for action in opened:
            steps.setdefault(action.node, Step()).opened[action.id] = (self._next_order(), action)
            self._node_of[action.id] = action.node
        unknown = {each for each in closed if each not in self._node_of}
        if unknown:
            find(unknown)
        for each in closed:
            if each in self._node_of:
                steps.setdefault(self._node_of[each], Step()).closed.add(each)
        self.read(
            node
            for node, step in steps.items()
            if node not in self._held and (step.node is None or step.closed)
        )
        return {node: step for node, step in steps.items() if not self._is_vain(node, step)}

    def _is_vain(self, node: NodeId, step: Step) -> bool:
        """Say whether a step only closes what is not open, or forgets what is not there."""
        if step.node is not None or step.opened:
            return False
        return not self.closes(node, step) and not (
            step.replaced and self._before(node).node is not None
        )

    def _before(self, node: NodeId) -> Held:
        return self._held.get(node, NOTHING)

    def before(self, node: NodeId) -> Node | None:
        """Return a node as it was when it was read, None if it is taken to be new."""
        return self._before(node).node

    def closes(self, node: NodeId, step: Step) -> bool:
        """Say whether a step closes an action that is open."""
        return any(action.id in step.closed for _, action in self._before(node).open)

    def replaced(self, node: NodeId, step: Step) -> Iterator[tuple[Replica, EndpointId, str]]:
        """Yield what is replaced where it stands by the actions that a step closes.

        That is the replica as it was, its endpoint, and the token of its place.
        """
        before = self._before(node)
        for _, action in before.open:
            at = before.ats.get(action.endpoint)
            replica = before.node.replicas.get(action.endpoint) if before.node else None
            if action.id in step.closed and at and replica and replica.entry == action.entry:
                yield replica, action.endpoint, at

    def claims(self, node: NodeId, step: Step) -> Claims:
        """Return what a step changes of a node's claims on entries."""
        if not step.replaced:
            return NO_CLAIMS
        old, new = claimed(self._before(node).node), claimed(step.node)
        if old == new:
            return NO_CLAIMS
        closed = {
            action.endpoint: action_tag(action)
            for _, action in self._before(node).open
            if action.id in step.closed
        }
        return Claims(
            {
                where: Claim(node, gone, "" if gone else closed.get(where[0], ""))
                for where, gone in new.items()
                if old.get(where) is not gone
            },
            [
                (where, Claim(node, gone))
                for where, gone in old.items()
                if new.get(where) is not gone
            ],
        )

    def write(self, steps: Mapping[NodeId, Step]) -> tuple[set[NodeId], int]:
        """Take each step in one conditional write; returns what lost a race, and the growth."""
        tree = self._tables.tree
        self.stale()
        places: list[Put] = []
        tries: list[tuple[NodeId, Held, Attempt]] = []
        for node, step in steps.items():
            before = self._before(node)
            tried = self._attempts.to_write(node, before, step)
            tries.append((node, before, tried))
            places.extend(tried.place)
        lost: set[NodeId] = set()
        grown = 0
        try:
            put_all(tree, places)
            results = tree.write([tried.change for _, _, tried in tries])
            self._delete_held(tries, results)
        except BaseException:
            for node in steps:
                self._held.pop(node, None)
            raise
        cleared: list[Delete] = []
        for (node, before, tried), result in zip(tries, results, strict=True):
            item = result.item if isinstance(result, Raced) else result
            now = NOTHING if item is None else held_from(item, node)
            if isinstance(result, Raced) and now.rev != tried.rev:
                lost.add(node)
                self._absent.discard(node)
                self._held.pop(node, None)
                cleared.extend(Delete(put.item.key) for put in tried.place)
                continue
            self._written(node, before, now)
            cleared.extend(tried.cleared)
            grown += counts(now.node) - counts(before.node)
        if cleared:
            tree.write(cleared)
        return lost, grown

    def _delete_held(
        self,
        tries: list[tuple[NodeId, Held, Attempt]],
        results: list[Item | Raced | None],
    ) -> None:
        """Delete what was marked to be planned again since it was read, and note that it was."""
        for index, ((node, before, tried), result) in enumerate(zip(tries, results, strict=True)):
            if not isinstance(tried.change, Delete) or not isinstance(result, Raced):
                continue
            now = NOTHING if result.item is None else held_from(result.item, node)
            if now.rev == before.rev:
                marked = msgspec.structs.replace(before, again=True)
                change = Delete(tried.change.key, Equals("rev", before.rev))
                (results[index],) = self._tables.tree.write([change])
                tries[index] = (node, marked, tried)

    def _written(self, node: NodeId, before: Held, now: Held) -> None:
        for _, action in before.open:
            self._node_of.pop(action.id, None)
        self._absent.discard(node)
        if now.rev:
            self._held[node] = now
            for _, action in now.open:
                self._node_of[action.id] = node
        else:
            self._held.pop(node, None)
        marked = now if now.again else before
        for away in (marked.away, ()):  # those who made the mark when all were here wait for all
            if marked.again and not before.is_free(away) and now.is_free(away):
                self.released.add(node)

    def _next_order(self) -> int:
        self._order = max(self._order + 1, self._tables.stamp())
        return self._order

    # -- marks ---------------------------------------------------------------------------------

    def hold(
        self, ids: Collection[NodeId], away: frozenset[EndpointId] = frozenset()
    ) -> frozenset[NodeId]:
        """Mark nodes that have open actions where nobody is ``away``; returns the others."""
        free: set[NodeId] = set()
        left = self.read(ids)
        free.update(node for node in ids if node not in left)
        for _ in range(ROUNDS):
            free.update(node for node, held in left.items() if held.is_free(away))
            todo = [
                (node, held)
                for node, held in left.items()
                if not held.is_free(away) and not (held.again and away.issubset(held.away))
            ]
            results = self._tables.tree.write(
                [
                    Update(
                        self._keys.node(node),
                        {"again": 1, "away": pack(sorted(away.union(held.away)))},
                        when=Equals("rev", held.rev),
                    )
                    for node, held in todo
                ]
            )
            left = {}
            for (node, _), result in zip(todo, results, strict=True):
                if isinstance(result, Raced):
                    left[node] = NOTHING if result.item is None else held_from(result.item, node)
            if not left:
                for node in free:  # what it was read as has open actions
                    self._held.pop(node, None)
                    self._fresh.pop(node, None)
                return frozenset(free)
        raise StateUnavailable("Others keep writing the same nodes; try again later.")

    def disown(self, node: NodeId, held: Held) -> bool:
        """Let whoever means to write a node on the ground of what it was read as lose the race.

        False if somebody else has written it by now.
        """
        rev = self._tables.token()
        change = Update(self._keys.node(node), {"rev": rev}, when=Equals("rev", held.rev))
        (result,) = self._tables.tree.write([change])
        if isinstance(result, Raced) and (
            result.item is None or result.item.attributes.get("rev") != rev
        ):
            return False
        known = self._held.get(node)
        if known is not None and known.rev == held.rev:
            self._held[node] = msgspec.structs.replace(known, rev=rev)
        return True

    def make_void(self, nodes: Collection[NodeId]) -> set[NodeId]:
        """Let no node ever have these ids; returns those that none has, or may get by now."""
        void = {"void": 1, "expires": self._tables.later(VOID_DAYS)}
        items = [Item(self._keys.node(node), void) for node in nodes]
        results = self._tables.tree.write([Put(item, Absent()) for item in items])
        return {
            node
            for node, result in zip(nodes, results, strict=True)
            if not isinstance(result, Raced)
            or (result.item is not None and held_from(result.item, node).void)
        }
