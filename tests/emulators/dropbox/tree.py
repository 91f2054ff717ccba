"""What a Dropbox holds: folders, files, their revisions, and the journal of what changed.

The journal knows one note per path, the last one, in the order in which they were made: a path
that changed twice is told of once, as it is now. A moved file gets another revision; the id
stays. Both as seen in answers of the real service that are shown on
https://stackoverflow.max-everyday.com/2017/02/delta-equivalent-for-core-api-v2
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from syncoxiders.core.digests import DROPBOX
from tests.emulators import bulk
from tests.emulators.dropbox import paths
from tests.emulators.dropbox.refusals import Refused

NAMESPACE = 0x05EB9841
OWNER = "Polly Panda"


@dataclass(eq=False)
class Revision:
    """Content of a file. Times are in seconds; ``path`` is where the file stood with it.

    ``carried`` marks one whose content went on, with the file, to the revision of a move.
    """

    rev: str
    file: str
    path: str
    data: bytes
    content_hash: str
    client_modified: int
    server_modified: int
    carried: bool = False


@dataclass(eq=False)
class Node:
    """What stands somewhere; ``folder`` is None for the root, and for what is gone."""

    id: str
    name: str
    folder: "Folder | None" = None

    @property
    def path(self) -> str:
        """The path as it is shown."""
        return f"{self.folder.path}/{self.name}" if self.folder is not None else ""

    @property
    def key(self) -> str:
        return paths.key(self.path)


@dataclass(eq=False)
class Folder(Node):
    """A folder. ``shared`` is the id of the shared folder that it is the mount point of.

    One that is ``read_only`` is written to by those who share it, not by this account.
    """

    children: dict[str, Node] = field(default_factory=dict)
    shared: str = ""
    read_only: bool = False

    def all(self) -> Iterator[Node]:
        """Yield everything in it, folders before what is in them."""
        for child in self.children.values():
            yield child
            if isinstance(child, Folder):
                yield from child.all()


@dataclass(eq=False)
class File(Node):
    """A file; a document that has no bytes of its own has ``exports`` by format instead.

    A ``symlink`` names its target. What is ``restricted`` is there, and cannot be read.
    """

    revisions: list[Revision] = field(default_factory=list)
    exports: dict[str, bytes] = field(default_factory=dict)
    symlink: str = ""
    restricted: bool = False

    @property
    def current(self) -> Revision:
        return self.revisions[-1]


class Note(NamedTuple):
    """The journal's last word on a path: what is there now is to be told.

    ``cover`` is the number of the note of a folder that went away with this in it. With ``gone``
    a deletion is to be told, whatever is there.
    """

    number: int
    path: str
    cover: tuple[str, int] | None
    gone: bool = False


class Grave(NamedTuple):
    """Something that was deleted or moved away, when, and the file that it was."""

    path: str
    when: int
    file: str


class Tree:
    """The files and folders of one account. Not safe for threads by itself.

    ``moves_add_first`` lets the journal tell of a moved thing's new place before the old one.
    With ``respells`` a change of case alone is done when an app asks for it, and told of:
    Maestral's tests against the real service expect so, Dropbox's documentation does not.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.root = Folder("", "")
        self.by_id: dict[str, Node] = {}
        self.by_rev: dict[str, Revision] = {}
        self.history: dict[str, list[Revision]] = {}
        self.journal: dict[str, Note] = {}
        self.graves: dict[str, Grave] = {}
        self.number = 0x1000
        self.quota = 2 << 30
        self.used = 0
        self.moves_add_first = False
        self.respells = False

    # Looking

    def find(self, path: str) -> Node | None:
        """Return what stands at a path, whatever its case; raises Refused."""
        node: Node | None = self.root
        for name in paths.split(path):
            node = node.children.get(paths.key(name)) if isinstance(node, Folder) else None
        return node

    # Writing

    def write(self, path: str, data: bytes, modified: float | None = None) -> File:
        """Put content at a path: a new revision of the file that stands there, or a new file."""
        node = self.find(path)
        if isinstance(node, Folder):
            raise Refused("conflict", "folder")
        self._check_space(len(data) - (len(node.current.data) if isinstance(node, File) else 0))
        if not isinstance(node, File):
            node = File(self._new_id(), "")
            self._attach(node, path)
        self._revise(node, data, modified)
        return node

    def make_folder(self, path: str) -> Folder:
        """Make a folder where nothing stands, and the folders that it is in."""
        node = Folder(self._new_id(), "")
        self._attach(node, path)
        self._note(node.path)
        return node

    def move(self, node: Node, path: str) -> None:
        """Bring a node to a path where nothing else stands."""
        self._check_place(path)
        left = self._detach(node)
        if not self.moves_add_first:
            self._tell_departure(left)
        self._attach(node, path)
        self._tell_arrival(node, moved=True)
        if self.moves_add_first:
            self._tell_departure(left)

    def respell(self, node: Node, name: str) -> None:
        """Change the case of a name, which the journal need not tell of."""
        node.name = paths.composed(name)
        if self.respells:
            self._tell_arrival(node, moved=True)

    def share(self, folder: Folder, *, read_only: bool) -> None:
        """Make a folder the mount point of a shared folder.

        It and everything in it is told of as deleted, and then as there again.
        Source: Maestral, ``maestral/sync.py``, ``_clean_remote_changes``.
        """
        for node in _with_all(folder):
            self._note(node.path, gone=True)
        folder.shared = str(int(folder.id.encode().hex(), 16))[:11]
        folder.read_only = read_only
        self._tell_arrival(folder, moved=True)

    def unmount(self, folder: Folder) -> None:
        """Take a shared folder out of the account; it goes on elsewhere, not as deleted."""
        left = self._detach(folder)
        self._tell_departure(left)
        for path in left:
            del self.graves[paths.key(path)]
        self._forget(folder)

    def mount(self, folder: Folder, path: str) -> None:
        """Bring a shared folder back, with everything in it."""
        self._attach(folder, path)
        self._tell_arrival(folder, moved=True)
        self.used += sum(len(each.current.data) for each in folder.all() if isinstance(each, File))

    def copy(self, node: Node, path: str) -> Node:
        """Make a copy at a path where nothing stands; everything in it has new ids."""
        self._check_space(
            sum(len(each.current.data) for each in _with_all(node) if isinstance(each, File))
        )
        copied = self._copy(node)
        self._attach(copied, path)
        self._tell_arrival(copied, moved=False)
        return copied

    def delete(self, node: Node) -> None:
        """Delete a node with everything in it; revisions are kept."""
        self._tell_departure(self._detach(node))
        self._forget(node)

    def restore(self, path: str, revision: Revision) -> File:
        """Make an old revision the current one of the file at a path, or bring the file back."""
        standing = self.find(path)
        if standing is None and revision.file not in self.by_id:
            file = File(revision.file, "")
            self._attach(file, path)
            self._revise(file, revision.data, revision.client_modified)
            return file
        return self.write(path, revision.data, revision.client_modified)

    # Inside

    def _new_id(self) -> str:
        return "id:" + secrets.token_urlsafe(16)[:22]

    def _check_space(self, more: int) -> None:
        if more > 0 and self.used + more > self.quota:
            raise Refused("insufficient_space")

    def _forget(self, node: Node) -> None:
        for each in _with_all(node):
            del self.by_id[each.id]
            if isinstance(each, File):
                self.used -= len(each.current.data)

    def _check_place(self, path: str) -> None:
        """Raise Refused if nothing can be put at a path."""
        names = paths.split(path)
        paths.check_new(names)
        node: Node | None = self.root
        for name in names[:-1]:
            if isinstance(node, File):
                break
            node = node.children.get(paths.key(name)) if isinstance(node, Folder) else None
        if isinstance(node, File):
            raise Refused("conflict", "file_ancestor")

    def _attach(self, node: Node, path: str) -> None:
        self._check_place(path)
        names = paths.split(path)
        folder = self.root
        for name in names[:-1]:
            below = folder.children.get(paths.key(name))
            if below is None:
                below = self.make_folder(f"{folder.path}/{name}")
            assert isinstance(below, Folder)
            folder = below
        node.name, node.folder = names[-1], folder
        folder.children[paths.key(node.name)] = node
        for each in _with_all(node):
            self.by_id[each.id] = each

    def _detach(self, node: Node) -> dict[str, str]:
        """Take a node out; returns the paths that were left, its own first, with files' ids."""
        assert node.folder is not None, "the root goes nowhere"
        left = {each.path: each.id if isinstance(each, File) else "" for each in _with_all(node)}
        del node.folder.children[paths.key(node.name)]
        node.folder = None
        return left

    def _tell_departure(self, left: dict[str, str]) -> None:
        cover = None
        for path, file in left.items():
            number = self._note(path, cover)
            cover = cover or (paths.key(path), number)
            self.graves[paths.key(path)] = Grave(path, int(self._now()), file)

    def _tell_arrival(self, top: Node, *, moved: bool) -> None:
        for node in _with_all(top):
            if not isinstance(node, File):
                self._note(node.path)
                continue
            old = node.current
            old.carried = old.carried or moved
            self._revise(node, old.data, old.client_modified, old.content_hash)
            if not moved:
                node.revisions.remove(old)
                self.used += len(old.data)

    def _revise(
        self, file: File, data: bytes, modified: float | None, content_hash: str = ""
    ) -> None:
        now = int(self._now())
        number = self._note(file.path)
        revision = Revision(
            rev=f"{number:x}{NAMESPACE:08x}",
            file=file.id,
            path=file.path,
            data=data,
            content_hash=content_hash or bulk.digest(data, DROPBOX),
            client_modified=now if modified is None else int(modified),
            server_modified=now,
        )
        self.used += len(data) - (len(file.current.data) if file.revisions else 0)
        file.revisions.append(revision)
        self.by_rev[revision.rev] = revision
        self.history.setdefault(paths.key(file.path), []).append(revision)

    def _copy(self, node: Node) -> Node:
        if isinstance(node, Folder):
            folder = Folder(self._new_id(), node.name)
            for child in node.children.values():
                copied = self._copy(child)
                copied.folder = folder
                folder.children[paths.key(child.name)] = copied
            return folder
        assert isinstance(node, File)
        return replace(node, id=self._new_id(), folder=None, revisions=[node.current])

    def _note(self, path: str, cover: tuple[str, int] | None = None, *, gone: bool = False) -> int:
        self.number += 1
        key = paths.key(path)
        place = f"gone {key}" if gone else key
        self.journal.pop(place, None)
        self.journal[place] = Note(self.number, path, cover, gone)
        self.graves.pop(key, None)
        return self.number


def _with_all(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Folder):
        yield from node.all()
