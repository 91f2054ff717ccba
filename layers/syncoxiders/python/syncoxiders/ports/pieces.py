"""Cutting a stream of bytes into pieces of one size."""

from collections.abc import Iterable, Iterator
from io import BytesIO


def pieces(chunks: Iterable[memoryview | bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield pieces of ``size`` bytes, each with whether it is the last.

    The last may be shorter, even empty: it comes when reading has ended well, not before. While a
    piece is gathered no other one is held here: it lives for as long as whoever asked for it wants.
    """
    gathered = _room(size)
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            if gathered.tell() == size:
                yield gathered.getvalue(), False
                gathered.close()  # before there is room for the next
                gathered = _room(size)
            rest = rest[gathered.write(rest[: size - gathered.tell()]) :]
    gathered.truncate()
    yield gathered.getvalue(), True


def _room(size: int) -> BytesIO:
    """Return a file in memory that is overwritten from its beginning.

    What it is filled to the brim with it hands over as it is, so that a piece is never there twice.
    """
    return BytesIO(bytes(size))
