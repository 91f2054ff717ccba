"""Merging two edits of a text against the content that both were made from."""

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.draft import Work
from syncoxiders.core.merge import merge_key
from syncoxiders.core.model import EndpointId, Entry, Kind, Node, NodeId
from syncoxiders.engine.context import Context
from syncoxiders.engine.places import Places
from syncoxiders.ports.errors import ProviderError, Stale
from syncoxiders.ports.provider import Attributes
from syncoxiders.ports.state import Commit, Event, Observation

LIMIT = 2 << 20
"""Texts of more bytes are not merged, nor kept for merging."""


def keep_base(context: Context, node: Node) -> None:
    """Keep a node's agreed content for a later merge, if it is a text that could be merged."""
    content = node.content
    if context.blobs is None or node.kind is not Kind.FILE or content is None:
        return
    digest = hashes.decode(content.hashes).get(hashes.OWN)
    if digest is None or content.size > LIMIT or context.blobs.get(digest) is not None:
        return
    places = Places(context.store)
    for endpoint, replica in node.replicas.items():
        if replica.gone or replica.content_gen != node.content_gen:
            continue
        try:
            data = _read(context, places, endpoint, replica.entry, replica.version)
        except ProviderError:
            continue
        context.blobs.put(digest, data)
        return


def merge_node(context: Context, node_id: NodeId) -> Event | None:
    """Try to merge a node's two edits; the planner decides again afterwards in any case.

    A clean merge is written to both; what cannot be merged is marked so that the planner goes on
    to the keep-mode. Returns an event for the log.
    """
    node = context.store.base().get([node_id]).get(node_id)
    if node is None or node.content is None or context.blobs is None:
        return None
    places = Places(context.store)
    entries: dict[EndpointId, Entry] = {}
    for endpoint, replica in node.replicas.items():
        entry = places.entry(endpoint, replica.entry)
        if entry is not None and not replica.gone:
            entries[endpoint] = entry
    edited = [
        each for each, entry in entries.items() if entry.version != node.replicas[each].version
    ]
    work = Work(node, node, frozenset())
    work.entries = entries
    failed = msgspec.structs.replace(node, merge_failed=merge_key(work))
    base = context.blobs.get(hashes.decode(node.content.hashes).get(hashes.OWN, ""))
    try:
        texts = [
            _read(context, places, each, entries[each].id, entries[each].version) for each in edited
        ]
        merged = _fold(base, texts)
        if merged is None:
            context.store.commit(Commit(nodes=[failed]))
            return None
        _write(context, places, node, {each: entries[each] for each in edited}, texts, merged)
    except Stale:
        return None
    path = places.ref(edited[0], entries[edited[0]].id).path
    return Event("merged", edited[0], path, "two edits of this text were merged")


def _fold(base: bytes | None, texts: list[bytes]) -> bytes | None:
    """Merge all edits of a base into one, None if that is not clean."""
    if base is None or not texts:
        return None
    from syncoxiders.core.textmerge import merge_text  # noqa: PLC0415 -- only who merges pays

    merged = texts[0]
    for text in texts[1:]:
        if text == merged:
            continue
        result = merge_text(base, merged, text)
        if result is None:
            return None
        merged = result
    return merged


def _read(
    context: Context, places: Places, endpoint: EndpointId, entry: str, version: str
) -> bytes:
    reader = context.providers[endpoint].read(places.ref(endpoint, entry), version)
    try:
        if reader.entry.size > LIMIT:
            return b"\0"  # too large to be merged: binary to the merger
        return b"".join(bytes(chunk) for chunk in reader.chunks())
    finally:
        reader.close()


def _write(
    context: Context,
    places: Places,
    node: Node,
    entries: dict[EndpointId, Entry],
    texts: list[bytes],
    merged: bytes,
) -> None:
    """Put the merged text in place of each edit, each edit being kept in the trash."""
    for (endpoint, entry), text in zip(entries.items(), texts, strict=True):
        if text == merged:
            continue
        ref = places.ref(endpoint, entry.id)
        folder, _, name = ref.path.rpartition("/")
        written = context.providers[endpoint].upload(
            places.folder(endpoint, entry.parent),
            name,
            [merged],
            size=len(merged),
            attributes=Attributes(executable=entry.executable),
            replaces=(ref, entry.version),
            keep=True,
        )
        del folder
        replica = msgspec.structs.replace(node.replicas[endpoint], entry=written.id)
        node = msgspec.structs.replace(node, replicas={**node.replicas, endpoint: replica})
        context.store.commit(
            Commit(
                nodes=[node],
                observed=[
                    Observation(
                        endpoint,
                        put=[written],
                        gone=[entry.id] if written.id != entry.id else [],
                    )
                ],
            )
        )
