"""A bucket, or a prefix in one, as an endpoint.

S3 has neither folders, nor moves, nor settable times, nor ids; :mod:`._keys`, :mod:`._moves`,
:mod:`._objects` and :mod:`._scan` say what stands in for them. Its conditional requests are what
keeps people's work from being overwritten:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing

from msgspec import structs

from syncoxiders.adapters.providers.s3._bucket import Bucket
from syncoxiders.adapters.providers.s3._copying import COPY_PART, LARGEST_COPY, Copier
from syncoxiders.adapters.providers.s3._keys import Keys
from syncoxiders.adapters.providers.s3._moves import Moves
from syncoxiders.adapters.providers.s3._objects import Object, described
from syncoxiders.adapters.providers.s3._place import Places
from syncoxiders.adapters.providers.s3._read import Reading
from syncoxiders.adapters.providers.s3._scan import Scan, gone
from syncoxiders.adapters.providers.s3._sessions import Uploads
from syncoxiders.adapters.providers.s3._trash import Trash
from syncoxiders.adapters.providers.s3._upload import Target, Uploader
from syncoxiders.core import hashes
from syncoxiders.core.digests import CRC32, digests_of
from syncoxiders.core.model import ROOT_ENTRY, Entry, Kind, Ref, Traits
from syncoxiders.ports.errors import (
    Denied,
    NotEmpty,
    Refused,
    RootLost,
    Stale,
    Vanished,
)
from syncoxiders.ports.provider import Attributes, FolderDelta, Known, Provider, Reader, Session

PARTS_AT_ONCE = 4
"""So many parts of one upload are sent at the same time."""


class S3Provider:
    """A bucket's root: a Provider that also Rescans, SetsMeta, has Sessions, and Copies.

    It does not measure: S3 has no quota, and what is used is known only by listing everything.
    A root has no mark of its own, for a bucket has no id: one that is deleted and made again
    under its name is the same root.

    For the policies see :func:`syncoxiders.adapters.providers.s3.connect`; ``largest_copy`` and
    ``copy_part`` are what one request copies, in bytes, and the size of parts beyond that.
    """

    def __init__(
        self,
        bucket: Bucket,
        keys: Keys,
        *,
        trash: bool,
        single: int,
        part_size: int,
        storage_class: str,
        settling: float,
        clock: Callable[[], float],
        largest_copy: int = LARGEST_COPY,
        copy_part: int = COPY_PART,
    ) -> None:
        self._bucket = bucket
        self._keys = keys
        self._settling = settling
        self._places = Places(bucket, keys)
        self._copier = Copier(bucket, largest=largest_copy, part=copy_part)
        self._trash = Trash(bucket, keys, self._copier, clock, on=trash)
        self._moves = Moves(bucket, keys, self._places, self._copier)
        self._uploader = Uploader(
            bucket,
            self._places,
            self._trash,
            single=single,
            part=part_size,
            storage_class=storage_class,
        )
        self._uploads = Uploads(bucket, self._uploader, self._trash)

    @property
    def address(self) -> tuple[str, str, str]:
        """The account, bucket and prefix that it is for."""
        return (self._bucket.account, self._bucket.name, self._keys.prefix)

    @property
    def traits(self) -> Traits:
        """What the planner must know of this provider."""
        return Traits(
            stable_ids=False,
            keeps_replaced=self._trash.keeps,
            sets_meta=True,
            forbidden="\0",
            max_name=self._keys.max_name,
        )

    # Looking

    def root(self) -> str:
        """Make sure that the root is there."""
        if not self._bucket.first(self._keys.prefix) and self._keys.prefix:
            raise RootLost(gone(self._bucket, self._keys))
        return f"s3:{self._bucket.name}/{self._keys.prefix}"

    def finish_interrupted(self) -> None:
        """Bring moves that were interrupted to their end."""
        self._moves.finish()

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry as it stands now."""
        key = self._keys.of(ref)
        if key.startswith(self._keys.own):
            return None
        if key.endswith("/") or key == self._keys.prefix:
            return self._folder(key)
        found = self._bucket.head(key)
        return None if found is None else self._entry(found)

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at the place now; of a file and a folder of one name, the file."""
        try:
            key = self._keys.place(self._keys.folder(parent), name)
        except (Refused, Vanished):
            return None
        found = self._bucket.head(key, sure=False)
        return self._folder(f"{key}/") if found is None else self._entry(found)

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        """Compare the tree, or these folders, with what is known."""
        with closing(Scan(self._bucket, self._keys, known, self._settling)) as scan:
            yield from scan.everything() if folders is None else scan.these(folders)

    # Reading

    def read(self, ref: Ref, version: str, offset: int = 0) -> Reader:
        """Begin to read the version from a byte on."""
        key = self._file(ref)
        if offset:
            found = self._places.expected(key, version)
            if offset >= found.size:
                return Reading(self._bucket, found, self._entry(found), None, offset)
            answer = self._bucket.get(key, IfMatch=f'"{found.etag}"', Range=f"bytes={offset}-")
            return Reading(self._bucket, found, self._entry(found), answer["Body"], offset)
        try:
            answer = self._bucket.get(key, ChecksumMode="ENABLED")
        except Refused as refused:  # it is encrypted by a key that the reader has to bring
            raise Denied(f"{ref.path} cannot be read: {refused}") from refused
        found = described(key, answer)
        reading = Reading(self._bucket, found, self._entry(found), answer["Body"], 0)
        if found.version != version:
            reading.close()
            raise Stale(f"{ref.path} is not what was expected")
        return reading

    def hash(self, ref: Ref, version: str, algorithms: Sequence[str] = (hashes.OWN,)) -> str:
        """Return the content hashes of the version; S3 may know some of them."""
        found = self._places.expected(self._file(ref), version)
        if set(algorithms) <= hashes.decode(found.hashes).keys():
            return found.hashes
        with closing(self.read(ref, version)) as reader:
            return hashes.merged(found.hashes, digests_of(reader.chunks(), algorithms).text())

    # Writing

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder: write its marker."""
        folder = self._keys.folder(parent)
        key = self._keys.place(folder, name, kind=Kind.FOLDER)
        self._places.require_folder(folder)
        self._places.require_free(key.removesuffix("/"))
        if not self._places.mark(key):
            raise self._places.occupied(key)
        return self._keys.folder_entry(key)

    def upload(
        self,
        parent: Ref,
        name: str,
        chunks: Iterable[memoryview | bytes],
        *,
        size: int,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,
        verify: bool = True,
    ) -> Entry:
        """Write content."""
        target = self._target(parent, name, attributes, replaces, keep=keep)
        written, given = self._uploader.upload(
            target, chunks, size=size, mtime_ns=attributes.mtime_ns, verify=verify
        )
        return self._written(written, given)

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands, by copying and deleting."""
        source = self._keys.of(ref)
        folder = self._keys.folder(parent)
        if source.endswith("/"):
            key = self._keys.place(folder, name, kind=Kind.FOLDER)
            if key != source:
                self._moves.folder(source, folder, key)
            return self._keys.folder_entry(key)
        key = self._keys.place(folder, name)
        found = self._places.expected(source, version)
        if key != source:
            self._moves.file(found, folder, key)
        moved = self._bucket.head(key)
        if moved is None:
            raise Vanished(f"{name} was moved, and is gone")
        return self._entry(moved)

    def delete(self, ref: Ref, version: str) -> None:
        """Delete a file, or an empty folder."""
        key = self._keys.of(ref)
        if key.endswith("/"):
            self._delete_folder(key)
            return
        found = self._places.expected(key, version)
        self._places.hold(self._keys.parent(key))
        kept = self._trash.keep(found)
        try:
            self._bucket.delete(key, found.etag)
        except Vanished:
            return  # it was deleted, and the answer was lost; or a person did it
        except Stale:
            if self._bucket.head(key) is None:
                return  # likewise, where a delete marker stands
            self._trash.forget(kept)
            raise

    def set_meta(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set the modified time, by copying the object onto itself."""
        found = self._places.expected(self._file(ref), version)
        if attributes.mtime_ns is None or attributes.mtime_ns == found.mtime_ns:
            return self._entry(found)
        self._copier.copy(found, found.key, mtime_ns=attributes.mtime_ns, over=found.etag)
        changed = self._bucket.head(found.key)
        if changed is None:
            raise Vanished(f"{ref.path} is not there")
        return self._entry(changed)

    def settle(self) -> None:
        """Do nothing: what S3 has said that it has written, it has."""

    def close(self) -> None:
        """Close what connections are held."""
        self._bucket.close()

    # Sessions

    @property
    def at_once(self) -> int:
        """How many parts of one upload may be under way."""
        return PARTS_AT_ONCE

    @property
    def upload_hashes(self) -> tuple[str, ...]:
        """S3 proves content in parts by the CRC-32 of the whole."""
        return (CRC32,)

    def session_chunk(self, size: int) -> int:
        """Return the size of the parts of an upload of so many bytes."""
        return self._uploader.part_size(size)

    def begin(
        self,
        parent: Ref,
        name: str,
        *,
        size: int,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,
    ) -> Session:
        """Open an upload."""
        target = self._target(parent, name, attributes, replaces, keep=keep)
        return self._uploads.begin(target, size=size, mtime_ns=attributes.mtime_ns)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Send the bytes from ``session.offset`` on; several parts may be sent at once."""
        return self._uploads.append(session, chunk, last=last)

    def resume(self, session: Session) -> Session | None:
        """Return the session as S3 has it."""
        return self._uploads.resume(session)

    def finish(self, session: Session, hashes: str) -> Entry:
        """Put the content in its place."""
        return self._written(self._uploads.finish(session, hashes), hashes)

    def abandon(self, session: Session) -> None:
        """Give an upload up."""
        self._uploads.abandon(session)

    # Copies

    def can_copy(self, source: Provider) -> bool:
        """Say whether a source's entries are ours: a Ref means a key below one root only."""
        return isinstance(source, S3Provider) and source.address == self.address

    def copy(
        self, source: Ref, version: str, parent: Ref, name: str, attributes: Attributes
    ) -> Entry:
        """Make a new file of a version."""
        target = self._target(parent, name, attributes, None, keep=False)
        found = self._places.expected(self._file(source), version)
        self._places.require_folder(target.folder)
        self._places.require_free(target.key)
        self._copier.copy(found, target.key, mtime_ns=attributes.mtime_ns)
        made = self._bucket.head(target.key)
        if made is None:
            raise Vanished(f"{name} was made, and is gone")
        return self._entry(made)

    # Parts of these

    def _entry(self, found: Object) -> Entry:
        return found.entry(self._keys, self._settling)

    def _written(self, written: Object, given: str) -> Entry:
        entry = self._entry(written)
        own = hashes.encode({hashes.OWN: hashes.decode(given)[hashes.OWN]})
        return structs.replace(entry, hashes=hashes.merged(entry.hashes, own))

    def _folder(self, key: str) -> Entry | None:
        if key == self._keys.own or not self._places.is_folder(key):
            return None
        return self._keys.folder_entry(key)

    def _file(self, ref: Ref) -> str:
        """Return a file's key; raises Stale for a folder."""
        key = self._keys.of(ref)
        if key.endswith("/") or ref.id == ROOT_ENTRY:
            raise Stale(f"{ref.path} is a folder")
        return key

    def _target(
        self,
        parent: Ref,
        name: str,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None,
        *,
        keep: bool,
    ) -> Target:
        if attributes.kind is not Kind.FILE:
            raise Refused("S3 keeps no symbolic links")
        folder = self._keys.folder(parent)
        key = self._keys.place(folder, name)
        if replaces is None:
            return Target(folder, key)
        ref, version = replaces
        if self._keys.of(ref) != key:
            raise Stale(f"{name} is not what was expected")
        found = self._places.expected(key, version)
        return Target(folder, key, found.etag, version, keep)

    def _delete_folder(self, key: str) -> None:
        if self._bucket.first(key, besides=key):
            raise NotEmpty(f"{self._keys.path(key)} is not empty")
        marker = self._bucket.head(key)
        if marker is None:
            raise Vanished(f"{self._keys.path(key)} is not there")
        if marker.size:
            raise NotEmpty(f"{self._keys.path(key)}: its marker holds bytes")
        self._places.hold(self._keys.parent(key))
        self._bucket.delete(key, marker.etag)
