"""Looking at everything, or at some folders: a listing, and a HEAD for what is new or changed.

A listing has neither metadata nor hashes. What it shows of an object it showed before is taken
for the object that is known; the others are asked for one by one, many at once.

Keys come in the order of their bytes, so that all of a folder's come together, and a folder is
complete when the first key beyond it is seen: no more is held than the folders on the way to
where the listing is, and one page.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from syncoxiders.adapters.providers.listing import is_same
from syncoxiders.adapters.providers.s3._bucket import Bucket
from syncoxiders.adapters.providers.s3._keys import OWN, Keys, quoted, why_no_path
from syncoxiders.adapters.providers.s3._objects import Listed, mark_of
from syncoxiders.core.model import Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import Denied, RootLost, Vanished
from syncoxiders.ports.provider import FolderDelta, Known, Problem

HEADS = 16
"""How many objects are asked for at once."""

WAITING = 2000
"""How many objects may wait for being asked for."""

TWO_OF_A_NAME = (
    "a file and a folder have this name, which no other storage can hold; both are left alone "
    "until one of them is renamed"
)


class _Folder:
    """A folder while its keys are coming in."""

    __slots__ = ("before", "found", "key", "names", "problems")

    def __init__(self, key: str, before: Iterable[Entry]) -> None:
        self.key = key
        self.before = {entry.id: entry for entry in before}
        self.found: dict[EntryId, Entry | Future[Entry | Problem | None]] = {}
        self.names: dict[str, Kind] = {}
        self.problems: dict[str, Problem] = {}


class Scan:
    """One look. :meth:`close` it."""

    def __init__(self, bucket: Bucket, keys: Keys, known: Known, settling: float) -> None:
        self._bucket = bucket
        self._keys = keys
        self._known = known
        self._settling = settling
        self._room = threading.Semaphore(WAITING)
        self._pool = ThreadPoolExecutor(HEADS, thread_name_prefix="s3-look")

    def close(self) -> None:
        """Give up what is still asked for."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def everything(self) -> Iterator[FolderDelta]:
        """Compare the whole tree."""
        empty = True
        for folder in self._below(self._keys.prefix):
            empty = False
            yield from self._delta(folder)
        if empty and self._keys.prefix:
            raise RootLost(gone(self._bucket, self._keys))
        if empty:
            yield from self._delta(self._open(self._keys.prefix))

    def these(self, folders: Iterable[Ref]) -> Iterator[FolderDelta]:
        """Compare these folders, and whatever is in folders that are new in them."""
        told: set[str] = set()
        for ref in folders:
            key = self._keys.folder(ref)
            if key in told:
                continue
            told.add(key)
            folder, fresh = self._one(key)
            if folder is None:
                continue  # its own folder tells
            yield from self._delta(folder)
            for each in fresh:
                for below in self._below(each):
                    if below.key not in told:
                        told.add(below.key)
                        yield from self._delta(below)

    # Listing

    def _one(self, key: str) -> tuple[_Folder | None, list[str]]:
        """List one folder; returns it, and the keys of folders that are new in it."""
        folder = self._open(key)
        fresh: list[str] = []
        there = False
        for page in self._bucket.pages(key, delimiter="/"):
            for prefix in page.prefixes:
                there = True
                name = prefix[len(key) : -1]
                if prefix == self._keys.own:
                    continue
                if why := why_no_path(name):
                    self._complain(folder, prefix, why)
                    continue
                entry = self._keys.folder_entry(prefix)
                self._add(folder, name, entry)
                if entry.id not in folder.before:
                    fresh.append(prefix)
            for each in page.objects:
                there = True
                self._take(folder, each)
        if not there and key:
            if key == self._keys.prefix:
                raise RootLost(gone(self._bucket, self._keys))
            return None, []
        return folder, [each for each in fresh if each[len(key) : -1] not in folder.problems]

    def _below(self, top: str) -> Iterator[_Folder]:
        """List all that is below a folder's key; yields folders as they are complete."""
        path: list[_Folder] = []
        for page in self._bucket.pages(
            top, skip=self._keys.own if top == self._keys.prefix else ""
        ):
            complete: deque[_Folder] = deque()
            for each in page.objects:
                if not path:
                    path.append(self._open(top))
                if each.key.startswith(self._keys.own):
                    continue
                while not each.key.startswith(path[-1].key):
                    complete.append(path.pop())
                self._descend(path, each)
            yield from complete  # by now everything on the page has been asked for
        yield from reversed(path)

    def _descend(self, path: list[_Folder], each: Listed) -> None:
        """Open the folders on the way to a key, and take the key in the last of them."""
        here = path[-1]
        *names, _last = each.key[len(here.key) :].split("/")
        for name in names:
            if why := why_no_path(name):
                self._complain(here, each.key, why)
                return
            key = f"{here.key}{name}/"
            self._add(here, name, self._keys.folder_entry(key))
            if name in here.problems:
                return
            here = self._open(key)
            path.append(here)
        self._take(here, each)

    def _open(self, key: str) -> _Folder:
        return _Folder(key, self._known.children(self._keys.id(key)))

    # Taking in

    def _take(self, folder: _Folder, each: Listed) -> None:
        """Take an object in the folder that it is in."""
        if each.key == folder.key:
            if each.size and folder.key != self._keys.prefix:
                self._complain(folder, each.key, "the folder's marker holds bytes", meant=True)
            return
        name = each.key[len(folder.key) :]
        if why := why_no_path(name):
            self._complain(folder, each.key, why)
            return
        if folder.key == self._keys.prefix and name == OWN:
            self._complain(folder, each.key, "its name is SyncOxiders' own", meant=True)
            return
        old = folder.before.get(self._keys.id(each.key))
        if old is not None and old.mark == mark_of(each.etag, each.modified):
            self._add(folder, name, old)
        else:
            self._room.acquire()
            asked = self._pool.submit(self._ask, each.key)
            asked.add_done_callback(lambda _: self._room.release())
            self._add(folder, name, asked)

    def _ask(self, key: str) -> Entry | Problem | None:
        try:
            found = self._bucket.head(key, sure=False)
        except Denied as denied:
            return Problem(self._keys.path(key), str(denied))
        except Vanished:
            return None
        return None if found is None else found.entry(self._keys, self._settling)

    def _add(
        self, folder: _Folder, name: str, entry: Entry | Future[Entry | Problem | None]
    ) -> None:
        kind = entry.kind if isinstance(entry, Entry) else Kind.FILE
        if folder.names.setdefault(name, kind) is not kind:
            self._complain(folder, f"{folder.key}{name}", TWO_OF_A_NAME)
        entry_id = self._keys.id(f"{folder.key}{name}" + ("/" if kind is Kind.FOLDER else ""))
        folder.found[entry_id] = entry

    def _complain(self, folder: _Folder, key: str, why: str, *, meant: bool = False) -> None:
        name = key[len(folder.key) :].removesuffix("/")
        path = quoted(self._keys.path(key))
        folder.problems[name] = Problem(path, why, unreadable=not meant)

    # Telling

    def _delta(self, folder: _Folder) -> Iterator[FolderDelta]:
        changed: list[Entry] = []
        missing = dict(folder.before)
        for entry_id, found in folder.found.items():
            entry = found if isinstance(found, Entry) else found.result()
            if isinstance(entry, Problem):
                folder.problems[self._name(entry_id)] = entry
            if not isinstance(entry, Entry) or self._name(entry_id) in folder.problems:
                continue
            old = missing.pop(entry_id, None)
            if old is None or not is_same(old, entry):
                changed.append(entry)
        unreadable = {name for name, problem in folder.problems.items() if problem.unreadable}
        gone = tuple(each for each, entry in missing.items() if entry.name not in unreadable)
        if changed or gone or folder.problems:
            problems = tuple(folder.problems.values())
            yield FolderDelta(self._keys.id(folder.key), tuple(changed), gone, problems)

    def _name(self, entry_id: EntryId) -> str:
        return entry_id.removesuffix("/").rpartition("/")[2]


def gone(bucket: Bucket, keys: Keys) -> str:
    """Say that there is nothing at the root."""
    return (
        f"nothing is below {keys.prefix!r} in the bucket {bucket.name!r}: "
        f"if that is right, make the folder there first"
    )
