"""What an index of files knows of an entry: little enough that a million of them fit in memory."""

import hashlib

import msgspec

from syncoxiders.core import filetypes, hashes
from syncoxiders.core.digests import DROPBOX, QUICKXOR
from syncoxiders.core.model import Entry, Kind, NodeId

ROOT_KEY = 0
"""The key of the root folder, which is no entry."""

_COMPARED = (hashes.OWN, "md5", DROPBOX, QUICKXOR)
"""The algorithms by which contents are compared; with others a provider gives one of these."""

_LAST_MICROSECOND = 253_402_300_799_999_999
"""The end of the year 9999, the last that a calendar knows."""


class Row(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An entry.

    ``parent`` is the key of its folder (:func:`key_of`), ``type`` is numbered as
    :data:`~syncoxiders.core.filetypes.TYPES` is.
    ``size`` is -1 and ``modified`` (microseconds since the epoch) 0 where that is not known or
    means nothing. ``node`` is the node that it is a replica of, 0 if of none. ``contents`` are the
    beginnings of its content's hashes: of equal contents those of one algorithm are equal.
    """

    parent: int
    name: str
    type: int
    size: int = -1
    modified: int = 0
    node: NodeId = 0
    contents: tuple[int, ...] = ()


def key_of(text: str) -> int:
    """Return the key of an entry: 63 bits of a digest of what it is called in the tables.

    Two of a million entries have the same one once in twenty million indexes; of these one would
    not be found.
    """
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1


def row_of(entry: Entry, parent: int, node: NodeId) -> Row:
    """Return what an index knows of an entry in the folder ``parent``."""
    name = shown(entry.name)
    if entry.kind is Kind.FOLDER:
        return Row(parent, name, filetypes.FOLDER, node=node)
    modified = entry.mtime_ns // 1000
    return Row(
        parent,
        name,
        filetypes.type_of(name, entry.kind),
        max(entry.size, -1),
        modified if 0 < modified <= _LAST_MICROSECOND else 0,
        node,
        _contents(entry.hashes) if entry.size > 0 else (),
    )


def shown(name: str) -> str:
    """Return a name as text that may be shown and kept anywhere."""
    return name if name.isascii() else name.encode("utf-8", "replace").decode()


def _contents(text: str) -> tuple[int, ...]:
    known = hashes.decode(text)
    try:
        return tuple(int(known[each][:16], 16) >> 1 for each in _COMPARED if each in known)
    except ValueError:  # what is no hash is equal to none
        return ()
