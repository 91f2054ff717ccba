"""Removing all that is held of a sync, some hundred items at a time.

Who is cut off begins anew: what was removed is found no more, and the items that tell where others
lie are removed after them.
"""

from collections.abc import Iterable, Sequence

from syncoxiders.adapters.items._codec import entry_id, unpack_entry, unpack_node
from syncoxiders.adapters.items._keys import FOLDER_SHARDS, SHARDS, Keys
from syncoxiders.adapters.items._tables import Tables
from syncoxiders.core.model import ROOT, ROOT_ENTRY, EndpointId, EntryId, Kind, NodeId
from syncoxiders.ports.items import Delete, Item, Items

AT_ONCE = 200


def remove(tables: Tables, keys: Keys, endpoints: Sequence[EndpointId]) -> None:
    """Remove the state of a sync that has these endpoints. Raises StateUnavailable."""
    tree, journal = tables.tree, tables.journal
    for endpoint in endpoints:
        for shard in range(SHARDS):
            _remove_entries(tree, keys, endpoint, keys.entries(endpoint, shard))
        _clear_folders(tree, keys, endpoint, [ROOT_ENTRY])
        _clear(journal, keys.log(endpoint))
        _clear(journal, keys.announced(endpoint))
    for shard in range(SHARDS):
        _remove_nodes(tree, keys, keys.nodes(shard))
    _clear_nodes(tree, keys, [ROOT])
    _clear(tree, keys.losers())
    while runs := list(journal.query(keys.runs(), limit=AT_ONCE)):
        for run in runs:
            _clear(journal, keys.events(int(run.key[1], 16)))
        _delete(journal, runs)
    for partition in (keys.batches(), keys.losses(), keys.texts(), keys.head("")[0]):
        _clear(journal, partition)
    _clear(journal, keys.count("")[0])


def _remove_entries(tree: Items, keys: Keys, endpoint: EndpointId, partition: str) -> None:
    while found := list(tree.query(partition, limit=AT_ONCE)):
        folders: dict[EntryId, None] = {}
        for item in found:
            data = item.attributes.get("data")
            if data is not None:
                entry = unpack_entry(data, item.key[1])
                folders[entry.parent] = None
                if entry.kind is Kind.FOLDER:
                    folders[entry_id(data, item.key[1])] = None
        _clear_folders(tree, keys, endpoint, folders)
        _delete(tree, found)


def _remove_nodes(tree: Items, keys: Keys, partition: str) -> None:
    while found := list(tree.query(partition, limit=AT_ONCE)):
        parents: dict[NodeId, None] = {}
        for item in found:
            id_ = int(item.key[1], 16)
            data = item.attributes.get("data")
            if data is not None:
                node = unpack_node(data, id_)
                parents[node.parent] = None
                if node.kind is Kind.FOLDER:
                    parents[id_] = None
        _clear_nodes(tree, keys, parents)
        _delete(tree, found)


def _clear_folders(
    tree: Items, keys: Keys, endpoint: EndpointId, folders: Iterable[EntryId]
) -> None:
    for folder in folders:
        for shard in range(FOLDER_SHARDS):
            _clear(tree, keys.entries_in(endpoint, folder, shard))


def _clear_nodes(tree: Items, keys: Keys, parents: Iterable[NodeId]) -> None:
    for parent in parents:
        for shard in range(FOLDER_SHARDS):
            _clear(tree, keys.nodes_in(parent, shard))


def _clear(items: Items, partition: str) -> None:
    while found := list(items.query(partition, limit=AT_ONCE)):
        _delete(items, found)


def _delete(items: Items, found: Iterable[Item]) -> None:
    items.write([Delete(item.key) for item in found])
