"""Clouds as endpoints of the commands, as a person uses them, against the emulated providers."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters import vault
from syncoxiders.engine import pacing
from tests.cli.conftest import Said, Shell
from tests.emulators.clouds import CONNECTED, Cloud, connected

BIG = 20 << 20


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep secrets in the home that the test has; do not wait for long."""
    monkeypatch.setenv(vault.CHOICE, "file")
    monkeypatch.setattr(pacing, "FIRST_PAUSE", 0.01)


@pytest.fixture(params=CONNECTED)
def cloud(request: pytest.FixtureRequest, shell: Shell) -> Iterator[Cloud]:
    del shell  # the account is put into its home
    with connected(request.param) as found:
        yield found


def local(folder: Path) -> dict[str, bytes | None]:
    """Return what stands in a folder on disk."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if ".syncoxiders-trash" not in path.parts
    }


def sync(shell: Shell, cloud: Cloud, *args: str) -> Said:
    return shell("sync", "left", cloud.place, *args)


class TestSync:
    def test_first_run_joins(self, shell: Shell, cloud: Cloud) -> None:
        """What is only on one side is copied to the other, and equal content is not carried."""
        shell.write("left/here/one", "from here")
        shell.write("left/same", "equal")
        cloud.people.write("there/two", b"from there")
        cloud.people.write("same", b"equal")
        cloud.people.mkdir("empty")
        said = sync(shell, cloud)
        assert said.code == 0, said
        assert (
            local(shell.left)
            == cloud.tree()
            == {
                "empty": None,
                "here": None,
                "here/one": b"from here",
                "same": b"equal",
                "there": None,
                "there/two": b"from there",
            }
        )

    def test_nothing_to_do(self, shell: Shell, cloud: Cloud) -> None:
        """A run after which nothing changed lists nothing, reads nothing and writes nothing."""
        for number in range(30):
            shell.write(f"left/folder{number % 5}/file{number}", str(number))
        assert sync(shell, cloud).code == 0
        assert sync(shell, cloud).code == 0
        cloud.emulator.calls.clear()
        said = sync(shell, cloud)
        assert said.code == 0
        assert len(cloud.emulator.calls) <= 4, cloud.emulator.calls  # the root, and the feed

    def test_changes_travel(self, shell: Shell, cloud: Cloud) -> None:
        """Edits, renames and deletions travel both ways; a rename carries nothing."""
        for name in ("edited", "deleted", "moved/inner/file", "renamed"):
            shell.write(f"left/{name}", name)
        sync(shell, cloud)
        before = cloud.uploads()
        cloud.people.write("edited", b"in the cloud")
        cloud.people.remove("deleted")
        cloud.people.rename("moved", "elsewhere")
        (shell.left / "renamed").rename(shell.left / "other name")
        assert sync(shell, cloud).code == 0
        assert (
            local(shell.left)
            == cloud.tree()
            == {
                "edited": b"in the cloud",
                "elsewhere": None,
                "elsewhere/inner": None,
                "elsewhere/inner/file": b"moved/inner/file",
                "other name": b"renamed",
            }
        )
        assert cloud.uploads() == before
        kept = list((shell.left / ".syncoxiders-trash").rglob("*"))
        assert any(path.is_file() and path.read_text() == "deleted" for path in kept)

    def test_conflict(self, shell: Shell, cloud: Cloud) -> None:
        """Two edits are both kept, on both sides."""
        shell.write("left/file", "base")
        sync(shell, cloud)
        shell.edit("left/file", "mine", 60)
        cloud.people.write("file", b"theirs")
        said = sync(shell, cloud)
        assert said.code == 0
        assert local(shell.left) == cloud.tree()
        assert sorted(filter(None, cloud.tree().values())) == [b"mine", b"theirs"]
        assert cloud.tree()["file"] == b"mine"
        assert any(".conflict-" in name for name in cloud.tree())

    def test_dry_run(self, shell: Shell, cloud: Cloud) -> None:
        """A dry run says what would be done and does none of it."""
        shell.write("left/file", "content")
        said = sync(shell, cloud, "--dry-run")
        assert said.code == 0
        assert "file" in said.out
        assert cloud.tree() == {}
        assert not shell.states.exists()

    def test_json(self, shell: Shell, cloud: Cloud) -> None:
        """Programs are told the account's address, and nothing secret."""
        shell.write("left/file", "content")
        said = sync(shell, cloud, "--json")
        assert said.code == 0
        assert any(cloud.place in json.dumps(each) for each in said.objects)
        assert cloud.emulator.token not in said.out + said.err

    def test_a_root_that_is_not_there(self, shell: Shell, cloud: Cloud) -> None:
        """A folder that the cloud does not have is named, and nothing is made or deleted."""
        shell.write("left/file", "content")
        said = shell("sync", "left", f"{cloud.name}:No such folder")
        assert said.code != 0
        assert "No such folder" in said.err
        assert local(shell.left) == {"file": b"content"}
        assert cloud.tree() == {}

    def test_a_root_that_vanished(self, shell: Shell, cloud: Cloud) -> None:
        """A root that is gone is not taken for one that was emptied."""
        shell.write("left/file", "content")
        sync(shell, cloud)
        said = shell("sync", "left", f"{cloud.place}/gone")
        assert said.code != 0
        assert local(shell.left) == {"file": b"content"}

    def test_emptied(self, shell: Shell, cloud: Cloud) -> None:
        """A cloud in which nothing is left stops the sync, which asks."""
        for number in range(5):
            shell.write(f"left/file{number}", str(number))
        sync(shell, cloud)
        for number in range(5):
            cloud.people.remove(f"file{number}")
        said = sync(shell, cloud)
        assert said.code == 3
        assert "--approve" in said.err
        assert len(local(shell.left)) == 5


