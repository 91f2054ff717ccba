"""Where things stand: the root, what is in a folder under a name, and what a file is called."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from syncoxiders.adapters.providers.drive._api import Api, quoted
from syncoxiders.adapters.providers.drive._documents import Documents
from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.adapters.providers.drive._names import related, stored, told_apart
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import Denied, Refused, RootLost, Stale, Vanished

BY_ID = "id:"
"""How a root begins that is given by its folder's id."""

NOWHERE = "-"
"""The parent of what stands in no folder that the account sees."""

_MY_DRIVE = "root"
"""The alias by which the API knows the root of My Drive."""


class Places:
    """Finds entries below an endpoint's root.

    ``root`` is a path in My Drive, or in the shared drive of the account's settings, or the id of
    a folder behind ``id:``. It is resolved when it is first needed, and again by :meth:`mark`.
    """

    def __init__(self, api: Api, documents: Documents, root: str) -> None:
        self._api = api
        self._documents = documents
        self._text = root
        self._root = ""
        self._resolving = threading.Lock()
        self._turns: dict[object, tuple[threading.RLock, int]] = {}
        self._turn = threading.Lock()

    # The root

    @property
    def root(self) -> str:
        """The id that the root folder has at Drive. Raises RootLost."""
        if not self._root:
            with self._resolving:
                if not self._root:
                    self._root = self._resolve()
        return self._root

    def mark(self) -> str:
        """Return the id of the folder that is the root now. Raises RootLost."""
        with self._resolving:
            self._root = self._resolve()
            return self._root

    def check_root(self) -> None:
        """Raise RootLost if the root folder does not stand any more."""
        self._standing(self.root, self._text)

    @property
    def is_whole(self) -> bool:
        """Whether the root is that of My Drive, or of a shared drive."""
        return not self._text.strip("/")

    def _resolve(self) -> str:
        api = self._api
        if self._text.startswith(BY_ID):
            folder_id = self._text.removeprefix(BY_ID)
            return self._standing(folder_id, self._text).id
        at = self._standing(api.drive_id or _MY_DRIVE, "the drive")
        for name in filter(None, self._text.split("/")):
            found = self.at(at.id, name)
            if found is None:
                raise RootLost(f"{api.name}: {self._text}: there is no folder {name!r}")
            at = self._folder(found, self._text)
        return at.id

    def _standing(self, folder_id: str, about: str) -> File:
        found = self._api.find(folder_id)
        if found is None:
            raise RootLost(f"{self._api.name}: {about}: the folder is not there any more")
        if found.trashed:
            raise RootLost(f"{self._api.name}: {about}: the folder is in the trash")
        return self._folder(found, about)

    def _folder(self, found: File, about: str) -> File:
        if not found.is_folder:
            raise RootLost(f"{self._api.name}: {about}: is no folder")
        return found

    # Ids

    def drive_id(self, entry_id: EntryId) -> str:
        """Return what an entry's id is at Drive."""
        return self.root if entry_id == ROOT_ENTRY else entry_id

    def entry_id(self, drive_id: str) -> EntryId:
        """Return the id under which the engine knows a file."""
        return ROOT_ENTRY if drive_id == self.root else drive_id or NOWHERE

    def entry(self, file: File, name: str) -> Entry:
        """Return a file as the engine knows it, under this name."""
        return self._documents.entry(file, self.entry_id(file.id), self.entry_id(file.parent), name)

    @staticmethod
    def root_entry() -> Entry:
        """Return the root folder's own entry."""
        return Entry(ROOT_ENTRY, ROOT_ENTRY, "", Kind.FOLDER)

    # Finding

    def expected(self, ref: Ref, version: str) -> File:
        """Return the file that is meant, in the version that is. Raises Stale, Vanished."""
        if ref.id == ROOT_ENTRY:
            raise Refused("the root folder itself is not touched")
        file = self._api.get(ref.id, ref.path)
        if file.trashed:
            raise Vanished(f"{ref.path} is in the trash")
        if self._documents.version(file) != version:
            raise Stale(f"{ref.path} is not what was expected")
        return file

    def editable(self, ref: Ref, version: str) -> File:
        """Return the file that is meant if the account may change it; also raises Denied."""
        file = self.expected(ref, version)
        if not file.capabilities.can_edit:
            raise Denied(f"{self._api.name}: {ref.path}: the account may not change it")
        return file

    def named(self, folder: str, names: Iterable[str]) -> list[File]:
        """Return what stands in a folder and has one of these plain names, and perhaps more.

        Drive finds names in whatever case.
        """
        query = self.name_query(set(names))
        return self._api.all(
            f"{quoted(folder)} in parents and trashed = false and ({query})", "the folder"
        )

    def name_query(self, names: Iterable[str]) -> str:
        """Return the query for what may have one of these plain names."""
        at_drive: dict[str, None] = {}
        for name in sorted(names):
            at_drive[stored(name)] = None
            for extension in self._documents.extensions:
                if name.endswith(extension) and name != extension:
                    at_drive[stored(name.removesuffix(extension))] = None
        return " or ".join(f"name = {quoted(each)}" for each in at_drive)

    def at(self, folder: str, name: str) -> File | None:
        """Return what is shown in a folder under a name, None if nothing is."""
        try:
            return self._shown(self._meant(folder, name)).get(name)
        except Vanished:
            return None

    def occupants(self, folder: str, name: str) -> list[File]:
        """Return what stands in the way of a file of this name: all of it, or is shown under it.

        What is left out is not in the way, since names at Drive may stand twice: a file that
        could never be brought there because of a shortcut would help nobody.
        """
        return self.occupants_of(folder, [name])[name]

    def occupants_of(self, folder: str, names: Sequence[str]) -> dict[str, list[File]]:
        """Return for each of several names what stands in the way of a file of that name."""
        wanted = {each for name in names for each in related(name)}
        meant = [file for file in self.named(folder, wanted) if not self._documents.left_out(file)]
        shown = self._shown(meant)
        plain: dict[str, dict[str, File]] = {name: {} for name in names}
        for file in meant:
            if (own := self._documents.plain(file)) in plain:
                plain[own][file.id] = file
        return {
            name: list((found | {shown[name].id: shown[name]} if name in shown else found).values())
            for name, found in plain.items()
        }

    def name_of(self, file: File, hint: str = "") -> str:
        """Return the name under which a file is shown; ``hint`` is where it was last seen.

        Drive is asked for others of its name only where the hint is another.
        """
        plain = self._documents.plain(file)
        if hint == plain or not file.parent:
            return plain
        wanted = {plain}
        with suppress(Vanished):
            while True:
                name = self.names([*self.named(file.parent, wanted), file])[file.id]
                if name in wanted:
                    return name
                wanted.add(name)  # some file may have the twin name for its own
        return plain

    def names(self, files: Iterable[File]) -> dict[str, str]:
        """Return, by id, the names under which files of one folder are shown."""
        files = {file.id: file for file in files if not self._documents.left_out(file)}.values()
        return told_apart((file, self._documents.plain(file)) for file in files)

    def _meant(self, folder: str, name: str) -> list[File]:
        return self.named(folder, related(name))

    def _shown(self, files: Iterable[File]) -> dict[str, File]:
        by_id = {file.id: file for file in files}
        return {name: by_id[each] for each, name in self.names(by_id.values()).items()}

    # Turns

    @contextmanager
    def turn(self, *key: str) -> Iterator[None]:
        """Let one thread at a time check a place, or a file, act there, and look at the result.

        Drive has no preconditions; at least we do not get into our own way.
        """
        with self._turn:
            lock, users = self._turns.get(key, (threading.RLock(), 0))
            self._turns[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._turn:
                lock, users = self._turns.pop(key)
                if users > 1:
                    self._turns[key] = lock, users - 1
