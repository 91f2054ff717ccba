"""Blobs in a folder, for the base contents that automatic merges need."""

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import zstandard

from syncoxiders.core import hashes

_NAME = re.compile(r"[0-9a-f]{64}")
_ROOM = 0.9  # an eviction makes this much room, so that not every put has to look for some


def address(digest: str) -> str:
    """Return the hex SHA-256 of a digest: bare, or in the form of :mod:`core.hashes`.

    It is ``""`` where there is none: what cannot be verified is not kept.
    """
    name = hashes.decode(digest).get(hashes.OWN, "") if ":" in digest else digest
    return name if _NAME.fullmatch(name) else ""


def genuine(name: str, data: bytes) -> bool:
    """Say whether the bytes have this hex SHA-256."""
    return hashlib.sha256(data).hexdigest() == name


class FolderBlobStore:
    """Compressed files in a folder, named by digest; the least recently used go first.

    A file's modified time says when it was last used. To lose a file, or the whole folder, costs
    no more than a merge that becomes a conflict: so an error is forgetting, never a failure.
    """

    def __init__(self, path: Path | str, limit_bytes: int = 1 << 28) -> None:
        self._path = Path(path)
        self._limit = limit_bytes
        self._size: int | None = None

    def put(self, digest: str, data: bytes) -> None:
        """Keep the bytes; older ones may be evicted for them. Too large is silently not kept."""
        place = self._place(digest)
        if place is None:
            return
        packed = zstandard.compress(data) if len(data) <= self._limit else b""
        with contextlib.suppress(OSError):
            self._forget(place)
            if packed and len(packed) <= self._limit:
                self._make_room(len(packed))
                self._write(place, packed)

    def get(self, digest: str) -> bytes | None:
        """Return the bytes, verified against the digest, or None if they were forgotten."""
        place = self._place(digest)
        if place is None:
            return None
        try:
            data = self._verified(place.name, place.read_bytes())
        except OSError:
            return None
        with contextlib.suppress(OSError):
            if data is None:
                self._forget(place)
            else:
                _touch(place)
        return data

    def _place(self, digest: str) -> Path | None:
        name = address(digest)
        return self._path / name[:2] / name if name else None

    def _verified(self, name: str, packed: bytes) -> bytes | None:
        try:
            # What was put is no longer than the limit; a damaged header may claim anything.
            if zstandard.frame_content_size(packed) > self._limit:
                return None
            data = zstandard.decompress(packed)
        except zstandard.ZstdError:
            return None
        return data if genuine(name, data) else None

    def _write(self, place: Path, packed: bytes) -> None:
        """Write without a sync of the disk: what a power loss tears is noticed when it is read."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
            _touch(temporary)
            temporary.replace(place)
        except BaseException:
            temporary.unlink()
            raise
        self._size = (self._size or 0) + len(packed)

    def _forget(self, place: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            size = place.stat().st_size
            place.unlink()
            if self._size is not None:
                self._size -= size

    def _make_room(self, size: int) -> None:
        if self._size is not None and self._size + size <= self._limit:
            return
        used = sorted(self._files())
        self._size = sum(length for _, length, _ in used)
        if self._size + size <= self._limit:
            return
        for _, _, place in used:
            if self._size + size <= self._limit * _ROOM:
                break
            self._forget(place)

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """Yield when each file was last used, its length and its place; leftovers included."""
        for place in self._path.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                stat = place.stat()
                yield stat.st_mtime_ns, stat.st_size, place


def _touch(place: Path) -> None:
    """Note the use, more finely than a file system by itself does."""
    now = time.time_ns()
    os.utime(place, ns=(now, now))
