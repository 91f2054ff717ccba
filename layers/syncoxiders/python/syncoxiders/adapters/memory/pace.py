"""No patience at all: each request is made once, at once."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class MemoryPace:
    """A pace for tests; ``requests`` counts what went through, ``writes`` those that write."""

    def __init__(self) -> None:
        self.requests = 0
        self.writes = 0

    def __call__(
        self, request: Callable[[], T], *, repeatable: bool = True, writes: bool = False
    ) -> T:
        """Make the request."""
        del repeatable
        self.requests += 1
        self.writes += writes
        return request()
