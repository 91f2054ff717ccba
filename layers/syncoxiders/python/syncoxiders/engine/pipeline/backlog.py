"""The backlog: what there is to plan at the endpoints that take part."""

from collections.abc import Callable, Collection, Iterable, Mapping

from syncoxiders.core.model import EndpointId, EntryId, NodeId
from syncoxiders.engine.pipeline import setting
from syncoxiders.ports.pipeline import SharedStore

LOG = 10_000
"""So many entries of a change log are read at once."""

Touched = tuple[EndpointId, EntryId]


class Backlog:
    """What a planner has to plan, and what one that comes after it would come upon.

    ``positions`` say how far each endpoint's change log has been read; ``waiting`` are the entries
    that waited before. ``hold`` is called at every step.
    """

    def __init__(
        self,
        store: SharedStore,
        endpoints: list[EndpointId],
        *,
        positions: Mapping[EndpointId, int],
        waiting: Iterable[Touched],
        hold: Callable[[], None],
    ) -> None:
        self._store = store
        self._hold = hold
        self._announced: set[Touched] = set()
        self._logged: set[Touched] | None = set(waiting)
        self.endpoints = endpoints
        self.positions = dict(positions)

    def log(self) -> Iterable[Touched]:
        """Yield what the change logs hold beyond the position reached, and advance it."""
        for endpoint in self.endpoints:
            tree = self._store.observed(endpoint)
            while True:
                self._hold()
                ids, reached = tree.changes(self.positions.get(endpoint, 0), LOG)
                self.positions[endpoint] = reached
                if not ids:
                    break
                if self._logged is not None:
                    self._logged.update((endpoint, entry) for entry in ids)
                for entry in ids:
                    yield endpoint, entry
                if len(ids) < LOG:
                    break

    def is_behind(self) -> bool:
        """Say whether something was put into a log since it was read."""
        return any(
            setting.has_news(self._store, endpoint, self.positions.get(endpoint, 0))
            for endpoint in self.endpoints
        )

    def unbound(self) -> Iterable[Touched]:
        """Yield all entries that belong to no node, whatever the logs hold."""
        for endpoint in self.endpoints:
            for batch in self._store.base().unbound(endpoint):
                self._hold()
                for entry in batch:
                    yield endpoint, entry

    def suspects(self) -> Iterable[NodeId]:
        """Yield all nodes that may have to be planned, whatever the logs hold."""
        for batch in self._store.base().suspects(self.endpoints):
            self._hold()
            yield from batch

    # -- whoever comes after ---------------------------------------------------------------------

    def all_is_found(self) -> None:
        """Take note that whoever comes after plans everything again, whatever the settings."""
        self._logged = None

    def announce(self, entries: Iterable[Touched]) -> None:
        """Put entries into the log, but for those that this planner has put there."""
        if new := [each for each in entries if each not in self._announced]:
            self._store.touch(new)
            self._announced.update(new)

    def leads_to(self, entries: Collection[Touched]) -> bool:
        """Say whether whoever comes after comes upon one of these entries."""
        return (
            self._logged is None
            or not self._logged.isdisjoint(entries)
            or not self._announced.isdisjoint(entries)
        )
