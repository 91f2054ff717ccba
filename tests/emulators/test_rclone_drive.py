"""The real rclone, with a Drive driver that is not ours, works with the emulated Drive."""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulators import drive
from tests.emulators.drive import DriveEmulator
from tests.emulators.faults import Kind
from tests.emulators.rclone import Rclone, RcloneError, rclone

SMALL_CHUNKS = "--drive-chunk-size=1M"
QUICK = "--drive-pacer-min-sleep=1ms"
LONG_AGO_NS = 1_234_567_890_123_000_000


@pytest.fixture
def emulator() -> DriveEmulator:
    return drive.create()


@pytest.fixture
def r(emulator: DriveEmulator, tmp_path: Path) -> Iterator[Rclone]:
    home = tmp_path / "home"
    home.mkdir()
    with rclone(emulator, home, settings(emulator)) as found:
        yield found


def settings(emulator: DriveEmulator, *, expiry: str = "2099-01-01T00:00:00Z") -> dict[str, str]:
    """Return a remote whose root is the folder that people's paths are below."""
    token = {
        "access_token": emulator.token,
        "token_type": "Bearer",
        "refresh_token": emulator.refresh_token,
        "expiry": expiry,
    }
    return {
        "type": "drive",
        "scope": "drive",
        "client_id": "client",
        "client_secret": "secret",
        "root_folder_id": emulator.people.root,
        "token": json.dumps(token),
    }


def random(size: int) -> bytes:
    return hashlib.shake_256(str(size).encode()).digest(size)


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Return what files are in a folder on disk."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class TestListing:
    def test_sizes_times_and_hashes(self, emulator: DriveEmulator, r: Rclone) -> None:
        """A listing has every path, its size, time and three hashes."""
        emulator.people.write("a/b.txt", b"hello", mtime_ns=LONG_AGO_NS)
        emulator.people.mkdir("a/empty")
        found = r.listing()
        assert found.keys() == {"a", "a/b.txt", "a/empty"}
        file = found["a/b.txt"]
        assert (file["Size"], file["ModTime"]) == (5, "2009-02-13T23:31:30.123Z")
        assert file["ID"] == emulator.people.id("a/b.txt")
        assert file["Hashes"] == {
            name: hashlib.new(name, b"hello").hexdigest() for name in ("md5", "sha1", "sha256")
        }

    def test_many_pages(self, emulator: DriveEmulator, r: Rclone) -> None:
        """A folder of many pages is listed whole, also when several are asked for at once."""
        for number in range(30):
            emulator.people.write(f"folder{number % 3}/file{number}", b"")
        expected = set(emulator.people.tree())
        assert r.listing().keys() == expected
        fast = r("lsf", "-R", "--fast-list", "--checkers=1", "--drive-list-chunk=7", "r:").split()
        assert {each.rstrip("/") for each in fast} == expected

    def test_several_folders_found_empty(self, emulator: DriveEmulator, r: Rclone) -> None:
        """When a query for several folders finds nothing, rclone asks for each."""
        for number in range(6):
            emulator.people.write(f"folder{number}/file", b"")
        emulator.files.empty_groups = 1
        found = r("lsf", "-R", "--fast-list", "--checkers=1", "r:").split()
        assert {each.rstrip("/") for each in found} == set(emulator.people.tree())
        assert emulator.files.empty_groups == 0

    def test_odd_names(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path) -> None:
        """Names with quotes, backslashes and what is not ASCII are found by name."""
        names = ["it's", "back\\slash", "caf\u00e9", "cafe\u0301 2", "100 %", "ends with dot."]
        for name in names:
            emulator.people.write(name, name.encode())
        assert set(r.listing()) == set(names)
        for name in names[:2]:
            assert r("cat", f"r:{name}") == name
        r("copy", "r:", tmp_path / "down")
        assert content(tmp_path / "down") == {name: name.encode() for name in names}

    def test_letters_of_another_case(self, emulator: DriveEmulator, r: Rclone) -> None:
        """Names that differ in case only stand side by side, and each is found."""
        emulator.people.write("name", b"small")
        emulator.people.write("NAME", b"great")
        assert (r("cat", "r:name"), r("cat", "r:NAME")) == ("small", "great")

    def test_duplicates(self, emulator: DriveEmulator, r: Rclone) -> None:
        """Files of one name are all listed, and rclone knows them for duplicates."""
        ids = {emulator.people.add_duplicate("same", data) for data in (b"one", b"two!")}
        listed = json.loads(r("lsjson", "r:"))
        assert {each["ID"] for each in listed} == ids
        assert "same: 2 duplicates" in r("dedupe", "--dedupe-mode=list", "r:")

    def test_shortcuts(self, emulator: DriveEmulator, r: Rclone) -> None:
        """A shortcut shows what it points at; one that points nowhere does no harm."""
        emulator.people.write("folder/file.txt", b"data")
        emulator.people.add_shortcut("to file", "folder/file.txt")
        emulator.people.add_shortcut("to folder", "folder")
        emulator.people.add_shortcut("to nothing", "nothing")
        found = r.listing()
        assert found["to file"]["Hashes"]["md5"] == hashlib.md5(b"data").hexdigest()  # noqa: S324 -- Drive's own
        assert "to folder/file.txt" in found
        assert r("cat", "r:to folder/file.txt") == "data"

    def test_shared_with_me(self, emulator: DriveEmulator, r: Rclone) -> None:
        """What others share is listed when it is asked for, and can be read."""
        emulator.people.share_with_me("theirs", b"data")
        emulator.people.share_in("in ours", b"more")
        assert set(r.listing()) == {"in ours"}
        assert r("cat", "--drive-shared-with-me", "--drive-root-folder-id=", "r:theirs") == "data"

    def test_about(self, emulator: DriveEmulator, r: Rclone) -> None:
        """The quota is what is used, in the trash too."""
        emulator.people.write("file", b"12345")
        emulator.people.write("gone", b"123")
        emulator.people.trash("gone")
        told = json.loads(r("about", "--json", "r:"))
        assert (told["used"], told["trashed"]) == (8, 3)


