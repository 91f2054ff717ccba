"""Large content that costs the emulators nothing is told from every other."""

import pytest

from syncoxiders.core.digests import ALGORITHMS, digests_of
from tests.emulators.bulk import BLOCK, Bulk, digest, joined, pieces, recognised

SIZE = 2 * BLOCK + 1234


def plain(data: bytes) -> bytes:
    return b"".join(pieces(data))


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_digests_are_those_of_the_bytes(algorithm: str) -> None:
    """Its digests, however they are found, are those of the bytes that are handed out."""
    whole = Bulk.of(SIZE)
    assert len(plain(whole)) == len(whole) == SIZE
    assert digest(whole, algorithm) == digests_of([plain(whole)], [algorithm]).of(algorithm)


def test_slices() -> None:
    """A slice hands out the bytes of that stretch."""
    whole = Bulk.of(SIZE)
    assert plain(whole[BLOCK - 5 : BLOCK + 5]) == plain(whole)[BLOCK - 5 : BLOCK + 5]
    assert len(whole[SIZE:]) == 0


def test_parts_that_arrive_become_the_whole() -> None:
    """What arrives in parts, the last of them short, is recognised, and costs no memory."""
    data, step = plain(Bulk.of(SIZE)), BLOCK
    parts = [recognised(data[at : at + step], at) for at in range(0, SIZE, step)]
    assert isinstance(parts[0], Bulk)
    assert not isinstance(parts[-1], Bulk)
    assert joined(parts) == Bulk.of(SIZE)


def test_one_wrong_byte() -> None:
    """Content that differs in a single byte, or comes in another order, is kept as it is."""
    data = bytearray(plain(Bulk.of(SIZE)))
    data[-1] ^= 1
    data[BLOCK + 7] ^= 1
    wrong = bytes(data)
    parts = [recognised(wrong[at : at + BLOCK], at) for at in range(0, SIZE, BLOCK)]
    assert not isinstance(parts[1], Bulk)
    assert joined(parts) == wrong
    assert joined(parts) != Bulk.of(SIZE)
    shifted = recognised(plain(Bulk.of(BLOCK, 3)), 0)
    assert not isinstance(shifted, Bulk)
