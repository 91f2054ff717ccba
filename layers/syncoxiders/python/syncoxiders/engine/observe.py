"""Looking at endpoints: what changed goes into the observed tree and the change log."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from syncoxiders.core import names
from syncoxiders.core.model import EndpointId, Entry, EntryId, Kind, Ref
from syncoxiders.ports.provider import FolderDelta, Problem, Provider, Rescans
from syncoxiders.ports.state import Commit, Observation, ObservedTree, SyncStore

BATCH = 5_000


class Look(msgspec.Struct):
    """What a look at an endpoint found: how much changed, and what it had to leave out."""

    changed: int = 0
    gone: int = 0
    total: int = 0
    problems: list[Problem] = []


class Observer:
    """Brings the observed tree of one endpoint up to date by comparing with what is known.

    ``told`` hears of entries that are new or differ, before they are committed.
    """

    def __init__(
        self,
        store: SyncStore,
        endpoint: EndpointId,
        provider: Provider,
        *,
        told: Callable[[EndpointId, Sequence[Entry]], None],
    ) -> None:
        if not isinstance(provider, Rescans):
            raise TypeError(f"endpoint {endpoint} can neither be rescanned nor followed")
        self._provider: Rescans = provider
        self._store = store
        self._told = told
        self._endpoint = endpoint
        self._tree: ObservedTree = store.observed(endpoint)

    def look(
        self,
        folders: Iterable[Ref] | None = None,
        *,
        confirm: Callable[[Look], None] | None = None,
    ) -> Look:
        """Look at the whole tree, or at some folders of it.

        What is missing is looked for a second time before it is believed, because something
        that moves while it is looked for can slip through one listing. ``confirm`` is called
        before anything is taken for gone, and may raise to prevent it.
        """
        look = Look()
        only = list(folders) if folders is not None else None
        missing = self._pass(look, only)
        if missing:
            again = Look()
            later = self._pass(again, only)
            missing = self._replaced(missing | later) | (missing & later)
            look.changed += again.changed
        gone = self._with_content(missing)
        look.gone = len(gone)
        if confirm is not None and (gone or only is None):
            confirm(look)
        if gone:
            self._commit([], gone)
        return look

    def _pass(self, look: Look, folders: list[Ref] | None) -> set[EntryId]:
        """Compare once; returns what was missing everywhere."""
        missing: set[EntryId] = set()
        found: set[EntryId] = set()
        batch: list[Entry] = []
        for delta in self._provider.rescan(self._tree, folders):
            self._take(delta, look, batch, missing, found)
            if len(batch) >= BATCH:
                self._commit(batch, ())
                batch = []
        self._commit(batch, ())
        return missing - found

    @staticmethod
    def _take(
        delta: FolderDelta,
        look: Look,
        batch: list[Entry],
        missing: set[EntryId],
        found: set[EntryId],
    ) -> None:
        batch.extend(delta.changed)
        missing.update(delta.missing)
        found.update(entry.id for entry in delta.changed)
        look.changed += len(delta.changed)
        look.problems.extend(delta.problems)

    def _replaced(self, missing: set[EntryId]) -> set[EntryId]:
        """Return those in whose place something else was seen: these are surely not there."""
        return {
            entry.id
            for entry in self._tree.get(missing).values()
            if any(
                other.name == entry.name and other.id != entry.id and other.id not in missing
                for other in self._tree.at(entry.parent, names.key(entry.name))
            )
        }

    def _with_content(self, missing: set[EntryId]) -> list[EntryId]:
        """Add to folders that are gone whatever was in them and did not turn up elsewhere."""
        known = self._tree.get(missing)
        gone = dict.fromkeys(known)
        todo = [entry.id for entry in known.values() if entry.kind is Kind.FOLDER]
        while todo:
            for child in self._tree.children(todo.pop()):
                if child.id not in gone:
                    gone[child.id] = None
                    if child.kind is Kind.FOLDER:
                        todo.append(child.id)
        return list(gone)

    def _commit(self, put: list[Entry], gone: Iterable[EntryId]) -> None:
        gone = list(gone)
        if put:
            self._told(self._endpoint, put)
        if put or gone:
            self._store.commit(Commit(observed=[Observation(self._endpoint, put, gone)]))
