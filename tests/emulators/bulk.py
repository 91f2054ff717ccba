"""Large content that costs an emulator nothing, so that its clients' own speed can be measured.

All of it is the same noise over and over. An emulator that hands it out holds no more than one
block; one that takes it in compares it with what it has to be, which is much quicker than to hash
it, and then need neither keep nor hash it. Content that differs in a single byte is kept and
hashed like any other.
"""

import functools
import hashlib
import random
from collections.abc import Iterable, Iterator
from typing import Any, Self, SupportsIndex

from syncoxiders.core.digests import ALGORITHMS, DROPBOX, DropboxHash

BLOCK = DropboxHash.BLOCK
WORTH_IT = 1 << 20
"""Smaller content is not looked at."""

_STEP = 1 << 20


@functools.cache
def _noise() -> memoryview:
    """Return two blocks and a step, so that whatever starts in the first is in one piece."""
    block = random.Random(4).randbytes(BLOCK)
    return memoryview(block + block + block[:_STEP])


class Bulk(bytes):
    """A stretch of the noise.

    It has the length and slices of its content, but not the bytes: whoever needs them asks for
    :meth:`pieces`, for a digest :func:`digest`.
    """

    start: int
    size: int

    @classmethod
    def of(cls, size: int, start: int = 0) -> Self:
        """Return so many bytes of the noise, from one on."""
        made = cls()
        made.start, made.size = start % BLOCK, size
        return made

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        if not isinstance(key, slice):
            raise TypeError("single bytes are not told")
        first, last, step = key.indices(self.size)
        if step != 1:
            raise ValueError("a slice of it has to be in one piece")
        return self.of(max(0, last - first), self.start + first)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Bulk):
            return (self.start, self.size) == (other.start, other.size)
        return isinstance(other, bytes) and recognised(other, self.start) == self

    def __hash__(self) -> int:
        return hash((self.start, self.size))

    def pieces(self) -> Iterator[memoryview]:
        """Yield the bytes."""
        at, end = self.start, self.start + self.size
        while at < end:
            here = at % BLOCK
            count = min(_STEP, end - at)
            yield _noise()[here : here + count]
            at += count


def pieces(data: bytes) -> Iterator[bytes | memoryview]:
    """Yield the bytes of any content."""
    if isinstance(data, Bulk):
        yield from data.pieces()
    else:
        yield data


def recognised(data: bytes, start: int) -> bytes:
    """Return bytes as they are, or, if they are those of the noise from ``start`` on, as that."""
    if isinstance(data, Bulk) or len(data) < WORTH_IT:
        return data
    found = Bulk.of(len(data), start)
    at = 0
    for piece in found.pieces():
        if not data.startswith(piece, at):  # far quicker than to compare views
            return data
        at += len(piece)
    return found


def joined(parts: Iterable[bytes]) -> bytes:
    """Return parts as one, without their bytes where they are stretches that follow each other."""
    held = list(parts)
    if not any(isinstance(each, Bulk) for each in held):
        return b"".join(held)
    start, end = -1, 0
    for index, part in enumerate(held):
        found = part if isinstance(part, Bulk) else _tail(part, end)
        if not isinstance(found, Bulk) or (index and found.start != end % BLOCK):
            return b"".join(b"".join(pieces(each)) for each in held)
        if not index:
            start = end = found.start
        end += found.size
    return Bulk.of(end - start, start)


def _tail(part: bytes, start: int) -> bytes:
    """Recognise even a short part, such as the last of an upload may be."""
    found = Bulk.of(len(part), start)
    return found if b"".join(found.pieces()) == part else part


def digest(data: bytes, algorithm: str) -> str:
    """Return a digest of any content, in hexadecimal."""
    if isinstance(data, Bulk):
        return _digest(data.start, data.size, algorithm)
    hasher = ALGORITHMS[algorithm]()
    hasher.update(data)
    return hasher.hexdigest()


@functools.cache
def _digest(start: int, size: int, algorithm: str) -> str:
    if algorithm == DROPBOX and start == 0:
        return _dropbox(size)
    hasher = ALGORITHMS[algorithm]()
    for piece in Bulk.of(size, start).pieces():
        hasher.update(piece)
    return hasher.hexdigest()


def _dropbox(size: int) -> str:
    """Return Dropbox's hash of so many bytes: that of each block but the last is the same."""
    blocks, rest = divmod(size, BLOCK)
    whole = hashlib.sha256(_noise()[:BLOCK]).digest() * blocks
    if rest:
        whole += hashlib.sha256(_noise()[:rest]).digest()
    return hashlib.sha256(whole).hexdigest()
