"""What the tests of the folder provider share."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters.providers.folder import FolderProvider
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.provider import Attributes
from tests.contracts.provider_harness import ROOT_REF, KnownTree, Look

NOBODY = 65534
LONG_AGO = 1_500_000_000_000_000_000


class Side:
    """A folder with its provider, and what an engine knows of it.

    Its clock is an hour ahead, so that nothing is too recent to be trusted, unless ``now`` says
    otherwise.
    """

    def __init__(self, root: Path, **options: Any) -> None:
        self.root = root
        self.options = options
        self.now: float | None = None
        root.mkdir(exist_ok=True)
        self.provider = self.open()
        self.known = KnownTree()

    def open(self) -> FolderProvider:
        return FolderProvider(self.root, clock=self.clock, **self.options)

    def clock(self) -> float:
        return time.time() + 3600 if self.now is None else self.now

    def write(self, path: str, data: bytes, mtime_ns: int | None = None) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        if mtime_ns is not None:
            os.utime(place, ns=(mtime_ns, mtime_ns))
        return place

    def look(self, *folders: Ref) -> Look:
        look = Look(list(self.provider.rescan(self.known, folders or None)))
        for delta in look.deltas:
            self.known.apply(delta)
        return look

    def entry(self, path: str) -> Entry:
        folder, _, name = path.rpartition("/")
        found = self.provider.at(self.ref(folder), name)
        assert found is not None, f"nothing stands at {path!r}"
        return found

    def ref(self, path: str) -> Ref:
        return Ref(self.entry(path).id, path) if path else ROOT_REF

    def upload(
        self, path: str, data: bytes, replaces: Entry | None = None, **attributes: Any
    ) -> Entry:
        folder, _, name = path.rpartition("/")
        keep = attributes.pop("keep", False)
        return self.provider.upload(
            self.ref(folder),
            name,
            [data],
            size=len(data),
            attributes=Attributes(**attributes),
            replaces=None if replaces is None else (Ref(replaces.id, path), replaces.version),
            keep=keep,
        )

    def read(self, path: str, entry: Entry | None = None) -> bytes:
        entry = entry or self.entry(path)
        reader = self.provider.read(Ref(entry.id, path), entry.version)
        try:
            return b"".join(bytes(chunk) for chunk in reader.chunks())
        finally:
            reader.close()

    def delete(self, path: str) -> None:
        entry = self.entry(path)
        self.provider.delete(Ref(entry.id, path), entry.version)

    def trash(self) -> dict[str, bytes]:
        """Return what is in the root's trash, by path below the day's folder."""
        top = self.root / ".syncoxiders-trash"
        return {
            str(place.relative_to(top)).split("/", 1)[1]: place.read_bytes()
            for place in sorted(top.rglob("*"))
            if place.is_file()
        }

    def files(self) -> dict[str, bytes]:
        """Return every file below the root, those of our own making included."""
        return {
            str(place.relative_to(self.root)): place.read_bytes()
            for place in self.root.rglob("*")
            if place.is_file() and ".syncoxiders-trash" not in str(place)
        }


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return Side(tmp_path / "root")


@contextmanager
def unprivileged() -> Iterator[None]:
    """Go on as somebody to whom things can be denied."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def open_to_all() -> Iterator[Path]:
    """Give a folder that everybody can reach and write to."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o777)
    try:
        yield place
    finally:
        shutil.rmtree(place)


@contextmanager
def mounted(place: Path, size: str) -> Iterator[None]:
    """Mount a small file system in memory, or skip the test."""
    place.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def folders(look: Look) -> list[str]:
    return sorted(entry.name for entry in look.changed if entry.kind is Kind.FOLDER)
