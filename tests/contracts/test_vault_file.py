"""The file vault passes the contract, and keeps nothing where others could read it."""

import os
import stat
from pathlib import Path

import pytest

from syncoxiders.adapters.vault.file import FileVault
from syncoxiders.ports.errors import AccountError
from tests.contracts.vault_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.vault_contract import NAMES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config" / "secrets"


@pytest.fixture
def vault(folder: Path) -> FileVault:
    return FileVault(folder)


class TestFile:
    def test_modes(self, vault: FileVault, folder: Path) -> None:
        """Folder and files are for their owner alone, whatever the umask is."""
        before = os.umask(0)
        try:
            vault.put("work", "secret")
        finally:
            os.umask(before)
        (file,) = folder.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
    def test_readable_file(self, vault: FileVault, folder: Path, mode: int) -> None:
        """A file that others can read or write is not used, and it is said how to mend it."""
        vault.put("work", "the-secret")
        (file,) = folder.iterdir()
        file.chmod(mode)
        with pytest.raises(AccountError, match=f"chmod 600 {file}"):
            vault.get("work")
        with pytest.raises(AccountError, match=f"chmod 600 {file}"):
            vault.put("work", "another-secret")
        assert file.read_text() == "the-secret"
        file.chmod(0o600)
        assert vault.get("work") == "the-secret"

    @pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
    def test_readable_folder(self, vault: FileVault, folder: Path, mode: int) -> None:
        """Nor is a folder that others can look into."""
        vault.put("work", "secret")
        folder.chmod(mode)
        with pytest.raises(AccountError, match=f"chmod 700 {folder}"):
            vault.get("work")
        with pytest.raises(AccountError, match=f"chmod 700 {folder}"):
            vault.put("other", "secret")
        assert len(list(folder.iterdir())) == 1

    def test_link(self, vault: FileVault, folder: Path, tmp_path: Path) -> None:
        """A secret is not read through a link, nor written to where one leads."""
        vault.put("work", "secret")
        (file,) = folder.iterdir()
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(AccountError):
            vault.get("work")
        with pytest.raises(AccountError, match="is a link"):
            vault.put("work", "new")
        assert (tmp_path / "elsewhere").read_text() == "secret"

    def test_damaged(self, vault: FileVault, folder: Path) -> None:
        """What is not text was not written by us, and is not quoted."""
        vault.put("work", "secret")
        (file,) = folder.iterdir()
        file.write_bytes(b"se\xffcret")
        with pytest.raises(AccountError, match="is damaged") as failure:
            vault.get("work")
        assert failure.value.__cause__ is None

    def test_impossible(self, tmp_path: Path) -> None:
        """Where no folder can be, it is said so."""
        (tmp_path / "file").touch()
        vault = FileVault(tmp_path / "file" / "secrets")
        with pytest.raises(AccountError, match="Not a directory"):
            vault.put("work", "secret")

    def test_whole_or_not(
        self, vault: FileVault, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A write that fails leaves the old secret, and no draft."""
        vault.put("work", "old")

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(AccountError, match="No space left"):
            vault.put("work", "new")
        assert vault.get("work") == "old"
        assert len(list(folder.iterdir())) == 1

    def test_plain_names(self, vault: FileVault, folder: Path) -> None:
        """Files have names that any file system can hold and tell apart."""
        for name in NAMES:
            vault.put(name, "secret")
        names = [file.name for file in folder.iterdir()]
        assert len({name.casefold() for name in names}) == len(NAMES)
        assert all(name.isascii() and len(name) <= 255 for name in names)
