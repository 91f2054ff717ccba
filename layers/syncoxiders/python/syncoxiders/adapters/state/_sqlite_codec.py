"""How values become cells of the SQLite state file.

What SQL looks at is a column; the rest of a row is one packed ``body``, because a column costs
more to read than a field of it. The common case is fast. A value that UTF-8 or 64 bits cannot
hold (a Linux name is bytes, a modified time may lie in the year 2400) goes a slower way that
keeps it exactly, and its row says so by the flag ``ODD``.
"""

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeAlias, TypeVar

import msgspec
import xxhash

from syncoxiders.adapters.state._sqlite_schema import REMEDY
from syncoxiders.core import names
from syncoxiders.core.hashes import compact, expand
from syncoxiders.core.model import (
    Conflict,
    Content,
    EndpointId,
    Entry,
    EntryId,
    Kind,
    Node,
    NodeId,
    Replica,
)
from syncoxiders.ports.errors import StateCorrupt

Cell: TypeAlias = str | bytes | int | float | None
Row: TypeAlias = tuple[Cell, ...]
Replicas: TypeAlias = Sequence[list[Any]]
"""The replicas of a node as its body has them; each begins with its tree and entry."""

Before: TypeAlias = tuple[int, Cell, Cell, Replicas]
"""Of a node as it was: its parent, key and name as they stand in its row, and its replicas."""

P = ParamSpec("P")
T = TypeVar("T")

GONE, OUT, LOSER, ODD = 4, 8, 16, 32
"""Flags of a node, above the two bits of its kind. LOSER is not set on a tombstone."""

SETTLED_NOWHERE = "-"
"""The reach of a node that every full plan looks at.

Other reaches are the trees, joined by commas, at which the replica is there and not behind.
"""

