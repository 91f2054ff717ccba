"""Cutting streams."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.ports.pieces import pieces


def cut(chunks: list[bytes], size: int) -> list[tuple[bytes, bool]]:
    return [(bytes(piece), last) for piece, last in pieces(chunks, size)]


@given(st.lists(st.binary(max_size=20)), st.integers(1, 9))
def test_all_of_it_in_pieces(chunks: list[bytes], size: int) -> None:
    """Nothing is lost, all pieces but the last are full, and only the last says so."""
    found = cut(chunks, size)
    assert b"".join(piece for piece, _ in found) == b"".join(chunks)
    assert all(len(piece) == size for piece, _ in found[:-1])
    assert [last for _, last in found] == [False] * (len(found) - 1) + [True]
    assert found[-1][0] or len(found) == 1


def test_last_one_waits_for_the_end() -> None:
    """A full piece does not come before it is known whether more follows, or reading failed."""

    def chunks() -> Iterator[bytes]:
        yield b"abcd"
        raise OSError("broken off")

    with pytest.raises(OSError, match="broken off"):
        next(pieces(chunks(), 4))
