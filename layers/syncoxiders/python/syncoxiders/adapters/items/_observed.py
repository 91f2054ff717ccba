"""The observed tree of an endpoint upon its entries."""

from collections.abc import Callable, Iterable

from syncoxiders.adapters.items._entries import Entries
from syncoxiders.core.model import EndpointId, Entry, EntryId


class ItemsObservedTree:
    """The observed tree of one endpoint."""

    def __init__(
        self,
        entries: Entries,
        endpoint: EndpointId,
        count: Callable[[], int],
        changes: Callable[[int, int], tuple[list[EntryId], int]],
    ) -> None:
        self._entries = entries
        self._endpoint = endpoint
        self._count = count
        self._changes = changes

    def get(self, ids: Iterable[EntryId]) -> dict[EntryId, Entry]:
        """Return those that are there."""
        return self._entries.entries(self._endpoint, ids)

    def children(self, folder: EntryId) -> list[Entry]:
        """Return the entries in a folder, in no particular order."""
        return self._entries.placed(self._endpoint, folder)

    def at(self, folder: EntryId, key: str) -> list[Entry]:
        """Return the entries in a folder whose name has this ``names.key``."""
        return self._entries.placed(self._endpoint, folder, key)

    def count(self) -> int:
        """Return how many entries there are."""
        return self._count()

    def changes(self, after: int, limit: int) -> tuple[list[EntryId], int]:
        """Return ids touched since a change-log position, and the position reached."""
        return self._changes(after, limit)