_PROVISIONAL = 4
_EXECUTABLE: Mapping[bool | None, int] = {None: 0, False: 8, True: 16}
_KINDS = (Kind.FILE, Kind.FOLDER, Kind.LINK)
_NUMBER_OF = {kind: number for number, kind in enumerate(_KINDS)}
# By the flags of an entry or node; a list is what indexes fastest.
_KIND = [_KINDS[flags % 4 % 3] for flags in range(64)]
_BIT = [(None, False, True, None)[flags // 8 % 4] for flags in range(64)]
_IS_PROVISIONAL = [bool(flags & _PROVISIONAL) for flags in range(64)]

_SIGNED = 1 << 63

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode
_decode_replicas = msgspec.msgpack.Decoder(
    tuple[Any, Any, Any, list[list[Any]], Any, Any, Any]
).decode
_xxh = xxhash.xxh3_64_intdigest


def cell(value: str) -> str | bytes:
    """Return a text as SQLite takes it: as bytes where UTF-8 has no form for it."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
    return value


def _reads(function: Callable[P, T]) -> Callable[P, T]:
    """Make a reader of rows raise StateCorrupt where it cannot understand them."""

    @functools.wraps(function)
    def reader(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (msgspec.DecodeError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise StateCorrupt(f"The state is damaged ({error!r}). {REMEDY}") from error

    return reader


@_reads
def text(value: Any) -> str:
    """Return the text of a cell."""
    return value if type(value) is str else value.decode("utf-8", "surrogatepass")


def pack(value: Any) -> str | bytes:
    """Return a message as one cell: MessagePack, or JSON where UTF-8 has no form for a text."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value))


@_reads
def unpack(packed: Any, kind: type[T]) -> T:
    """Return the message of a cell."""
    if type(packed) is str:
        return msgspec.convert(json.loads(packed), kind)
    return msgspec.msgpack.decode(packed, type=kind)


def entry_row(tree: int, entry: Entry) -> Row:
    """Return the row of ``observed``: tree, parent, key, id, name, fp, body."""
    flags = (
        _NUMBER_OF[entry.kind]
        | _EXECUTABLE[entry.executable]
        | (_PROVISIONAL if entry.provisional else 0)
    )
    name = entry.name
    key = names.key(name)
    if entry.foreign or entry.lost:
        return _odd_entry_row(tree, entry, key, flags)
    try:
        return (
            tree,
            entry.parent,
            key,
            entry.id,
            None if name == key else name,
            _fingerprint(entry.id, entry.version, entry.parent, name),
            _encode(
                (
                    flags,
                    entry.version,
                    entry.size,
                    entry.mtime_ns,
                    compact(entry.hashes),
                    entry.mark,
                )
            ),
        )
    except (UnicodeEncodeError, OverflowError):
        return _odd_entry_row(tree, entry, key, flags)


def _odd_entry_row(tree: int, entry: Entry, key: str, flags: int) -> Row:
    fields = (
        flags | ODD,
        entry.version,
        entry.size,
        entry.mtime_ns,
        entry.hashes,
        (entry.mark, entry.foreign, entry.lost),
    )
    return (
        tree,
        cell(entry.parent),
        cell(key),
        cell(entry.id),
        cell(entry.name),
        _fingerprint(entry.id, entry.version, entry.parent, entry.name, "surrogatepass"),
        _encode(_plain(fields)),
    )


@_reads
def entries(parent: EntryId, rows: Iterable[tuple[Any, Any, Any, bytes]]) -> list[Entry]:
    """Return the entries of one folder from its rows: id, key, name, body."""
    found: list[Entry] = []
    append, decode = found.append, _decode
    kinds, bits, provisional = _KIND, _BIT, _IS_PROVISIONAL
    for ident, key, name, body in rows:
        flags, version, size, mtime_ns, hashes, mark = decode(body)
        if flags & ODD:
            append(_odd_entry(parent, ident, name, body))
            continue
        append(
            Entry(
                ident,
                parent,
                key if name is None else name,
                kinds[flags],
                version,
                size,
                mtime_ns,
                hashes if hashes.__class__ is str else expand(hashes),
                bits[flags],
                provisional[flags],
                mark,
            )
        )
    return found


def _odd_entry(parent: EntryId, ident: Any, name: Any, body: bytes) -> Entry:
    flags, version, size, mtime_ns, hashes, more = _restored(_decode(body))
    # rows of earlier states have the mark alone
    mark, foreign, lost = more if isinstance(more, list) else (more, False, False)
    return Entry(
        text(ident),
        parent,
        text(name),
        _KIND[flags],
        version,
        int(size),
        int(mtime_ns),
        hashes,
        _BIT[flags],
        _IS_PROVISIONAL[flags],
        mark,
        foreign,
        lost,
    )


def node_rows(
    sync: int, node: Node, trees: Mapping[EndpointId, int], before: Before | None
) -> tuple[Row, Sequence[Row], Sequence[Row]]:
    """Return the row of ``node``, what is new in ``bound``, and what may have to go from there.

    These are: sync, id, parent, key, name, flags, reach, body; tree, entry, node, fp of each
    replica that is not as it was ``before``; and tree, entry, node of those that were otherwise.
    """
    try:
        return _node_rows(sync, node, trees, before, "strict")
    except (UnicodeEncodeError, OverflowError):
        return _node_rows(sync, node, trees, before, "surrogatepass")


def _node_rows(
    sync: int, node: Node, trees: Mapping[EndpointId, int], before: Before | None, errors: str
) -> tuple[Row, Sequence[Row], Sequence[Row]]:
    ident, name, content, conflict = node.id, node.name, node.content, node.conflict
    content_gen, place_gen = node.content_gen, node.place_gen
    key = names.key(name)
    past: list[list[Any]] = []
    alike = False
    if before is not None:
        past = list(before[3])
        # a replica that has its node's name is written without
        alike = (before[1] if before[2] is None else before[2]) == name
    replicas: list[list[Any]] = []
    bound: list[tuple[int, str, NodeId, int | None]] = []
    reached: list[int] = []
    for endpoint, replica in node.replicas.items():
        tree, entry, own = trees[endpoint], replica.entry, replica.name
        version, parent, gone = replica.version, replica.parent, replica.gone
        reached_content, reached_place = replica.content_gen, replica.place_gen
        cells = [
            tree,
            entry,
            version,
            parent,
            None if own == name else own,
            reached_content,
            reached_place,
            gone | replica.hidden << 1 | replica.left << 2,
        ]
        replicas.append(cells)
        if reached_content >= content_gen and reached_place >= place_gen and not replica.left:
            reached.append(tree)
        if alike and cells in past:
            past.remove(cells)  # what ``bound`` has of it stays as it is
        elif not gone:
            fp = _fingerprint(entry, version, parent, own, errors)
            bound.append((tree, entry, ident, fp))
        elif entry:  # else the endpoint never had it, and no entry leads here
            bound.append((tree, entry, ident, None))
    dropped = [(*each[:2], ident) for each in past]
    body: Any = (
        content_gen,
        place_gen,
        content and (content.size, compact(content.hashes), content.mtime_ns, content.executable),
        replicas,
        node.past,
        conflict and (conflict.of, conflict.endpoint),
        _rarely(node),
    )
    flags = _NUMBER_OF[node.kind] | (OUT if node.out else 0)
    if node.gone:
        flags |= GONE
    elif conflict is not None:
        flags |= LOSER
    reach = SETTLED_NOWHERE if node.gone or node.out else _reach(tuple(reached))
    if errors == "strict":
        name.encode()
        row = (sync, ident, node.parent, key, None if name == key else name, flags, reach)
        return (*row, _encode(body)), bound, dropped
    if content:
        body = (*body[:2], (content.size, content.hashes, *body[2][2:]), *body[3:])
    return (
        (
            sync,
            ident,
            node.parent,
            cell(key),
            cell(name),
            flags | ODD,
            reach,
            _encode(_plain(body)),
        ),
        [(tree, cell(entry), ident, fp) for tree, entry, _, fp in bound],
        dropped,
    )


def _rarely(node: Node) -> str | tuple[str | tuple[EndpointId, ...], ...]:
    """Return what few nodes have, in as little as can be."""
    if node.remade:
        return node.merge_failed, node.unanswered, node.remade
    return (node.merge_failed, node.unanswered) if node.unanswered else node.merge_failed


@_reads
def trees_of(reach: str) -> set[int]:
    """Return the trees of a reach."""
    return set() if reach in ("", SETTLED_NOWHERE) else set(map(int, reach.split(",")))


@functools.lru_cache
def _reach(trees: tuple[int, ...]) -> str:
    return ",".join(map(str, sorted(trees)))


@_reads
def node_from(row: tuple[Any, ...], endpoint: Callable[[int], EndpointId]) -> Node:
    """Return the node of a row: id, parent, key, name, flags, body."""
    ident, parent, key, name, flags, packed = row
    body = _decode(packed)
    if flags & ODD:
        body = _restored(body)
    content_gen, place_gen, content, replicas, past, conflict, more = body
    merge_failed, *rare = more if isinstance(more, list) else (more,)
    name = text(key if name is None else name)
    return Node(
        ident,
        parent,
        name,
        _KIND[flags & 3],
        content and _content(*content),
        content_gen,
        place_gen,
        bool(flags & GONE),
        bool(flags & OUT),
        tuple(past),
        conflict and Conflict(*conflict),
        merge_failed,
        {
            endpoint(tree): Replica(
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
            for tree, entry, version, folder, own, reached_content, reached_place, state in replicas
        },
        *map(tuple, rare),
    )


def _content(size: Any, hashes: Any, mtime_ns: Any, executable: bool | None) -> Content:
    return Content(int(size), expand(hashes), int(mtime_ns), executable)


@_reads
def replicas_in(packed: bytes) -> Replicas:
    """Return the replicas in a node's body; tree and entry are as they stand in ``bound``."""
    return _decode_replicas(packed)[3]


def _fingerprint(entry: str, version: str, parent: str, name: str, errors: str = "strict") -> int:
    """Return 64 bits that stand for an entry's version and place, as SQLite's signed number.

    By it, what is observed is compared with what a replica confirmed. It need not withstand an
    attacker: who can choose ids and versions can as well change the content without a trace.
    """
    return _xxh(f"{version}\0{parent}\0{name}\0{entry}".encode("utf-8", errors)) - _SIGNED


def _plain(value: Any) -> Any:
    """Return the value with bytes for texts, and texts for numbers, that cannot be encoded."""
    if isinstance(value, str):
        return cell(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if type(value) is int and not -_SIGNED <= value < _SIGNED:
        return str(value)
    return value


def _restored(value: Any) -> Any:
    """Undo :func:`_plain`, except for numbers: their readers convert them."""
    if isinstance(value, bytes):
        return text(value)
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return value
