"""Content hashes, against the vendors' own examples and an independent implementation."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.core import hashes
from syncoxiders.core.digests import ALGORITHMS, Digests, QuickXorHash, digests_of


def quickxor_by_bits(data: bytes) -> str:
    """Compute the hash as it is defined, byte by byte on 160 bits."""
    state = 0
    for index, byte in enumerate(data):
        shift = index * 11 % 160
        state ^= byte << shift
        state = (state & ((1 << 160) - 1)) ^ (state >> 160)
    state ^= len(data) << 96
    return state.to_bytes(20, "little").hex()


@given(st.binary(max_size=1000), st.lists(st.integers(1, 400), min_size=1))
def test_quickxor_is_as_defined(data: bytes, sizes: list[int]) -> None:
    """Whatever the pieces in which bytes come, the hash is the one that is defined."""
    hasher = QuickXorHash()
    start, number = 0, 0
    while start < len(data):
        size = sizes[number % len(sizes)]
        hasher.update(data[start : start + size])
        start, number = start + size, number + 1
    assert hasher.hexdigest() == quickxor_by_bits(data)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9_000_000])
def test_pieces_do_not_matter(algorithm: str, size: int) -> None:
    """A hash is of the bytes, not of the pieces in which they come; asking does not end it."""
    data = random.Random(size).randbytes(size)
    whole, pieces = ALGORITHMS[algorithm](), ALGORITHMS[algorithm]()
    whole.update(data)
    for start in range(0, size, 1_234_567):
        pieces.update(memoryview(data)[start : start + 1_234_567])
        pieces.hexdigest()
    assert pieces.hexdigest() == whole.hexdigest()


@pytest.mark.parametrize(
    ("algorithm", "size", "expected"),
    [
        ("dropbox", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("dropbox", 4 << 20, "894bbb52d1212d6bcbe9967f1a2169138c4d4af0c8dfbaeae86cd1d3f0c03faf"),
        ("quickxor", 12345, "e95919dbb3f736de949ff9fa4f51c2095721030c"),
    ],
)
def test_of_an_independent_program(algorithm: str, size: int, expected: str) -> None:
    """Hashes are those that another program computes of bytes 0, 1, 2 … 255, 0 …"""
    data = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    hasher = ALGORITHMS[algorithm]()
    hasher.update(data)
    assert hasher.hexdigest() == expected


def test_several_at_once() -> None:
    """Digests of one stream share its bytes, and ours is always among them."""
    found = digests_of([b"a", b"bc"], ["md5"])
    assert found.size == 3
    assert hashes.decode(found.text()) == {
        "md5": "900150983cd24fb0d6963f7d28e17f72",
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }
    assert Digests().text() == hashes.EMPTY
