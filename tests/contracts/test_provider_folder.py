"""The folder provider passes the contract, on whatever file system the tests run on."""

import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters.providers.folder import FolderProvider
from syncoxiders.ports.provider import Provider
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "links as links": {"links": "copy"},
    "without trash": {"trash": False},
    "by hash": {"compare": frozenset({"hash"})},
}

TRASH = ".syncoxiders-trash"
LONG_AGO = 1_400_000_000_000_000_000


class FolderHarness:
    """People's hands on a folder, by plain calls of the operating system.

    Each write has a modified time of its own, long ago: two writes within one tick of the file
    system's clock would be one. The provider's clock is ahead of it for the same reason.
    """

    mtime_step_ns = 1

    def __init__(self, root: Path, options: dict[str, Any]) -> None:
        self.root = root
        self.options = options
        self.touching_is_a_change = "modtime" in options.get("compare", ("modtime",))
        self.writes = 0
        root.mkdir()

    def open(self) -> Provider:
        return FolderProvider(self.root, clock=lambda: time.time() + 3600, **self.options)

    def place(self, path: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def touch(self, place: Path, mtime_ns: int | None) -> None:
        self.writes += 1
        if mtime_ns is None:
            mtime_ns = LONG_AGO + self.writes * 1_000_000_000
        os.utime(place, ns=(mtime_ns, mtime_ns))

    def write(
        self, path: str, data: bytes, *, mtime_ns: int | None = None, executable: bool | None = None
    ) -> None:
        place = self.place(path)
        place.write_bytes(data)
        if executable is not None:
            place.chmod(0o755 if executable else 0o644)
        self.touch(place, mtime_ns)

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        place = self.place(path)
        draft = place.with_name("draft~")
        draft.write_bytes(data)
        self.touch(draft, mtime_ns)
        draft.replace(place)

    def remove(self, path: str) -> None:
        place = self.root / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()

    def rename(self, path: str, to: str) -> None:
        (self.root / path).rename(self.place(to))

    def mkdir(self, path: str) -> None:
        (self.root / path).mkdir(parents=True, exist_ok=True)

    def link(self, path: str, target: str) -> bool:
        self.place(path).symlink_to(target)
        return True

    def deny(self, path: str) -> bool:
        place = self.root / path
        mode = place.stat().st_mode
        place.chmod(0)
        if os.access(place, os.R_OK):  # nothing is denied to root
            place.chmod(mode)
            return False
        return True

    def lose_root(self) -> bool:
        self.root.rename(self.root.with_name("elsewhere"))
        return True

    def exchange_root(self) -> bool:
        self.lose_root()
        self.root.mkdir()
        return True

    def tree(self) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for folder, folders, files in os.walk(self.root):
            if folder == str(self.root) and TRASH in folders:
                folders.remove(TRASH)
            for name in folders + files:
                place = Path(folder, name)
                path = str(place.relative_to(self.root))
                mode = place.lstat().st_mode
                if stat.S_ISLNK(mode):
                    found[path] = os.fsencode(os.readlink(place))  # noqa: PTH115 -- a Path drops "./"
                else:
                    found[path] = None if stat.S_ISDIR(mode) else place.read_bytes()
        return found

    def kept(self) -> list[bytes]:
        return [place.read_bytes() for place in (self.root / TRASH).rglob("*") if place.is_file()]

    def catch_up(self) -> None:
        """Do nothing: a file system shows at once what was done."""


@pytest.fixture(params=CONFIGURATIONS)
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> FolderHarness:
    return FolderHarness(tmp_path / "root", CONFIGURATIONS[request.param])
