"""What the provider's contract suite needs around a provider: storage, people's hands, a look."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec
import pytest
from msgspec import structs

from syncoxiders.core import hashes
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.provider import Attributes, FolderDelta, Problem, Provider, Rescans

ROOT_REF = Ref(ROOT_ENTRY, "")


class Harness(Protocol):
    """Fresh storage of one kind, and the hands of the people who use it.

    The hands work behind the adapter's back and ask for no precondition. Paths are below the
    root; folders that are lacking are made. Those that return a bool answer False where the
    storage knows nothing of the kind, and have then done nothing.
    """

    mtime_step_ns: int
    """The precision to which modified times are kept."""

    touching_is_a_change: bool
    """Whether another modified time alone is another version; False where a person asked that
    only contents be compared."""

    def open(self) -> Provider:
        """Return a provider of this storage; every call may return another."""

    def write(
        self, path: str, data: bytes, *, mtime_ns: int | None = None, executable: bool | None = None
    ) -> None:
        """Write in place: what stands there stays the same entry."""

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        """Write as editors do: a new file takes the place."""

    def remove(self, path: str) -> None:
        """Remove for good what stands there, with everything in it."""

    def rename(self, path: str, to: str) -> None:
        """Bring what stands there to another place."""

    def mkdir(self, path: str) -> None:
        """Make a folder."""

    def link(self, path: str, target: str) -> bool:
        """Make a symbolic link."""

    def deny(self, path: str) -> bool:
        """Make what stands there unreadable for the provider."""

    def lose_root(self) -> bool:
        """Take the root away."""

    def exchange_root(self) -> bool:
        """Put another, empty folder in the root's place."""

    def tree(self) -> dict[str, bytes | None]:
        """Return every path and its bytes, a link's target, or None for a folder."""

    def kept(self) -> list[bytes]:
        """Return what trash and versions hold of what the provider deleted and replaced."""

    def catch_up(self) -> None:
        """Wait until listings and feed show everything that was done."""


class KnownTree:
    """What an engine would know of an endpoint, fed by deltas and by its own writes."""

    def __init__(self) -> None:
        self._folders: dict[EntryId, dict[EntryId, Entry]] = {}

    def children(self, folder: EntryId) -> list[Entry]:
        return list(self._folders.get(folder, {}).values())

    def apply(self, delta: FolderDelta) -> None:
        folder = self._folders.setdefault(delta.folder, {})
        for entry_id in delta.missing:
            del folder[entry_id]
        for entry in delta.changed:
            assert entry.parent == delta.folder, "an entry was told of in another folder"
            folder[entry.id] = entry

    def adopt(self, entry: Entry) -> None:
        """Take over the answer to a write, wherever the entry was known before."""
        self.forget(entry.id)
        self._folders.setdefault(entry.parent, {})[entry.id] = entry

    def forget(self, entry_id: EntryId) -> None:
        for folder in self._folders.values():
            folder.pop(entry_id, None)

    def paths(self) -> dict[str, Entry]:
        """Return what can be reached from the root, by path."""

        def below(folder: EntryId, prefix: str) -> Iterator[tuple[str, Entry]]:
            for entry in self.children(folder):
                path = prefix + entry.name
                yield path, entry
                if entry.kind is Kind.FOLDER:
                    yield from below(entry.id, path + "/")

        return dict(below(ROOT_ENTRY, ""))


class Look(msgspec.Struct):
    """What one rescan told: names of changed entries by folder id, missing ids, problems."""

    deltas: list[FolderDelta]

    @property
    def changed(self) -> list[Entry]:
        return [entry for delta in self.deltas for entry in delta.changed]

    @property
    def names(self) -> list[str]:
        """The names of what changed, sorted."""
        return sorted(entry.name for entry in self.changed)

    @property
    def missing(self) -> set[EntryId]:
        return {entry_id for delta in self.deltas for entry_id in delta.missing}

    @property
    def problems(self) -> list[Problem]:
        return [problem for delta in self.deltas for problem in delta.problems]


