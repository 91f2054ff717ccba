"""What is particular to writing to folders: races with people, modes, a full disk, the trash."""

import os
import resource
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters.providers.folder import _linux
from syncoxiders.core.model import Kind, Ref
from syncoxiders.ports.errors import (
    Denied,
    Full,
    NotEmpty,
    Occupied,
    Refused,
    Stale,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.provider import Attributes
from tests.adapters.folder_support import (
    LONG_AGO,
    NOBODY,
    Side,
    mounted,
    open_to_all,
    side,
    unprivileged,
)
from tests.contracts.provider_harness import ROOT_REF, pattern

__all__ = ["side"]

MIB = 1 << 20


class Hands:
    """Lets people act just before a system call, and counts on nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def before(self, call: str, *acts: Callable[[], None]) -> None:
        """Do one act before each of the next calls."""
        original = getattr(_linux, call)
        todo = list(acts)

        def called(*arguments: Any) -> Any:
            if todo:
                todo.pop(0)()
            return original(*arguments)

        self._patch.setattr(_linux, call, called)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


class TestRaces:
    """People act between the last check and the system call that acts."""

    def replace(self, side: Side, data: bytes) -> Callable[[], None]:
        def act() -> None:
            side.write("draft", data, LONG_AGO).rename(side.root / "file")

        return act

    def edit(self, side: Side, data: bytes) -> Callable[[], None]:
        def act() -> None:
            side.write("file", data, LONG_AGO + 1)

        return act

    @pytest.mark.parametrize("how", ["replace", "edit"])
    def test_replacing(self, side: Side, hands: Hands, how: str) -> None:
        """What came out and is not what was expected is put back, and nothing else is left."""
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")
        hands.before("exchange", getattr(self, how)(side, b"person's"))
        with pytest.raises(Stale):
            side.upload("file", b"ours", old, keep=True)
        assert side.files() == {"file": b"person's"}
        assert side.trash() == {}

    def test_replacing_twice(self, side: Side, hands: Hands) -> None:
        """What a person writes to the place meanwhile is kept too: every byte can be found."""
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")
        first, second = self.replace(side, b"first"), self.replace(side, b"second")
        hands.before("exchange", first, second)
        with pytest.raises(Stale):
            side.upload("file", b"ours", old)
        assert side.files() == {"file": b"first"}
        assert side.trash() == {"file": b"second"}

    def test_replacing_what_is_removed(self, side: Side, hands: Hands) -> None:
        """A file that is removed at the last moment stays removed."""
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")
        hands.before("exchange", (side.root / "file").unlink)
        with pytest.raises(Vanished):
            side.upload("file", b"ours", old)
        assert side.files() == {}

    def test_replacing_what_is_removed_meanwhile(self, side: Side, hands: Hands) -> None:
        """What was to be put back is, though what stood in its place is gone."""
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")
        hands.before("exchange", self.replace(side, b"person's"), (side.root / "file").unlink)
        with pytest.raises(Stale):
            side.upload("file", b"ours", old)
        assert side.files() == {"file": b"person's"}

    def test_replacing_what_became_a_folder(self, side: Side, hands: Hands) -> None:
        """A folder that takes the file's place is put back with what is in it."""
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")

        def act() -> None:
            (side.root / "file").unlink()
            side.write("file/inner", b"person's")

        hands.before("exchange", act)
        with pytest.raises(Stale):
            side.upload("file", b"ours", old)
        assert side.files() == {"file/inner": b"person's"}

    @pytest.mark.parametrize("how", ["replace", "edit"])
    def test_moving(self, side: Side, hands: Hands, how: str) -> None:
        """What was moved and is not what was expected is moved back."""
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")
        hands.before("rename_noreplace", getattr(self, how)(side, b"person's"))
        with pytest.raises(Stale):
            side.provider.move(Ref(old.id, "file"), old.version, ROOT_REF, "moved")
        assert side.files() == {"file": b"person's"}

    @pytest.mark.parametrize("trash", [True, False])
    @pytest.mark.parametrize("how", ["replace", "edit"])
    def test_deleting(self, tmp_path: Path, hands: Hands, trash: bool, how: str) -> None:
        """What was taken away and is not what was expected is put back."""
        side = Side(tmp_path / "root", trash=trash)
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")
        hands.before("rename_noreplace", getattr(self, how)(side, b"person's"))
        with pytest.raises(Stale):
            side.provider.delete(Ref(old.id, "file"), old.version)
        assert side.files() == {"file": b"person's"}
        assert side.trash() == {}

    @pytest.mark.parametrize("trash", [True, False])
    def test_deleting_twice(self, tmp_path: Path, hands: Hands, trash: bool) -> None:
        """If the place is taken by then, what was taken away is in the trash."""
        side = Side(tmp_path / "root", trash=trash)
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")
        first, second = self.replace(side, b"first"), self.edit(side, b"second")
        hands.before("rename_noreplace", first, second)
        with pytest.raises(Stale):
            side.provider.delete(Ref(old.id, "file"), old.version)
        assert side.files() == {"file": b"second"}
        assert side.trash() == {"file": b"first"}

    def test_edit_right_after_writing(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        """The answer to a write describes what was written, not what came after it."""
        link = _linux.link_unnamed

        def linked(*arguments: Any) -> None:
            link(*arguments)
            side.write("file", b"person's", LONG_AGO + 1)

        monkeypatch.setattr(_linux, "link_unnamed", linked)
        entry = side.upload("file", b"ours", mtime_ns=LONG_AGO)
        assert (entry.size, entry.mtime_ns) == (4, LONG_AGO)
        side.known.adopt(entry)
        (after,) = side.look().changed
        assert (after.id, after.size) == (entry.id, 8)
        assert after.version != entry.version


class TestLeadingAstray:
    """Nothing is ever written or read outside of the root by way of a link."""

    @pytest.mark.parametrize("links", ["skip", "copy"])
    def test_folder_exchanged_for_a_link(self, tmp_path: Path, links: str) -> None:
        """A folder in whose place a link stands is gone."""
        side = Side(tmp_path / "root", links=links)
        outside = tmp_path / "outside"
        side.write("folder/file", b"content", LONG_AGO)
        folder, file = side.ref("folder"), side.entry("folder/file")
        (side.root / "folder").rename(outside)
        (side.root / "folder").symlink_to("../outside")
        ref = Ref(file.id, "folder/file")
        attributes = Attributes()
        with pytest.raises(Vanished):
            side.provider.upload(folder, "new", [b"x"], size=1, attributes=attributes)
        with pytest.raises(Vanished):
            side.provider.make_folder(folder, "new")
        with pytest.raises(Stale):
            side.provider.delete(ref, file.version)
        assert side.provider.get(ref) is None
        side.provider.settle()
        with pytest.raises(Stale):
            side.provider.read(ref, file.version)
        assert [place.name for place in outside.iterdir()] == ["file"]

    def test_folder_that_was_moved_out(self, side: Side) -> None:
        """A folder that was moved away while it was open is not written to."""
        side.write("folder/file", b"content", LONG_AGO)
        folder = side.ref("folder")
        side.upload("folder/one", b"1")
        (side.root / "folder").rename(side.root.parent / "moved")
        with pytest.raises(Vanished):
            side.provider.upload(folder, "two", [b"2"], size=1, attributes=Attributes())
        assert not (side.root.parent / "moved/two").exists()

    def test_another_folder_at_the_place(self, side: Side) -> None:
        """A folder that took the place of the one that was meant is not written to."""
        side.write("folder/file", b"content", LONG_AGO)
        folder = side.ref("folder")
        (side.root / "folder").rename(side.root / "moved")
        (side.root / "folder").mkdir()
        with pytest.raises(Vanished):
            side.provider.upload(folder, "new", [b"x"], size=1, attributes=Attributes())
        assert side.files() == {"moved/file": b"content"}
        assert side.provider.at(folder, "file") is None

    @pytest.mark.parametrize("name", ["..", "../file", "folder/../../file", "/etc/passwd"])
    def test_names_that_climb(self, side: Side, name: str) -> None:
        """A name with a path in it is none."""
        side.write("folder/file", b"content")
        assert side.provider.at(side.ref("folder"), name) is None
        with pytest.raises(Refused):
            side.provider.make_folder(side.ref("folder"), name)

    @pytest.mark.parametrize("name", [".syncoxiders-trash", ".syncoxiders-tmp-x"])
    def test_own_names(self, side: Side, name: str) -> None:
        """The provider's own names are refused."""
        with pytest.raises(Refused):
            side.upload(name, b"content")


class TestAttributes:
    def test_mode_of_new_files(self, side: Side) -> None:
        """A new file has the mode that the process gives its files."""
        mask = os.umask(0o027)
        try:
            side.upload("file", b"x")
            side.upload("tool", b"x", executable=True)
        finally:
            os.umask(mask)
        assert stat.S_IMODE((side.root / "file").stat().st_mode) == 0o640
        assert stat.S_IMODE((side.root / "tool").stat().st_mode) == 0o750

    @pytest.mark.parametrize(
        ("mode", "executable", "expected"),
        [
            (0o600, None, 0o600),
            (0o640, True, 0o750),
            (0o755, False, 0o644),
            (0o750, None, 0o750),
            (0o711, True, 0o711),
            (0o6755, None, 0o755),
        ],
    )
    def test_mode_of_replaced_files(
        self, side: Side, mode: int, executable: bool | None, expected: int
    ) -> None:
        """A file that is replaced keeps its mode, with the executable bit as asked."""
        side.write("file", b"old", LONG_AGO).chmod(mode)
        entry = side.upload("file", b"new", side.entry("file"), executable=executable)
        assert stat.S_IMODE((side.root / "file").stat().st_mode) == expected
        assert entry.executable is bool(expected & 0o100)

    def test_owner_and_extended_attributes(self, side: Side) -> None:
        """A file that is replaced keeps owner and extended attributes where that is allowed."""
        place = side.write("file", b"old", LONG_AGO)
        try:
            os.setxattr(place, "user.colour", b"green")
        except OSError:
            pytest.skip("this file system has no extended attributes")
        if os.geteuid() == 0:
            os.chown(place, NOBODY, NOBODY)
        side.upload("file", b"new", side.entry("file"))
        assert os.getxattr(place, "user.colour") == b"green"
        if os.geteuid() == 0:
            assert place.stat().st_uid == NOBODY

    def test_setting_attributes_of_a_link(self, tmp_path: Path) -> None:
        """A link's own modified time is set, not its target's."""
        side = Side(tmp_path / "root", links="copy")
        target = side.write("target", b"content", LONG_AGO)
        entry = side.upload("link", b"target", kind=Kind.LINK, mtime_ns=LONG_AGO + 1)
        new = side.provider.set_meta(
            Ref(entry.id, "link"), entry.version, Attributes(mtime_ns=LONG_AGO + 2)
        )
        assert (entry.mtime_ns, new.mtime_ns) == (LONG_AGO + 1, LONG_AGO + 2)
        assert new.version == entry.version
        assert target.stat().st_mtime_ns == LONG_AGO

    def test_recent_upload_is_provisional(self, side: Side) -> None:
        """An upload whose time is recent is provisional, and no change for the next look."""
        side.now = LONG_AGO / 1e9
        entry = side.upload("file", b"content", mtime_ns=LONG_AGO)
        assert entry.provisional
        side.known.adopt(entry)
        assert side.look().deltas == []
        side.now += 10
        (after,) = side.look().changed
        assert (after.version, after.provisional) == (entry.version, False)

    @pytest.mark.parametrize("target", [b"", b"nul\0byte", b"x" * 5000])
    def test_links_that_cannot_be(self, tmp_path: Path, target: bytes) -> None:
        """A target that no link can have is refused."""
        side = Side(tmp_path / "root", links="copy")
        with pytest.raises(Refused):
            side.upload("link", target, kind=Kind.LINK)
        assert list(side.root.iterdir()) == []

    def test_time_that_cannot_be(self, side: Side) -> None:
        """A modified time beyond all calendars is refused, and nothing is left."""
        with pytest.raises(Refused):
            side.upload("file", b"content", mtime_ns=1 << 100)
        assert list(side.root.iterdir()) == []


class TestDisk:
    def test_full(self, side: Side) -> None:
        """A full disk raises Full, leaves the old content, and no trace of the new."""
        with mounted(side.root / "disk", "1m"):
            side.write("disk/file", b"old", LONG_AGO)
            old = side.entry("disk/file")
            with pytest.raises(Full):
                side.upload("disk/new", pattern(2 * MIB))
            with pytest.raises(Full):
                side.upload("disk/file", pattern(2 * MIB), old)
            assert side.files() == {"disk/file": b"old"}
            side.upload("disk/new", pattern(MIB // 2))

    def test_file_that_is_too_large(self, side: Side) -> None:
        """A file larger than may be is refused."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, hard))
        try:
            with pytest.raises(Refused):
                side.upload("file", pattern(2 * MIB))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, handler)
        assert list(side.root.iterdir()) == []

    @pytest.mark.parametrize("size", [100, 3 * MIB])
    def test_disk_that_lies(self, side: Side, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
        """What does not read back as it was written is not brought to its place."""
        write = os.write

        def garbled(fd: int, data: bytes) -> int:
            return write(fd, bytes(data)[:-1] + b"!")

        monkeypatch.setattr(os, "write", garbled)
        with pytest.raises(Unreachable):
            side.upload("file", pattern(size))
        assert list(side.root.iterdir()) == []

    def test_short_writes(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        """A system that takes only a part at a time is given the rest."""
        write = os.write
        monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:1000]))
        side.upload("file", pattern(10_500))
        assert side.files() == {"file": pattern(10_500)}

    def test_denied(self) -> None:
        """Where nothing may be written, that is said, and nothing is touched."""
        with open_to_all() as place, unprivileged():
            side = Side(place / "root")
            side.write("folder/file", b"content", LONG_AGO)
            entry = side.entry("folder/file")
            ref = Ref(entry.id, "folder/file")
            folder = side.ref("folder")
            (side.root / "folder").chmod(0o500)
            with pytest.raises(Denied):
                side.upload("folder/new", b"x")
            with pytest.raises(Denied):
                side.upload("folder/file", b"x", entry)
            with pytest.raises(Denied):
                side.provider.make_folder(folder, "new")
            with pytest.raises(Denied):
                side.provider.move(ref, entry.version, ROOT_REF, "moved")
            with pytest.raises(Denied):
                side.provider.delete(ref, entry.version)
            assert side.files() == {"folder/file": b"content"}
            (side.root / "folder").chmod(0o700)

    def test_to_another_device(self, side: Side) -> None:
        """Nothing is moved to another device: that is refused, in words."""
        with mounted(side.root / "disk", "1m"):
            side.write("file", b"content", LONG_AGO)
            entry = side.entry("file")
            with pytest.raises(Refused, match="file system"):
                side.provider.move(Ref(entry.id, "file"), entry.version, side.ref("disk"), "file")
            assert side.files() == {"file": b"content"}


class TestTrash:
    def test_paths(self, side: Side) -> None:
        """The trash keeps the path; what was there before under the same stays."""
        for data in (b"one", b"two"):
            side.write("a/b/file.txt", data, LONG_AGO)
            side.delete("a/b/file.txt")
        assert side.trash() == {"a/b/file.txt": b"one", "a/b/file (2).txt": b"two"}

    def test_file_where_a_folder_was(self, side: Side) -> None:
        """A trashed file does not stand in the way of a trashed folder of its name."""
        side.write("name", b"one", LONG_AGO)
        side.delete("name")
        side.write("name/inner", b"two", LONG_AGO)
        side.delete("name/inner")
        assert side.trash() == {"name": b"one", "name (2)/inner": b"two"}

    def test_emptied_meanwhile(self, side: Side) -> None:
        """A trash that a person empties is made again."""
        for number in range(3):
            side.write(f"folder/{number}", b"content", LONG_AGO)
        side.delete("folder/0")
        (side.root / ".syncoxiders-trash").rename(side.root.parent / "emptied")
        for place in sorted((side.root.parent / "emptied").rglob("*"), reverse=True):
            place.rmdir() if place.is_dir() else place.unlink()
        side.delete("folder/1")
        assert side.trash() == {"folder/1": b"content"}

    def test_long_name(self, side: Side) -> None:
        """The longest name can be trashed more than once."""
        name = "é" * 127
        for data in (b"one", b"two"):
            side.write(name, data, LONG_AGO)
            side.delete(name)
        assert sorted(side.trash().values()) == [b"one", b"two"]

    def test_on_another_device(self, side: Side) -> None:
        """What stood on another device is in a trash there, which is no entry."""
        with mounted(side.root / "disk", "1m"):
            side.write("disk/folder/file", b"content", LONG_AGO)
            side.delete("disk/folder/file")
            (kept,) = (side.root / "disk/.syncoxiders-trash").glob("*/folder/file")
            assert kept.read_bytes() == b"content"
            assert side.look().names == ["disk", "folder"]

    def test_without(self, tmp_path: Path) -> None:
        """Without a trash what is deleted or replaced is gone."""
        side = Side(tmp_path / "root", trash=False)
        assert not side.provider.traits.keeps_replaced
        side.write("file", b"old", LONG_AGO)
        new = side.upload("file", b"new", side.entry("file"), keep=True)
        assert side.entry("file").id == new.id
        side.delete("file")
        assert list(side.root.iterdir()) == []

    def test_expiry(self, side: Side) -> None:
        """What is older than the retention is purged by recovery, however deep; no more."""
        day = 86_400
        side.now = 1_700_000_000 - 1_700_000_000 % day
        top = ".syncoxiders-trash"
        side.write(f"{top}/2023-10-13/a/b/c/old", b"old")
        side.write(f"{top}/2023-10-14/new", b"new")
        side.write(f"{top}/2023-99-99/strange", b"strange")
        side.write(f"{top}/mine/file", b"mine")
        side.provider.recover(lambda _: None)
        assert sorted(place.name for place in (side.root / top).iterdir()) == [
            "2023-10-14",
            "2023-99-99",
            "mine",
        ]


class TestFolders:
    def test_hidden_content(self, side: Side) -> None:
        """A folder is not empty as long as it holds what no look reports."""
        (side.root / "folder").mkdir()
        (side.root / "folder/link").symlink_to("nowhere")
        with pytest.raises(NotEmpty):
            side.delete("folder")

    def test_leftover_in_it(self, side: Side) -> None:
        """A folder with nothing but an interrupted write in it is deleted; the bytes are kept."""
        side.write("folder/.syncoxiders-tmp-x0123456789ab-0", b"person's, perhaps")
        side.write("folder/.syncoxiders-tmp-w0123456789ab-0", b"half")
        side.delete("folder")
        assert not (side.root / "folder").exists()
        assert list(side.trash().values()) == [b"person's, perhaps"]
        told: list[str] = []
        side.provider.recover(told.append)
        assert len(told) == 1

    def test_the_root_stays(self, side: Side) -> None:
        """The root itself is neither moved nor deleted."""
        with pytest.raises(Refused):
            side.provider.delete(ROOT_REF, "")
        folder = side.provider.make_folder(ROOT_REF, "folder")
        with pytest.raises(Refused):
            side.provider.move(ROOT_REF, "", Ref(folder.id, "folder"), "root")

    def test_mount_point(self, side: Side) -> None:
        """A folder that a device is mounted on is neither moved nor deleted."""
        with mounted(side.root / "disk", "1m"):
            disk = side.ref("disk")
            with pytest.raises(Denied):
                side.provider.delete(disk, "")
            with pytest.raises(Denied):
                side.provider.move(disk, "", ROOT_REF, "moved")

    def test_moved_folder_is_forgotten(self, side: Side) -> None:
        """After a move nothing is found at the old place."""
        side.write("a/inner/file", b"content", LONG_AGO)
        file = side.entry("a/inner/file")
        folder = side.entry("a")
        side.provider.move(Ref(folder.id, "a"), "", ROOT_REF, "b")
        assert side.provider.get(Ref(file.id, "a/inner/file")) is None
        assert side.provider.get(Ref(file.id, "b/inner/file")) == file


class TestRecovery:
    NAME = ".syncoxiders-tmp-{kind}0123456789ab-{number}"

    def leave(self, side: Side, kind: str, number: int, data: bytes) -> None:
        side.write("folder/" + self.NAME.format(kind=kind, number=number), data)

    @pytest.mark.parametrize("trash", [True, False])
    def test_leftovers(self, tmp_path: Path, trash: bool) -> None:
        """What an interrupted run left is kept if a person may have written it, and told."""
        side = Side(tmp_path / "root", trash=trash)
        self.leave(side, "x", 0, b"person's, perhaps")
        self.leave(side, "w", 1, b"half")
        assert side.look().names == ["folder"]
        told: list[str] = []
        side.provider.recover(told.append)
        assert side.files() == {}
        ((path, data),) = side.trash().items()
        assert data == b"person's, perhaps"
        assert len(told) == 1
        assert path in told[0]
        assert side.look().deltas == []

    def test_own_writes_are_no_leftovers(self, side: Side) -> None:
        """What this very run is writing is left alone."""

        def chunks() -> Iterator[bytes]:
            yield b"con"
            side.look()
            side.provider.recover(told.append)
            yield b"tent"

        told: list[str] = []
        side.provider._writer._unnamed = False
        entry = side.provider.upload(ROOT_REF, "file", chunks(), size=7, attributes=Attributes())
        assert entry.size == 7
        assert (side.files(), told) == ({"file": b"content"}, [])

    def test_interrupted_exchange(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that dies right after an exchange leaves the old content to be kept."""
        side.write("file", b"old", LONG_AGO)
        old = side.entry("file")
        exchange = _linux.exchange

        class Death(BaseException):
            pass

        def dies(*arguments: Any) -> bool:
            exchange(*arguments)
            monkeypatch.setattr("syncoxiders.adapters.providers.folder._write.same_thing", dead)
            raise Death

        def dead(*_: Any) -> bool:
            raise Death

        monkeypatch.setattr(_linux, "exchange", dies)
        with pytest.raises(Death):
            side.upload("file", b"new", old)
        monkeypatch.undo()
        side.provider = side.open()
        side.look()
        told: list[str] = []
        side.provider.recover(told.append)
        assert side.files() == {"file": b"new"}
        assert list(side.trash().values()) == [b"old"]
        assert len(told) == 1


def test_settling_what_was_written(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file system that was written to is synced once, and none that was not."""
    synced: list[int] = []
    monkeypatch.setattr(_linux, "sync_file_system", lambda fd: synced.append(os.fstat(fd).st_dev))
    side.provider.settle()
    assert synced == []
    with mounted(side.root / "disk", "1m"):
        side.upload("one", b"1")
        side.upload("two", b"2")
        side.upload("disk/three", b"3")
        side.provider.settle()
        devices = {place.stat().st_dev for place in (side.root, side.root / "disk")}
    assert sorted(synced) == sorted(devices)


def test_occupied_by_what_is_left_out(side: Side) -> None:
    """A place where a link or pipe stands is occupied, though no look reports it."""
    (side.root / "link").symlink_to("nowhere")
    os.mkfifo(side.root / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(Occupied):
            side.upload(name, b"content")
        with pytest.raises(Occupied):
            side.provider.make_folder(ROOT_REF, name)
