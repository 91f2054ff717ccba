"""Rescans: what stands below the root, compared with what is known.

Of a whole drive one query lists everything. Of a folder the tree is listed level by level, many
folders with each query, as rclone does (``ListR`` in its drive backend). Such a query may come
back empty though there is something (https://issuetracker.google.com/issues/149522397, by way of
rclone): folders of which that is unlikely are then listed one by one.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from syncoxiders.adapters.providers.drive._api import Api, quoted
from syncoxiders.adapters.providers.drive._documents import Documents
from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.adapters.providers.drive._names import written
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.adapters.providers.listing import Listed, compare
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.provider import FolderDelta, Known, Problem

_TOGETHER = 25
"""Folders that one query lists: its address stays within 2 KB."""

_UNLISTABLE = "its owner does not let this account see what is in it"


_AT_ONCE = 4
"""Queries under way at once: each takes Google about a second."""

Inside: TypeAlias = Mapping[EntryId, Sequence[File]]
"""What stands in folders, by their ids; those that are not there are lacking."""


class Looking:
    """Lists and compares."""

    def __init__(self, api: Api, places: Places, documents: Documents) -> None:
        self._api = api
        self._places = places
        self._documents = documents

    def rescan(self, known: Known, folders: Iterable[Ref] | None) -> Iterator[FolderDelta]:
        """Compare the tree, or these folders, with what is known."""
        self._places.check_root()
        if folders is None and self._places.is_whole:
            yield from self._whole(known)
            return
        top = [Ref(ROOT_ENTRY, "")] if folders is None else list(folders)
        everything = folders is None
        while top:
            below: list[Ref] = []
            for group, found in self._listed(top):
                listed = self._believed(group, found, known)
                for folder in group:
                    if folder.id not in listed:
                        continue  # its own folder tells
                    deltas, inside = self._compared(folder, listed[folder.id], known)
                    yield from deltas
                    below += inside if everything else self._news(deltas, inside)
            top = below

    # Of a whole drive

    def _whole(self, known: Known) -> Iterator[FolderDelta]:
        """Compare everything; what cannot be followed up to the root is not below it."""
        inside: dict[str, list[File]] = defaultdict(list)
        for file in self._api.all("trashed = false", "the drive"):
            inside[file.parent].append(file)
        todo = [Ref(ROOT_ENTRY, "")]
        while todo:
            folder = todo.pop()
            files = inside.pop(self._places.drive_id(folder.id), [])
            deltas, below = self._compared(folder, files, known)
            yield from deltas
            todo += below

    # By folder

    def _listed(self, folders: Sequence[Ref]) -> Iterator[tuple[Sequence[Ref], Inside]]:
        """Yield what stands in folders, group by group; a few groups are listed at once."""
        starts = range(0, len(folders), _TOGETHER)
        groups = [folders[start : start + _TOGETHER] for start in starts]
        if len(groups) == 1:
            yield groups[0], self._together(groups[0])
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            flying: deque[tuple[Sequence[Ref], Future[Inside]]] = deque()
            try:
                for group in groups:
                    flying.append((group, pool.submit(self._together, group)))
                    if len(flying) > _AT_ONCE:
                        done, found = flying.popleft()
                        yield done, found.result()
                while flying:
                    done, found = flying.popleft()
                    yield done, found.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _together(self, folders: Sequence[Ref]) -> Inside:
        """Return what stands in each of the folders that are there."""
        if len(folders) == 1:
            return self._alone(folders)
        ids = {self._places.drive_id(folder.id): folder for folder in folders}
        parents = " or ".join(f"{quoted(each)} in parents" for each in ids)
        found: dict[EntryId, list[File]] = {folder.id: [] for folder in folders}
        try:
            for page in self._api.listing(f"trashed = false and ({parents})", "folders"):
                for file in page:
                    found[ids[file.parent].id].append(file)
        except Vanished:
            return self._alone(folders)
        return found if any(found.values()) else self._alone(folders)

    def _believed(self, group: Sequence[Ref], found: Inside, known: Known) -> Inside:
        """List again, one by one, what together with others seems to have lost all it held."""
        if len(group) == 1:
            return found
        empty = [each for each in group if each.id in found and not found[each.id]]
        return {**found, **self._alone([each for each in empty if known.children(each.id)])}

    def _alone(self, folders: Iterable[Ref]) -> dict[EntryId, list[File]]:
        found: dict[EntryId, list[File]] = {}
        for folder in folders:
            parent = quoted(self._places.drive_id(folder.id))
            try:
                found[folder.id] = self._api.all(
                    f"trashed = false and {parent} in parents", folder.path
                )
            except Vanished:
                self._places.check_root()
        return found

    # Comparing

    def _compared(
        self, folder: Ref, files: Sequence[File], known: Known
    ) -> tuple[list[FolderDelta], list[Ref]]:
        """Return how a folder differs, and the folders in it that can be listed.

        Those that cannot are told of at once.
        Nothing is missing from a folder that does not stand itself, or with the root it is in.
        """
        before = {entry.id: entry for entry in known.children(folder.id)}
        entries: list[Entry] = []
        problems: list[Problem] = []
        inside: list[Ref] = []
        closed: list[FolderDelta] = []
        names = self._places.names(files)
        for file in files:
            why = self._documents.left_out(file)
            if why is not None:
                path = _below(folder.path, written(file.name))
                problems.append(Problem(path, why, unreadable=False))
                continue
            entry = self._places.entry(file, names[file.id])
            entries.append(entry)
            if entry.kind is Kind.FOLDER:
                path = _below(folder.path, entry.name)
                if file.capabilities.can_list_children:
                    inside.append(Ref(entry.id, path))
                else:
                    closed.append(FolderDelta(entry.id, problems=(Problem(path, _UNLISTABLE),)))
        delta = compare(folder.id, before, Listed(entries, tuple(problems)))
        if delta is not None and delta.missing and not self._stands(folder):
            return [], []
        return [*([] if delta is None else [delta]), *closed], inside

    def _stands(self, folder: Ref) -> bool:
        if folder.id == ROOT_ENTRY:
            self._places.check_root()
            return True
        found = self._api.find(folder.id)
        return found is not None and not found.trashed

    @staticmethod
    def _news(deltas: Iterable[FolderDelta], inside: Iterable[Ref]) -> list[Ref]:
        """Return the folders that were not known to be in theirs."""
        changed = {entry.id for delta in deltas for entry in delta.changed}
        return [folder for folder in inside if folder.id in changed]


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
