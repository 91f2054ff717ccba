"""Listings and the feed, which is a listing that goes on.

A recursive listing is told page by page, in an order in which a later event replaces what an
earlier one told of the same path; so is everything that changes while it goes on, and after it.
Source: the docstring of ``files_list_folder`` in the SDK. Changes of case alone are not told:
a look at the whole tree finds them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import structs

from syncoxiders.adapters.providers.dropbox._client import Client
from syncoxiders.adapters.providers.dropbox._documents import companions
from syncoxiders.adapters.providers.dropbox._metadata import (
    LeftOut,
    entry_of,
    is_document_version,
)
from syncoxiders.adapters.providers.dropbox._places import Places, below
from syncoxiders.adapters.providers.dropbox._relocate import Relocator
from syncoxiders.adapters.providers.dropbox._sdk import files
from syncoxiders.adapters.providers.listing import Listed, rescan_by_folder, rescan_whole
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import CursorExpired, RootLost, Unreachable, Vanished
from syncoxiders.ports.provider import Change, FolderDelta, Known, Page, Problem

PAGE = 2000
"""So many entries are asked for at once; Dropbox allows no more."""

_DOUBLE = LeftOut("is made of a document, and left out for a file of the same name")

_CUT_OFF = {"reset": Unreachable, "not_folder": Vanished}


class Listing:
    """Looks at one root."""

    def __init__(self, client: Client, places: Places, relocator: Relocator) -> None:
        self._client = client
        self._places = places
        self._finished = relocator.finished

    def rescan(self, known: Known, folders: Iterable[Ref] | None) -> Iterator[FolderDelta]:
        """Compare the whole tree, or some folders, with what is known. Raises RootLost."""
        try:
            if folders is None:
                yield from self._whole(known)
            else:
                yield from rescan_by_folder(self._folder, known, folders)
        except Vanished as exc:
            raise RootLost(f"there is no folder {self._places.path} in the Dropbox") from exc

    def is_empty(self, ref: Ref) -> bool:
        """Say whether nothing at all is in a folder."""
        where = self._places.address(ref)
        page = self._client.call(
            lambda api: api.files_list_folder(where, limit=1), ref.path, meaning=_CUT_OFF
        )
        while not page.entries and page.has_more:
            page = self._next(page.cursor, ref.path)
        return not page.entries

    def _whole(self, known: Known) -> Iterator[FolderDelta]:
        tree = _Tree(self._places)
        for metadata in self._listed(self._places.path, "", recursive=True):
            tree.take(metadata)
        tree.finish()
        yield from rescan_whole(tree.entries(), tree.problems(), known)

    def _folder(self, ref: Ref) -> Listed:
        entries: dict[str, Entry] = {}
        problems: dict[str, Problem] = {}
        for metadata in self._listed(self._places.address(ref), ref.path, recursive=False):
            lower = metadata.path_lower
            entries.pop(lower, None)
            problems.pop(lower, None)
            if isinstance(metadata, files.DeletedMetadata):
                continue
            found = entry_of(metadata, ref.id, self._places.documents)
            if isinstance(found, Entry):
                entries[lower] = found
            else:
                problems[lower] = _problem(below(ref, metadata.name), found)
        for lower, entry in list(entries.items()):
            if is_document_version(entry.version) and _companion(lower, entry) in entries:
                problems[lower] = _problem(below(ref, entry.name), _DOUBLE)
                del entries[lower]
        return Listed(list(entries.values()), tuple(problems.values()))

    def _listed(self, where: str, about: str, *, recursive: bool) -> Iterator[Any]:
        """Yield metadata of what is in a folder. Raises Vanished."""
        page = self._client.call(
            lambda api: api.files_list_folder(where, recursive=recursive, limit=PAGE),
            about,
            meaning=_CUT_OFF,
        )
        while True:
            yield from (self._finished(each) for each in page.entries if each.path_lower)
            if not page.has_more:
                return
            page = self._next(page.cursor, about)

    def _next(self, cursor: str, about: str) -> Any:
        return self._client.call(
            lambda api: api.files_list_folder_continue(cursor), about, meaning=_CUT_OFF
        )

    # The feed

    def start_cursor(self) -> str:
        """Return a cursor for changes from now on."""
        path = self._places.path
        answer = self._client.call(
            lambda api: api.files_list_folder_get_latest_cursor(path, recursive=True, limit=PAGE),
            path,
            meaning={"not_found": RootLost, "not_folder": RootLost},
        )
        cursor: str = answer.cursor
        return cursor

    def changes(self, cursor: str) -> Page:
        """Return the changes after a cursor. Raises CursorExpired, RootLost."""
        path = self._places.path
        page = self._client.call(
            lambda api: api.files_list_folder_continue(cursor),
            path,
            meaning={
                "not_found": RootLost,
                "not_folder": RootLost,
                "bad input": CursorExpired,
            },
        )
        root = self._places.root()
        changes: list[Change] = []
        for metadata in page.entries:
            if not metadata.path_lower or not metadata.path_display:
                continue  # in a shared folder that is not mounted
            if metadata.path_lower == root.lower:
                check_root(self._places, metadata)
            else:
                changes += self._told(self._finished(metadata))
        return Page(page.cursor, bool(page.has_more), tuple(changes))

    def _told(self, metadata: Any) -> Iterator[Change]:
        """Yield what an event says; a later one of the same place counts.

        Of a name that a document may have had, what was made of the document is gone with it,
        and what had the name itself is gone where a document has it now. What is deleted may be a
        shared folder that was left or withdrawn, and a folder that may not be read any more is
        there still: these are lost.
        """
        path = self._places.relative(metadata)
        folder = path[: -len(metadata.name)]
        found: Entry | LeftOut | None = None
        if not isinstance(metadata, files.DeletedMetadata):
            found = entry_of(metadata, "", self._places.documents)
        shown = f"{folder}{found.name}" if isinstance(found, Entry) else ""
        for name in companions(metadata.name) if self._places.documents == "export" else ():
            companion = f"{folder}{name}"
            if companion != shown and not self._places.stands(companion):
                yield Change(path=companion)
        if shown != path:
            yield Change(path=path, lost=found is None)
        if isinstance(found, Entry):
            yield Change(found, path=shown)
        elif found is not None and found.unreadable:
            yield Change(id=metadata.id, lost=True)


class _Tree:
    """A recursive listing, as its events leave it."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._root = places.root()
        self._found: dict[str, Entry] = {}
        self._problems: dict[str, Problem] = {}
        self._doubles: set[str] = set()

    def take(self, metadata: Any) -> None:
        """Apply one event."""
        lower = metadata.path_lower
        if lower == self._root.lower:
            check_root(self._places, metadata)
            return
        old = self._found.get(lower)
        self._problems.pop(lower, None)
        if isinstance(metadata, files.FolderMetadata):
            self._found.pop(lower, None)
        elif old is not None and old.kind is Kind.FOLDER:
            self._remove(lower)
        else:
            self._found.pop(lower, None)
        if isinstance(metadata, files.DeletedMetadata):
            return
        found = entry_of(metadata, "", self._places.documents)
        if isinstance(found, Entry):
            self._found[lower] = found
        else:
            self._problems[lower] = _problem(self._places.relative(metadata), found)

    def _remove(self, lower: str) -> None:
        inside = f"{lower}/"
        for each in [key for key in self._found if key == lower or key.startswith(inside)]:
            del self._found[each]
        for each in [key for key in self._problems if key.startswith(inside)]:
            del self._problems[each]

    def entries(self) -> Iterator[Entry]:
        """Yield what is there, each with its folder."""
        for lower, entry in self._found.items():
            above = lower.rpartition("/")[0]
            folder = ROOT_ENTRY if above == self._root.lower else self._id(above)
            if folder and lower not in self._doubles:
                yield structs.replace(entry, parent=folder)

    def finish(self) -> None:
        """Leave out what is made of documents where a file has its name."""
        for lower, entry in self._found.items():
            if is_document_version(entry.version) and _companion(lower, entry) in self._found:
                path = _companion(lower, entry)[len(self._root.lower) + 1 :]
                self._problems[lower] = _problem(path, _DOUBLE)
                self._doubles.add(lower)

    def _id(self, lower: str) -> EntryId:
        found = self._found.get(lower)
        return found.id if found is not None and found.kind is Kind.FOLDER else ""

    def problems(self) -> list[Problem]:
        """Return what had to be left out."""
        return list(self._problems.values())


def check_root(places: Places, metadata: Any) -> None:
    """Raise RootLost if what a listing tells of the root is not the folder that it was."""
    if getattr(metadata, "id", "") != places.root().id:
        places.confirm_root()


def _companion(lower: str, entry: Entry) -> str:
    """Return the path, to compare by, under which a document is told of."""
    return f"{lower.rpartition('/')[0]}/{entry.name.lower()}"


def _problem(path: str, left_out: LeftOut) -> Problem:
    return Problem(path, left_out.reason, unreadable=left_out.unreadable)
