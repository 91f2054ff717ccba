"""A storage provider in memory, for tests and simulation.

It passes the provider's contract, does by :class:`~.quirks.Quirks` what real storage does, and
lets a test act between its steps. It has no time or randomness of its own.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from msgspec import structs

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider_blind import BlindHands, Undo
from syncoxiders.adapters.memory.provider_tree import TreeNode, digest
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import Entry, Kind, Ref, Traits
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import (
    Changing,
    Denied,
    NotEmpty,
    Occupied,
    Refused,
    RootLost,
    Stale,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.provider import Attributes, FolderDelta, Known, Page, Problem

T = TypeVar("T")
R = TypeVar("R")

Hook = Callable[[str], None]
"""Called with the name of an operation; what it raises is what the caller of it sees."""

Place = tuple[TreeNode, TreeNode | None]
"""A folder, and what stands in it under the name in question."""


class MemoryProvider(BlindHands):
    """A :class:`Provider` that also ``Rescans`` and ``SetsMeta``; people's hands are methods.

    ``before`` and ``after`` are called around each effect (``make_folder``, ``upload``,
    ``move``, ``delete``, ``set_meta``, and ``undo`` where there are no preconditions): an error
    from ``after`` is an answer that was lost. ``on_call`` is called at the start of every
    operation. While ``offline``, everything raises Unreachable. ``calls`` counts operations by
    name, ``mutations`` effects.
    """

    def __init__(
        self, quirks: Quirks | None = None, *, clock: Clock | None = None, name: str = "m"
    ) -> None:
        super().__init__(quirks or Quirks(), clock or MemoryClock(), name)
        self.name = name
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.on_call: Hook | None = None
        self.offline = False
        self.calls: Counter[str] = Counter()
        self.mutations = 0
        self._turn = threading.RLock()  # what is taken back must not be another thread's work

    @property
    def traits(self) -> Traits:
        """What the planner must know of this provider."""
        return self.quirks.traits

    # Reading

    def root(self) -> str:
        """Return the root's mark."""
        self._enter("root")
        return f"{self.name}-{self._mark}"

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry as it stands now."""
        self._enter("get")
        with self._lock:
            node = self._tree.find(ref.id)
            return None if node is None else self._tree.entry_of(node)

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at the place now."""
        self._enter("at")
        with self._lock:
            folder = self._tree.find(parent.id)
            node = None if folder is None else self._tree.lookup(folder, name)
            return None if node is None else self._tree.entry_of(node)

    def read(self, ref: Ref, version: str, offset: int = 0) -> "MemoryReader":
        """Begin to read the version from a byte on."""
        self._enter("read")
        with self._lock:
            node = self._file(ref, version)
            if node.denied:
                raise Denied(f"{ref.path} may not be read")
            return MemoryReader(self, ref, self._tree.entry_of(node), node.data[offset:])

    def hash(self, ref: Ref, version: str, algorithms: Sequence[str] = (hashes.OWN,)) -> str:
        """Return the content hashes of the version."""
        self._enter("hash")
        with self._lock:
            node = self._file(ref, version)
            if node.denied:
                raise Denied(f"{ref.path} may not be read")
            return digests_of([node.data], algorithms).text()

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        """Compare the tree, or these folders, with what is known.

        A folder that is asked for and is not there yields nothing: its own folder tells.
        """
        self._enter("rescan")
        todo: list[tuple[str, TreeNode]] = []
        with self._lock:
            if folders is None:
                todo.append((self._tree.root.id, self._tree.root))
            else:
                for ref in folders:
                    node = self._tree.find(ref.id)
                    if node is not None and node.kind is Kind.FOLDER:
                        todo.append((ref.id, node))
        while todo:
            folder_id, node = todo.pop()
            before = {entry.id: entry for entry in known.children(folder_id)}
            changed: list[Entry] = []
            problems: list[Problem] = []
            with self._lock:
                if not self._mounted:
                    raise RootLost("the root is not there")
                if node not in self._late and self._tree.find(folder_id) is not node:
                    continue  # moved or removed since it was listed: the next look tells
                path = self._tree.path_of(node)
                listing = self._listing(node, folder_id)
            if node.denied:
                yield FolderDelta(folder_id, problems=(Problem(path, "may not be read"),))
                continue
            for entry, child in listing:
                old = before.pop(entry.id, None)
                if entry.kind is Kind.FOLDER:
                    if folders is None or old is None:
                        todo.append((entry.id, child))
                elif entry.kind is Kind.LINK and not self.traits.keeps_links:
                    where = f"{path}/{entry.name}" if path else entry.name
                    problems.append(Problem(where, "is a symbolic link", unreadable=False))
                    continue
                if old is not entry and (old is None or not _same(old, entry)):
                    changed.append(entry)
            if changed or before or problems:
                yield FolderDelta(folder_id, tuple(changed), tuple(before), tuple(problems))

    # Writing

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder."""
        self._enter("make_folder")
        self._tree.check_name(name)

        def check() -> TreeNode:
            return self._check_place(parent, name, None)[0]

        def effect(folder: TreeNode) -> Entry:
            node = self._tree.new(Kind.FOLDER)
            self._settle_in(node, folder, name)
            return self._tree.entry_of(node)

        return self._do("make_folder", check, effect)

    def upload(
        self,
        parent: Ref,
        name: str,
        chunks: Iterable[memoryview | bytes],
        *,
        size: int,  # noqa: ARG002 -- a hint, of no use here
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,
        verify: bool = True,  # noqa: ARG002 -- memory holds what it was given
    ) -> Entry:
        """Write content, all of it at once when the last chunk is there."""
        self._enter("upload")
        self._tree.check_name(name)
        if attributes.kind is Kind.LINK and not self.traits.keeps_links:
            raise Refused("symbolic links cannot be kept here")

        def check() -> Place:
            return self._check_place(parent, name, replaces)

        def effect(place: Place) -> Entry:
            folder, standing = place
            if standing is None:
                node = incoming
                self._settle_in(node, folder, name)
            else:
                node = self._put_over(standing, incoming, attributes, keep=keep)
            entry = self._tree.entry_of(node)
            own = digest(incoming.data, hashes.OWN)
            return structs.replace(entry, hashes=hashes.merged(entry.hashes, own))

        def blind() -> Undo:
            return self._blind_upload(parent, name, incoming, creates=replaces is None)

        with self._lock:
            check()
        data = b"".join(bytes(chunk) for chunk in chunks)
        with self._lock:
            incoming = self._tree.new(attributes.kind)
            mtime_ns = self._time(attributes.mtime_ns)
            self._tree.fill(incoming, data, mtime_ns, attributes.executable)
        return self._do("upload", check, effect, blind)

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands."""
        self._enter("move")
        self._tree.check_name(name)

        def check() -> tuple[TreeNode, TreeNode]:
            node = self._expected(ref, version)
            folder = self._tree.folder(parent.id)
            if self._tree.is_inside(folder, node):
                raise Refused(f"{ref.path} cannot be moved into itself")
            standing = self._tree.lookup(folder, name)
            if standing is not None and standing is not node:
                raise Occupied(f"{name} stands there already")
            return node, folder

        def effect(places: tuple[TreeNode, TreeNode]) -> Entry:
            node, folder = places
            for each in self._renamed(node):
                self._late.pop(each, None)
            self._shift(node, folder, name, shows=self.ticks)
            return self._tree.entry_of(node)

        return self._do("move", check, effect, lambda: self._blind_move(ref, parent, name))

    def delete(self, ref: Ref, version: str) -> None:
        """Delete a file, link or empty folder, to the trash where there is one."""
        self._enter("delete")

        def check() -> TreeNode:
            node = self._expected(ref, version)
            if node.children:
                raise NotEmpty(f"{ref.path} is not empty")
            return node

        def effect(node: TreeNode) -> None:
            if self.traits.keeps_replaced and node.kind is not Kind.FOLDER:
                self._trash.append(node.data)
            self._give_up(node)

        self._do("delete", check, effect, lambda: self._blind_delete(ref))

    def set_meta(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set modified time and executable bit."""
        self._enter("set_meta")
        if not self.traits.sets_meta:
            raise Refused("metadata come with an upload only")

        def effect(node: TreeNode) -> Entry:
            mtime_ns, executable = attributes.mtime_ns, attributes.executable
            self._overwrite(
                node,
                node.data,
                node.mtime_ns if mtime_ns is None else self._time(mtime_ns),
                node.executable if executable is None else executable,
            )
            return self._tree.entry_of(node)

        return self._do("set_meta", lambda: self._file(ref, version), effect)

    def settle(self) -> None:
        """Memory survives nothing, and a simulated crash does not touch it."""
        self._enter("settle")

    def close(self) -> None:
        """Memory holds nothing that could be released."""

    # Checks and effects

    def _enter(self, operation: str) -> None:
        if self.on_call is not None:
            self.on_call(operation)
        with self._lock:
            self.calls[operation] += 1
            self.ticks += 1
            if self.offline:
                raise Unreachable(f"{self.name} does not answer")
            if not self._mounted:
                raise RootLost("the root is not there")

    @contextmanager
    def _effect(self, operation: str) -> Iterator[None]:
        if self.before is not None:
            self.before(operation)
        with self._lock:
            yield
            self.mutations += 1
        if self.after is not None:
            self.after(operation)

    def _do(
        self,
        operation: str,
        check: Callable[[], T],
        effect: Callable[[T], R],
        blind: Callable[[], Undo] | None = None,
    ) -> R:
        """Check and act as one; without preconditions, check, act, and see what that did."""
        if self.quirks.preconditions or blind is None:
            with self._effect(operation):
                return effect(check())
        with self._turn:
            check()
            with self._effect(operation):
                try:
                    target = check()
                except Stale as exc:
                    surprise = exc
                    undo = blind()
                else:
                    return effect(target)
            with self._effect("undo"):
                undo()
            raise surprise

    def _file(self, ref: Ref, version: str) -> TreeNode:
        node = self._expected(ref, version)
        if node.kind is Kind.FOLDER:
            raise Stale(f"{ref.path} is a folder")
        return node

    def _expected(self, ref: Ref, version: str) -> TreeNode:
        node = self._tree.find(ref.id)
        if node is None or node.parent is None:
            raise Vanished(f"{ref.path} is not there")
        if node.version != version:
            raise Stale(f"{ref.path} is not what was expected")
        return node

    def _check_place(self, parent: Ref, name: str, replaces: tuple[Ref, str] | None) -> Place:
        folder = self._tree.folder(parent.id)
        namesakes = self._tree.namesakes(folder, name)
        if replaces is None:
            if namesakes:
                raise Occupied(f"{name} stands there already")
            return folder, None
        if not namesakes:
            raise Vanished(f"{name} is not there")
        ref, version = replaces
        if any(self._tree.id_of(node) == ref.id for node in namesakes):
            return folder, self._file(ref, version)
        raise Stale(f"{name} is not what was expected")

    def _put_over(
        self, standing: TreeNode, incoming: TreeNode, attributes: Attributes, *, keep: bool
    ) -> TreeNode:
        if keep and self.traits.keeps_replaced:
            self._versions.append(standing.data)
        executable = attributes.executable
        if executable is None:
            executable = standing.executable
        if self.quirks.replace_keeps_id and standing.kind is incoming.kind:
            self._overwrite(standing, incoming.data, incoming.mtime_ns, executable)
            return standing
        folder = standing.parent or self._tree.root
        name = standing.name
        self._give_up(standing)
        self._tree.fill(incoming, incoming.data, incoming.mtime_ns, executable)
        self._settle_in(incoming, folder, name)
        return incoming


class MemoryFeedProvider(MemoryProvider):
    """A memory provider that also ``Feeds``; a rescan is its full look."""

    def start_cursor(self) -> str:
        """Return a cursor for changes from now on."""
        self._enter("start_cursor")
        with self._lock:
            start = self._first_untold()
            return self._cursor(start, start)

    def changes(self, cursor: str) -> Page:
        """Return the changes after the cursor."""
        self._enter("changes")
        with self._lock:
            return self._page(cursor)


class MemoryReader:
    """Bytes as they were when reading began."""

    def __init__(self, provider: MemoryProvider, ref: Ref, entry: Entry, data: bytes) -> None:
        self.entry = entry
        self._provider = provider
        self._ref = ref
        self._data = data

    def chunks(self, size: int = 1 << 20) -> Iterator[memoryview | bytes]:
        """Yield the bytes in order; raises Changing if they are not the version's any more."""
        view = memoryview(self._data)
        for start in range(0, len(view), size):
            yield view[start : start + size]
        now = self._provider.get(self._ref)
        if now is None or now.version != self.entry.version:
            raise Changing(f"{self._ref.path} changed while it was read")

    def close(self) -> None:
        """Nothing is held."""


def _same(old: Entry, new: Entry) -> bool:
    """Say whether nothing but the hashes known of one version differs."""
    return old == new or (
        old.version == new.version and structs.replace(old, hashes=new.hashes) == new
    )
