"""Merging two edits of a text against the content that both were made from."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.model import EndpointId, Kind, Node, Source
from syncoxiders.core.plan import Merge
from syncoxiders.engine.context import Context
from syncoxiders.engine.places import Places
from syncoxiders.ports.errors import (
    ProviderError,
    Revoked,
    RootLost,
    Stale,
    Throttled,
    Unreachable,
)
from syncoxiders.ports.provider import Attributes
from syncoxiders.ports.state import Commit, Event, Observation

LIMIT = 2 << 20
"""Texts of more bytes are not merged, nor kept for merging."""


class NotNow(Exception):  # noqa: N818 -- named after what it says, as all that the engine raises
    """A merge is to be tried again: for what a provider said, or since an edit was not as known."""

    def __init__(self, endpoint: EndpointId, error: ProviderError) -> None:
        super().__init__(str(error))
        self.endpoint = endpoint
        self.error = error


def keep_base(context: Context, node: Node) -> dict[EndpointId, ProviderError]:
    """Keep a node's agreed content for a later merge, if it is a text that could be merged.

    Returns what providers said who would not let it be read.
    """
    refused: dict[EndpointId, ProviderError] = {}
    content = node.content
    if context.blobs is None or node.kind is not Kind.FILE or content is None:
        return refused
    digest = hashes.decode(content.hashes).get(hashes.OWN)
    if digest is None or content.size > LIMIT or context.blobs.get(digest) is not None:
        return refused
    places = Places(context.store)
    for endpoint, replica in node.replicas.items():
        if replica.gone or replica.content_gen != node.content_gen:
            continue
        try:
            data = _read(context, places, Source(endpoint, replica.entry, replica.version))
        except ProviderError as error:
            refused[endpoint] = error
            continue
        if data is not None:
            context.blobs.put(digest, data)
        break
    return refused


def merge_edits(context: Context, merge: Merge) -> Event | None:
    """Try to merge edits of one text; the planner decides again afterwards in any case.

    A clean merge is written in place of each edit; what cannot be merged is marked so that the
    planner goes on to the keep-mode. Returns an event for the log. Raises NotNow.
    """
    node = context.store.base().get([merge.node]).get(merge.node)
    if node is None or node.content is None or not _still_holds(context, merge, node):
        return None
    failed = msgspec.structs.replace(node, merge_failed=merge.key)
    places = Places(context.store)
    digest = hashes.decode(node.content.hashes).get(hashes.OWN, "")
    base = context.blobs.get(digest) if context.blobs is not None else None
    try:
        texts: list[bytes | None] = []
        for each in merge.edits:
            with _at(each):
                texts.append(_read(context, places, each))
        merged = _fold(base, texts)
        if merged is None:
            context.store.commit(Commit(nodes=[failed]))
            return None
        for edit, text in zip(merge.edits, texts, strict=True):
            if text != merged:
                with _at(edit):
                    _write(context, places, edit, merged)
        if context.blobs is not None:  # the next merge begins from here
            context.blobs.put(hashlib.sha256(merged).hexdigest(), merged)
        path = places.ref(merge.edits[0].endpoint, merge.edits[0].entry).path
    except ProviderError:
        context.store.commit(Commit(nodes=[failed]))
        return None
    detail = "edits of this text were merged"
    return Event("merged", merge.edits[0].endpoint, path, detail)


@contextmanager
def _at(edit: Source) -> Iterator[None]:
    """Tell apart what is tried again from what makes the merge fail."""
    try:
        yield
    except (Stale, Throttled, Unreachable, Revoked, RootLost) as error:
        raise NotNow(edit.endpoint, error) from error


def _still_holds(context: Context, merge: Merge, node: Node) -> bool:
    """Say whether the edits are of no other node, and of the content that they were made from."""
    base = context.store.base()
    return node.content_gen == merge.content_gen and all(
        base.of(edit.endpoint, [edit.entry]).get(edit.entry, node.id) == node.id
        for edit in merge.edits
    )


def _fold(base: bytes | None, edits: list[bytes | None]) -> bytes | None:
    """Merge all edits of a base into one, None if that is not clean."""
    texts = [each for each in edits if each is not None]
    if base is None or not texts or len(texts) < len(edits):
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


def _read(context: Context, places: Places, source: Source) -> bytes | None:
    """Return the bytes of a version, None if they are too many to be merged."""
    ref = places.ref(source.endpoint, source.entry)
    with closing(context.providers[source.endpoint].read(ref, source.version)) as reader:
        if reader.entry.size > LIMIT:
            return None
        return b"".join(bytes(chunk) for chunk in reader.chunks())


def _write(context: Context, places: Places, edit: Source, merged: bytes) -> None:
    """Put the merged text in place of an edit, which is kept in the trash."""
    endpoint = edit.endpoint
    entry = places.entry(endpoint, edit.entry)
    if entry is None:
        raise Stale("it is not there any more")
    written = context.providers[endpoint].upload(
        places.folder(endpoint, entry.parent),
        entry.name,
        [merged],
        size=len(merged),
        attributes=Attributes(executable=entry.executable),
        replaces=(places.ref(endpoint, entry.id), entry.version),
        keep=True,
    )
    gone = [entry.id] if written.id != entry.id else []
    context.store.commit(Commit(observed=[Observation(endpoint, put=[written], gone=gone)]))
    places.put(endpoint, written)