class TestCopying:
    def test_up_and_down(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path) -> None:
        """Nothing, a little, and much in chunks goes up and comes down as it was."""
        files = {
            "empty": b"",
            "small.txt": b"small",
            "deep/er/file": random(1000),
            "big": random((12 << 20) + 123),
            "even": random(8 << 20),
        }
        up = fill(tmp_path / "up", files)
        os.utime(up / "small.txt", ns=(LONG_AGO_NS, LONG_AGO_NS))
        r("copy", up, "r:", SMALL_CHUNKS)
        tree = emulator.people.tree()
        assert {path: data for path, data in tree.items() if data is not None} == files
        assert sum(call.startswith("POST /upload") for call in emulator.calls) >= 13 + 8
        assert emulator.people.file("small.txt").modified == LONG_AGO_NS // 1_000_000
        r("check", "--download", up, "r:")
        r("copy", "r:", tmp_path / "down")
        assert content(tmp_path / "down") == files
        r("copy", up, "r:", "--immutable")

    def test_default_chunks(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path) -> None:
        """rclone's own chunk size is good, too."""
        data = random((12 << 20) + 1)
        up = fill(tmp_path / "up", {"big": data})
        r("copy", up, "r:")
        assert emulator.people.tree() == {"big": data}
        assert r.listing()["big"]["Hashes"]["sha256"] == hashlib.sha256(data).hexdigest()

    def test_size_not_known(self, emulator: DriveEmulator, r: Rclone) -> None:
        """A stream is uploaded without its size being known."""
        data = random((2 << 20) + 5)
        r("rcat", "r:stream", SMALL_CHUNKS, stdin=data)
        assert emulator.people.tree() == {"stream": data}

    @pytest.mark.parametrize("size", [100, (2 << 20) + 1])
    def test_replacing(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path, size: int) -> None:
        """What is uploaded over a file is a revision of it, and what was before is kept."""
        emulator.people.write("file", b"old", mtime_ns=LONG_AGO_NS)
        before = emulator.people.id("file")
        r("copy", fill(tmp_path / "up", {"file": random(size)}), "r:", SMALL_CHUNKS)
        assert emulator.people.tree() == {"file": random(size)}
        assert (emulator.people.id("file"), emulator.people.kept()) == (before, [b"old"])

    def test_parts_of_a_file(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path) -> None:
        """A part of a file is read by range, and several at once."""
        data = random(3 << 20)
        emulator.people.write("file", data)
        assert r("cat", "--offset=7", "--count=3", "r:file") == data[7:10].decode(
            errors="surrogateescape"
        )
        streams = ("--multi-thread-cutoff=1M", "--multi-thread-chunk-size=1M")
        r("copy", "r:file", tmp_path, "--multi-thread-streams=3", *streams)
        assert (tmp_path / "file").read_bytes() == data

    def test_on_the_server(self, emulator: DriveEmulator, r: Rclone) -> None:
        """A copy within the Drive moves no byte, and keeps the time."""
        emulator.people.write("file", b"data", mtime_ns=LONG_AGO_NS)
        r("copyto", "r:file", "r:folder/copy")
        assert emulator.people.tree() == {"file": b"data", "folder": None, "folder/copy": b"data"}
        assert f"POST /drive/v3/files/{emulator.people.id('file')}/copy" in emulator.calls
        copied, first = emulator.people.file("folder/copy"), emulator.people.file("file")
        assert copied.modified == first.modified

    def test_time_alone(self, emulator: DriveEmulator, r: Rclone) -> None:
        """The modified time is set without an upload."""
        emulator.people.write("file", b"data")
        r("touch", "--timestamp=2001-02-03T04:05:06.789", "r:file")
        assert emulator.people.file("file").modified % 60_000 == 6789
        assert not [call for call in emulator.calls if "/upload/" in call]