class World:
    """A provider on fresh storage, with an engine's knowledge of it."""

    def __init__(self, harness: Harness) -> None:
        self.people = harness
        self.provider = harness.open()
        self.traits = self.provider.traits
        self.known = KnownTree()

    def need(self, condition: bool, lacking: str) -> None:
        """Skip the test where the storage does not have what the rule speaks of."""
        if not condition:
            pytest.skip(f"this storage {lacking}")

    def need_ids(self) -> None:
        self.need(self.traits.stable_ids, "has no ids of its own")

    def look(self, *folders: Ref) -> Look:
        """Rescan everything, or these folders, and take in what it tells."""
        self.people.catch_up()
        provider = self.provider
        if not isinstance(provider, Rescans):
            pytest.skip("this provider has no rescan")
        deltas = list(provider.rescan(self.known, folders or None))
        assert len({delta.folder for delta in deltas}) == len(deltas), "a folder came twice"
        for delta in deltas:
            tells = bool(delta.changed or delta.missing or delta.problems)
            assert tells is not delta.absent, "an empty delta, or one of what was not seen"
            self.known.apply(delta)
        return Look(deltas)

    def find(self, path: str) -> Entry | None:
        """Return what stands at a path, asked name by name."""
        parent, entry, way = ROOT_REF, None, ""
        for name in path.split("/"):
            entry = self.provider.at(parent, name)
            if entry is None:
                return None
            way = f"{way}/{name}" if way else name
            parent = Ref(entry.id, way)
        return entry

    def entry(self, path: str) -> Entry:
        entry = self.find(path)
        assert entry is not None, f"nothing stands at {path!r}"
        return entry

    def ref(self, path: str) -> Ref:
        return Ref(self.entry(path).id, path) if path else ROOT_REF

    def upload(
        self,
        path: str,
        chunks: bytes | Iterable[memoryview | bytes],
        *,
        replaces: Entry | None = None,
        parent: Ref | None = None,
        keep: bool = False,
        size: int | None = None,
        kind: Kind = Kind.FILE,
        mtime_ns: int | None = None,
        executable: bool | None = None,
    ) -> Entry:
        """Upload to a path; ``replaces`` is the entry that is expected there."""
        folder, _, name = path.rpartition("/")
        if isinstance(chunks, bytes):
            size = len(chunks) if size is None else size
            chunks = [chunks]
        return self.provider.upload(
            self.ref(folder) if parent is None else parent,
            name,
            chunks,
            size=size or 0,
            attributes=Attributes(kind=kind, mtime_ns=mtime_ns, executable=executable),
            replaces=None if replaces is None else (Ref(replaces.id, path), replaces.version),
            keep=keep,
        )

    def make_folder(self, path: str) -> Entry:
        folder, _, name = path.rpartition("/")
        return self.provider.make_folder(self.ref(folder), name)

    def move(self, path: str, to: str) -> Entry:
        entry = self.entry(path)
        folder, _, name = to.rpartition("/")
        return self.provider.move(Ref(entry.id, path), entry.version, self.ref(folder), name)

    def delete(self, path: str) -> None:
        entry = self.entry(path)
        self.provider.delete(Ref(entry.id, path), entry.version)

    def read(self, path: str) -> bytes:
        entry = self.entry(path)
        reader = self.provider.read(Ref(entry.id, path), entry.version)
        try:
            return b"".join(bytes(chunk) for chunk in reader.chunks())
        finally:
            reader.close()

    def step(self, mtime_ns: int) -> int:
        """Return a time as this storage keeps it."""
        return mtime_ns - mtime_ns % self.people.mtime_step_ns


def sha256(data: bytes) -> str:
    return f"{hashes.OWN}:{hashlib.sha256(data).hexdigest()}"


def is_same(left: Entry | None, right: Entry | None) -> bool:
    """Say whether two reports agree; one may know more hashes than the other."""
    if left is None or right is None:
        return left is right
    return (
        structs.replace(left, hashes=right.hashes) == right
        and hashes.equal(left.hashes, right.hashes) is not False
    )


def slices(data: bytes, size: int) -> Iterator[memoryview]:
    """Yield the data in one buffer that is used again, as a reader may do."""
    buffer = bytearray(size)
    for start in range(0, len(data), size):
        part = data[start : start + size]
        buffer[: len(part)] = part
        yield memoryview(buffer)[: len(part)]
    buffer[:] = bytes(size)


def pattern(size: int) -> bytes:
    """Return bytes of which no two stretches are alike."""
    block = hashlib.sha256(str(size).encode()).digest()
    out = bytearray()
    number = 0
    while len(out) < size:
        out += block + number.to_bytes(8, "big")
        number += 1
    return bytes(out[:size])
