"""What we write rclone reads, with equal hashes and times; and the other way round."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncoxiders.adapters import vault
from syncoxiders.core.digests import digests_of
from tests.cli.conftest import Shell
from tests.cli.test_clouds import CONNECTED, local
from tests.emulators.clouds import ROOT, Cloud, connected
from tests.emulators.rclone import Rclone, rclone

SIZES = {
    "empty": 0,
    "small": 11,
    "folder/ünï cödé & more": 70_000,
    "folder/deep/er/large": (20 << 20) + 3,
}
HASHES = {"drive": "sha256", "dropbox": "dropbox", "onedrive": "quickxor"}
MTIME_NS = 1_600_000_000_000_000_000


@pytest.fixture(params=CONNECTED)
def cloud(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    del shell
    monkeypatch.setenv(vault.CHOICE, "file")
    with connected(request.param) as found:
        yield found


@pytest.fixture
def peer(cloud: Cloud, tmp_path: Path) -> Iterator[Rclone]:
    home = tmp_path / "rclone"
    home.mkdir()
    with rclone(cloud.emulator, home, cloud.remote()) as found:
        yield found


def write(folder: Path) -> None:
    rng = random.Random(7)
    for number, (path, size) in enumerate(SIZES.items()):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(rng.randbytes(size))
        when = MTIME_NS + number * 1_000_000_000
        os.utime(place, ns=(when, when))


def test_rclone_reads_what_we_write(shell: Shell, cloud: Cloud, peer: Rclone) -> None:
    """rclone lists our files with equal hashes and times, and reads equal bytes."""
    write(shell.left)
    assert shell("sync", "left", cloud.place).code == 0
    listing = peer.listing(f"r:{ROOT}")
    algorithm = HASHES[cloud.kind.kind]
    for path in SIZES:
        place = shell.left / path
        expected = digests_of([place.read_bytes()], [algorithm]).of(algorithm)
        assert listing[path]["Hashes"][algorithm] == expected
        assert listing[path]["ModTime"].startswith("2020-09-13T12:26:4")
    peer("check", "--download", shell.left, f"r:{ROOT}")


def test_we_read_what_rclone_writes(shell: Shell, cloud: Cloud, peer: Rclone) -> None:
    """What rclone brought is brought to the disk, with its times, and nothing is sent back."""
    write(shell.right)
    peer("copy", shell.right, f"r:{ROOT}")
    before = cloud.uploads()
    assert shell("sync", "left", cloud.place).code == 0
    assert local(shell.left) == local(shell.right)
    assert cloud.uploads() == before
    for path in SIZES:
        written = (shell.left / path).stat().st_mtime_ns
        assert written == (shell.right / path).stat().st_mtime_ns


def test_both_at_once(shell: Shell, cloud: Cloud, peer: Rclone) -> None:
    """What rclone moves and edits between our runs arrives; what we move rclone finds."""
    write(shell.left)
    assert shell("sync", "left", cloud.place).code == 0
    peer("moveto", f"r:{ROOT}/small", f"r:{ROOT}/folder/moved by rclone")
    peer("rcat", f"r:{ROOT}/folder/new", stdin=b"by rclone")
    (shell.left / "empty").rename(shell.left / "moved by us")
    assert shell("sync", "left", cloud.place).code == 0
    assert local(shell.left) == cloud.tree()
    assert {"moved by us", "folder/moved by rclone", "folder/new"} <= cloud.tree().keys()
    peer("check", "--download", shell.left, f"r:{ROOT}")


def test_an_account_of_rclone(shell: Shell, cloud: Cloud) -> None:
    """Equal trees that rclone made are adopted: not a byte of content is read or sent."""
    write(shell.left)
    for path in SIZES:
        cloud.people.write(path, (shell.left / path).read_bytes())
    cloud.emulator.calls.clear()
    assert shell("sync", "left", cloud.place).code == 0
    assert cloud.uploads() == 0
    downloads = [call for call in cloud.emulator.calls if "download" in call or "content" in call]
    assert downloads == []