class TestDocuments:
    def test_export(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path) -> None:
        """A native document comes down as docx, however large, and other formats if asked for."""
        emulator.people.add_document("doc", b"words")
        emulator.people.add_document("great", b"w" * (11 << 20))
        assert set(r.listing()) == {"doc.docx", "great.docx"}
        r("copy", "r:", tmp_path / "down")
        down = content(tmp_path / "down")
        assert down["doc.docx"].startswith(b"%docx")
        assert len(down["great.docx"]) > 11 << 20
        assert r("cat", "--drive-export-formats=txt", "r:doc.txt") == "words"

    def test_import(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path) -> None:
        """What is uploaded to be a document becomes one."""
        up = fill(tmp_path / "up", {"doc.docx": b"words"})
        r("copy", up, "r:", "--drive-import-formats=docx")
        assert emulator.people.file("doc").is_document


class TestChanging:
    def test_move_a_file(self, emulator: DriveEmulator, r: Rclone) -> None:
        """A file that is moved keeps its id, and its time."""
        emulator.people.write("from/file", b"data", mtime_ns=LONG_AGO_NS)
        before = emulator.people.file("from/file")
        r("moveto", "r:from/file", "r:to/renamed")
        assert emulator.people.tree() == {"from": None, "to": None, "to/renamed": b"data"}
        after = emulator.people.file("to/renamed")
        assert (after.id, after.modified) == (before.id, before.modified)

    def test_move_a_folder(self, emulator: DriveEmulator, r: Rclone) -> None:
        """A folder is moved with everything in it by one request."""
        for number in range(5):
            emulator.people.write(f"from/folder/inner/file{number}", b"data")
        before = emulator.people.id("from/folder/inner/file3")
        r("moveto", "r:from/folder", "r:to/renamed")
        assert emulator.people.id("to/renamed/inner/file3") == before
        assert sum(call.startswith("PATCH") for call in emulator.calls) == 1

    @pytest.mark.parametrize("trash", [True, False])
    def test_delete(self, emulator: DriveEmulator, r: Rclone, trash: bool) -> None:
        """What is deleted goes to the trash, or, if asked for, for good."""
        emulator.people.write("folder/file", b"data")
        emulator.people.write("stays", b"stays")
        r("delete", "r:folder", f"--drive-use-trash={str(trash).lower()}")
        assert emulator.people.tree() == {"folder": None, "stays": b"stays"}
        assert emulator.people.kept() == ([b"data"] if trash else [])

    def test_purge_and_trash(self, emulator: DriveEmulator, r: Rclone) -> None:
        """A folder goes to the trash whole, is listed there, and is gone when that is emptied."""
        emulator.people.write("folder/file", b"data")
        r("purge", "r:folder")
        assert emulator.people.tree() == {}
        assert set(r("lsf", "-R", "--drive-trashed-only", "r:").split()) == {
            "folder/",
            "folder/file",
        }
        assert emulator.people.kept() == [b"data"]
        r("cleanup", "r:")
        assert emulator.people.kept() == []

    def test_duplicates_made_one(self, emulator: DriveEmulator, r: Rclone) -> None:
        """Files of one name and one content are made one, and the others get other names."""
        for data in (b"one", b"one", b"two"):
            emulator.people.add_duplicate("same.txt", data)
        r("dedupe", "--dedupe-mode=rename", "r:")
        assert sorted(str(data) for data in emulator.people.tree().values()) == ["b'one'", "b'two'"]

    def test_bisync(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path) -> None:
        """A folder and the Drive are kept in step, with a change on each side."""
        here = fill(tmp_path / "here", {"a": b"one", "b": b"two", "folder/c": b"three"})
        r("bisync", here, "r:", "--resync", QUICK)
        emulator.people.write("a", b"changed there")
        emulator.people.write("new there", b"new there")
        emulator.people.remove("b")
        (here / "folder/c").write_bytes(b"changed here")
        (here / "new here").write_bytes(b"new here")
        r("bisync", here, "r:", QUICK)
        expected = {
            "a": b"changed there",
            "folder/c": b"changed here",
            "new there": b"new there",
            "new here": b"new here",
        }
        assert content(here) == expected
        assert {k: v for k, v in emulator.people.tree().items() if v is not None} == expected
        r("check", "--download", here, "r:")


