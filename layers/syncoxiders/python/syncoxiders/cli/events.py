"""File-system events: waiting until they settle, and which folders they speak of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from watchfiles import Change

from syncoxiders.adapters.providers.folder import TEMPORARY, TRASH
from syncoxiders.core import names
from syncoxiders.core.model import ROOT_ENTRY, EndpointId, EntryId, Kind
from syncoxiders.ports.state import ObservedTree, SyncStore

Changes: TypeAlias = set[tuple[Change, str]]

SETTLE = 0.3
"""Seconds without a further event, before what changed is looked at."""

SETTLE_DELETION = 1.2
"""The same where something is gone: an editor that saves may just be about to put it back."""

PATIENCE = 5.0
"""Seconds after which it is looked at though it goes on changing."""

MANY = 4_000
"""Of more events than these at once, some may have been dropped on the way."""


class Batch:
    """Events that wait until nothing more happens.

    It is ``doubtful`` if there were so many that others may be lost.
    """

    def __init__(self) -> None:
        self._added: dict[str, bool] = {}
        self._first = self._last = self._deletion = 0.0

    def add(self, changes: Changes, now: float) -> None:
        """Take what was heard; what is of our own making is left out."""
        wanted = [(change, path) for change, path in changes if not _is_ours(path)]
        if not wanted:
            return
        if not self._added:
            self._first, self._deletion = now, 0.0
        self._last = now
        for change, path in wanted:
            self._added[path] = self._added.get(path, False) or change is Change.added
            if change is Change.deleted:
                self._deletion = now

    @property
    def doubtful(self) -> bool:
        """Say whether other events may have been lost."""
        return len(self._added) > MANY

    def due(self, now: float) -> bool:
        """Say whether it is time to look."""
        if not self._added:
            return False
        settled = now - self._last >= SETTLE and now - self._deletion >= SETTLE_DELETION
        return settled or now - self._first >= PATIENCE

    def take(self) -> dict[str, bool]:
        """Return the paths, with whether something appeared there, and begin anew."""
        taken, self._added = self._added, {}
        return taken


def _is_ours(path: str) -> bool:
    return f"/{TRASH}" in path or f"/{TEMPORARY}" in path


class Mapper:
    """Finds the folders that events speak of in the observed trees."""

    def __init__(self, store: SyncStore, addresses: Mapping[EndpointId, str]) -> None:
        self._store = store
        self._roots = {f"{address.rstrip('/')}/": each for each, address in addresses.items()}

    def folders(self, paths: Mapping[str, bool]) -> dict[EndpointId, Sequence[EntryId]]:
        """Return the folders to look at, by endpoint.

        For each path that is the folder that it stands in, or the nearest one above that is
        known: what is new there is looked into in any case. Where a known folder has appeared
        (again), it may have been changed out of sight, and is looked at with all below.
        """
        found: dict[EndpointId, dict[EntryId, None]] = {}
        known: dict[EndpointId, dict[str, EntryId | None]] = {}
        for path, appeared in paths.items():
            root = next((root for root in self._roots if f"{path}/".startswith(root)), None)
            if root is None:
                continue
            endpoint = self._roots[root]
            tree = self._store.observed(endpoint)
            cache = known.setdefault(endpoint, {"": ROOT_ENTRY})
            folders = found.setdefault(endpoint, {})
            parts = path[len(root) :].split("/") if len(path) > len(root) else []
            folders[_nearest(tree, parts[:-1], cache)] = None
            if appeared and parts:
                itself = _lookup(tree, parts, cache)
                if itself is not None:
                    folders.update(dict.fromkeys(_below(tree, itself)))
        return {endpoint: list(folders) for endpoint, folders in found.items() if folders}


def _nearest(tree: ObservedTree, parts: Sequence[str], cache: dict[str, EntryId | None]) -> EntryId:
    for length in range(len(parts), 0, -1):
        folder = _lookup(tree, parts[:length], cache)
        if folder is not None:
            return folder
    return ROOT_ENTRY


def _lookup(
    tree: ObservedTree, parts: Sequence[str], cache: dict[str, EntryId | None]
) -> EntryId | None:
    """Return the known folder at a path, None if there is none."""
    path = "/".join(parts)
    if path in cache:
        return cache[path]
    above = _lookup(tree, parts[:-1], cache)
    folder = None
    if above is not None:
        name = parts[-1]
        folder = next(
            (
                entry.id
                for entry in tree.at(above, names.key(name))
                if entry.name == name and entry.kind is Kind.FOLDER
            ),
            None,
        )
    cache[path] = folder
    return folder


def _below(tree: ObservedTree, folder: EntryId) -> Iterable[EntryId]:
    """Yield a folder and all known folders in it."""
    todo, seen = [folder], {folder}
    while todo:
        at = todo.pop()
        yield at
        inner = {each.id for each in tree.children(at) if each.kind is Kind.FOLDER} - seen
        seen |= inner
        todo.extend(inner)
