"""The contract of :class:`syncoxiders.ports.state.BlobStore`, which every adapter passes.

A test module imports everything from here and adds a fixture ``blobs``: an empty store that
holds ``LIMIT`` bytes. One that is bounded by time, and by ``LIMIT`` only for each blob, imports
``TestBlobs`` alone.
"""

import hashlib
import random

import pytest

from syncoxiders.ports.state import BlobStore

LIMIT = 100_000

__all__ = ["TestBlobs", "TestBounds"]


def noise(seed: int, size: int = 10_000) -> bytes:
    """Return bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class TestBlobs:
    @pytest.mark.parametrize("data", [b"", b"text", b"x" * LIMIT, noise(1)])
    def test_kept(self, blobs: BlobStore, data: bytes) -> None:
        """What was put is there, also when it was put twice."""
        blobs.put(digest(data), data)
        blobs.put(digest(data), data)
        assert blobs.get(digest(data)) == data

    def test_unknown(self, blobs: BlobStore) -> None:
        """What was never put is not there."""
        assert blobs.get(digest(b"text")) is None

    def test_forms_of_digests(self, blobs: BlobStore) -> None:
        """A digest may be bare, or one of several in a text of hashes."""
        blobs.put(f"md5:00 {digest(b'text')}", b"text")
        assert blobs.get(hashlib.sha256(b"text").hexdigest()) == b"text"
        assert blobs.get(digest(b"text")) == b"text"

    @pytest.mark.parametrize("name", ["", "md5:00", "../../name", "sha256:00", "text"])
    def test_no_digest(self, blobs: BlobStore, name: str) -> None:
        """What cannot be verified is not kept."""
        blobs.put(name, b"text")
        assert blobs.get(name) is None

    def test_verified(self, blobs: BlobStore) -> None:
        """Bytes that do not have their digest are never returned."""
        blobs.put(digest(b"text"), b"other")
        assert blobs.get(digest(b"text")) is None
        blobs.put(digest(b"text"), b"text")
        assert blobs.get(digest(b"text")) == b"text"

    def test_too_large(self, blobs: BlobStore) -> None:
        """What is larger than the store is not kept, and evicts nothing."""
        blobs.put(digest(b"text"), b"text")
        large = b"x" * (LIMIT + 1)
        blobs.put(digest(large), large)
        assert blobs.get(digest(large)) is None
        assert blobs.get(digest(b"text")) == b"text"


class TestBounds:
    def test_bounded(self, blobs: BlobStore) -> None:
        """The newest are kept, and no more of them than the bound allows."""
        many = [noise(seed) for seed in range(50)]
        for data in many:
            blobs.put(digest(data), data)
        kept = [blobs.get(digest(data)) is not None for data in many]
        assert 7 <= sum(kept) <= 10
        assert kept == sorted(kept)

    def test_least_recently_used(self, blobs: BlobStore) -> None:
        """What was used lately stays longer than what was put after it, and not used."""
        first, *others = [noise(seed) for seed in range(30)]
        blobs.put(digest(first), first)
        for data in others:
            blobs.put(digest(data), data)
            assert blobs.get(digest(first)) == first
