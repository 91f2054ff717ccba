"""The folder provider passes the contract without what only some systems have.

On a system that is not Linux, or with file systems that lack a call, plain POSIX must do. The
calls are taken away here; what is left is the same code.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from syncoxiders.adapters.providers.folder import (
    FolderProvider,
    _identity,
    _linux,
    _move,
    _place,
    _write,
    provider,
)
from syncoxiders.core.model import Kind, Ref
from syncoxiders.ports.errors import Stale
from tests.adapters.folder_support import LONG_AGO, Side
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.provider_harness import ROOT_REF
from tests.contracts.test_provider_folder import FolderHarness

LACKING = ["all calls of Linux", "unnamed files", "exchange", "trusted inodes", "hard links"]


def take_away(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if lacking == "all calls of Linux":
        # Birth times stay: elsewhere os.stat has them, and they vouch for inode numbers.
        monkeypatch.setattr(_linux, "file_system_type", lambda _: None)
        monkeypatch.setattr(_linux, "rename_noreplace", lambda *_: False)
        monkeypatch.setattr(_linux, "exchange", lambda *_: False)
        monkeypatch.setattr(_linux, "sync_file_system", lambda _: None)
        monkeypatch.setattr(_write, "_UNNAMED", 0)
    elif lacking == "unnamed files":
        monkeypatch.setattr(_write, "_UNNAMED", 0)
    elif lacking == "exchange":
        monkeypatch.setattr(_linux, "exchange", lambda *_: False)
    elif lacking == "trusted inodes":
        monkeypatch.setattr(_identity, "_TRUSTED", frozenset())
    else:
        monkeypatch.setattr(_linux, "rename_noreplace", lambda *_: False)
        monkeypatch.setattr("syncoxiders.adapters.providers.folder._place._move_by_link", no_links)
        monkeypatch.setattr(_write, "_UNNAMED", 0)


def no_links(*_: object) -> bool:
    return False


@pytest.fixture(params=LACKING)
def harness(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FolderHarness:
    take_away(request.param, monkeypatch)
    return FolderHarness(tmp_path / "root", {})


@pytest.mark.parametrize("lacking", LACKING)
def test_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    """Whatever is lacking, nothing but what was written is left in the end."""
    take_away(lacking, monkeypatch)
    side = Side(tmp_path / "root", trash=False)
    entry = side.upload("file", b"one", mtime_ns=LONG_AGO)
    entry = side.upload("file", b"two", entry, mtime_ns=LONG_AGO)
    side.write("other", b"person's", LONG_AGO)
    side.delete("other")
    side.provider.settle()
    assert [place.name for place in side.root.iterdir()] == ["file"]
    assert FolderProvider(side.root).root() == side.provider.root()


def test_calls_that_are_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the C library's calls each of ours says so, and touches nothing."""
    monkeypatch.setattr(_linux, "_calls", lambda: None)
    side = Side(tmp_path / "root")
    side.write("file", b"content", LONG_AGO)
    fd = os.open(side.root, os.O_RDONLY)
    assert _linux.birth_ns(fd, "file") is None
    assert _linux.file_system_type(fd) is None
    assert not _linux.rename_noreplace(fd, "file", fd, "other")
    assert not _linux.exchange(fd, "file", "file")
    _linux.sync_file_system(fd)
    os.close(fd)
    assert not side.open().traits.stable_ids


def test_without_birth_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without birth times a file and a folder that got its inode number are two entries."""
    monkeypatch.setattr(_linux, "birth_ns", lambda *_: None)
    side = Side(tmp_path / "root")
    for _ in range(20):
        place = side.write("place", b"content", LONG_AGO)
        side.look()
        before = side.known.paths()["place"]
        place.unlink()
        place.mkdir()
        side.look()
        after = side.known.paths()["place"]
        assert after.id != before.id
        assert after.kind is Kind.FOLDER
        place.rmdir()


class TestWithoutExchange:
    """A replacement in steps: the old is brought aside, then the new to its place."""

    @pytest.fixture
    def side(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Side:
        monkeypatch.setattr(_linux, "exchange", lambda *_: False)
        side = Side(tmp_path / "root")
        side.write("file", b"old", LONG_AGO)
        return side

    def act(self, monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> None:
        """Let people act before each of the steps."""
        todo = list(acts)

        def moved(*arguments: Any) -> None:
            if todo:
                todo.pop(0)()
            _place.move(*arguments)

        monkeypatch.setattr(_write, "move", moved)

    def test_replaced_before(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is brought aside and is not what was expected is brought back."""
        old = side.entry("file")
        self.act(monkeypatch, lambda: side.write("file", b"person's", LONG_AGO + 1))
        with pytest.raises(Stale):
            side.upload("file", b"ours", old)
        assert side.files() == {"file": b"person's"}
        assert side.trash() == {}

    def test_place_is_taken(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a person writes to the place between the steps stays; the old one is kept."""
        old = side.entry("file")
        self.act(monkeypatch, list, lambda: side.write("file", b"person's"))
        with pytest.raises(Stale):
            side.upload("file", b"ours", old)
        assert side.files() == {"file": b"person's"}
        assert side.trash() == {"file": b"old"}

    def test_edited_when_aside(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        """An edit of what was brought aside already is brought back with it."""
        old = side.entry("file")
        file = (side.root / "file").open("r+b", buffering=0)
        with file:
            self.act(monkeypatch, list, list, lambda: file.write(b"OLD"))
            with pytest.raises(Stale):
                side.upload("file", b"ours", old)
        assert side.files() == {"file": b"OLD"}
        assert side.trash() == {}


def test_claimed_place(tmp_path: Path) -> None:
    """Where nothing else helps, a place is claimed by something empty, which goes if need be."""
    fd = os.open(tmp_path, os.O_RDONLY)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_bytes(b"content")
    for folder in (True, False):
        with pytest.raises(FileExistsError):
            _place._move_by_claim(fd, "nothing", fd, "full", folder=folder)
        with pytest.raises(FileNotFoundError):
            _place._move_by_claim(fd, "nothing", fd, "new", folder=folder)
    _place._move_by_claim(fd, "full", fd, "moved", folder=True)
    os.close(fd)
    assert [place.name for place in tmp_path.iterdir()] == ["moved"]


class TestAlikeNames:
    """Case does not matter. Such a file system is played with a second, hidden name."""

    @pytest.fixture
    def side(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Side:
        side = Side(tmp_path / "root")
        side.write("Name", b"content", LONG_AGO)
        os.link(side.root / "Name", side.root / "nAME")
        traits = structs.replace(side.provider.traits, case_insensitive=True)
        monkeypatch.setattr(side.provider, "_traits", traits)
        for module in (provider, _move):
            monkeypatch.setattr(module, "names_in", lambda _: ["Name"])
        return side

    def test_name_as_it_is_stored(self, side: Side) -> None:
        """What is asked for under an alike name is told by the stored one."""
        assert side.entry("nAME").name == "Name"
        assert side.entry("Name").name == "Name"

    def test_renaming_to_an_alike_name(self, side: Side) -> None:
        """A rename to an alike name is not stopped by the entry itself."""
        entry = side.entry("Name")
        moved = side.provider.move(Ref(entry.id, "Name"), entry.version, ROOT_REF, "nAME")
        assert (moved.name, moved.version) == ("nAME", entry.version)
