"""Where things stand: the root, folders by id, and what is asked of Dropbox about them.

Everything but the root is addressed by its id, ``id:…``, or by a folder's id and a name,
``id:…/name``, so that a move of what is above makes no difference and nothing is written into,
or makes anew, a folder that is not there any more.
Source: https://www.dropbox.com/developers/documentation/http/documentation ("Path formats")
"""

import threading
from typing import Any

import msgspec

from syncoxiders.adapters.providers.dropbox._client import Client
from syncoxiders.adapters.providers.dropbox._documents import (
    document_name,
    is_document,
    is_exported,
    shown_name,
)
from syncoxiders.adapters.providers.dropbox._metadata import (
    LeftOut,
    can_be_asked_for,
    entry_of,
    version_of,
)
from syncoxiders.adapters.providers.dropbox._sdk import files
from syncoxiders.adapters.providers.dropbox.policies import Documents
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Ref
from syncoxiders.ports.errors import (
    ProviderError,
    Refused,
    RootLost,
    Stale,
    Unreachable,
    Vanished,
)

_LOOKS = 3
"""So often something is looked for that moves while it is looked for."""


class Root(msgspec.Struct, frozen=True):
    """The root folder: its id, and its path in lower case; both are empty for the account's."""

    id: str = ""
    lower: str = ""


