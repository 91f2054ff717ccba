"""Moves: S3 has none, so that each is a copy and a deletion, and a folder's is many of them.

To look like one step, a move is written down before its first effect, in an object of our own
below ``.syncoxiders-trash/moving/``, and crossed out after its last. One that was interrupted is
brought to its end before a sync looks at the root again (:meth:`Moves.finish`), by whoever comes
first; several may do so at once. Every single step has a condition, and is checked before it is
done again:

- a copy is made of the content that was found, to a key where nothing stands;
- what was copied is deleted if it is still that content. If it was edited meanwhile it stays,
  and the copy, of which nobody knows yet, goes.

So a crash, at any point, leaves each file at the old place, at the new one, or at both, and the
next run leaves it at one; only what S3 has neither an MD5 nor a checksum of may stay at both, for
nobody can say that they are the same. What a person puts into a folder while it is moved may stay
behind.
"""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import msgspec

from syncoxiders.adapters.providers.s3._bucket import Bucket
from syncoxiders.adapters.providers.s3._copying import Copier, is_copy
from syncoxiders.adapters.providers.s3._keys import Keys
from syncoxiders.adapters.providers.s3._objects import Listed, Object
from syncoxiders.adapters.providers.s3._place import Places
from syncoxiders.ports.errors import Denied, Full, Occupied, Refused, Stale, Vanished

AT_ONCE = 16
_TRIES = 3


class _Note(msgspec.Struct, frozen=True):
    """A move under way: from key to key. Those of folders end in ``/``."""

    source: str
    target: str
    etag: str = ""


class Moves:
    """Moves files and folders within the root."""

    def __init__(self, bucket: Bucket, keys: Keys, places: Places, copier: Copier) -> None:
        self._bucket = bucket
        self._keys = keys
        self._places = places
        self._copier = copier
        self._notes = f"{keys.own}moving/"

    def file(self, found: Object, folder: str, key: str) -> None:
        """Bring a file to a key in a folder. Raises Occupied, Stale, Vanished."""
        self._places.require_folder(folder)
        self._places.require_free(key)
        note = self._write(_Note(found.key, key, found.etag))
        try:
            self._one(found, key)
        except (Stale, Denied, Refused, Full):
            self._cross_out(note)
            raise
        self._cross_out(note)

    def folder(self, source: str, folder: str, key: str) -> None:
        """Bring a folder, by its key, to a key in a folder, with everything in it."""
        if key.startswith(source):
            raise Refused(f"{self._keys.path(source)} cannot be moved into itself")
        if not self._places.is_folder(source):
            raise Vanished(f"the folder {self._keys.path(source)} is not there")
        self._places.require_folder(folder)
        self._places.require_free(key.removesuffix("/"))
        self._require_movable(source, key)
        note = self._write(_Note(source, key))
        if not self._places.mark(key):
            self._cross_out(note)
            raise self._places.occupied(key)
        self._all(source, key)
        self._cross_out(note)

    def finish(self) -> None:
        """Bring moves that were interrupted to their end."""
        for page in self._bucket.pages(self._notes):
            for each in page.objects:
                note = self._read(each.key)
                if note is not None:
                    self._again(note)
                    self._cross_out(each.key)

    def _again(self, note: _Note) -> None:
        if note.source.endswith("/"):
            self._places.mark(note.target)
            with suppress(Denied, Refused):  # what cannot be moved stays where it is
                self._all(note.source, note.target)
            return
        found = self._bucket.head(note.source)
        if found is None:
            return  # all of it was done, or somebody deleted it
        with suppress(Stale, Denied, Refused):
            if found.etag == note.etag:
                self._one(found, note.target)
            else:  # edited since: the edited one stays where it is, and the copy goes
                there = self._bucket.head(note.target, sure=False)
                if there is not None and there.etag == note.etag:
                    self._bucket.delete(note.target, there.etag)

    def _one(self, found: Object, key: str) -> None:
        """Move one object; what is its copy already need not be copied."""
        self._copier.copy(found, key)
        self._places.hold(self._keys.parent(found.key))
        self._delete(found, key)

    def _delete(self, found: Object, key: str) -> None:
        try:
            self._bucket.delete(found.key, found.etag)
        except Vanished:
            return  # it was deleted, and the answer was lost; or somebody else did it
        except Stale:
            if self._bucket.head(found.key, sure=False) is None:
                return
            self._withdraw(found, key)
            raise

    def _withdraw(self, found: Object, key: str) -> None:
        """Remove the copy of what was edited meanwhile: the edited one stays where it is."""
        there = self._bucket.head(key, sure=False)
        if there is not None and is_copy(there, found, found.mtime_ns):
            with suppress(Stale):
                self._bucket.delete(key, there.etag)

    # Folders

    def _all(self, source: str, target: str) -> None:
        """Move everything in a folder, each after the other or together, its marker last."""

        def move(each: Listed) -> None:
            key = target + each.key[len(source) :]
            for _ in range(_TRIES):
                found = self._bucket.head(each.key, sure=False)
                if found is None:
                    return
                try:
                    self._copier.copy(found, key)
                    self._delete(found, key)
                except (Vanished, Occupied):
                    return  # another does the same; or something came there, and this one stays
                except Stale:
                    continue  # edited meanwhile: then that is what is moved
                return

        self._places.hold(self._keys.parent(source))
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3-move") as pool:
            for page in self._bucket.pages(source):
                for _ in pool.map(move, (each for each in page.objects if each.key != source)):
                    continue
        marker = self._bucket.head(source, sure=False)
        if marker is not None and not marker.size:
            with suppress(Stale):
                self._bucket.delete(source, marker.etag)

    def _require_movable(self, source: str, target: str) -> None:
        """Refuse a move that would have to stop half-way, before it begins."""
        for each in self._objects(source):
            if each.is_archived and not self._is_restored(each.key):
                raise Denied(
                    f"{self._keys.path(each.key)} is archived and cannot be copied: the folder "
                    f"cannot be moved unless it is restored"
                )
            key = target + each.key[len(source) :]
            self._keys.check_length(key)

    def _is_restored(self, key: str) -> bool:
        found = self._bucket.head(key, sure=False)
        return found is None or found.restored

    def _objects(self, prefix: str) -> Iterator[Listed]:
        for page in self._bucket.pages(prefix):
            yield from page.objects

    # Notes

    def _write(self, note: _Note) -> str:
        key = f"{self._notes}{secrets.token_hex(8)}"
        self._bucket.put(key, msgspec.json.encode(note), ContentType="application/json")
        return key

    def _cross_out(self, key: str) -> None:
        with suppress(Denied):  # who may not delete has moved nothing either
            self._bucket.remove(key)

    def _read(self, key: str) -> _Note | None:
        """Return a note; None if it is no more, or not ours."""
        try:
            answer = self._bucket.get(key)
        except Vanished:
            return None
        with closing(answer["Body"]) as body:
            text = self._bucket.wrapped(body.read, key)
        try:
            return msgspec.json.decode(text, type=_Note)
        except msgspec.MsgspecError:
            return None
