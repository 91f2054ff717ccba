"""A drive: a tree of items with ids, its recycle bin, and the number of each change."""

import dataclasses
import math
import secrets
import uuid
from collections.abc import Callable, Iterable, Iterator

from tests.emulators.onedrive import errors
from tests.emulators.onedrive.items import (
    MAX_PATH,
    DriveType,
    Item,
    Kind,
    Remote,
    Version,
    check_name,
    key,
    numbered,
)

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Drive:
    """A drive of some type. ``on_change`` hears of each change with the folders around it.

    Clients' times are kept in steps of ``step_ms`` milliseconds; personal drives are said to be
    more precise than a second, but not all of them are.
    """

    def __init__(
        self,
        drive_type: DriveType,
        now: Callable[[], float],
        on_change: Callable[["Drive", Item, list[Item]], None],
    ) -> None:
        self.type = drive_type
        personal = drive_type == "personal"
        self.id = secrets.token_hex(8) if personal else f"b!{secrets.token_urlsafe(48)}"
        self.seq = 0
        self.quota = 5 << 40
        self.step_ms = 1000
        self.bin: list[Item] = []
        self.by_id: dict[str, Item] = {}
        self._dead: dict[str, Item] = {}
        self._now = now
        self._on_change = on_change
        self._count = 100
        self.root = self._new("folder", "root")
        self.by_id[self.root.id] = self.root

    # Finding

    def get(self, item_id: str) -> Item:
        """Return the item of an id; raises the answer to one that is not there."""
        item = self.root if item_id == "root" else self.by_id.get(item_id)
        if item is None:
            raise errors.not_found()
        return item

    def child(self, folder: Item, name: str) -> Item | None:
        return folder.children.get(key(name))

    def walk(self, start: Item, path: str) -> Item | None:
        """Return what stands at a path below an item."""
        item: Item | None = start
        for name in filter(None, path.split("/")):
            item = self.child(item, name) if item is not None else None
        return item

    def changed_since(self, seq: int) -> list[Item]:
        """Return the items touched after a change, those that are gone included, oldest first."""
        found = [item for item in (*self.by_id.values(), *self._dead.values()) if item.seq > seq]
        return sorted(found, key=lambda item: item.seq)

    def dead(self, item_id: str) -> Item | None:
        """Return an item that was deleted."""
        return self._dead.get(item_id)

    @property
    def used(self) -> int:
        return self.root.size

    @property
    def binned(self) -> int:
        return sum(item.size for item in self.bin)

    # Changing

    def add(
        self,
        kind: Kind,
        folder: Item,
        name: str,
        data: bytes = b"",
        *,
        fs_modified: float | None = None,
        fs_created: float | None = None,
        remote: Remote | None = None,
    ) -> Item:
        """Put a new item into a folder, where nothing of that name may stand."""
        item = self._new(kind, name)
        item.data = data
        item.remote = remote
        self.set_times(item, fs_created, fs_modified)
        self._enter(item, folder)
        self._note(item)
        return item

    def write(self, item: Item, data: bytes, *, fs_modified: float | None = None) -> None:
        """Replace a file's content; what it was stays as a version."""
        item.past.append(Version(item.version, item.data, item.modified))
        item.data = data
        item.contents += 1
        item.fs_modified = self._now()
        self.set_times(item, None, fs_modified)
        self._touch(item)

    def keep_version(self, item: Item) -> None:
        """Make a version of what stands, as SharePoint does when metadata changes."""
        item.past.append(Version(item.version, item.data, item.modified))

    def set_times(self, item: Item, fs_created: float | None, fs_modified: float | None) -> None:
        """Set a client's times, as precisely as the service keeps them."""
        if fs_created is not None:
            item.fs_created = fs_created
        if fs_modified is not None:
            item.fs_modified = fs_modified
        item.fs_created = self._cut(item.fs_created)
        item.fs_modified = self._cut(item.fs_modified)

    def edit(self, item: Item) -> None:
        """Note that an item's metadata changed."""
        self._touch(item)

    def move(self, item: Item, folder: Item, name: str) -> None:
        """Bring an item to a place where nothing else stands."""
        left = list(item.ancestors())
        self._leave(item)
        item.name = name
        self._enter(item, folder)
        self._touch(item, left)

    def remove(self, item: Item, *, to_bin: bool = True) -> None:
        """Take an item away with everything in it."""
        left = list(item.ancestors())
        self._leave(item)
        item.parent = left[0]
        for each in list(item.below()):
            each.deleted = True
            del self.by_id[each.id]
            self._dead[each.id] = each
            self._count_change(each)
        if to_bin:
            self.bin.append(item)
        self._tell(item, left)

    def restore(self, item: Item) -> None:
        """Bring an item back out of the recycle bin, with its id, to where it was."""
        self.bin.remove(item)
        folder = item.parent or self.root
        for each in item.below():
            each.deleted = False
            del self._dead[each.id]
            self.by_id[each.id] = each
            self._count_change(each)
        self._enter(item, folder)
        self._tell(item, list(item.ancestors()))

    def copy(self, item: Item, folder: Item, name: str) -> Item:
        """Make a new item of another, with everything in it, and with new times."""
        made = self.add(item.kind, folder, name, item.data, remote=item.remote)
        for child in list(item.children.values()):
            if child is not made:
                self.copy(child, made, child.name)
        return made

    # Names

    def check(self, folder: Item, name: object, *, is_folder: bool) -> str:
        """Return a name that an item in this folder may have."""
        if not folder.holds_items:
            raise errors.invalid("The parent is no folder")
        checked = check_name(name, self.type, in_root=folder is self.root, is_folder=is_folder)
        if self.type != "personal" and len(f"{folder.path()}/{checked}") > MAX_PATH:
            raise errors.invalid("The path is too long", "pathIsTooLong")
        return checked

    def free_name(self, folder: Item, name: str) -> str:
        """Return the first name after this one that is free."""
        number = 1
        while key(numbered(name, number)) in folder.children:
            number += 1
        return numbered(name, number)

    def room(self, more: int) -> None:
        """Raise the answer to what does not fit any more."""
        if self.used + more > self.quota:
            raise errors.full()

    # A look at another time

    def snapshot(self) -> "Drive":
        """Return the drive as it stands now, for whoever is to see it later."""
        twin = object.__new__(Drive)
        twin.__dict__.update(self.__dict__)
        twins: dict[int, Item] = {}

        def copied(item: Item) -> Item:
            if id(item) not in twins:
                made = twins[id(item)] = dataclasses.replace(item, children={})
                made.parent = copied(item.parent) if item.parent is not None else None
                made.past = list(item.past)
                made.children = {name: copied(child) for name, child in item.children.items()}
            return twins[id(item)]

        twin.root = copied(self.root)
        twin.by_id = {item_id: copied(item) for item_id, item in self.by_id.items()}
        twin._dead = {item_id: copied(item) for item_id, item in self._dead.items()}
        twin.bin = []
        return twin

    # Within

    def _new(self, kind: Kind, name: str) -> Item:
        now = self._now()
        self._count += 1
        if self.type == "personal":
            item_id = f"{self.id.upper()}!{self._count}"
        else:
            item_id = "01" + "".join(secrets.choice(_LETTERS) for _ in range(32))
        rounded = self._cut(now)
        guid = str(uuid.uuid4()).upper()
        return Item(item_id, guid, kind, name, None, now, now, rounded, rounded)

    def _cut(self, seconds: float) -> float:
        """Return a time as precisely as the service keeps it."""
        return math.floor(seconds * 1000 / self.step_ms + 1e-6) * self.step_ms / 1000

    def _enter(self, item: Item, folder: Item) -> None:
        if key(item.name) in folder.children:
            raise errors.name_taken()
        folder.children[key(item.name)] = item
        item.parent = folder
        self.by_id[item.id] = item

    @staticmethod
    def _leave(item: Item) -> None:
        if item.parent is None:
            raise errors.failure(403, "accessDenied", "The root cannot be moved or deleted")
        del item.parent.children[key(item.name)]

    def _touch(self, item: Item, left: Iterable[Item] = ()) -> None:
        item.edits += 1
        item.modified = self._now()
        self._note(item, left)

    def _note(self, item: Item, left: Iterable[Item] = ()) -> None:
        self._count_change(item)
        around: dict[int, Item] = {id(up): up for up in (*left, *item.ancestors())}
        self._tell(item, list(around.values()))

    def _count_change(self, item: Item) -> None:
        self.seq += 1
        item.seq = self.seq

    def _tell(self, item: Item, around: list[Item]) -> None:
        for folder in around:
            folder.contents += 1
            folder.modified = self._now()
        self._on_change(self, item, around)

    def kept(self) -> Iterator[bytes]:
        """Yield what the recycle bin and past versions hold."""
        for item in (*self.bin, self.root):
            for each in item.below():
                yield from (version.data for version in each.past)
                if item is not self.root and each.kind == "file":
                    yield each.data