class TestFeed:
    def test_changenotify(self, emulator: DriveEmulator, r: Rclone) -> None:
        """rclone hears through the feed of what people do."""
        process = r.start("test", "changenotify", "r:", "--poll-interval=100ms")
        too_long = threading.Timer(20.0, process.kill)
        too_long.start()
        try:
            wait_for(lambda: any("startPageToken" in call for call in emulator.calls))
            emulator.people.write("new file", b"data")
            emulator.people.mkdir("new folder")
            assert process.stdout is not None
            heard = ""
            while not ('"new file"' in heard and '"new folder"' in heard):
                line = process.stdout.readline()
                assert line, heard
                heard += line.decode()
        finally:
            too_long.cancel()
            process.kill()
            process.communicate()


class TestTrouble:
    @pytest.mark.parametrize(
        "name", ["userRateLimitExceeded", "rateLimitExceeded", "tooManyRequests"]
    )
    def test_throttled(self, emulator: DriveEmulator, r: Rclone, name: str) -> None:
        """A request that was throttled is made again."""
        emulator.people.write("file", b"data")
        emulator.throttle(name, path="/drive/v3/files$")
        assert set(r.listing()) == {"file"}
        assert emulator.faults.take("GET", "/drive/v3/files") is None, "nothing was throttled"

    def test_daily_limit(self, emulator: DriveEmulator, r: Rclone) -> None:
        """The limit of a day is not waited for: the command fails and says so."""
        emulator.throttle("dailyLimitExceeded", path="/drive/v3/files$", times=9)
        with pytest.raises(RcloneError, match="dailyLimitExceeded"):
            r("lsf", "r:")

    @pytest.mark.parametrize("kind", ["drop-before", "drop-after", "status"])
    def test_upload_goes_on(
        self, emulator: DriveEmulator, r: Rclone, tmp_path: Path, kind: Kind
    ) -> None:
        """An upload that breaks in the middle goes on with the chunk that broke."""
        data = random((4 << 20) + 17)
        up = fill(tmp_path / "up", {"big": data})
        emulator.faults.add(kind, path="/upload/", method="POST", skip=3, status=503)
        r("copyto", up / "big", "r:big", SMALL_CHUNKS, "--drive-upload-cutoff=1M")
        assert emulator.people.tree() == {"big": data}
        chunks = sum(call.startswith("POST /upload/") for call in emulator.calls)
        assert chunks == 6 + (kind == "drop-after")

    def test_download_goes_on(self, emulator: DriveEmulator, r: Rclone, tmp_path: Path) -> None:
        """A download that breaks off goes on where it broke."""
        data = random(3 << 20)
        emulator.people.write("file", data)
        emulator.faults.add("cut", path=emulator.people.id("file"))
        r("copy", "r:file", tmp_path, "--multi-thread-streams=1")
        assert (tmp_path / "file").read_bytes() == data

    def test_token_ends(self, emulator: DriveEmulator, tmp_path: Path) -> None:
        """A token that has ended is refreshed; a grant that was taken back says so."""
        ended = settings(emulator, expiry="2001-01-01T00:00:00Z")
        emulator.oauth.expire()
        with rclone(emulator, tmp_path, ended) as r:
            assert r("lsf", "r:") == ""
            assert emulator.oauth.refreshes == 1
        emulator.oauth.revoke_all()
        with (
            rclone(emulator, tmp_path, ended) as r,
            pytest.raises(RcloneError, match="invalid_grant"),
        ):
            r("lsf", "r:")


def wait_for(happens: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)
