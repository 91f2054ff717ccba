"""The real rclone, with its own Dropbox driver, works against the emulator."""

import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncoxiders.core.digests import DROPBOX, digests_of
from tests.contracts.provider_harness import pattern
from tests.emulators.dropbox import DropboxEmulator, create
from tests.emulators.rclone import Rclone, RcloneError, rclone

LARGE = 13 << 20
CHUNKS = 4  # of 4 MiB, in LARGE
DIRECT = ("--dropbox-batch-mode=off", "--transfers=1")


@pytest.fixture
def emulator() -> DropboxEmulator:
    emulator = create("")
    emulator.strict = True
    return emulator


def remote(access: object, refresh: object, expiry: str) -> dict[str, str]:
    token = {
        "access_token": access,
        "token_type": "Bearer",
        "refresh_token": refresh,
        "expiry": expiry,
    }
    return {
        "type": "dropbox",
        "client_id": "client",
        "client_secret": "secret",
        "token": json.dumps(token),
        "chunk_size": "4M",
    }


@pytest.fixture
def run(emulator: DropboxEmulator, tmp_path: Path) -> Iterator[Rclone]:
    settings = remote(emulator.token, "none", "2099-01-01T00:00:00Z")
    with rclone(emulator, tmp_path, settings) as run:
        yield run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "deep" / "deeper").mkdir(parents=True)
    (source / "empty").write_bytes(b"")
    (source / "small ✓").write_bytes(b"a small one")
    (source / "deep" / "deeper" / "large").write_bytes(pattern(LARGE))
    return source


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def files(emulator: DropboxEmulator) -> dict[str, bytes]:
    return {path: data for path, data in emulator.people.tree().items() if data is not None}


def content_hash(data: bytes) -> str:
    return digests_of([data], [DROPBOX]).of(DROPBOX)


def count(emulator: DropboxEmulator, function: str) -> int:
    return emulator.calls.count(f"POST /2/files/{function}")


def test_listing(emulator: DropboxEmulator, run: Rclone) -> None:
    """``lsjson -R --hash`` shows names, sizes, times and hashes of what people made."""
    emulator.people.write("Folder/File ä", b"content", mtime_ns=1_500_000_000_500_000_000)
    emulator.people.write("Folder/none", b"")
    emulator.people.mkdir("empty")
    found = run.listing()
    assert sorted(found) == ["Folder", "Folder/File ä", "Folder/none", "empty"]
    file = found["Folder/File ä"]
    assert (file["Size"], file["ModTime"]) == (7, "2017-07-14T02:40:00Z")
    assert file["Hashes"] == {"dropbox": content_hash(b"content")}
    assert found["Folder/none"]["Hashes"] == {"dropbox": content_hash(b"")}
    assert found["empty"]["IsDir"]


def test_listing_in_pages(emulator: DropboxEmulator, run: Rclone) -> None:
    """A folder that is told of in several pages is listed whole."""
    emulator.listing.page_size = 3
    for number in range(10):
        emulator.people.write(f"folder/{number}", b"")
    assert len(run.listing("r:folder")) == 10
    assert count(emulator, "list_folder/continue") >= 3


@pytest.mark.parametrize("mode", ["off", "sync", "async"])
def test_copy_up_and_down(
    emulator: DropboxEmulator, run: Rclone, source: Path, tmp_path: Path, mode: str
) -> None:
    """``copy`` brings empty, small and chunked files there and back; ``check`` agrees."""
    run("copy", source, "r:up", f"--dropbox-batch-mode={mode}", "--transfers=1")
    assert files(emulator) == {f"up/{path}": data for path, data in contents(source).items()}
    if mode == "off":
        assert (count(emulator, "upload"), count(emulator, "upload_session/finish")) == (2, 1)
        assert count(emulator, "upload_session/append_v2") == CHUNKS
    else:
        assert count(emulator, "upload") == 0
        assert count(emulator, "upload_session/finish_batch_v2") >= 1
    run("copy", "r:up", tmp_path / "down")
    assert contents(tmp_path / "down") == contents(source)
    run("check", "--download", source, "r:up")
    run("check", source, "r:up")


