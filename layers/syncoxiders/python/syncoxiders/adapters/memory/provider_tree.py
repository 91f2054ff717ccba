"""The tree that a memory provider keeps: nodes, names, and the entries that describe them."""

import unicodedata
from collections.abc import Iterator

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core import hashes
from syncoxiders.core.digests import ALGORITHMS
from syncoxiders.core.model import ROOT_ENTRY, UNKNOWN_SIZE, Entry, EntryId, Kind
from syncoxiders.ports.errors import Occupied, Refused, Vanished

_ENDINGS = {Kind.FILE: "", Kind.FOLDER: "/", Kind.LINK: "//"}
"""What an id that is a path ends in: an id never names things of two kinds."""


class TreeNode:
    """One file, folder or link. ``parent`` is None for the root and for what was taken out.

    ``name`` is what it is shown under, ``stored`` what it was given; ``serial`` tells its age.
    """

    __slots__ = (
        "children",
        "data",
        "denied",
        "entry",
        "executable",
        "id",
        "kind",
        "mtime_ns",
        "name",
        "parent",
        "serial",
        "stored",
        "version",
    )

    def __init__(self, node_id: EntryId, kind: Kind, serial: int = 0) -> None:
        self.id = node_id
        self.kind = kind
        self.serial = serial
        self.name = ""
        self.stored = ""
        self.parent: TreeNode | None = None
        self.children: dict[str, TreeNode] = {}
        self.data = b""
        self.version = ""
        self.mtime_ns = 0
        self.executable: bool | None = None
        self.denied = False
        self.entry: Entry | None = None  # kept until something in it changes


