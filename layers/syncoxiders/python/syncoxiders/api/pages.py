"""Lists that come in pages."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Page(Protocol[T_co]):
    """One page of a list; ``next`` is the cursor of the one behind it, None on the last."""

    @property
    def items(self) -> Sequence[T_co]:
        """What is on it."""

    @property
    def next(self) -> str | None:
        """The cursor of the next page."""


P = TypeVar("P", bound=Page[Any])


class Pages(Generic[P, T]):
    """A list that comes in pages, each asked for when it is needed; it may be gone through twice.

    ``ask`` returns the page at a cursor, ``""`` being the first.
    """

    def __init__(self, ask: Callable[[str], P]) -> None:
        self._ask = ask

    def page(self, cursor: str = "") -> P:
        """Return one page. Raises ApiError, Unreachable, as does all that goes through them."""
        return self._ask(cursor)

    def pages(self, cursor: str = "") -> Iterator[P]:
        """Yield the pages from a cursor on."""
        while True:
            found = self._ask(cursor)
            yield found
            following = found.next
            if following is None:
                return
            cursor = following

    def __iter__(self) -> Iterator[T]:
        for each in self.pages():
            yield from each.items