class TestTrouble:
    def test_expired_token(self, shell: Shell, cloud: Cloud) -> None:
        """Access that ended leaves everything as it is and says how to connect again."""
        shell.write("left/file", "content")
        sync(shell, cloud)
        cloud.emulator.oauth.revoke_all()
        shell.edit("left/file", "edited", 60)
        said = sync(shell, cloud)
        assert said.code != 0
        assert "account add" in said.err
        assert cloud.emulator.token not in said.out + said.err
        assert cloud.tree() == {"file": b"content"}
        assert local(shell.left) == {"file": b"edited"}

    @pytest.mark.parametrize("kind", ["drop-before", "drop-after", "cut"])
    def test_broken_connections(self, shell: Shell, cloud: Cloud, kind: Any) -> None:
        """Whatever breaks off, the next runs bring it to an end, and nothing comes twice."""
        for number in range(6):
            shell.write(f"left/file{number}", f"content {number}")
        cloud.people.write("theirs", b"from there")
        for skip in (2, 5, 9):
            cloud.emulator.faults.add(kind, path="(?i)file|upload", skip=skip)
        for _ in range(4):
            said = sync(shell, cloud)
        assert said.code == 0, said
        assert local(shell.left) == cloud.tree()
        assert len(cloud.tree()) == 7

    def test_large_upload_goes_on(self, shell: Shell, cloud: Cloud) -> None:
        """A large file whose upload was cut off goes on where it was, in another run."""
        data = bytes(range(256)) * (BIG // 256)
        (shell.left / "big").write_bytes(data)
        cloud.emulator.faults.add("drop-before", path="upload", skip=1, times=60)
        first = sync(shell, cloud)
        brought = sum(len(each or b"") for each in cloud.tree().values())
        assert (first.code, brought) == (4, 0), first
        cloud.emulator.faults.clear()
        before = len(cloud.emulator.calls)
        assert sync(shell, cloud).code == 0
        assert cloud.tree() == {"big": data}
        assert len(cloud.emulator.calls) - before < 20


class TestOthers:
    def test_two_clouds(self, shell: Shell) -> None:
        """Two clouds are kept in step without a folder on this machine."""
        with connected("drive") as one, connected("dropbox") as two:
            one.people.write("folder/from drive", b"one")
            two.people.write("from dropbox", b"two")
            assert shell("sync", one.place, two.place).code == 0
            assert one.tree() == two.tree()
            two.people.rename("folder", "renamed")
            assert shell("sync", one.place, two.place).code == 0
            assert one.tree() == two.tree()
            assert one.tree()["renamed/from drive"] == b"one"

    def test_joining_later(self, shell: Shell) -> None:
        """A cloud joins a known sync of two as its third."""
        with connected("drive") as one, connected("dropbox") as two:
            shell.write("left/file", "content")
            shell("sync", "left", one.place)
            two.people.write("other", b"other")
            assert shell("sync", "left", one.place, two.place).code == 0
            assert local(shell.left) == one.tree() == two.tree()
            assert len(two.tree()) == 2

    def test_check(self, shell: Shell, cloud: Cloud) -> None:
        """Check compares with what a cloud has, reading nothing of it where it has a hash."""
        shell.write("left/same", "equal")
        shell.write("left/differs", "content")
        cloud.people.write("same", b"equal")
        cloud.people.write("differs", b"CONTENT")
        said = shell("check", "left", cloud.place)
        assert said.code == 8
        assert "differs: different content" in said.out
        shell.write("left/differs", "CONTENT")
        assert shell("check", "left", cloud.place).code == 0

    def test_nested(self, shell: Shell, cloud: Cloud) -> None:
        """Of two folders of one account none may hold the other."""
        said = shell("sync", cloud.place, f"{cloud.place}/inner")
        assert said.code == 2
        assert "lies inside" in said.err

    def test_log_and_conflicts(self, shell: Shell, cloud: Cloud) -> None:
        """What was done is told with the account's name."""
        shell.write("left/file", "content")
        sync(shell, cloud)
        said = shell("log", "left", cloud.place)
        assert said.code == 0
        assert shell("conflicts", "left", cloud.place).code == 0

    def test_state_is_lost(self, shell: Shell, cloud: Cloud) -> None:
        """Without its state a sync is a union: nothing is deleted, nothing equal is carried."""
        shell.write("left/file", "content")
        sync(shell, cloud)
        shutil.rmtree(shell.states)
        (shell.left / "file").unlink()
        assert sync(shell, cloud).code == 0
        assert local(shell.left) == {"file": b"content"}
