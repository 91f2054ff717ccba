"""Routes that list folders and tell of changes in them."""

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from tests.emulators.dropbox import paths
from tests.emulators.dropbox.refusals import Refused, bad_request, within
from tests.emulators.dropbox.routes import Route
from tests.emulators.dropbox.storage import Storage
from tests.emulators.dropbox.tree import Folder, Node, Note

LARGEST_PAGE = 2000


@dataclass(frozen=True)
class Cursor:
    """How far somebody has come: what is left of the listing, then the journal from a number on."""

    folder: str
    recursive: bool
    exportable: bool
    limit: int
    number: int
    left: tuple[dict[str, Any], ...] = ()

    def covers(self, path: str) -> bool:
        """Say whether something at a compared path is told of."""
        if self.recursive:
            return paths.is_below(path, self.folder) or path == self.folder
        return paths.parent(path) == self.folder


@dataclass(frozen=True)
class Snapshot:
    """What there was at a number of the journal, by compared path."""

    number: int
    entries: dict[str, dict[str, Any]]
    journal: dict[str, Note]


class Listing:
    """``list_folder`` and what goes on from it.

    ``page_size`` bounds every page. ``longest_poll`` bounds a long poll, in seconds, which is
    asked to last half a minute at least; ``backoff`` is what it asks for in return.
    """

    def __init__(self, storage: Storage, changed: threading.Condition) -> None:
        self._storage = storage
        self._tree = storage.tree
        self._changed = changed
        self._cursors: dict[str, Cursor | None] = {}
        self._frozen: Snapshot | None = None
        self.page_size = LARGEST_PAGE
        self.longest_poll = 480.0
        self.backoff: int | None = None

    def routes(self) -> Iterator[Route]:
        scope = "files.metadata.read"
        yield Route("files/list_folder", scope, self._list)
        yield Route("files/list_folder/continue", scope, self._continue)
        yield Route("files/list_folder/get_latest_cursor", scope, self._latest)
        yield Route("files/list_folder/longpoll", scope, self._poll)

    # Misbehaviour

    def reset(self) -> None:
        """Invalidate every cursor."""
        self._cursors = dict.fromkeys(self._cursors)

    def freeze(self) -> None:
        """Let listings and feeds show what is there now, until :meth:`thaw`."""
        everything = [self._storage.metadata(node) for node in self._tree.root.all()]
        self._frozen = Snapshot(
            self._tree.number,
            {entry["path_lower"]: entry for entry in everything},
            dict(self._tree.journal),
        )

    def thaw(self) -> None:
        """Let listings and feeds show what is there."""
        self._frozen = None

    # Routes

    def _list(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        cursor = self._cursor(argument, "files/list_folder")
        return self._page(replace(cursor, left=tuple(self._entries(cursor, argument))))

    def _latest(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        cursor = self._cursor(argument, "files/list_folder/get_latest_cursor")
        return {"cursor": self._keep(cursor)}

    def _continue(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        cursor = self._known(argument.cursor, "files/list_folder/continue")
        with within("path"):
            self._folder(cursor.folder)
        return self._page(cursor)

    def _poll(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        cursor = self._known(argument.cursor, "files/list_folder/longpoll")

        def something() -> bool:
            lost = self._cursors[argument.cursor] is None
            return lost or bool(cursor.left) or any(self._news(cursor))

        changes = self._changed.wait_for(something, min(argument.timeout, self.longest_poll))
        self._known(argument.cursor, "files/list_folder/longpoll")
        answer: dict[str, Any] = {"changes": changes}
        if self.backoff is not None:
            answer["backoff"] = self.backoff
        return answer

    # Inside

    @property
    def _number(self) -> int:
        return self._tree.number if self._frozen is None else self._frozen.number

    def _cursor(self, argument: Any, function: str) -> Cursor:
        if argument.path == "/":
            raise bad_request(
                function,
                "request body: path: Specify the root folder as an empty string rather than as "
                '"/".',
            )
        with within("path"):
            folder = self._folder(argument.path)
        return Cursor(
            folder=folder.key,
            recursive=argument.recursive,
            exportable=argument.include_non_downloadable_files,
            limit=argument.limit or LARGEST_PAGE,
            number=self._number,
        )

    def _folder(self, where: str) -> Folder:
        node = self._storage.locate(where)
        if not isinstance(node, Folder):
            raise Refused("not_folder")
        return node

    def _entries(self, cursor: Cursor, argument: Any) -> Iterator[dict[str, Any]]:
        """Yield what stands in the folder, and what did, if that is asked for."""
        if self._frozen is not None:
            for path, entry in self._frozen.entries.items():
                if cursor.covers(path) and self._shows(cursor, entry):
                    yield entry
            return
        folder = self._folder(argument.path)
        nodes: list[Node] = []
        if not cursor.recursive:
            nodes += folder.children.values()
        else:
            nodes += [folder] if folder.folder is not None else []
            nodes += folder.all()
        for node in nodes:
            entry = self._storage.metadata(node)
            if self._shows(cursor, entry):
                yield entry
        if argument.include_deleted:
            for key, grave in self._tree.graves.items():
                if cursor.covers(key):
                    yield self._storage.deleted(grave.path)

    def _entry(self, path: str) -> dict[str, Any] | None:
        if self._frozen is not None:
            return self._frozen.entries.get(paths.key(path))
        node = self._tree.find(path)
        return None if node is None else self._storage.metadata(node)

    @staticmethod
    def _shows(cursor: Cursor, entry: dict[str, Any]) -> bool:
        return cursor.exportable or bool(entry.get("is_downloadable", True))

    def _news(self, cursor: Cursor) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield what changed since, oldest first, each with its number in the journal."""
        journal = self._tree.journal if self._frozen is None else self._frozen.journal
        notes = []
        for note in reversed(journal.values()):
            if note.number <= cursor.number:
                break
            if cursor.covers(paths.key(note.path)):
                notes.append(note)
        for note in reversed(notes):
            entry = None if note.gone else self._entry(note.path)
            if entry is not None:
                if self._shows(cursor, entry):
                    yield note.number, entry
                continue
            top = note.cover and journal[note.cover[0]]
            if top and note.cover and top.number == note.cover[1]:
                continue  # told by the folder's own note
            yield note.number, self._storage.deleted(note.path)

    def _page(self, cursor: Cursor) -> dict[str, Any]:
        size = min(cursor.limit, self.page_size)
        entries = list(cursor.left[:size])
        left = cursor.left[size:]
        number, more = cursor.number, bool(left) or any(self._news(cursor))
        if not entries:
            news = list(islice(self._news(cursor), size + 1))
            entries = [entry for _, entry in news[:size]]
            more = len(news) > size
            number = news[size - 1][0] if more else max(number, self._number)
        after = replace(cursor, left=left, number=number)
        return {"entries": entries, "cursor": self._keep(after), "has_more": more}

    def _keep(self, cursor: Cursor) -> str:
        name = "AA" + secrets.token_urlsafe(40)
        self._cursors[name] = cursor
        return name

    def _known(self, name: str, function: str) -> Cursor:
        if name not in self._cursors:
            raise bad_request(function, 'request body: cursor: Invalid "cursor" parameter.')
        cursor = self._cursors[name]
        if cursor is None:
            raise Refused("reset")
        return cursor
