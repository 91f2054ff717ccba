"""Changes that carry no content: folders, moves, deletions, metadata, copies."""

from collections.abc import Callable, Iterator

from syncoxiders.adapters.providers.drive._api import Api, quoted
from syncoxiders.adapters.providers.drive._documents import Documents
from syncoxiders.adapters.providers.drive._effects import Effects
from syncoxiders.adapters.providers.drive._files import File, format_time
from syncoxiders.adapters.providers.drive._names import check, stored
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.core import hashes
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import (
    NotEmpty,
    Occupied,
    ProviderError,
    Refused,
    Stale,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.provider import Attributes


class Changing:
    """Changes what stands at Drive, and takes back what turns out not to have been meant."""

    def __init__(self, api: Api, places: Places, documents: Documents, effects: Effects) -> None:
        self._api = api
        self._places = places
        self._documents = documents
        self._effects = effects

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder."""
        check(name)
        folder = self._places.drive_id(parent.id)

        def make(file_id: str) -> File:
            return self._api.make_folder(file_id, folder, stored(name), _path(parent, name))

        return self._places.entry(self._effects.made(folder, name, make), name)

    # Moves

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands."""
        check(name)
        folder = self._places.drive_id(parent.id)
        with self._places.turn("place", folder, name):
            file = self._places.editable(ref, version)
            name_at_drive = self._name_at_drive(file, name)
            self._effects.check_free(folder, name, file.id)
            moved = self._bring(file, folder, name_at_drive, ref.path)
            if moved.trashed:
                problem: ProviderError = Vanished(f"{parent.path}: the folder is in the trash")
            elif self._documents.version(moved) != version:
                problem = Stale(f"{ref.path} was written by somebody else meanwhile")
            elif any(each.id != file.id for each in self._places.occupants(folder, name)):
                problem = Occupied(f"{name} was put there by somebody else")
            else:
                return self._places.entry(moved, name)
            self._bring_back(file, moved)
            raise problem

    def _name_at_drive(self, file: File, name: str) -> str:
        """Return what an entry has to be called to be shown under a name."""
        extension = self._documents.extension(file)
        stem = name.removesuffix(extension)
        if extension and (stem == name or not stem):
            raise Refused(f"{name} is made of a Google document, and its name ends in {extension}")
        return stored(stem)

    def _bring(self, file: File, folder: str, name: str, about: str) -> File:
        """Move and rename with one request; an answer that was lost is looked for.

        A rename sets the modified time to now unless the request says otherwise.
        """
        body: dict[str, object] = {"name": name}
        if not file.is_folder:
            body["modifiedTime"] = file.modified_time
        away = file.parent if file.parent != folder else ""
        try:
            return self._api.update(file.id, body, about, add=folder if away else "", remove=away)
        except Unreachable:
            now = self._api.find(file.id)
            if now is None or (now.parent, now.name) != (folder, name):
                raise
            return now

    def _bring_back(self, file: File, moved: File) -> None:
        """Bring what we moved back to where it was, unless it was moved on."""
        now = self._api.find(moved.id)
        if now is None or (now.parent, now.name) != (moved.parent, moved.name):
            return
        body: dict[str, object] = {"name": file.name}
        if not file.is_folder:
            body["modifiedTime"] = self._time_of(now, file)
        away = now.parent if now.parent != file.parent else ""
        self._api.update(file.id, body, file.name, add=file.parent if away else "", remove=away)

    # Deletions

    def delete(self, ref: Ref, version: str) -> None:
        """Bring a file or empty folder to the trash."""
        with self._places.turn("file", ref.id):
            file = self._places.expected(ref, version)
            if file.is_folder:
                self._check_empty(file, ref.path)
            trashed = self._api.update(file.id, {"trashed": True}, ref.path)
            if file.is_folder:
                # What is in the trash because of the folder came into it in between.
                if not all(child.explicitly_trashed for child in self._inside(file)):
                    self._api.update(file.id, {"trashed": False}, ref.path)
                    raise NotEmpty(f"{ref.path} is not empty")
            elif trashed.revision != file.revision:
                self._api.update(file.id, {"trashed": False}, ref.path)
                raise Stale(f"{ref.path} was written by somebody else meanwhile")

    def _check_empty(self, folder: File, about: str) -> None:
        """Raise NotEmpty, or Refused where no look will ever tell what is in the way."""
        reason = None
        for child in self._inside(folder, " and trashed = false"):
            reason = self._documents.left_out(child)
            if reason is None:
                raise NotEmpty(f"{about} is not empty")
        if reason is not None:
            raise Refused(f"{about} holds something that {reason}: delete it at Google Drive")

    def _inside(self, folder: File, condition: str = "") -> Iterator[File]:
        query = f"{quoted(folder.id)} in parents{condition}"
        for page in self._api.listing(query, folder.name):
            yield from page

    # Metadata

    def set_meta(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set the modified time; there is no executable bit."""
        with self._places.turn("file", ref.id):
            file = self._places.editable(ref, version)
            self._documents.check_writable(file, ref.path)
            changed = file
            if attributes.mtime_ns is not None:
                body = {"modifiedTime": format_time(attributes.mtime_ns)}
                changed = self._api.update(file.id, body, ref.path)
            if changed.revision != file.revision:
                self._api.update(file.id, {"modifiedTime": self._time_of(changed, file)}, ref.path)
                raise Stale(f"{ref.path} was written by somebody else meanwhile")
            return self._places.entry(
                changed, self._places.name_of(changed, ref.path.rpartition("/")[2])
            )

    def _time_of(self, now: File, file: File) -> str:
        """Return the modified time that a file had before we set it."""
        if now.revision == file.revision:
            return file.modified_time
        times = {each.id: each.modified_time for each in self._api.revisions(now.id, now.name)}
        return times.get(now.revision, now.modified_time)

    # Copies

    def copy(
        self,
        source: Ref,
        version: str,
        parent: Ref,
        name: str,
        attributes: Attributes,
        *,
        fetch: Callable[[], Entry],
    ) -> Entry:
        """Make a new file of a version; ``fetch`` does it through us where Drive cannot."""
        check(name)
        file = self._places.expected(source, version)
        if self._documents.is_companion(file):
            return fetch()  # Drive would make a document
        if file.is_folder:
            raise Stale(f"{source.path} is a folder")
        folder = self._places.drive_id(parent.id)
        body: dict[str, object] = {"name": stored(name), "parents": [folder]}
        if attributes.mtime_ns is not None:
            body["modifiedTime"] = format_time(attributes.mtime_ns)

        def make(file_id: str) -> File:
            return self._api.copy(file.id, {**body, "id": file_id}, _path(parent, name))

        made = self._effects.made(folder, name, make)
        if hashes.equal(made.hashes, file.hashes) is not True:
            self._effects.withdraw(made)
            raise Stale(f"{source.path} was written by somebody else meanwhile")
        return self._places.entry(made, name)


def _path(parent: Ref, name: str) -> str:
    return f"{parent.path}/{name}" if parent.path else name
