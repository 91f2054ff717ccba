"""Memory that is shared by what is carried at the same time in one process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

ROOM = 512 << 20
"""So many bytes what is carried at the same time may hold."""

TWICE = 2
"""What is sent in one request is held by the client that sends it as well."""

MOST = 32 << 20
"""So many bytes a file of any size holds: a large one is sent piece by piece.

While one of 40 MB goes from a folder to an emulated Drive, Dropbox, OneDrive or S3 it takes 14 to
21 MB, one of 15 MB 10 to 26.
"""


class Room:
    """So many bytes, which whoever carries something takes for a while. Safe with threads."""

    def __init__(self, size: int = ROOM) -> None:
        self._left = size
        self._free = threading.Condition()

    @property
    def left(self) -> int:
        """How many bytes are free."""
        return self._left

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Hold what files of so many bytes need, once it is free; whoever needs little may pass."""
        wanted = min(TWICE * size, MOST)
        with self._free:
            self._free.wait_for(lambda: self._left >= wanted)
            self._left -= wanted
        try:
            yield
        finally:
            with self._free:
                self._left += wanted
                self._free.notify_all()


PROCESS = Room()
"""What all that is carried by this process shares."""
