"""What whoever connects a Dropbox may choose."""

from typing import Literal, TypeAlias

import msgspec

Documents: TypeAlias = Literal["skip", "export"]
"""What becomes of what has no bytes to download (Paper documents, Google's in a Dropbox).

``export`` shows it as a file of the format that Dropbox exports by default, whose size and hash
are not known until it is read. It can be moved, and deleted like any other, but not written.
``skip`` leaves it out and says so in each look.
"""

BLOCK = 4 << 20
MOST_IN_ONE_REQUEST = 150 << 20
"""Bytes. Source: https://www.dropbox.com/developers/documentation/http/documentation#files-upload"""


class Limits(msgspec.Struct, frozen=True):
    """How much goes in one request, in bytes; all of it is in memory while it is sent.

    Files up to ``single`` are uploaded by one request, which other writes have to wait for; larger
    ones by a session, whose pieces of ``chunk`` bytes (Dropbox stores multiples of 4 MiB best)
    stand in nobody's way. Two of these are in memory at a time. What is carried together goes in
    requests of up to ``batch`` bytes and ``batch_files`` files.
    """

    single: int = 4 << 20
    chunk: int = 8 << 20
    batch: int = 16 << 20
    batch_files: int = 1000

    def __post_init__(self) -> None:
        if self.chunk % BLOCK or not BLOCK <= self.chunk <= MOST_IN_ONE_REQUEST:
            raise ValueError("a session's pieces are multiples of 4 MiB, up to 150 MiB")
        if not 0 <= self.single <= self.chunk:
            raise ValueError("what goes in one request is no larger than a session's piece")
        if not 0 < self.batch <= MOST_IN_ONE_REQUEST or not 0 < self.batch_files <= 1000:  # noqa: PLR2004 -- Dropbox's own limit, see finish_batch_v2
            raise ValueError("a batch holds up to 150 MiB and 1000 files")
