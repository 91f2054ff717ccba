"""The real rclone, an independent client of Microsoft Graph, works with the emulator."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulators import onedrive
from tests.emulators.onedrive import DriveType, OneDrive
from tests.emulators.rclone import Rclone, rclone

CHUNK = 5 << 20
SIZES = {"empty": 0, "small": 5, "one chunk": CHUNK, "12 MB": 12_000_000}


def remote(emulator: OneDrive, **more: str) -> dict[str, str]:
    token = {
        "access_token": emulator.token,
        "token_type": "Bearer",
        "refresh_token": "unused",
        "expiry": "2099-01-01T00:00:00Z",
    }
    return {
        "type": "onedrive",
        "drive_id": emulator.drive.id,
        "drive_type": emulator.drive.type,
        "chunk_size": f"{CHUNK >> 10}k",
        "token": json.dumps(token),
        **more,
    }


@pytest.fixture(params=["personal", "business"])
def emulator(request: pytest.FixtureRequest) -> OneDrive:
    drive_type: DriveType = request.param
    return onedrive.create(drive_type)


@pytest.fixture
def r(emulator: OneDrive, tmp_path: Path) -> Iterator[Rclone]:
    with rclone(emulator, tmp_path, remote(emulator)) as running:
        yield running


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A folder with files of sizes on both sides of a chunk."""
    folder = tmp_path / "local"
    (folder / "inner").mkdir(parents=True)
    for name, size in SIZES.items():
        (folder / "inner" / name).write_bytes(os.urandom(size))
    return folder


def test_copies_up_and_down(emulator: OneDrive, r: Rclone, local: Path, tmp_path: Path) -> None:
    """What rclone uploads, whole or in ranges, people find, and rclone reads it back."""
    r("copy", local, "r:Root")
    for name in SIZES:
        assert emulator.people.tree()[f"inner/{name}"] == (local / "inner" / name).read_bytes()
    assert sum("/_upload/" in call for call in emulator.calls) == 5
    assert emulator.sessions.count == 0
    r("check", "--download", local, "r:Root")
    r("copy", "r:Root", tmp_path / "back")
    for name in SIZES:
        back = tmp_path / "back" / "inner" / name
        assert back.read_bytes() == (local / "inner" / name).read_bytes()
        assert int(back.stat().st_mtime) == int((local / "inner" / name).stat().st_mtime)
