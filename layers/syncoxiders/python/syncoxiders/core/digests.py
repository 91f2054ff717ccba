"""Computing content hashes, the vendors' own ones included, while bytes go by."""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from syncoxiders.core import hashes

DROPBOX = "dropbox"
QUICKXOR = "quickxor"
CRC32 = "crc32"


class Hasher(Protocol):
    """What hashlib's hashes have in common."""

    def update(self, data: memoryview | bytes, /) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Return the digest of all bytes so far, in lower-case hexadecimal."""


class DropboxHash:
    """Dropbox's content_hash: SHA-256 over the SHA-256 of each block of 4 MiB.

    Source: https://www.dropbox.com/developers/reference/content-hash
    """

    BLOCK = 4 << 20

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._block = hashlib.sha256()
        self._in_block = 0

    def update(self, data: memoryview | bytes, /) -> None:
        """Take more bytes."""
        rest = memoryview(data)
        while rest:
            if self._in_block == self.BLOCK:
                self._whole.update(self._block.digest())
                self._block = hashlib.sha256()
                self._in_block = 0
            part = rest[: self.BLOCK - self._in_block]
            self._block.update(part)
            self._in_block += len(part)
            rest = rest[len(part) :]

    def hexdigest(self) -> str:
        """Return the digest."""
        whole = self._whole.copy()
        if self._in_block:
            whole.update(self._block.digest())
        return whole.hexdigest()


class QuickXorHash:
    """OneDrive's quickXorHash: 160 bits, into which byte ``i`` is xored at bit ``11 * i``.

    Bytes that are 160 apart go to the same bits, so that blocks of many such stretches are first
    xored with each other as large integers: small enough to stay in the processor's cache, which
    makes it four times as quick as with whole chunks. The last 64 bits are xored with the length
    at the end.
    Source: https://learn.microsoft.com/onedrive/developer/code-snippets/quickxorhash
    """

    _CYCLE = 160
    _BLOCK = 256 * _CYCLE
    _BITS = 160
    _SHIFT = 11

    def __init__(self) -> None:
        self._length = 0
        self._xored = 0  # little-endian, up to a block
        self._pending = b""

    def update(self, data: memoryview | bytes, /) -> None:
        """Take more bytes."""
        self._length += len(data)
        view = memoryview(data)
        if self._pending:
            lacking = self._CYCLE - len(self._pending)
            self._pending += bytes(view[:lacking])
            view = view[lacking:]
            if len(self._pending) < self._CYCLE:
                return
            self._xored ^= int.from_bytes(self._pending, "little")
            self._pending = b""
        whole = len(view) - len(view) % self._CYCLE
        for start in range(0, whole, self._BLOCK):
            block = view[start : min(start + self._BLOCK, whole)]
            self._xored ^= int.from_bytes(block, "little")
        self._pending = bytes(view[whole:])

    def hexdigest(self) -> str:
        """Return the digest."""
        folded = int.from_bytes(self._pending, "little")
        block = self._xored.to_bytes(self._BLOCK, "little")
        for start in range(0, -(-self._xored.bit_length() // 8), self._CYCLE):
            folded ^= int.from_bytes(block[start : start + self._CYCLE], "little")
        result = 0
        for index, byte in enumerate(folded.to_bytes(self._CYCLE, "little")):
            result ^= byte << (index * self._SHIFT % self._BITS)
        mask = (1 << self._BITS) - 1
        result = (result & mask) ^ (result >> self._BITS)  # what went beyond the end comes round
        result ^= self._length << (self._BITS - 64)
        return result.to_bytes(self._BITS // 8, "little").hex()


class Crc32:
    """CRC-32 as zlib and Ethernet have it, in eight digits: a check on transport, no more."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: memoryview | bytes, /) -> None:
        """Take more bytes."""
        self._value = zlib.crc32(data, self._value)

    def hexdigest(self) -> str:
        """Return the digest."""
        return f"{self._value:08x}"


ALGORITHMS: Mapping[str, Callable[[], Hasher]] = {
    hashes.OWN: hashlib.sha256,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    DROPBOX: DropboxHash,
    QUICKXOR: QuickXorHash,
    CRC32: Crc32,
}
"""How to compute each hash that an entry may carry."""


class Digests:
    """Several hashes of one stream of bytes."""

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        self._hashers = {each: ALGORITHMS[each]() for each in {hashes.OWN, *algorithms}}
        self.size = 0

    def update(self, data: memoryview | bytes) -> None:
        """Take more bytes."""
        self.size += len(data)
        for hasher in self._hashers.values():
            hasher.update(data)

    def passing(self, chunks: Iterable[memoryview | bytes]) -> Iterator[memoryview | bytes]:
        """Yield chunks after taking them."""
        for chunk in chunks:
            self.update(chunk)
            yield chunk

    def of(self, algorithm: str) -> str:
        """Return one digest in hexadecimal."""
        return self._hashers[algorithm].hexdigest()

    def text(self) -> str:
        """Return all digests in the form of :mod:`syncoxiders.core.hashes`."""
        return hashes.encode({name: each.hexdigest() for name, each in self._hashers.items()})


def digests_of(chunks: Iterable[memoryview | bytes], algorithms: Iterable[str] = ()) -> Digests:
    """Return our own and these hashes of all chunks."""
    result = Digests(algorithms)
    for chunk in chunks:
        result.update(chunk)
    return result
