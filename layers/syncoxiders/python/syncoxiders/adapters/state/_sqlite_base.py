"""Base trees in the SQLite state file."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from syncoxiders.adapters.state._sqlite_codec import (
    GONE,
    LOSER,
    SETTLED_NOWHERE,
    Before,
    Cell,
    Row,
    cell,
    node_from,
    node_rows,
    replicas_in,
    text,
    trees_of,
)
from syncoxiders.adapters.state._sqlite_database import Database, Numbers
from syncoxiders.core.model import EndpointId, EntryId, Node, NodeId

_BATCH = 1_000
_SELECT = "SELECT id, parent, key, name, flags, body FROM node"
_COLUMNS = "(sync, id, parent, key, name, flags, reach, body)"
_LOWEST = -(1 << 63)


class SqliteBaseTree:
    """The base tree of one sync."""

    def __init__(self, database: Database, numbers: Numbers) -> None:
        self._database = database
        self._numbers = numbers

    @property
    def _sync(self) -> int:
        return self._numbers.sync()

    def get(self, ids: Iterable[NodeId]) -> dict[NodeId, Node]:
        """Return those that are there, tombstones included."""
        rows = self._database.among(
            f"{_SELECT} WHERE sync = ? AND id IN ({{}})", self._sync, list(ids)
        )
        return {node.id: node for node in self._nodes(rows)}

    def children(self, parent: NodeId) -> list[Node]:
        """Return the nodes in a folder, tombstones included."""
        return self._found("node_place", "parent = ?", parent)

    def at(self, parent: NodeId, key: str) -> list[Node]:
        """Return the nodes in a folder whose name has this ``names.key``, no tombstones."""
        return self._found(
            "node_place", f"parent = ? AND key = ? AND NOT flags & {GONE}", parent, cell(key)
        )

    def of(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> dict[EntryId, NodeId]:
        """Return which node each entry belongs to, where it belongs to one.

        Where several nodes claim it, one that is not ``gone`` goes first, then the newest.
        """
        best: dict[EntryId, tuple[bool, NodeId]] = {}
        for entry, node, alive in self._database.among(
            "SELECT entry, node, fp IS NOT NULL FROM bound WHERE tree = ? AND entry IN ({})",
            self._numbers.tree(endpoint),
            [cell(ident) for ident in ids if ident],
        ):
            ident = text(entry)
            best[ident] = max(best.get(ident, (False, -1)), (bool(alive), node))
        return {ident: node for ident, (_, node) in best.items()}

    def suspects(self, endpoints: Sequence[EndpointId]) -> Iterator[list[NodeId]]:
        """Yield, in batches, the nodes that a full plan must look at.

        They are found at once, in order: what is committed between batches does not matter.
        """
        sync = self._sync
        trees = {self._numbers.tree(endpoint) for endpoint in endpoints}
        found = array("q")
        for reach in self._reaches(sync):
            if reach == SETTLED_NOWHERE or not trees <= trees_of(reach):
                self._database.collect(
                    found,
                    "SELECT id FROM node INDEXED BY node_reach WHERE sync = ? AND reach = ?",
                    (sync, reach),
                )
        for tree in trees:
            self._database.collect(
                found,
                "SELECT b.node FROM bound b LEFT JOIN observed o INDEXED BY observed_id"
                " ON o.tree = b.tree AND o.id = b.entry WHERE b.tree = ? AND o.fp IS NOT b.fp",
                (tree,),
            )
        distinct = (node for node, _ in groupby(sorted(found)))
        while batch := list(islice(distinct, _BATCH)):
            yield batch

    def _reaches(self, sync: int) -> Iterator[str]:
        """Yield each reach that nodes have: as many seeks, however many nodes there are."""
        sql = "SELECT min(reach) FROM node WHERE sync = ?"
        reach = self._database.value(sql, (sync,))
        while reach is not None:
            yield reach
            reach = self._database.value(f"{sql} AND reach > ?", (sync, reach))

    def unbound(self, endpoint: EndpointId) -> Iterator[list[EntryId]]:
        """Yield, in batches, the observed entries that belong to no node."""
        last: Cell = ""
        tree = self._numbers.tree(endpoint)
        while batch := self._database.rows(
            "SELECT id FROM observed o INDEXED BY observed_id"
            " WHERE tree = ? AND id > ? AND NOT EXISTS"
            " (SELECT 1 FROM bound WHERE tree = o.tree AND entry = o.id)"
            " ORDER BY id LIMIT ?",
            (tree, last, _BATCH),
        ):
            yield [text(ident) for (ident,) in batch]
            (last,) = batch[-1]

    def ids(self) -> Iterator[list[NodeId]]:
        """Yield the ids of all nodes in batches."""
        last = _LOWEST
        while batch := self._database.rows(
            "SELECT id FROM node WHERE sync = ? AND id > ? ORDER BY id LIMIT ?",
            (self._sync, last, _BATCH),
        ):
            yield [node for (node,) in batch]
            (last,) = batch[-1]

    def count(self) -> int:
        """Return how many nodes there are, without tombstones."""
        found: int = self._database.value("SELECT nodes FROM sync WHERE id = ?", (self._sync,)) or 0
        return found

    def next_id(self) -> NodeId:
        """Return a number above every id ever used in this tree (at least 1)."""
        highest: int = (
            self._database.value("SELECT highest FROM sync WHERE id = ?", (self._sync,)) or 0
        )
        return highest + 1

    def conflicts(self) -> list[Node]:
        """Return the nodes, without tombstones, that are kept losers of conflicts."""
        return self._found("node_conflict", f"flags & {LOSER}")

    def _found(self, index: str, where: str, *parameters: Cell) -> list[Node]:
        sql = f"{_SELECT} INDEXED BY {index} WHERE sync = ? AND {where}"
        return self._nodes(self._database.rows(sql, (self._sync, *parameters)))

    def _nodes(self, rows: Iterable[Any]) -> list[Node]:
        endpoint = self._numbers.endpoint
        return [node_from(row, endpoint) for row in rows]


def put_nodes(
    database: Database, numbers: Numbers, nodes: Sequence[Node], forget: Sequence[NodeId]
) -> None:
    """Write nodes, then forget some, inside a transaction."""
    put = {node.id: node for node in nodes}
    sync = numbers.make_sync()
    trees = numbers.make_trees(set().union(*[node.replicas for node in put.values()]))
    ((highest, alive),) = database.rows("SELECT highest, nodes FROM sync WHERE id = ?", (sync,))
    old = [node for node in (*put, *forget) if node <= highest]
    highest = max(highest, *put) if put else highest
    for forgotten in forget:
        put.pop(forgotten, None)
    stale: set[Row] = set()
    known: dict[NodeId, Before] = {}
    for ident, *place, name, flags, body in database.among(
        "SELECT id, parent, key, name, flags, body FROM node WHERE sync = ? AND id IN ({})",
        sync,
        old,
    ):
        alive -= not flags & GONE
        if ident in put:
            known[ident] = (*place, name, replicas_in(body))
        else:
            stale.update((*replica[:2], ident) for replica in replicas_in(body))
    rows: list[Row] = []
    again: list[Row] = []
    bound: list[Row] = []
    for node in put.values():
        alive += not node.gone
        before = known.get(node.id)
        row, claimed, dropped = node_rows(sync, node, trees, before)
        bound += claimed
        stale.update(dropped)
        # What stays in its place need not be taken out of that index and put in again.
        if before is not None and row[2:4] == before[:2]:
            again.append(row)
        else:
            rows.append(row)
    if stale:
        stale.difference_update(row[:3] for row in bound)
    database.many("DELETE FROM bound WHERE tree = ? AND entry = ? AND node = ?", stale)
    database.insert("INSERT OR REPLACE INTO bound (tree, entry, node, fp)", bound)
    database.insert(f"INSERT OR REPLACE INTO node {_COLUMNS}", rows)
    database.insert(
        f"INSERT INTO node {_COLUMNS}",
        again,
        "ON CONFLICT DO UPDATE SET name = excluded.name, flags = excluded.flags,"
        " reach = excluded.reach, body = excluded.body",
    )
    database.run_among("DELETE FROM node WHERE sync = ? AND id IN ({})", sync, forget)
    database.run("UPDATE sync SET highest = ?, nodes = ? WHERE id = ?", (highest, alive, sync))
