"""The folder blob store passes the contract, and forgets rather than fails."""

import stat
from pathlib import Path

import pytest

from syncoxiders.adapters.state.blobs import FolderBlobStore
from tests.contracts.blob_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.blob_contract import LIMIT, digest, noise


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs", LIMIT)


def files(folder: Path) -> list[Path]:
    return [place for place in folder.rglob("*") if place.is_file()]


class TestFolder:
    def test_reopened(self, tmp_path: Path, blobs: FolderBlobStore) -> None:
        """Blobs are there for the next run, which counts them against its bound."""
        for seed in range(9):
            blobs.put(digest(noise(seed)), noise(seed))
        again = FolderBlobStore(tmp_path / "blobs", LIMIT)
        assert again.get(digest(noise(8))) == noise(8)
        for seed in range(9, 12):
            again.put(digest(noise(seed)), noise(seed))
        assert sum(file.stat().st_size for file in files(tmp_path)) <= LIMIT

    def test_compressed(self, tmp_path: Path, blobs: FolderBlobStore) -> None:
        """Text takes less room than it is long, and is for its owner's eyes only."""
        text = b"a line of text\n" * 5_000
        blobs.put(digest(text), text)
        (file,) = files(tmp_path)
        assert file.stat().st_size < len(text) / 10
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "blobs").stat().st_mode) == 0o700

    @pytest.mark.parametrize("damage", ["cut", "changed", "empty", "huge", "other"])
    def test_damaged(self, tmp_path: Path, blobs: FolderBlobStore, damage: str) -> None:
        """A damaged blob is forgotten, whatever it claims to be, and can be put again."""
        data = noise(1)
        blobs.put(digest(b"other"), b"other")
        (other,) = files(tmp_path)
        blobs.put(digest(data), data)
        (file,) = set(files(tmp_path)) - {other}
        packed = file.read_bytes()
        file.write_bytes(
            {
                "cut": packed[:-9],
                "changed": packed[:99] + b"\0\0\0" + packed[102:],
                "empty": b"",
                "huge": b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 7 + b"\x0f" + packed[8:],
                "other": other.read_bytes(),
            }[damage]
        )
        assert blobs.get(digest(data)) is None
        assert files(tmp_path) == [other]
        blobs.put(digest(data), data)
        assert blobs.get(digest(data)) == data

    def test_leftovers(self, tmp_path: Path, blobs: FolderBlobStore) -> None:
        """What an interrupted write left behind counts, and goes when room is needed."""
        (tmp_path / "blobs" / "ab").mkdir(parents=True)
        (tmp_path / "blobs" / "ab" / "tmpleft").write_bytes(noise(1, LIMIT))
        blobs.put(digest(b"text"), b"text")
        assert len(files(tmp_path)) == 1
        assert blobs.get(digest(b"text")) == b"text"

    def test_vanished(self, tmp_path: Path, blobs: FolderBlobStore) -> None:
        """The folder may be emptied at any time."""
        blobs.put(digest(b"text"), b"text")
        (file,) = files(tmp_path)
        file.unlink()
        assert blobs.get(digest(b"text")) is None
        blobs.put(digest(b"text"), b"text")
        assert blobs.get(digest(b"text")) == b"text"

    def test_impossible(self, tmp_path: Path) -> None:
        """Where no folder can be, nothing is kept, and nothing fails."""
        (tmp_path / "file").touch()
        blobs = FolderBlobStore(tmp_path / "file" / "blobs", LIMIT)
        blobs.put(digest(b"text"), b"text")
        assert blobs.get(digest(b"text")) is None