class Places:
    """Looks up what stands where, below one root. May be used from several threads."""

    def __init__(self, client: Client, root: str, documents: Documents) -> None:
        path = root.strip("/")
        self.path = f"/{path}" if path else ""
        self.documents: Documents = documents
        self._client = client
        self._lock = threading.Lock()
        self._root: Root | None = None if self.path else Root()

    # The root

    def root(self) -> Root:
        """Return the root as it was first seen, or last made sure of."""
        with self._lock:
            known = self._root
        return known if known is not None else self.find_root()

    def find_root(self) -> Root:
        """Look the root up anew, and take it for the root from now on. Raises RootLost."""
        root = self._standing_root()
        with self._lock:
            self._root = root
        return root

    def confirm_root(self) -> None:
        """Raise RootLost if the root is not the folder that it was; for what seems to be gone."""
        if self._standing_root().id != self.root().id:
            raise RootLost(f"another folder stands at {self.path} in the Dropbox")

    def _standing_root(self) -> Root:
        if not self.path:
            return Root()
        metadata = self._metadata(self.path, self.path)
        if not isinstance(metadata, files.FolderMetadata):
            raise RootLost(f"there is no folder {self.path} in the Dropbox")
        return Root(metadata.id, metadata.path_lower or self.path.lower())

    def account(self) -> str:
        """Return the id of the account."""
        current = self._client.call(lambda api: api.users_get_current_account())
        account: str = current.account_id
        return account

    # Addresses

    def address(self, ref: Ref) -> str:
        """Return how Dropbox is told of an entry."""
        return self.root().id if ref.id == ROOT_ENTRY else ref.id

    def place(self, parent: Ref, name: str) -> str:
        """Return how Dropbox is told of a place.

        With an id the SDK allows no line break, so that such a name goes by its folder's path.
        """
        folder = self.path_of(parent) if "\n" in name else self.address(parent)
        return f"{folder}/{name}"

    def path_of(self, folder: Ref) -> str:
        """Return the path of a folder by now. Raises Vanished, Stale."""
        if folder.id == ROOT_ENTRY:
            self.confirm_root()
            return self.path
        metadata = self.metadata(folder)
        if metadata is None or metadata.path_display is None:
            raise Vanished(f"the folder {folder.path} is not there any more")
        if not isinstance(metadata, files.FolderMetadata):
            raise Stale(f"{folder.path} is no folder")
        path: str = metadata.path_display
        return path

    def relative(self, metadata: Any) -> str:
        """Return the path of something below the root.

        In ``path_display`` only the last name is sure to have the case that it is shown in; those
        of the folders may differ from it, but name the same folders.
        """
        above = self.root().lower.count("/") + 1
        folders = metadata.path_display.split("/")[above:-1]
        return "/".join([*folders, metadata.name])

    def stands(self, path: str) -> bool:
        """Say whether something stands at a path below the root."""
        return self._metadata(f"{self.path}/{path}", path, malformed=Vanished) is not None

    # Looking

    def metadata(self, ref: Ref) -> Any:
        """Return the metadata of what has an id, None if nothing has it."""
        return self._metadata(ref.id, ref.path)

    def expected(self, ref: Ref, version: str) -> Any:
        """Return the metadata of a version. Raises Vanished, Stale."""
        metadata = self.metadata(ref)
        if metadata is None:
            raise Vanished(f"{ref.path} is not there any more")
        if version_of(metadata) != version:
            raise Stale(f"{ref.path} is not what was expected")
        return metadata

    def is_folder(self, ref: Ref) -> bool:
        """Say whether a folder is there."""
        if ref.id == ROOT_ENTRY:
            return self._standing_root().id == self.root().id
        return isinstance(self.metadata(ref), files.FolderMetadata)

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry of an id, wherever below the root it stands."""
        for _ in range(_LOOKS):
            metadata = self.metadata(ref)
            try:
                parent = None if metadata is None else self._parent(metadata)
            except Vanished:
                continue
            if parent is None:
                self.confirm_root()
                return None
            return self._entry(metadata, parent)
        raise Unreachable(f"{ref.path} is being moved again and again")

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at a place."""
        metadata = self.standing(parent, name)
        if metadata is None or is_document(metadata):
            metadata = self._document_at(parent, name)
        return None if metadata is None else self._entry(metadata, parent.id)

    def standing(self, parent: Ref, name: str) -> Any:
        """Return the metadata of whatever stands at a place, None if nothing does."""
        if not can_be_asked_for(name):
            return None
        return self._metadata(self.place(parent, name), below(parent, name), malformed=Vanished)

    def _document_at(self, parent: Ref, name: str) -> Any:
        """Return the metadata of the document that is told of under a name."""
        own = document_name(name)
        if self.documents == "skip" or not own:
            return None
        metadata = self._metadata(self.place(parent, own), below(parent, own))
        told = is_document(metadata) and is_exported(metadata)
        return metadata if told and shown_name(metadata).lower() == name.lower() else None

    def parent_of(self, metadata: Any) -> EntryId:
        """Return the id of the folder that something stands in. Raises Vanished."""
        parent = self._parent(metadata)
        if parent is None:
            raise Vanished(f"{metadata.name} is not in {self.path or 'the Dropbox'} any more")
        return parent

    def _parent(self, metadata: Any) -> EntryId | None:
        """Return the id of the folder that something stands in, None outside the root.

        Raises Vanished where the folder is not there any more, and something is elsewhere by now.
        """
        lower = metadata.path_lower
        if lower is None:
            return None  # in a shared folder that is not mounted
        above, root = lower.rpartition("/")[0], self.root().lower
        if above == root:
            return ROOT_ENTRY
        if not above.startswith(f"{root}/"):
            return None
        folder = self._metadata(above, above)
        if not isinstance(folder, files.FolderMetadata):
            raise Vanished(f"{above} is not there any more")
        found: EntryId = folder.id
        return found

    def _entry(self, metadata: Any, parent: EntryId) -> Entry | None:
        found = entry_of(metadata, parent, self.documents)
        return None if isinstance(found, LeftOut) else found

    def _metadata(self, where: str, about: str, *, malformed: type[ProviderError] = Refused) -> Any:
        """Return metadata, None where nothing is."""
        if not where or where == ROOT_ENTRY:
            return None
        try:
            return self._client.call(
                lambda api: api.files_get_metadata(where),
                about,
                meaning={"not_folder": Vanished, "malformed_path": malformed},
            )
        except Vanished:
            return None

    # Failures

    def judge(self, error: ProviderError, parent: Ref) -> ProviderError:
        """Return what an error of a write into a folder means.

        How Dropbox refuses an address in a folder that is gone is not documented, so the folder
        is looked for before a refusal is believed.
        """
        doubtful = type(error) in {ProviderError, Refused, Vanished}
        if doubtful and not self.is_folder(parent):
            if parent.id != ROOT_ENTRY:
                return Vanished(f"the folder {parent.path} is not there any more")
            return RootLost(f"there is no folder {self.path} in the Dropbox any more")
        return error


def below(parent: Ref, name: str) -> str:
    """Return the path of a place, for a person."""
    return f"{parent.path}/{name}" if parent.path else name