class Tree:
    """Nodes below a root, found by id, by path, or by folder and name.

    ``renamed`` gathers nodes that are shown under another name because of what came or went.
    """

    def __init__(self, quirks: Quirks, prefix: str) -> None:
        self.quirks = quirks
        self.traits = quirks.traits
        self.root = TreeNode(ROOT_ENTRY, Kind.FOLDER)
        self._by_id: dict[EntryId, TreeNode] = {ROOT_ENTRY: self.root}
        self._prefix = prefix
        self._ids = 0
        self._versions = 0
        self.renamed: list[TreeNode] = []
        self._forbidden = frozenset(quirks.traits.forbidden) | {"/", "\0"}
        self._reserved = frozenset(word.casefold() for word in quirks.traits.reserved)

    @property
    def given(self) -> tuple[int, int]:
        """Return how many ids and versions were given so far."""
        return self._ids, self._versions

    def number_after(self, other: "Tree") -> None:
        """Give no id and no version that was given in another tree."""
        ids, versions = other.given
        self._ids, self._versions = max(self._ids, ids), max(self._versions, versions)

    # Names

    def check_name(self, name: str) -> None:
        """Raise Refused for a name that cannot be held here."""
        if name in {"", ".", ".."} or not self._forbidden.isdisjoint(name):
            raise Refused(f"{name!r} is not a name that can be kept here")
        errors = "surrogateescape" if self.traits.accepts_any_bytes else "strict"
        try:
            length = len(name) if name.isascii() else len(name.encode("utf-8", errors))
        except UnicodeEncodeError as exc:
            raise Refused(f"{name!r} is not valid Unicode") from exc
        if length > self.traits.max_name:
            raise Refused(f"a name of {length} bytes is too long")
        if self.traits.bmp_only and max(name) > "\uffff":
            raise Refused(f"{name!r} has characters that cannot be kept here")
        if self.traits.trims and name[-1] in ". ":
            raise Refused(f"{name!r} ends in a dot or space")
        if name[0] in self.traits.leading:
            raise Refused(f"{name!r} begins with a character that cannot be kept there")
        if self._reserved and name.split(".", 1)[0].casefold() in self._reserved:
            raise Refused(f"{name!r} is reserved")

    def _key(self, name: str) -> str:
        if self.traits.case_insensitive:
            name = name.lower() if name.isascii() else name.casefold()
        if self.traits.normalizing and not name.isascii():
            name = unicodedata.normalize("NFC", name)
        return name

    # Finding

    def find(self, entry_id: EntryId) -> TreeNode | None:
        """Return the node of an id."""
        if self.traits.stable_ids or entry_id == ROOT_ENTRY:
            return self._by_id.get(entry_id)
        node = self.walk(entry_id.strip("/"))
        return node if node is not None and self.id_of(node) == entry_id else None

    def folder(self, entry_id: EntryId) -> TreeNode:
        """Return a folder's node; raises Vanished."""
        node = self.find(entry_id)
        if node is None or node.kind is not Kind.FOLDER:
            raise Vanished(f"the folder {entry_id} is not there")
        return node

    def lookup(self, folder: TreeNode, name: str) -> TreeNode | None:
        """Return what stands under a name, the first of them if there are several."""
        return folder.children.get(self._key(name))

    def namesakes(self, folder: TreeNode, name: str) -> list[TreeNode]:
        """Return everything that stands under a name."""
        first = self.lookup(folder, name)
        if first is None or not self.quirks.duplicates:
            return [] if first is None else [first]
        key = self._key(name)
        return [node for node in folder.children.values() if self._key(node.name) == key]

    def walk(self, path: str) -> TreeNode | None:
        """Return what stands at a path below the root."""
        node: TreeNode | None = self.root
        if path:
            for name in path.split("/"):
                if node is None:
                    return None
                node = node.children.get(self._key(name))
        return node

    def below(self, node: TreeNode) -> Iterator[TreeNode]:
        """Yield the node and everything in it, folders before their content."""
        yield node
        for child in node.children.values():
            yield from self.below(child)

    def is_live(self, node: TreeNode) -> bool:
        """Say whether the node can be reached from the root."""
        return self.is_inside(node, self.root)

    def is_inside(self, node: TreeNode, folder: TreeNode) -> bool:
        """Say whether a node is the folder or stands somewhere in it."""
        up: TreeNode | None = node
        while up is not None and up is not folder:
            up = up.parent
        return up is folder

    def path_of(self, node: TreeNode) -> str:
        """Return the path of a node below the root."""
        names: list[str] = []
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        return "/".join(reversed(names))

    def id_of(self, node: TreeNode) -> EntryId:
        """Return the id under which a node is reported."""
        if self.traits.stable_ids or node is self.root:
            return node.id
        return f"/{self.path_of(node)}{_ENDINGS[node.kind]}"

    def entry_of(self, node: TreeNode) -> Entry:
        """Return the node as it is reported."""
        if node.entry is None:
            parent = node.parent or self.root
            is_folder = node.kind is Kind.FOLDER
            node.entry = Entry(
                id=self.id_of(node),
                parent=self.id_of(parent),
                name=node.name,
                kind=node.kind,
                version=node.version,
                size=len(node.data) if is_folder or self.quirks.sizes else UNKNOWN_SIZE,
                mtime_ns=node.mtime_ns,
                hashes="" if is_folder else digest(node.data, self.quirks.listed_hash),
                executable=node.executable,
            )
        return node.entry

    # Changing

    def new(self, kind: Kind) -> TreeNode:
        """Return a node that stands nowhere yet."""
        self._ids += 1
        return TreeNode(f"{self._prefix}{self._ids}", kind, self._ids)

    def fill(self, node: TreeNode, data: bytes, mtime_ns: int, executable: bool | None) -> None:
        """Give a file or link its content, as a new version."""
        self._versions += 1
        node.data = data
        node.version = f"v{self._versions}"
        node.mtime_ns = mtime_ns - mtime_ns % self.quirks.mtime_step_ns
        keeps = self.traits.keeps_executable and node.kind is Kind.FILE
        node.executable = bool(executable) if keeps else None
        node.entry = None

    def attach(self, node: TreeNode, folder: TreeNode, name: str) -> None:
        """Put a node that stands nowhere in a place."""
        self._link(node, folder, name)
        if self.traits.stable_ids:
            for each in self.below(node):
                self._by_id[each.id] = each

    def detach(self, node: TreeNode) -> None:
        """Take a node, with everything in it, out of the tree."""
        self._unlink(node)
        if self.traits.stable_ids:
            for each in self.below(node):
                del self._by_id[each.id]

    def relocate(self, node: TreeNode, folder: TreeNode, name: str) -> None:
        """Bring a node to a place where nothing else stands."""
        self._unlink(node)
        self._link(node, folder, name)

    def _link(self, node: TreeNode, folder: TreeNode, name: str) -> None:
        if self.quirks.stored_form:
            name = unicodedata.normalize(self.quirks.stored_form, name)
        node.stored = name
        key = self._key(name)
        if self.quirks.twins:
            key = f"/{node.id}"  # until it is told apart from others
        elif key in folder.children:
            if not self.quirks.duplicates:
                raise Occupied(f"{name} stands there already")
            key = f"{key}/{node.id}"
        node.name = name
        node.parent = folder
        folder.children[key] = node
        self._forget_entries(node)
        if self.quirks.twins:
            self._tell_apart(folder, name)
            self.renamed = [each for each in self.renamed if each is not node]

    def _unlink(self, node: TreeNode) -> None:
        folder = node.parent
        if folder is None:
            raise ValueError("the root cannot be taken out")
        key = self._key(node.name)
        if folder.children.get(key) is node:
            del folder.children[key]
            if self.quirks.duplicates:
                self._promote(folder, key)
        else:
            del folder.children[f"{key}/{node.id}"]
        self._forget_entries(node)
        node.parent = None
        if self.quirks.twins:
            self._tell_apart(folder, node.stored)

    def _tell_apart(self, folder: TreeNode, name: str) -> None:
        """Show the oldest of what has a name in a folder under it, the others under their own."""
        form = self._key(name)
        group = {k: n for k, n in folder.children.items() if self._key(n.stored) == form}
        for key in group:
            del folder.children[key]
        for node in sorted(group.values(), key=lambda each: each.serial):
            shown = node.stored
            while self._key(shown) in folder.children:
                shown = _twin(shown, node.serial)
            if node.name != shown:
                self.renamed.append(node)
            node.name, node.entry = shown, None
            folder.children[self._key(shown)] = node

    def _promote(self, folder: TreeNode, key: str) -> None:
        for other in folder.children:
            if other.startswith(key + "/"):
                folder.children[key] = folder.children.pop(other)
                return

    def _forget_entries(self, node: TreeNode) -> None:
        node.entry = None
        if not self.traits.stable_ids:  # the ids of everything inside hang on the path
            for child in node.children.values():
                self._forget_entries(child)


def _twin(name: str, serial: int) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem}.twin-{serial}.{extension}" if dot and stem else f"{name}.twin-{serial}"


def digest(data: bytes, algorithm: str) -> str:
    """Return the hash text of some bytes; ``""`` for no algorithm."""
    if not algorithm:
        return ""
    hasher = ALGORITHMS[algorithm]()
    hasher.update(data)
    return hashes.encode({algorithm: hasher.hexdigest()})
