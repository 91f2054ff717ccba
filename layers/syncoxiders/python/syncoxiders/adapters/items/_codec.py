"""How values become attributes: packed arrays, small enough for an item of one write unit.

A value that MessagePack cannot hold (a Linux name is bytes, a modified time may lie beyond 64
bits) is kept exactly as JSON; what is large is compressed. The first byte tells which.
"""

import functools
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import msgspec

from syncoxiders.core.hashes import compact, expand
from syncoxiders.core.model import (
    Action,
    ActionKind,
    Conflict,
    Content,
    Entry,
    EntryId,
    Kind,
    Node,
    NodeId,
    Replica,
    Source,
)
from syncoxiders.ports.errors import StateCorrupt

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 1_000
"""From so many bytes on, what is not a node or an entry is compressed."""

_KINDS = (Kind.FILE, Kind.FOLDER, Kind.LINK)
_NUMBER_OF = {kind: number for number, kind in enumerate(_KINDS)}
_PROVISIONAL, _FALSE, _TRUE, _FOREIGN, _LOST = 4, 8, 16, 32, 64
_EXECUTABLE = {None: 0, False: _FALSE, True: _TRUE}
_GONE, _OUT = 4, 8


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def _reads(function: Callable[P, T]) -> Callable[P, T]:
    """Make a reader raise StateCorrupt where it cannot understand what it reads."""

    @functools.wraps(function)
    def reader(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (
            msgspec.MsgspecError,
            zlib.error,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
        ) as error:
            raise StateCorrupt(f"The state is damaged ({error!r}).") from error

    return reader


def pack(value: Any, *, compress: bool = False) -> bytes:
    """Return an array or a message as bytes."""
    try:
        packed = _encode(value)
    except (UnicodeEncodeError, OverflowError):
        packed = json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()
    if compress and len(packed) > LARGE:
        return zlib.compress(packed, 6)
    return packed


@_reads
def unpack(packed: Any) -> Any:
    """Return the plain value of packed bytes."""
    first = packed[0]
    if first == 0x78:  # noqa: PLR2004 -- how zlib begins; no array or map of MessagePack does
        return unpack(zlib.decompress(packed))
    if first in b"[{":
        return json.loads(packed)
    return _decode(packed)


def unpack_as(packed: Any, kind: type[T]) -> T:
    """Return the message of packed bytes."""
    return convert(unpack(packed), kind)


@_reads
def convert(value: Any, kind: type[T]) -> T:
    """Return the message of a plain value."""
    return msgspec.convert(value, kind)


# -- entries -----------------------------------------------------------------------------------


def pack_entry(entry: Entry, *, with_id: bool) -> bytes:
    """Return an entry as bytes; without its id, where that can be told from its key."""
    flags = (
        _NUMBER_OF[entry.kind]
        | _EXECUTABLE[entry.executable]
        | (_PROVISIONAL if entry.provisional else 0)
        | (_FOREIGN if entry.foreign else 0)
        | (_LOST if entry.lost else 0)
    )
    fields = [
        entry.parent,
        entry.name,
        flags,
        entry.version,
        entry.size,
        entry.mtime_ns,
        compact(entry.hashes),
        entry.mark,
    ]
    if with_id:
        fields.append(entry.id)
    try:
        return _encode(fields)
    except (UnicodeEncodeError, OverflowError):
        fields[6] = entry.hashes  # JSON knows no bytes
        return pack(fields)


@_reads
def unpack_entry(packed: Any, sort: str) -> Entry:
    """Return the entry that lies under a sort key."""
    parent, name, flags, version, size, mtime_ns, hashes, mark, *rest = unpack(packed)
    return Entry(
        rest[0] if rest else sort[1:],
        parent,
        name,
        _KINDS[flags & 3],
        version,
        size,
        mtime_ns,
        expand(hashes),
        True if flags & _TRUE else False if flags & _FALSE else None,
        bool(flags & _PROVISIONAL),
        mark,
        bool(flags & _FOREIGN),
        bool(flags & _LOST),
    )


@_reads
def entry_id(packed: Any, sort: str) -> EntryId:
    """Return the id of the entry that lies under a sort key."""
    if sort[0] == "=":
        return sort[1:]
    found: EntryId = unpack(packed)[8]
    return found


# -- nodes -------------------------------------------------------------------------------------


def pack_node(node: Node) -> bytes:
    """Return a node as bytes, without its id."""
    try:
        return _encode(_node_fields(node, compact))
    except (UnicodeEncodeError, OverflowError):
        return pack(_node_fields(node, str))  # JSON knows no bytes


def _node_fields(node: Node, compact: Callable[[str], str | bytes]) -> Sequence[Any]:
    content, conflict, name = node.content, node.conflict, node.name
    fields = (
        node.parent,
        name,
        _NUMBER_OF[node.kind] | (_GONE if node.gone else 0) | (_OUT if node.out else 0),
        node.content_gen,
        node.place_gen,
        content and (content.size, compact(content.hashes), content.mtime_ns, content.executable),
        {
            endpoint: (
                each.entry,
                each.version,
                each.parent,
                None if each.name == name else each.name,
                each.content_gen,
                each.place_gen,
                each.gone | each.hidden << 1 | each.left << 2,
            )
            for endpoint, each in node.replicas.items()
        },
        [compact(each) for each in node.past],
        conflict and (conflict.of, conflict.endpoint),
        node.merge_failed,
    )
    if node.remade:
        return (*fields, node.unanswered, node.remade)
    return (*fields, node.unanswered) if node.unanswered else fields


@_reads
def unpack_node(packed: Any, ident: NodeId) -> Node:
    """Return the node of this id."""
    (
        parent,
        name,
        flags,
        content_gen,
        place_gen,
        content,
        replicas,
        past,
        conflict,
        merge_failed,
        *more,
    ) = unpack(packed)
    return Node(
        ident,
        parent,
        name,
        _KINDS[flags & 3],
        content and Content(content[0], expand(content[1]), content[2], content[3]),
        content_gen,
        place_gen,
        bool(flags & _GONE),
        bool(flags & _OUT),
        tuple(map(expand, past)),
        conflict and Conflict(*conflict),
        merge_failed,
        {
            endpoint: Replica(
                entry,
                version,
                folder,
                name if own is None else own,
                reached_content,
                reached_place,
                bool(state & 1),
                bool(state & 2),
                bool(state & 4),
            )
            for endpoint, (
                entry,
                version,
                folder,
                own,
                reached_content,
                reached_place,
                state,
            ) in replicas.items()
        },
        *map(tuple, more),
    )


# -- actions -----------------------------------------------------------------------------------


def pack_open(actions: Sequence[tuple[int, Action]]) -> bytes:
    """Return the open actions of a node, with their place in the order of opening."""
    return pack(
        [
            (
                order,
                each.id,
                each.kind.value,
                each.endpoint,
                each.entry,
                each.expect,
                each.parent,
                each.name,
                each.size,
                _source(each.source),
                _source(each.because),
                each.after,
                each.keep,
                each.content_gen,
                each.place_gen,
            )
            for order, each in actions
        ]
    )


def _source(source: Source | None) -> tuple[str, str, str] | None:
    return None if source is None else (source.endpoint, source.entry, source.version)


@_reads
def unpack_open(packed: Any, node: NodeId) -> list[tuple[int, Action]]:
    """Return the open actions of a node."""
    found: list[tuple[int, Action]] = []
    for order, ident, kind, endpoint, *fields in unpack(packed):
        entry, expect, parent, name, size, source, because, after, keep, *reached = fields
        found.append(
            (
                order,
                Action(
                    ident,
                    ActionKind(kind),
                    endpoint,
                    node,
                    entry,
                    expect,
                    parent,
                    name,
                    size,
                    source and Source(*source),
                    because and Source(*because),
                    tuple(after),
                    keep,
                    *reached,
                ),
            )
        )
    return found
