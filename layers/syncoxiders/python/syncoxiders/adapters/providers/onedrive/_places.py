"""Where things stand: the drive, the root, and what is asked of them.

Everything is addressed by its id, or by its folder's id and a name, so that a move of what is above
makes no difference, and nothing is written into a folder that is not there any more.
Source: https://learn.microsoft.com/graph/onedrive-addressing-driveitems
"""

import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec
from msgspec import structs

from syncoxiders.adapters.providers.onedrive._client import Client
from syncoxiders.adapters.providers.onedrive._items import (
    BUSINESS,
    PERSONAL,
    Item,
    LeftOut,
    entry_of,
    is_folder,
    is_version,
    version_of,
)
from syncoxiders.core import names
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Ref
from syncoxiders.ports.errors import (
    ProviderError,
    Refused,
    RootLost,
    Stale,
    Unreachable,
    Vanished,
)

DEEPEST = 500
"""So many folders above something are asked for, at most."""


class Root(msgspec.Struct, frozen=True):
    """The root folder: its id, and its place as Graph tells it of what is in it.

    ``place`` is empty for the drive's own root, which everything is in.
    """

    id: str
    place: str = ""


class Drive(msgspec.Struct, frozen=True):
    """The drive: its id, its type, and the id of the person whose it is."""

    id: str
    type: str
    owner: str