def test_hashsum(emulator: DropboxEmulator, run: Rclone, source: Path) -> None:
    """rclone's own content hash of local bytes, what the emulator says, and ours are equal."""
    for path, data in contents(source).items():
        emulator.people.write(path, data)
    remote = run("hashsum", "dropbox", "r:")
    assert sorted(remote.splitlines()) == sorted(run("hashsum", "dropbox", source).splitlines())
    assert sorted(remote.splitlines()) == sorted(
        f"{content_hash(data)}  {path}" for path, data in contents(source).items()
    )


def test_overwriting(emulator: DropboxEmulator, run: Rclone, source: Path) -> None:
    """A changed file is written in place: it keeps its id, and the old revision is kept."""
    run("copy", source, "r:up", *DIRECT)
    before = emulator.tree.find("/up/empty")
    (source / "empty").write_bytes(b"not empty any more")
    run("copy", source, "r:up", *DIRECT)
    assert files(emulator)["up/empty"] == b"not empty any more"
    assert emulator.tree.find("/up/empty") is before
    assert emulator.people.kept() == [b""]


def test_moving_and_deleting(emulator: DropboxEmulator, run: Rclone) -> None:
    """``moveto``, ``delete``, ``rmdir`` and a change of case do what they say."""
    emulator.people.write("from/file", b"content")
    file = emulator.tree.find("/from/file")
    run("moveto", "r:from/file", "r:to/Renamed")
    assert files(emulator) == {"to/Renamed": b"content"}
    run("moveto", "r:to/Renamed", "r:to/RENAMED")
    assert files(emulator) == {"to/RENAMED": b"content"}
    assert emulator.tree.find("/to/renamed") is file
    run("delete", "r:to")
    run("rmdir", "r:to")
    run("rmdirs", "r:from")
    assert emulator.people.tree() == {}


def test_moving_a_folder(emulator: DropboxEmulator, run: Rclone) -> None:
    """A folder is moved in one request, with what is in it."""
    for number in range(5):
        emulator.people.write(f"folder/inner/{number}", b"content")
    folder = emulator.tree.find("/folder")
    run("move", "r:folder", "r:moved/here")
    assert sorted(files(emulator)) == [f"moved/here/inner/{number}" for number in range(5)]
    assert emulator.tree.find("/moved/here") is folder
    assert count(emulator, "move_v2") == 1


def test_copying_on_the_server(emulator: DropboxEmulator, run: Rclone) -> None:
    """A copy within the Dropbox is another file, and no byte passes through rclone."""
    emulator.people.write("folder/file", b"content", mtime_ns=1_500_000_000_000_000_000)
    run("copy", "r:folder", "r:copy")
    assert files(emulator) == {"folder/file": b"content", "copy/file": b"content"}
    listing = run.listing()
    assert listing["copy/file"]["ModTime"] == listing["folder/file"]["ModTime"]
    assert listing["copy/file"]["ID"] != listing["folder/file"]["ID"]
    assert (count(emulator, "copy_v2"), count(emulator, "download")) == (1, 0)


def test_reading_a_part(emulator: DropboxEmulator, run: Rclone) -> None:
    """``cat`` with an offset asks for that range only."""
    emulator.people.write("file", pattern(1000))
    assert (
        run("cat", "--offset=100", "--count=5", "r:file").encode(errors="surrogateescape")
        == pattern(1000)[100:105]
    )


def test_paper(emulator: DropboxEmulator, run: Rclone) -> None:
    """A Paper document is shown and read as what it can be exported to."""
    emulator.people.add_paper("Notes.paper", b"# Notes")
    assert list(run.listing()) == ["Notes.html"]
    assert run("cat", "r:Notes.html") == "<p># Notes</p>"
    assert run("--dropbox-export-formats=md", "cat", "r:Notes.md") == "# Notes"


