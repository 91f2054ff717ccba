"""What disks and people come up with, through the whole command: said clearly, nothing lost."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Command
from tests.e2e.tree import TEMPORARY, fingerprint

MANY = 100_000


class Pair:
    """Two folders, and the command on them."""

    def __init__(self, command: Command, folder: Path) -> None:
        self.command = command
        self.left, self.right = folder / "left", folder / "right"
        self.state = folder / "state"
        self.left.mkdir()
        self.right.mkdir()

    def arguments(self) -> list[str | Path]:
        return [self.left, self.right, "--state", self.state]

    def sync(self) -> tuple[int, str]:
        return self.command.run("sync", *self.arguments())

    def agrees(self) -> dict[str, str]:
        found = fingerprint(self.left)
        assert fingerprint(self.right) == found
        return found


@pytest.fixture
def pair(syncoxiders: Command, tmp_path: Path) -> Pair:
    return Pair(syncoxiders, tmp_path)


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [b"caf\xe9", b"\xff\xfe", b"new\nline", b"x" * 255, b"\xe9" * 255, "ü".encode() * 127, b"-rf"],
)
def test_any_name_that_linux_takes(pair: Pair, name: bytes) -> None:
    """A Linux name is bytes: whatever they are, they arrive as they are, and then it rests."""
    text = os.fsdecode(name)
    for place in (pair.left / "in" / text, pair.right / "out" / text / text):
        place.parent.mkdir(parents=True)
        place.write_bytes(b"content of " + name)
    code, said = pair.sync()
    assert code == 0, said
    assert len(pair.agrees()) == 5
    code, said = pair.sync()
    assert (code, "nothing" in said) == (0, True), said


def test_a_path_of_four_thousand_bytes(pair: Pair) -> None:
    """A path as long as the system takes it arrives, though the temporary folder's comes on top."""
    part = "d" * 250
    below = pair.left
    descriptor = os.open(below, os.O_RDONLY)
    depth = 3_900 // (len(part) + 1)
    for _ in range(depth):
        os.mkdir(part, dir_fd=descriptor)
        inner = os.open(part, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    file = os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor)
    os.write(file, b"deep down")
    os.close(file)
    os.close(descriptor)
    code, said = pair.sync()
    assert code == 0, said
    descriptor = os.open(pair.right, os.O_RDONLY)
    for _ in range(depth):
        inner = os.open(part, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    file = os.open("file", os.O_RDONLY, dir_fd=descriptor)
    assert os.read(file, 100) == b"deep down"
    os.close(file)
    os.close(descriptor)


# -- size ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_hundred_thousand_files_in_one_folder(pair: Pair) -> None:
    """One folder may hold as many files as it likes; one edit among them is one update."""
    folder = pair.left / "folder"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"{number:06}").write_bytes(b"%d" % number)
    code, said = pair.sync()
    assert code == 0, said
    assert sum(1 for _ in (pair.right / "folder").iterdir()) == MANY
    (folder / "050000").write_bytes(b"edited")
    (folder / "000007").unlink()
    code, said = pair.sync()
    assert code == 0, said
    assert (pair.right / "folder" / "050000").read_bytes() == b"edited"
    assert sum(1 for _ in (pair.right / "folder").iterdir()) == MANY - 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk(syncoxiders: Command, tmp_path: Path, small_disk: Path) -> None:
    """What finds no room is told, nothing is left half-way, and the next run goes on."""
    left, right = tmp_path / "left", small_disk / "right"
    left.mkdir()
    right.mkdir()
    for number in range(8):
        (left / f"file{number}").write_bytes(os.urandom(500_000))
    arguments: list[str | Path] = ["sync", left, right, "--state", tmp_path / "state"]
    code, said = syncoxiders.run(*arguments)
    assert code == 4, said
    assert "no room" in said.lower() or "no space" in said.lower(), said
    there = fingerprint(right)
    assert there
    assert there.items() <= fingerprint(left).items()
    assert not [path for path in small_disk.rglob("*") if TEMPORARY in path.name]
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    code, said = syncoxiders.run(*arguments)
    assert code == 0, said
    assert fingerprint(right) == fingerprint(left)


# -- people who do not stop ------------------------------------------------------------------------


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def save_as_editors_do(folder: Path, number: int) -> None:
    draft = folder / f".file{number % 5}.swp"
    draft.write_text(f"version {number}")
    draft.replace(folder / f"file{number % 5}")


def rename_to_and_fro(folder: Path, number: int) -> None:
    names = [folder / f"folder {each}" for each in "ab"]
    here, there = names if names[0].is_dir() else names[::-1]
    with contextlib.suppress(OSError):  # the watch is at work there, too
        here.mkdir(exist_ok=True)
        (here / f"inner{number % 7}").write_text(str(number))
        here.rename(there)


def make_and_remove(folder: Path, number: int) -> None:
    made = folder / f"passing{number % 20}"
    if made.exists():
        made.unlink()
    else:
        made.write_text(str(number))


@pytest.mark.parametrize("deed", [save_as_editors_do, rename_to_and_fro, make_and_remove])
def test_a_folder_that_changes_all_the_time(pair: Pair, deed: Callable[[Path, int], None]) -> None:
    """A watch follows a folder that never rests, in its own time, and agrees once it rests."""
    stop = threading.Event()

    def storm() -> None:
        number = 0
        while not stop.is_set():
            deed(pair.left, number)
            number += 1
            time.sleep(0.002)

    people = threading.Thread(target=storm)
    with pair.command.start("watch", *pair.arguments(), "--max-delete", "1000000") as process:
        try:
            until(pair.state.exists)
            people.start()
            time.sleep(6)
            stop.set()
            people.join(30)
            (pair.right / "from the right").write_text("meanwhile")
            until(lambda: _same(pair))
            assert "from the right" in fingerprint(pair.left)
            assert process.poll() is None
        finally:
            stop.set()
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=30)
    assert "Traceback" not in said
    assert process.returncode == 143
    assert not [path for path in fingerprint(pair.left) if TEMPORARY in path]


def _same(pair: Pair) -> bool:
    try:
        found = fingerprint(pair.left)
        return bool(found) and fingerprint(pair.right) == found
    except OSError:
        return False  # it is at work
