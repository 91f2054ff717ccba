"""The folder provider passes the contract without what only some systems have.

On a system that is not Linux, or with file systems that lack a call, plain POSIX must do. The
calls are taken away here; what is left is the same code.
"""

import os
from pathlib import Path

import pytest

from syncoxiders.adapters.providers.folder import FolderProvider, _identity, _linux, _write
from syncoxiders.core.model import Kind
from tests.adapters.folder_support import LONG_AGO, Side
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
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
