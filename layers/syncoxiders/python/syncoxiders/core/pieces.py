"""Cutting a stream of bytes into pieces of one size."""

from collections.abc import Iterable, Iterator


def pieces(chunks: Iterable[memoryview | bytes], size: int) -> Iterator[tuple[memoryview, bool]]:
    """Yield pieces of ``size`` bytes, each with whether it is the last.

    The last may be shorter, even empty: it comes when reading has ended well, not before. A piece
    is good until the next one is asked for. All of them lie in the same memory.
    """
    held = memoryview(bytearray(size))
    filled = 0
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            if filled == size:
                yield held, False
                filled = 0
            part = rest[: size - filled]
            held[filled : filled + len(part)] = part
            filled += len(part)
            rest = rest[len(part) :]
    yield held[:filled], True
