"""The port to patience: when a request to an account may be made, and made again."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Pace(Protocol):
    """Lets an adapter's single requests through; one per account, shared by its endpoints.

    Adapters neither wait nor retry: each request to the vendor goes through here, with vendor
    errors already mapped to those of :mod:`syncoxiders.ports.errors`.
    """

    def __call__(
        self, request: Callable[[], T], *, repeatable: bool = True, writes: bool = False
    ) -> T:
        """Make a request, when the account may be asked, and return its answer.

        After Throttled it is made again once the pause is over, unless that takes too long;
        after Unreachable only if it is ``repeatable``: doing it twice is as doing it once.
        ``writes`` marks a request that an account takes one at a time, where it does so.
        """
