"""Items of a drive, and which names they may have."""

import base64
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from syncoxiders.core.digests import QUICKXOR
from tests.emulators import bulk
from tests.emulators.onedrive import errors

Kind: TypeAlias = Literal["file", "folder", "package", "remote"]
DriveType: TypeAlias = Literal["personal", "business", "documentLibrary"]

FORBIDDEN = frozenset('"*:<>?/\\|')
DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}
)
MAX_NAME = 255
MAX_PATH = 400


@dataclass
class Version:
    """Content that a file has or had; ``number`` counts from 1."""

    number: int
    data: bytes
    modified: float


@dataclass
class Remote:
    """What a shortcut to somebody else's folder points at."""

    drive: str
    item: "Item"


@dataclass
class Item:
    """One item. Times are in seconds since the epoch.

    ``created`` and ``modified`` are the service's own times, ``fs_created`` and ``fs_modified``
    what clients say of their files. ``edits`` counts for the eTag, ``contents`` for the cTag;
    ``seq`` is the change of the drive that last touched it. ``hashed`` says whether the service
    has got round to computing the hashes, ``locked`` that somebody edits it in Office.
    """

    id: str
    guid: str
    kind: Kind
    name: str
    parent: "Item | None"
    created: float
    modified: float
    fs_created: float
    fs_modified: float
    data: bytes = b""
    edits: int = 1
    contents: int = 1
    seq: int = 0
    hashed: bool = True
    deleted: bool = False
    locked: bool = False
    description: str = ""
    remote: Remote | None = None
    past: list[Version] = field(default_factory=list)
    children: "dict[str, Item]" = field(default_factory=dict)
    _hashed_data: bytes | None = None
    _hashes: dict[str, str] = field(default_factory=dict)

    @property
    def holds_items(self) -> bool:
        return self.kind in {"folder", "package"}

    @property
    def size(self) -> int:
        return len(self.data) + sum(child.size for child in self.children.values())

    @property
    def version(self) -> int:
        """The number of the version that is current."""
        return len(self.past) + 1

    def below(self) -> "Iterator[Item]":
        """Yield the item and everything in it, folders before their content."""
        yield self
        for child in self.children.values():
            yield from child.below()

    def ancestors(self) -> "Iterator[Item]":
        """Yield the folders that it stands in, the nearest first."""
        up = self.parent
        while up is not None:
            yield up
            up = up.parent

    def is_inside(self, folder: "Item") -> bool:
        """Say whether it is the folder or stands somewhere in it."""
        return self is folder or any(up is folder for up in self.ancestors())

    def path(self) -> str:
        """Return the path below the drive's root, with a slash before each name."""
        names = [self.name, *(up.name for up in self.ancestors())][:-1]
        return "".join(f"/{name}" for name in reversed(names))

    def hashes(self, names: Iterable[str]) -> dict[str, str]:
        """Return some of the hashes that the services know of, each computed once.

        Source: https://learn.microsoft.com/graph/api/resources/hashes
        """
        if self._hashed_data is not self.data:
            self._hashed_data, self._hashes = self.data, {}
        for name in names:
            if name not in self._hashes:
                self._hashes[name] = _HASHES[name](self.data)
        return {name: self._hashes[name] for name in names}


def _quick_xor(data: bytes) -> str:
    return base64.b64encode(bytes.fromhex(bulk.digest(data, QUICKXOR))).decode()


_HASHES: Mapping[str, Callable[[bytes], str]] = {
    "quickXorHash": _quick_xor,
    "sha1Hash": lambda data: bulk.digest(data, "sha1").upper(),
    "sha256Hash": lambda data: bulk.digest(data, "sha256").upper(),
}
HASHES = frozenset(_HASHES)


def key(name: str) -> str:
    """Return what two names share that cannot stand in one folder.

    Names are compared without regard to case, letter by letter; forms of Unicode are kept apart.
    Source: https://learn.microsoft.com/onedrive/developer/rest-api/concepts/case-sensitivity
    """
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in name)


def check_name(name: object, drive_type: DriveType, *, in_root: bool, is_folder: bool) -> str:
    """Return a name that may be given to an item; raises what the service answers to others.

    Source: https://support.microsoft.com/office/64883a5d-228e-48f5-b3d2-eb39e07630fa
    """
    if not isinstance(name, str) or not name or name in {".", ".."}:
        raise errors.invalid("The name must not be empty", "invalidPath")
    lower = name.lower()
    bad = (
        not FORBIDDEN.isdisjoint(name)
        or any(unicodedata.category(letter) == "Cc" for letter in name)
        or name != name.strip(" ")
        or name.endswith(".")
        or name.upper() in DEVICES
        or lower in {".lock", "desktop.ini"}
        or "_vti_" in lower
        or name.startswith("~$")
    )
    if drive_type != "personal":
        bad = bad or name.startswith("~") or (in_root and is_folder and lower == "forms")
    if bad:
        raise errors.invalid("The provided name cannot be used for an item", "invalidPath")
    if len(name) > MAX_NAME:
        raise errors.invalid("The name is too long", "pathIsTooLong")
    return name


def numbered(name: str, number: int) -> str:
    """Return the name that the service gives to another item of the same name."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem} {number}.{ending}" if dot and stem else f"{name} {number}"
