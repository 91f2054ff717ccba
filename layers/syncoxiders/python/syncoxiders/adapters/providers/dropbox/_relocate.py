"""Moving and copying within an account, where Dropbox has no precondition but a free place.

Case alone is not changed by a move: Dropbox says that it does so and leaves the name as it is
(https://github.com/takezoh/obsidian-air-sync/issues/47; "we do not currently support case-only
renaming", the SDK). It is done by two moves, through a name beside it, which tells what was meant:
whoever dies between them leaves it to the next look to finish.
"""

import unicodedata
from contextlib import suppress
from typing import Any

from syncoxiders.adapters.providers.dropbox._client import Client
from syncoxiders.adapters.providers.dropbox._documents import (
    document_name,
    is_document,
    shown_name,
)
from syncoxiders.adapters.providers.dropbox._metadata import (
    TRAITS,
    check_name,
    version_of,
)
from syncoxiders.adapters.providers.dropbox._places import Places, below
from syncoxiders.adapters.providers.dropbox._sdk import files
from syncoxiders.adapters.providers.dropbox._write import Target, Writer, entry_at
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import Denied, Occupied, ProviderError, Refused, Stale

_BESIDE = " (SyncOxiders is renaming this)"
_ROOM = TRAITS.max_name - len(_BESIDE)


class Relocator:
    """Moves and copies below one root."""

    def __init__(self, client: Client, places: Places, writer: Writer) -> None:
        self._client = client
        self._places = places
        self._writer = writer

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands."""
        metadata = self._places.expected(ref, version)
        check_name(name)
        if is_document(metadata):
            name = _documents_name(metadata, ref, name)
        try:
            moved = self._move(ref, parent, name)
        except Occupied:
            standing = self._places.standing(parent, name)
            if getattr(standing, "id", "") != ref.id:
                raise
            moved = standing  # it is in its own way
        if unicodedata.normalize("NFC", moved.name) != unicodedata.normalize("NFC", name):
            moved = self._respell(ref, moved.name, parent, name)
        if version_of(moved) != version and not is_document(moved):
            raise Stale(f"{ref.path} was edited while it was moved")
        return entry_at(moved, parent)

    def _respell(self, ref: Ref, old: str, parent: Ref, name: str) -> Any:
        """Give something a name that Dropbox takes for the one that it has."""
        beside = name.encode()[:_ROOM].decode(errors="ignore") + _BESIDE
        self._move(ref, parent, beside)
        try:
            moved = self._move(ref, parent, name)
        except ProviderError:
            with suppress(ProviderError):
                self._move(ref, parent, old)
            raise
        return moved

    def finished(self, metadata: Any) -> Any:
        """Return metadata of a look, once what was cut off between two moves is done.

        A name that was too long to be told by the one beside it stays for a person to see to.
        """
        if isinstance(metadata, files.DeletedMetadata) or not metadata.name.endswith(_BESIDE):
            return metadata
        name = metadata.name.removesuffix(_BESIDE)
        if not name or len(name.encode()) == _ROOM:
            return metadata
        path = f"{metadata.path_display.rpartition('/')[0]}/{name}"
        try:
            moved = self._client.call(
                lambda api: api.files_move_v2(metadata.id, path),
                name,
                repeatable=False,
                writes=True,
            )
        except (Stale, Refused, Denied):
            return metadata
        return moved.metadata

    def _move(self, ref: Ref, parent: Ref, name: str) -> Any:
        path = self._places.place(parent, name)
        try:
            result = self._client.call(
                lambda api: api.files_move_v2(ref.id, path),
                below(parent, name),
                repeatable=False,
                writes=True,
            )
        except ProviderError as error:
            raise self._places.judge(error, parent) from error
        return result.metadata

    def copy(self, source: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Make a new file of a version."""
        metadata = self._places.expected(source, version)
        check_name(name)
        if not isinstance(metadata, files.FileMetadata):
            raise Refused(f"{source.path} is a folder")
        if is_document(metadata):
            raise Refused(f"{source.path} is a document, of which only an export can be had")
        path = self._places.place(parent, name)
        try:
            result = self._client.call(
                lambda api: api.files_copy_v2(source.id, path),
                below(parent, name),
                repeatable=False,
                writes=True,
            )
        except ProviderError as error:
            raise self._places.judge(error, parent) from error
        made = result.metadata
        if version_of(made) != version:
            self._writer.take_back(Target(parent, name), made)
            raise Stale(f"{source.path} was edited while it was copied")
        return entry_at(made, parent)


def _documents_name(metadata: Any, ref: Ref, name: str) -> str:
    """Return a document's own name, for one that it is to be told of under."""
    stem = metadata.name.rpartition(".")[0]
    ending = shown_name(metadata)[len(stem) :]
    if not name.lower().endswith(ending.lower()) or len(name) == len(ending):
        raise Refused(f"{ref.path} is a document, and its name ends with {ending}")
    return document_name(name)