def test_bisync(emulator: DropboxEmulator, run: Rclone, tmp_path: Path) -> None:
    """``bisync`` brings a change on either side, and a deletion, to the other."""
    here = tmp_path / "here"
    here.mkdir()
    emulator.people.mkdir("there")
    for name in ("left", "right", "goes"):
        (here / name).write_bytes(b"first")
    run("bisync", here, "r:there", "--resync")
    assert files(emulator) == {f"there/{name}": b"first" for name in ("left", "right", "goes")}
    (here / "left").write_bytes(b"changed here")
    emulator.people.write("there/right", b"changed there")
    emulator.people.remove("there/goes")
    run("bisync", here, "r:there")
    assert contents(here) == {"left": b"changed here", "right": b"changed there"}
    assert files(emulator) == {
        "there/left": b"changed here", "there/right": b"changed there",
    }  # fmt: skip


def test_changenotify(emulator: DropboxEmulator, run: Rclone) -> None:
    """``test changenotify``, over a long poll and the feed, sees what people do."""
    emulator.people.mkdir("folder")
    process = run.start("test", "changenotify", "r:", "--poll-interval=100ms", "-vv")
    output = process.stdout
    assert output is not None
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in output:
            lines.put(line.decode())

    thread = threading.Thread(target=read)
    thread.start()

    def wait_for(text: str) -> None:
        while text not in (line := lines.get(timeout=20)):
            assert "ERROR" not in line

    try:
        wait_for("Increasing poll interval")
        emulator.people.write("folder/noticed", b"content")
        wait_for('"folder/noticed"')
        emulator.people.remove("folder")
        wait_for('"folder"')
    finally:
        process.terminate()
        process.wait()
        thread.join()
        output.close()


def test_throttled(emulator: DropboxEmulator, run: Rclone) -> None:
    """A throttled request is repeated after the time that the answer names."""
    emulator.people.write("file", b"content")
    emulator.throttle(path="download")
    assert run("cat", "r:file", "-v") == "content"
    assert emulator.faults.take("POST", "/2/files/download") is None


def test_lost_answers(emulator: DropboxEmulator, run: Rclone, source: Path) -> None:
    """Who does not hear that a piece arrived sends it again, and is told how far the session is."""
    emulator.faults.add("drop-after", path="upload_session/append_v2", skip=1)
    run("copy", source / "deep", "r:up", *DIRECT)
    assert files(emulator) == {"up/deeper/large": pattern(LARGE)}
    assert count(emulator, "upload_session/start") == 1
    assert count(emulator, "upload_session/append_v2") == CHUNKS + 1


def test_refreshed_token(emulator: DropboxEmulator, tmp_path: Path) -> None:
    """A token that has expired is exchanged for another one by its refresh token."""
    emulator.people.write("file", b"content")
    issued = emulator.oauth.issue()
    emulator.oauth.expire()
    settings = remote(issued["access_token"], issued["refresh_token"], "2020-01-01T00:00:00Z")
    with rclone(emulator, tmp_path, settings) as run:
        assert list(run.listing()) == ["file"]
    assert emulator.oauth.refreshes == 1


def test_full(emulator: DropboxEmulator, run: Rclone, source: Path) -> None:
    """What does not fit any more is refused for that reason."""
    emulator.tree.quota = 5
    with pytest.raises(RcloneError, match="insufficient_space"):
        run("copyto", source / "small ✓", "r:file", *DIRECT)
    assert emulator.people.tree() == {}


def test_write_lock(emulator: DropboxEmulator, run: Rclone, source: Path) -> None:
    """A write that is refused for the sake of another one is repeated."""
    emulator.write_lock.refuse(1)
    run("copyto", source / "small ✓", "r:file", *DIRECT)
    assert files(emulator) == {"file": b"a small one"}
    assert count(emulator, "upload") == 2


def test_about(emulator: DropboxEmulator, run: Rclone) -> None:
    """``about`` shows how much is used."""
    emulator.people.write("file", b"content")
    assert json.loads(run("about", "--json", "r:"))["used"] == 7
