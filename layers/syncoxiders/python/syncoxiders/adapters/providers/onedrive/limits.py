"""How much OneDrive is sent in one request."""

import msgspec

MULTIPLE = 320 << 10
BELOW = 60 << 20
MOST_AT_ONCE = 250_000_000


class Limits(msgspec.Struct, frozen=True):
    """Sizes in bytes; what goes in one request is in memory while it is sent.

    ``chunk`` is the size of a session's pieces: a multiple of 320 KiB under 60 MiB
    (https://learn.microsoft.com/graph/api/driveitem-createuploadsession). Up to ``single`` a file
    may go whole, by one request (at most 250 MB:
    https://learn.microsoft.com/graph/api/driveitem-put-content).
    """

    single: int = 4 << 20
    chunk: int = 10 << 20

    def __post_init__(self) -> None:
        if not 0 <= self.single <= MOST_AT_ONCE:
            raise ValueError("one request holds up to 250 MB")
        if self.chunk % MULTIPLE or not MULTIPLE <= self.chunk < BELOW:
            raise ValueError("a session's pieces are multiples of 320 KiB, under 60 MiB")