class Places:
    """Looks up what stands where, below one root. May be used from several threads."""

    def __init__(self, client: Client, root: str, settings: Mapping[str, str]) -> None:
        self.path = root.strip("/")
        drive = settings.get("drive_id", "")
        self.base = f"/drives/{urllib.parse.quote(drive, safe='!')}" if drive else "/me/drive"
        self._told_type = settings.get("drive_type", "")
        self.traits = PERSONAL if self._told_type == "personal" else BUSINESS
        self._client = client
        self._lock = threading.Lock()
        self._root: Root | None = None
        self._drive: Drive | None = None

    # The drive

    @property
    def personal(self) -> bool:
        """Whether it is a personal drive; asked for where the account does not tell."""
        return (self._told_type or self.drive().type) == "personal"

    def drive(self) -> Drive:
        """Return what the drive is."""
        with self._lock:
            known = self._drive
        if known is None:
            told = self._client.call("GET", self.base)
            owner = ((told.get("owner") or {}).get("user") or {}).get("id") or ""
            known = Drive(str(told.get("id", "")), str(told.get("driveType", "")), str(owner))
            with self._lock:
                self._drive = known
        return known

    # The root

    def root(self) -> Root:
        """Return the root as it was first seen, or last made sure of."""
        with self._lock:
            known = self._root
        return known if known is not None else self.find_root()

    def find_root(self) -> Root:
        """Look the root up anew. Raises RootLost."""
        place = f":/{urllib.parse.quote(self.path)}:" if self.path else ""
        try:
            item = self._client.call("GET", f"{self.base}/root{place}", self.path)
        except (Vanished, Refused) as exc:
            raise RootLost(f"there is no folder /{self.path} in the drive") from exc
        if not is_folder(item):
            raise RootLost(f"/{self.path} is no folder of this drive")
        root = Root(item["id"])
        if "root" not in item:
            above = (item.get("parentReference") or {}).get("path", "")
            root = structs.replace(root, place=_plain(f"{above}/{item['name']}"))
        with self._lock:
            self._root = root
        return root

    def confirm_root(self) -> None:
        """Raise RootLost if the root is not the folder that it was; for what seems to be gone."""
        before = self.root()
        if self.find_root().id != before.id:
            raise RootLost(f"another folder stands at /{self.path} in the drive")

    # Addresses

    def id_of(self, ref: Ref) -> str:
        """Return the id that Graph has for an entry."""
        return self.root().id if ref.id == ROOT_ENTRY else ref.id

    def address(self, item_id: str) -> str:
        """Return where an item is asked for."""
        return f"{self.base}/items/{urllib.parse.quote(item_id, safe='!')}"

    def child(self, parent: Ref, name: str) -> str:
        """Return where what stands in a folder under a name is asked for."""
        return f"{self.address(self.id_of(parent))}:/{urllib.parse.quote(name, safe='')}:"

    # Looking

    def item(self, ref: Ref) -> Item | None:
        """Return the item of an entry, None if there is none."""
        return self._item(self.address(self.id_of(ref)), ref.path)

    def expected(self, ref: Ref, version: str) -> Item:
        """Return the item of a version. Raises Vanished, Stale."""
        item = self.item(ref)
        if item is None:
            raise Vanished(f"{ref.path} is not there any more")
        if not is_version(item, version, personal=self.personal):
            raise Stale(f"{ref.path} is not what was expected")
        return item

    def version(self, item: Item) -> str:
        """Return the version that an item tells of."""
        return version_of(item, personal=self.personal)

    def standing(self, parent: Ref, name: str) -> Item | None:
        """Return whatever stands at a place, None if nothing does."""
        if not names.legal(name, self.traits):
            return None
        return self._item(self.child(parent, name), below(parent, name))

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry of an id, wherever below the root it stands. Raises RootLost."""
        item = self.item(ref)
        if item is not None and ref.id != ROOT_ENTRY and self.is_inside(item):
            return self.entry(item)
        self.confirm_root()
        return None

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at a place. Raises RootLost."""
        item = self.standing(parent, name)
        if item is None and parent.id == ROOT_ENTRY:
            self.confirm_root()
        return None if item is None else self.entry(item, parent.id)

    def is_inside(self, item: Item) -> bool:
        """Say whether an item stands somewhere below the root."""
        root = self.root()
        if not root.place:
            return True
        above = item.get("parentReference") or {}
        if above.get("id") == root.id:
            return True
        if isinstance(above.get("path"), str):
            return f"{_plain(above['path'])}/".startswith(f"{root.place}/")
        for _ in range(DEEPEST):
            up = self._item(self.address(str(above.get("id", ""))), "") if "id" in above else None
            if up is None:
                return False
            if up["id"] == root.id:
                return True
            above = up.get("parentReference") or {}
        raise Unreachable("the folders that something stands in cannot be followed")

    def parent_of(self, item: Item) -> EntryId:
        """Return the id under which an item's folder is told of."""
        parent = str((item.get("parentReference") or {}).get("id", ""))
        return ROOT_ENTRY if parent == self.root().id else parent

    def entry(self, item: Item, parent: EntryId | None = None) -> Entry | None:
        """Return the entry of an item, None for what is left out."""
        found = self.described(item, parent)
        return None if isinstance(found, LeftOut) else found

    def described(self, item: Item, parent: EntryId | None = None) -> Entry | LeftOut:
        """Return what an item tells of, in its own folder where no other is named."""
        folder = self.parent_of(item) if parent is None else parent
        return entry_of(item, folder, personal=self.personal, foreign=self._is_foreign(item))

    def _is_foreign(self, item: Item) -> bool:
        """Say whether somebody else shares an item with the person whose drive it is."""
        shared = (item.get("shared") or {}).get("owner") or {}
        owner = (shared.get("user") or {}).get("id")
        return bool(owner) and bool(self.drive().owner) and owner != self.drive().owner

    def _item(self, address: str, about: str) -> Item | None:
        try:
            return self._client.call("GET", address, about)
        except (Vanished, Refused):
            return None  # what no address can name is not there either

    # Failures

    @contextmanager
    def writing_into(self, parent: Ref) -> Iterator[None]:
        """Tell what an error of a write into a folder means."""
        try:
            yield
        except ProviderError as error:
            judged = self._judged(error, parent)
            if judged is error:
                raise
            raise judged from error

    def _judged(self, error: ProviderError, parent: Ref) -> ProviderError:
        """Return what an error of a write into a folder means.

        That a folder is gone, or is none, is told in several ways; so it is looked for before a
        refusal is believed.
        """
        if type(error) not in {ProviderError, Refused, Stale, Vanished}:
            return error
        folder = self.item(parent)
        if folder is None and parent.id == ROOT_ENTRY:
            return RootLost(f"there is no folder /{self.path} in the drive any more")
        if folder is None:
            return Vanished(f"the folder {parent.path} is not there any more")
        if not is_folder(folder):
            return Stale(f"{parent.path} is no folder")
        return error


def below(parent: Ref, name: str) -> str:
    """Return the path of a place, for a person."""
    return f"{parent.path}/{name}" if parent.path else name


def _plain(path: str) -> str:
    """Return a path in a form in which two of them can be compared."""
    return urllib.parse.unquote(path).casefold()
